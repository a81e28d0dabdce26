"""What the probe does with what it is started by: its schedule, a question, and what is neither."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws
from msgspec.structs import replace

import probe_dependencies.probe as module
from probe_dependencies.probe import Probe, ProbeFailedError
from remediation.adapters.clients import Clients
from remediation.adapters.logins import Logins
from remediation.adapters.probing import METRIC, counting, probe_handler
from remediation.aws.secrets import KEPT, Kept
from remediation.core.dependencies import Dependencies, Probing, RedisDependency
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.probed import OWN_FAULTS, Fault, Probed, Step
from remediation.core.spec import Place

NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
TOKEN = "canary-of-a-token-4711"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/redis-AbCdEf"
REDIS = RedisDependency(host="dev-redis.example", port=6379)
TICK = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-03-04T03:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/dev-remediation-probe-dependencies-schedule1"],
    "detail": {},
}


class Server:
    """What stands for the look at a server: it keeps whom it was asked for, and with which token."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault
        self.asked: list[tuple[str, int, str]] = []

    def __call__(self, *, redis: RedisDependency, token: Any, networks: tuple[str, ...], **_: Any) -> "Server":
        assert networks == ("10.0.0.0/16",)
        self.redis = redis
        self.asked.append((redis.host, redis.port, token.reveal() if token else ""))
        return self

    def probed(self, now: datetime) -> Probed:
        step = Step(layer="ping", fault=self.fault, because="As the test says.")
        return Probed(dependency="redis", host=self.redis.host, port=self.redis.port, at=now, steps=(step,))


class Counted(list[tuple[str, bool]]):
    def __call__(self, dependency: str, down: bool) -> None:
        self.append((dependency, down))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(module, "Look", server)
    return server


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def probe(redis: RedisDependency | None = REDIS, clock: Any = lambda: NOW) -> Probe:
    probing = Probing(dependencies=Dependencies(redis=redis), networks=("10.0.0.0/16",))
    aws = Clients(PLACE)
    return Probe(probing=probing, kept=Kept(aws), logins=Logins(aws, table="table"), clock=clock)


@pytest.mark.parametrize(("fault", "down"), [(None, False), ("no-answer", True), ("token-wrong", True)])
def test_every_tick_says_whether_the_dependency_is_down(
    server: Server, counted: Counted, fault: Fault | None, down: bool
) -> None:
    server.fault = fault
    answer = probe().answer(TICK, counted)
    assert counted == [("redis", down)]
    assert isinstance(answer, tuple)
    assert [each.host for each in answer] == ["dev-redis.example"]


@pytest.mark.parametrize("fault", sorted(OWN_FAULTS))
def test_what_is_the_probes_own_trouble_fails_the_tick_and_makes_no_metric(
    server: Server, counted: Counted, fault: Fault
) -> None:
    server.fault = fault
    with pytest.raises(ProbeFailedError):
        probe().answer(TICK, counted)
    assert counted == []


def test_what_is_not_configured_is_not_probed(server: Server, counted: Counted) -> None:
    assert probe(None).answer(TICK, counted) == ()
    assert (server.asked, counted) == ([], [])


def test_who_asks_for_redis_is_answered_and_no_metric_is_made_of_it(server: Server, counted: Counted) -> None:
    answer = probe().answer({"probe": "redis", "host": "", "port": 0}, counted)
    assert isinstance(answer, Probed)
    assert (answer.dependency, answer.host, answer.port, answer.failed) == ("redis", "dev-redis.example", 6379, None)
    assert counted == []


@mock_aws
def test_the_token_goes_to_the_configured_server_only(server: Server, counted: Counted) -> None:
    asking = probe(secured())
    asking.answer({"probe": "redis", "host": "other.example"}, counted)
    asking.answer({"probe": "redis", "port": 7000}, counted)
    asking.answer({"probe": "redis", "host": "dev-redis.example", "port": 6379}, counted)
    assert server.asked == [
        ("other.example", 6379, ""),
        ("dev-redis.example", 7000, ""),
        ("dev-redis.example", 6379, TOKEN),
    ]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"probe": "mysql"}, "There is no probe of 'mysql'; there is one of redis and one of mongodb."),
        ({"probe": "mongodb"}, "No MongoDB is configured ([dependencies.mongodb] in the environment's file)."),
        ({"probe": 7}, "The probe was asked what it does not understand"),
        ({"probe": "redis", "port": "x"}, "The probe was asked what it does not understand"),
        ({}, "The probe was asked what it does not understand"),
        ([], "The probe is started by its schedule, or asked for a dependency by its name."),
        (None, "The probe is started by its schedule"),
    ],
)
def test_what_is_not_a_question_is_answered_by_a_sentence(
    server: Server, counted: Counted, event: object, why: str
) -> None:
    answer = probe().answer(event, counted)
    assert isinstance(answer, Probed)
    assert answer.failed is not None
    assert (answer.failed.layer, answer.failed.fault) == ("config", "not-configured")
    assert answer.failed.because.startswith(why)
    assert (server.asked, counted) == ([], [])


def test_a_question_about_what_is_not_configured_says_where_to_configure_it(server: Server, counted: Counted) -> None:
    answer = probe(None).answer({"probe": "redis"}, counted)
    assert isinstance(answer, Probed)
    assert answer.failed is not None
    assert "[dependencies.redis]" in answer.failed.because


@mock_aws
def test_a_token_that_cannot_be_read_says_nothing_about_redis_and_fails_the_tick(
    server: Server, counted: Counted
) -> None:
    with pytest.raises(ProbeFailedError, match="The token of Redis cannot be read"):
        probe(replace(REDIS, token=ARN)).answer(TICK, counted)
    assert (server.asked, counted) == ([], [])


@mock_aws
def test_a_token_that_cannot_be_read_is_the_answer_to_who_asks(server: Server, counted: Counted) -> None:
    answer = probe(replace(REDIS, token=ARN)).answer({"probe": "redis"}, counted)
    assert isinstance(answer, Probed)
    assert answer.failed is not None
    assert (answer.failed.layer, answer.failed.fault) == ("secret", "secret-unreadable")


@mock_aws
def test_a_secret_without_the_configured_key_is_a_sentence_without_the_secret(server: Server, counted: Counted) -> None:
    redis = replace(secured(), token_key="token")
    with pytest.raises(ProbeFailedError) as caught:
        probe(redis).answer(TICK, counted)
    assert "is no JSON object with the key 'token'" in str(caught.value)
    assert TOKEN not in str(caught.value)


@mock_aws
def test_the_token_may_be_a_key_of_a_secret_that_is_json(server: Server, counted: Counted) -> None:
    redis = replace(secured('{"redis": {"x": 1}, "token": "%s"}' % TOKEN), token_key="token")  # noqa: UP031
    probe(redis).answer(TICK, counted)
    assert server.asked == [("dev-redis.example", 6379, TOKEN)]


@mock_aws
def test_the_token_is_read_once_in_five_minutes(server: Server, counted: Counted, clock: Clock) -> None:
    redis = secured()
    asking = probe(redis, clock)
    asking.answer(TICK, counted)
    boto3.client("secretsmanager", "us-east-1").put_secret_value(SecretId=redis.token, SecretString="new")
    clock.now += KEPT - timedelta(seconds=1)
    asking.answer(TICK, counted)
    clock.now += timedelta(seconds=1)
    asking.answer(TICK, counted)
    assert [token for *_, token in server.asked] == [TOKEN, TOKEN, "new"]


@mock_aws
def test_a_token_that_is_refused_is_read_anew_the_next_time(server: Server, counted: Counted) -> None:
    redis = secured()
    asking = probe(redis)
    server.fault = "token-wrong"
    asking.answer(TICK, counted)
    boto3.client("secretsmanager", "us-east-1").put_secret_value(SecretId=redis.token, SecretString="rotated")
    asking.answer(TICK, counted)
    assert [token for *_, token in server.asked] == [TOKEN, "rotated"]


@mock_aws
def test_a_token_that_was_read_once_is_used_while_it_cannot_be_read_again(
    server: Server, counted: Counted, clock: Clock
) -> None:
    redis = secured()
    asking = probe(redis, clock)
    asking.answer(TICK, counted)
    boto3.client("secretsmanager", "us-east-1").delete_secret(SecretId=redis.token, ForceDeleteWithoutRecovery=True)
    clock.now += KEPT
    asking.answer(TICK, counted)
    assert [token for *_, token in server.asked] == [TOKEN, TOKEN]


def test_the_metric_has_exactly_the_dimensions_that_alarms_look_for(capsys: pytest.CaptureFixture[str]) -> None:
    counting("dev")("redis", True)
    line = msgspec.json.decode(capsys.readouterr().out)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert (declared["Namespace"], [each["Name"] for each in declared["Metrics"]]) == ("Remediation", [METRIC])
    assert [sorted(names) for names in declared["Dimensions"]] == [["dependency", "environment"]]
    assert (line["environment"], line["dependency"], line[METRIC]) == ("dev", "redis", [1.0])


@mock_aws
def test_the_function_answers_and_logs_without_the_token(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    probing = Probing(dependencies=Dependencies(redis=secured()), networks=("10.0.0.0/16",))
    deployment = Deployment(place=PLACE, mode="act", ledger="table", outcomes="topic", contacts={})
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployment).decode())
    monkeypatch.setenv(SETTINGS, msgspec.json.encode(probing).decode())
    answer = probe_handler(Probe)({"probe": "redis"}, None)
    assert msgspec.convert(answer, Probed).failed is None
    assert server.asked == [("dev-redis.example", 6379, TOKEN)]
    out, err = capsys.readouterr()
    assert TOKEN not in f"{out}{err}{answer}"


def secured(text: str = TOKEN) -> RedisDependency:
    """Return the Redis of the tests, with a secret that moto keeps."""
    arn = boto3.client("secretsmanager", "us-east-1").create_secret(Name="dev/redis", SecretString=text)["ARN"]
    return replace(REDIS, token=arn)
