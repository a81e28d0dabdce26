"""MongoDB as it is configured: the secret, the string, the last login; what is the probe's own trouble, and what is not."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

import probe_dependencies.mongo as module
from probe_dependencies.probe import Probe, ProbeFailedError
from remediation.adapters.clients import Clients
from remediation.adapters.logins import APART, LastLogin, Logins
from remediation.aws.secrets import Kept
from remediation.core.connection_string import ConnectionString
from remediation.core.dependencies import Dependencies, MongoDependency, Probing
from remediation.core.probed import Fault, Probed, Step
from tests.functions.probe_dependencies.test_probe import NOW, PLACE, TICK, Clock, Counted

CANARY = "canary-of-a-password-4711"
URI = f"mongodb+srv://app:{CANARY}@dev.ab1cd.mongodb.net/starttech"
NAME = "/dev/starttech/mongodb-uri"
TABLE = "dev-remediation"


class Servers:
    """What stands for the look at MongoDB: it keeps what it was asked with."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.asked: list[tuple[ConnectionString, LastLogin]] = []

    def __call__(self, *, string: ConnectionString, last: LastLogin, **more: Any) -> "Servers":
        self.asked.append((string, last))
        self.more = more
        return self

    def probed(self, now: datetime) -> Probed:
        step = Step(layer="auth", fault=self.fault, because="As the test says.")
        return Probed(dependency="mongodb", host="dev.ab1cd.mongodb.net", port=27017, at=now, steps=(step,))

    @property
    def passwords(self) -> list[str]:
        return [string.password.reveal() for string, _ in self.asked if string.password is not None]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    servers = Servers()
    monkeypatch.setattr(module, "MongoLook", servers)
    return servers


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "WITHIN", 60.0)  # clients are made within a look here, and not before the first
    monkeypatch.setattr(module, "OWN_WITHIN", 50.0)
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def put(text: str = URI) -> None:
    boto3.client("ssm").put_parameter(Name=NAME, Value=text, Type="SecureString", Overwrite=True)


def probe(mongodb: MongoDependency | None = None, *, table: str = TABLE, clock: Any = lambda: NOW) -> Probe:
    configured = mongodb or MongoDependency(parameter=NAME, database="starttech")
    probing = Probing(dependencies=Dependencies(mongodb=configured), networks=("10.0.0.0/16",))
    aws = Clients(PLACE)
    return Probe(probing=probing, kept=Kept(aws), logins=Logins(aws, table=table), clock=clock)


def asked(probing: Probe, **more: object) -> Probed:
    answer = probing.answer({"probe": "mongodb", **more}, Counted())
    assert isinstance(answer, Probed)
    return answer


@pytest.mark.parametrize(("fault", "down"), [(None, False), ("credentials-refused", True), ("no-answer", True)])
def test_every_tick_says_whether_mongodb_is_down(
    servers: Servers, counted: Counted, fault: Fault | None, down: bool
) -> None:
    put()
    servers.fault = fault
    probe().answer(TICK, counted)
    assert counted == [("mongodb", down)]


def test_the_string_comes_from_a_parameter_or_from_a_key_of_a_secret(servers: Servers) -> None:
    put()
    asked(probe())
    arn = boto3.client("secretsmanager").create_secret(Name="dev/m", SecretString=f'{{"uri": "{URI}"}}')["ARN"]
    assert asked(probe(MongoDependency(secret=arn, secret_key="uri"))).failed is None
    assert servers.passwords == [CANARY, CANARY]
    assert (servers.more["networks"], servers.more["database"]) == (("0.0.0.0/0", "::/0"), "")


def test_the_answer_says_first_that_the_string_was_read(servers: Servers) -> None:
    put()
    assert [step.layer for step in asked(probe()).steps] == ["secret", "auth"]


def test_mongodb_is_looked_at_nowhere_but_where_its_string_leads(servers: Servers) -> None:
    put()
    for elsewhere in ({"host": "evil.example"}, {"port": 7}):
        failed = asked(probe(), **elsewhere).failed
        assert failed is not None
        assert (failed.layer, failed.fault) == ("config", "not-configured")
    assert servers.asked == []


def test_a_string_that_cannot_be_read_fails_the_tick_and_makes_no_metric(servers: Servers, counted: Counted) -> None:
    with pytest.raises(ProbeFailedError, match="The connection string of MongoDB cannot be read"):
        probe().answer(TICK, counted)
    assert (servers.asked, counted) == ([], [])
    failed = asked(probe()).failed
    assert failed is not None
    assert (failed.layer, failed.fault) == ("secret", "secret-unreadable")


def test_a_string_that_is_none_fails_the_tick_and_is_not_quoted(servers: Servers, counted: Counted) -> None:
    put(f"mongodb://app:{CANARY}/x@h.example/")
    with pytest.raises(ProbeFailedError, match="is not understood") as caught:
        probe().answer(TICK, counted)
    assert CANARY not in f"{caught.value!r}{caught.value.__context__!r}"
    failed = asked(probe()).failed
    assert failed is not None
    assert (failed.layer, failed.fault, CANARY in failed.because) == ("config", "string-not-understood", False)


def test_where_nobody_knows_when_a_login_was_tried_nothing_is_tried(servers: Servers, counted: Counted) -> None:
    put()
    with pytest.raises(ProbeFailedError, match="When a login was tried last cannot be read"):
        probe(table="another").answer(TICK, counted)
    assert (servers.asked, counted) == ([], [])


def tried(version: str, at: datetime = NOW) -> None:
    """Let the ledger know of a login with this version of the string."""
    logins = Logins(Clients(PLACE), table=TABLE)
    logins.claim("mongodb", logins.last("mongodb"), at)
    logins.keep("mongodb", at, None, "Taken.", version)


def test_where_a_login_is_due_the_string_is_read_as_it_is_now(servers: Servers, clock: Clock) -> None:
    put()
    probing = probe(clock=clock)
    asked(probing)
    tried("1")
    clock.now += timedelta(minutes=14)
    asked(probing)
    put(URI.replace(CANARY, "rotated"))
    clock.now += timedelta(minutes=1)
    asked(probing)
    assert servers.passwords == [CANARY, CANARY, "rotated"]
    assert (servers.more["version"], servers.more["fresh"]) == ("2", True)


def test_where_no_login_is_due_the_string_is_read_once_in_five_minutes(servers: Servers, clock: Clock) -> None:
    put()
    tried("1")
    probing = probe(clock=clock)
    asked(probing)
    put(URI.replace(CANARY, "rotated"))
    clock.now += timedelta(minutes=4)
    asked(probing)
    assert (servers.more["version"], servers.more["fresh"]) == ("1", False)
    clock.now += timedelta(minutes=1)
    asked(probing)
    assert servers.passwords == [CANARY, CANARY, "rotated"]


def test_what_another_process_logged_in_with_is_read_as_it_is_now(servers: Servers, clock: Clock) -> None:
    put()
    tried("1")
    probing = probe(clock=clock)
    asked(probing)
    put(URI.replace(CANARY, "rotated"))
    tried("2", NOW + timedelta(minutes=1))
    clock.now += timedelta(minutes=1)
    asked(probing)
    assert servers.passwords == [CANARY, "rotated"]
    assert servers.more["version"] == "2"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is asked of AWS, as it is asked."""
    calls: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, params: Any) -> Any:
        calls.append(operation)
        return call(client, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    return calls


def look_ten_times(clock: Clock, read: list[str]) -> list[int]:
    """Look once a minute, and return in which minutes the string was read."""
    probing, minutes = probe(clock=clock), []
    for minute in range(10):
        before = read.count("GetParameter")
        assert asked(probing).failed is None
        minutes += [minute] * (read.count("GetParameter") - before)
        clock.now += timedelta(minutes=1)
    return minutes


@pytest.mark.parametrize(
    "string",
    [
        "mongodb://dev.ab1cd.mongodb.net/starttech",
        "mongodb://dev.ab1cd.mongodb.net/?authMechanism=MONGODB-X509&tls=true",
        f"mongodb://app:{CANARY}@dev.ab1cd.mongodb.net/?authMechanism=MONGODB-AWS",
    ],
    ids=["no user", "X509", "AWS"],
)
def test_a_string_that_is_never_logged_in_with_is_read_once_in_five_minutes(
    servers: Servers, clock: Clock, read: list[str], string: str
) -> None:
    put(string)
    assert look_ten_times(clock, read) == [0, 5]
    assert len(servers.asked) == 10


def test_while_a_login_is_due_the_string_is_read_with_every_look(
    servers: Servers, clock: Clock, read: list[str]
) -> None:
    put()
    assert look_ten_times(clock, read) == [*range(10)]
    assert servers.more["fresh"]


@pytest.mark.parametrize("before", ["", "7"], ids=["no login before", "one before, with another version"])
def test_an_attempt_that_has_not_ended_is_no_reason_to_read_the_string_with_every_look(
    servers: Servers, clock: Clock, read: list[str], before: str
) -> None:
    put()
    if before:
        tried(before, NOW - APART)
    logins = Logins(Clients(PLACE), table=TABLE)
    assert logins.claim("mongodb", logins.last("mongodb"), NOW)
    assert look_ten_times(clock, read) == [0, 5]
    assert not servers.more["fresh"]


def test_a_string_that_was_rotated_is_not_read_with_every_look_until_the_next_login(
    servers: Servers, clock: Clock, read: list[str]
) -> None:
    put()
    tried("1")
    put(URI.replace(CANARY, "rotated"))
    assert look_ten_times(clock, read) == [0, 5]
    assert servers.passwords == ["rotated"] * 10


def test_a_string_that_is_not_understood_is_read_anew_with_the_next_look(servers: Servers, clock: Clock) -> None:
    put("postgres://nobody")
    tried("1")
    probing = probe(clock=clock)
    failed = asked(probing).failed
    assert failed is not None
    assert failed.fault == "string-not-understood"
    put()
    assert asked(probing).failed is None
    assert servers.passwords == [CANARY]


@pytest.mark.parametrize("due", [True, False], ids=["a login is due", "it is five minutes old"])
def test_a_string_that_aws_does_not_tell_in_time_stays_what_it_was_and_is_not_logged_in_with(
    servers: Servers, clock: Clock, counted: Counted, monkeypatch: pytest.MonkeyPatch, due: bool
) -> None:
    put()
    if not due:
        tried("1")
    probing = probe(clock=clock)
    asked(probing)
    over = threading.Event()
    monkeypatch.setattr(module, "OWN_WITHIN", 0.5)
    parameter = Kept.parameter

    def hangs(kept: Kept, name: str, now: datetime, *, afresh: bool = False) -> Any:
        return over.wait(30) if afresh or not due else parameter(kept, name, now)

    monkeypatch.setattr(Kept, "parameter", hangs)
    clock.now += timedelta(minutes=1 if due else 5)
    probing.answer(TICK, counted)
    assert counted == [("mongodb", False)]
    assert (servers.passwords, servers.more["fresh"], servers.more["version"]) == ([CANARY, CANARY], False, "1")
    over.set()


def test_a_secret_has_a_version_too(servers: Servers) -> None:
    made = boto3.client("secretsmanager").create_secret(Name="dev/m", SecretString=URI)
    asked(probe(MongoDependency(secret=made["ARN"])))
    assert servers.more["version"] == made["VersionId"]


def test_a_string_that_cannot_be_read_when_a_login_is_due_is_not_logged_in_with(servers: Servers, clock: Clock) -> None:
    put()
    probing = probe(clock=clock)
    asked(probing)
    assert servers.more["fresh"]
    boto3.client("ssm").delete_parameter(Name=NAME)
    clock.now += timedelta(minutes=1)
    assert asked(probing).failed is None
    assert (servers.passwords, servers.more["fresh"]) == ([CANARY, CANARY], False)


@pytest.mark.parametrize(
    ("what", "layer"), [("parameter", "secret"), ("last", "config")], ids=["the secret", "the ledger"]
)
def test_aws_that_hangs_is_waited_for_no_longer_than_it_may(
    servers: Servers, counted: Counted, monkeypatch: pytest.MonkeyPatch, what: str, layer: str
) -> None:
    put()
    over = threading.Event()
    monkeypatch.setattr(module, "OWN_WITHIN", 0.2)
    monkeypatch.setattr(Kept if what == "parameter" else Logins, what, lambda *_, **__: over.wait(30))
    begun = time.monotonic()
    failed = asked(probe()).failed
    assert time.monotonic() - begun < 3
    assert failed is not None
    assert failed.layer == layer
    assert "AWS gave no answer within" in failed.because
    with pytest.raises(ProbeFailedError, match="AWS gave no answer"):
        probe().answer(TICK, counted)
    assert (servers.asked, counted) == ([], []), "MongoDB is not said to be down"
    over.set()


def test_a_string_that_is_refused_is_read_anew_the_next_time_and_no_sooner(servers: Servers) -> None:
    put()
    tried("1")
    probing = probe()
    asked(probing)
    put(URI.replace(CANARY, "rotated"))
    servers.fault = "credentials-refused"
    asked(probing)
    asked(probing)
    assert servers.passwords == [CANARY, CANARY, "rotated"]


def test_the_ledger_lets_one_of_two_processes_log_in(servers: Servers) -> None:
    first, second = Logins(Clients(PLACE), table=TABLE), Logins(Clients(PLACE), table=TABLE)
    known = first.last("mongodb")
    assert known.due(NOW)
    assert [first.claim("mongodb", known, NOW), second.claim("mongodb", known, NOW + timedelta(seconds=1))] == [
        True,
        False,
    ]
    taken = second.last("mongodb")
    assert (taken.at, taken.because) == (NOW, "")
    assert not taken.due(NOW + APART - timedelta(milliseconds=1))
    assert taken.due(NOW + APART)


def test_what_came_of_a_login_is_kept_until_the_next_has_ended() -> None:
    logins = Logins(Clients(PLACE), table=TABLE)
    logins.claim("mongodb", logins.last("mongodb"), NOW)
    logins.keep("mongodb", NOW, "credentials-refused", "Refused.", "7")
    assert logins.claim("mongodb", logins.last("mongodb"), NOW + APART)
    last = logins.last("mongodb")
    assert (last.at, last.fault, last.because) == (NOW + APART, "credentials-refused", "Refused.")
    assert last.version == "7"
    logins.keep("mongodb", NOW, None, "What an attempt says that was overtaken.", "8")
    assert logins.last("mongodb").because == "Refused."
    logins.keep("mongodb", NOW + APART, None, "Taken.", "8")
    last = logins.last("mongodb")
    assert (last.fault, last.because, last.version) == (None, "Taken.", "8")
