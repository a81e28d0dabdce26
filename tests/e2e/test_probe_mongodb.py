"""The probe before what speaks MongoDB and what does not: the right layer, the right fault, within five seconds."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import boto3
import msgspec
import pytest
from dns.message import from_wire, make_response
from dns.rcode import NXDOMAIN
from dns.rdatatype import to_text
from dns.resolver import Resolver
from dns.rrset import from_text as rrset_from_text
from moto import mock_aws

from probe_dependencies import mongo, mongo_member
from probe_dependencies.mongo_elsewhere import MOST
from probe_dependencies.mongo_look import MOST_MEMBERS, MongoLook
from probe_dependencies.probe import Probe
from remediation.adapters.logins import LastLogin
from remediation.adapters.probing import probe_handler
from remediation.adapters.table import Item
from remediation.aws.secrets import Known
from remediation.core.connection_string import parse
from remediation.core.dependencies import Dependencies, MongoDependency, Probing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.errors import AwsError
from remediation.core.probed import Fault, Probed
from remediation.core.redact import Secret
from remediation.core.spec import Place
from remediation.reach.connecting import NEVER
from remediation.reach.deadline import Deadline
from remediation.reach.mongo_records import Lookup, Records, records
from remediation.reach.unreachable import UnreachableError
from remedy.lab.processes import free_ports
from remedy.lab.world.gate import Gate
from tests.e2e.mongo_servers import HANG, HOST, PASSWORD, USER, Member, member, under_tls
from tests.e2e.redis_servers import certificate, scripted

pytestmark = pytest.mark.e2e
NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
WITHIN = 5.0
SECONDARY = {"isWritablePrimary": False, "secondary": True}
LOGIN = f"{USER}:{quote(PASSWORD)}@"


class Kept:
    """The last login, as the ledger keeps it; the claim is one test-and-set."""

    def __init__(self) -> None:
        self.last = LastLogin(found=Item())
        self._lock = threading.Lock()

    def claim(self, _: str, last: LastLogin, now: datetime) -> bool:
        with self._lock:
            if self.last.at != last.at:
                return False
            self.last = msgspec.structs.replace(self.last, at=now)
            return True

    def keep(self, _: str, __: datetime, fault: Fault | None, because: str, version: str) -> None:
        self.last = msgspec.structs.replace(self.last, fault=fault, because=because, version=version)


def look(
    *ports: int,
    host: str = HOST,
    login: str = "",
    options: str = "",
    roots: Path | None = None,
    kept: Kept | None = None,
    now: datetime = NOW,
) -> Probed:
    """Look as the function does; no look takes longer than it may, and none shows a secret."""
    hosts = ",".join(f"{host}:{port}" for port in ports)
    return looked(f"mongodb://{login}{hosts}/starttech?{options}", roots=roots, kept=kept, now=now)


def looked(
    text: str,
    *,
    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128"),
    never: tuple[str, ...] = (),
    lookup: Lookup = records,
    roots: Path | None = None,
    kept: Kept | None = None,
    now: datetime = NOW,
    clock: Callable[[], float] = time.monotonic,
    version: str = "1",
    fresh: bool = True,
) -> Probed:
    begun, kept = time.monotonic(), kept or Kept()
    looking = MongoLook(
        string=parse(text),
        logins=kept,
        last=kept.last,
        networks=networks,
        never=never,
        lookup=lookup,
        roots=str(roots) if roots else None,
        clock=clock,
        version=version,
        fresh=fresh,
    )
    probed = looking.probed(now)
    assert time.monotonic() - begun < WITHIN
    shown = f"{msgspec.json.encode(probed).decode()}{probed!r}{looking!r}{kept.last!r}"
    assert PASSWORD not in shown
    assert USER not in shown
    return probed


def failed(probed: Probed) -> tuple[str, str]:
    assert probed.failed is not None
    assert probed.failed is probed.steps[-1], "nothing is tried after the layer that failed"
    return probed.failed.layer, probed.failed.fault or ""


@pytest.fixture
def well() -> Iterator[Member]:
    with member() as served:
        yield served


@pytest.fixture
def locked() -> Iterator[Member]:
    with member(users={USER: PASSWORD}) as served:
        yield served


# ------------------------------------------------------------------------------------------------------------- well


def test_a_primary_that_is_well_is_said_to_be_well_layer_by_layer(locked: Member) -> None:
    probed = look(locked.port, login=LOGIN, options="replicaSet=rs0")
    assert [(step.layer, step.fault) for step in probed.steps] == [
        ("config", None),
        ("dns", None),
        ("tcp", None),
        ("hello", None),
        ("auth", None),
        ("ping", None),
    ]
    assert probed.mongodb is not None
    assert (probed.mongodb.primary, probed.mongodb.set_name) == (f"{HOST}:{locked.port}", "rs0")
    assert probed.mongodb.logged_in_at == NOW


def test_it_hears_hello_one_login_and_ping_and_nothing_else(locked: Member) -> None:
    assert look(locked.port, login=LOGIN).failed is None
    assert locked.heard == ["hello", "hello", "saslStart", "saslContinue", "ping"]


@pytest.fixture(scope="module")
def nx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve MongoDB by nx-27017, which somebody else wrote."""
    (port,) = free_ports(1)
    directory = tmp_path_factory.mktemp("nx")
    files = ["--db", "memory", "--log-file", str(directory / "log"), "--pid-file", str(directory / "pid")]
    command = [str(Path(sys.executable).with_name("nx-27017")), "--host", HOST, "--port", str(port), *files]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not listens_at(port):
            assert time.monotonic() < until, "nx-27017 did not start"
            assert process.poll() is None, "nx-27017 ended"
            time.sleep(0.05)
        yield port
        process.terminate()


def test_a_server_that_somebody_else_wrote_is_well_too(nx: int) -> None:
    assert [(step.layer, step.fault) for step in look(nx).steps][-2:] == [("auth", None), ("ping", None)]


def test_tls_that_is_well_says_when_the_certificate_expires(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (port, roots):
        probed = look(port, host="localhost", options="tls=true", roots=roots)
    assert probed.failed is None
    (tls,) = [step for step in probed.steps if step.layer == "tls"]
    assert f"expires on {datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}" in tls.because


# ----------------------------------------------------------------------------------------------------------- faults


def test_who_refuses_is_said_to_refuse() -> None:
    assert failed(look(*free_ports(1))) == ("tcp", "refused")


def test_the_addresses_that_were_tried_are_told_and_where_the_string_leads(well: Member) -> None:
    (gone,) = free_ports(1)
    found = look(gone, well.port, host="localhost").mongodb
    assert found is not None
    assert set(found.addresses) <= {HOST, "::1"}
    assert found.addresses
    assert found.hosts == found.shape.hosts == (f"localhost:{gone}", f"localhost:{well.port}")
    refused = look(gone).mongodb
    assert refused is not None
    assert refused.addresses == (HOST,)


def test_an_address_where_nothing_was_sent_is_not_among_those_that_were_tried() -> None:
    found = looked(f"mongodb://{HOST}/", networks=("10.0.0.0/8",)).mongodb
    assert found is not None
    assert (found.addresses, found.hosts) == ((), (f"{HOST}:27017",))


def test_three_black_holes_are_waited_for_at_the_same_time(well: Member) -> None:
    gates = [Gate(port, well.port) for port in free_ports(3)]
    for gate in gates:
        gate.turn("shut")
    try:
        assert failed(look(*(gate.port for gate in gates))) == ("tcp", "no-answer")
    finally:
        for gate in gates:
            gate.turn("nobody")


@pytest.mark.parametrize(
    ("name", "days", "trusted", "fault"),
    [
        ("localhost", -1, True, "certificate-expired"),
        ("mongodb.example", 1, True, "certificate-other-name"),
        ("localhost", 1, False, "certificate-untrusted"),
    ],
)
def test_a_certificate_that_is_not_well_is_said_why(
    tmp_path: Path, name: str, days: int, trusted: bool, fault: str
) -> None:
    with secured(tmp_path, name, days=days) as (port, roots):
        found = look(port, host="localhost", options="tls=true", roots=roots if trusted else None)
    assert failed(found) == ("tls", fault)


def test_a_server_without_tls_is_told_from_one_that_hangs(well: Member) -> None:
    assert failed(look(well.port, options="tls=true")) == ("tls", "tls-not-spoken")
    with scripted(b"", pause=9) as port:
        assert failed(look(port, options="tls=true")) == ("tls", "no-answer")


def test_a_server_that_hangs_up_while_tls_is_agreed_on_is_said_to() -> None:
    with scripted() as port:
        found = look(port, options="tls=true")
    assert failed(found) == ("tls", "cut-off")
    assert found.steps[-1].because == f"{HOST} ended the connection while TLS was agreed on."


def test_the_alert_that_ends_tls_is_told() -> None:
    with scripted(b"\x15\x03\x03\x00\x02\x02\x50") as port:
        found = look(port, options="tls=true")
    assert failed(found) == ("tls", "cut-off")
    assert found.steps[-1].because == (
        f"{HOST} ended the connection while TLS was agreed on, with the alert TLSV1_ALERT_INTERNAL_ERROR."
    )


def test_who_speaks_plainly_to_tls_is_told_to_configure_it(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (port, _):
        assert failed(look(port)) == ("tls", "tls-wanted")


def test_members_without_a_primary_take_no_writes() -> None:
    with member(hello=SECONDARY) as first, member(hello=SECONDARY) as second:
        found = look(first.port, second.port, login=LOGIN)
    assert failed(found) == ("hello", "no-primary")
    assert found.mongodb is not None
    assert (len(found.mongodb.answering), found.mongodb.primary) == (2, "")
    assert first.logins + second.logins == 0


def test_a_primary_that_only_the_others_can_see_is_blamed_for_its_own_layer() -> None:
    (gone,) = free_ports(1)
    with member(hello={**SECONDARY, "primary": f"{HOST}:{gone}"}) as other:
        found = look(gone, other.port)
    assert failed(found) == ("tcp", "refused")
    assert found.failed is not None
    assert found.failed.because.startswith(f"The others take {HOST}:{gone} for the primary")


def test_a_primary_that_the_string_does_not_name_is_found_by_the_others(locked: Member) -> None:
    with member(hello={**SECONDARY, "primary": f"{HOST}:{locked.port}"}) as other:
        found = look(other.port, login=LOGIN)
    assert found.failed is None
    assert found.mongodb is not None
    assert found.mongodb.primary == f"{HOST}:{locked.port}"
    assert found.mongodb.hosts == (f"{HOST}:{other.port}", f"{HOST}:{locked.port}")
    assert locked.logins == 1


def test_a_primary_that_the_string_does_not_name_is_held_to_what_the_others_are(locked: Member) -> None:
    (gone,) = free_ports(1)
    with member(hello={**SECONDARY, "primary": f"{HOST}:{gone}"}) as other:
        assert failed(look(other.port)) == ("tcp", "refused")
    with member(hello={**SECONDARY, "setName": "another", "primary": f"{HOST}:{locked.port}"}) as other:
        assert failed(look(other.port)) == ("hello", "other-set")


@pytest.mark.parametrize("where", ["evil.example", "localhost", "169.254.169.254", "[fd00:ec2::254]", "127.0.0.2"])
def test_a_primary_outside_the_strings_domains_is_named_and_not_looked_at(where: str) -> None:
    with member(hello={**SECONDARY, "primary": f"{where}:27018"}) as other:
        found = look(other.port)
    assert failed(found) == ("dns", "address-foreign"), "that is no election"
    assert found.steps[-1].because.startswith(f"The others take {where}:27018 for the primary, and it cannot be used: ")
    assert found.steps[-1].because.endswith("nothing was sent there.")
    assert found.mongodb is not None
    assert found.mongodb.addresses == (HOST,)


def test_whoever_names_many_others_is_followed_to_a_few(well: Member) -> None:
    with ExitStack() as stack:
        ports = free_ports(9)
        others = [stack.enter_context(member(hello={**SECONDARY, "primary": f"{HOST}:{port}"})).port for port in ports]
        found = look(*others)
    assert found.mongodb is not None
    assert len(found.mongodb.hosts) == 9 + MOST


@pytest.mark.parametrize("by", ["the string", "the record"])
def test_behind_a_load_balancer_it_is_told_that_it_is_known(by: str) -> None:
    with member(balancer=True, users={USER: PASSWORD}) as served:

        def lookup(_: str, __: str, ___: Deadline) -> Records:
            options = {"loadbalanced": "true"} if by == "the record" else {}
            return Records(hosts=((HOST, served.port),), options=options)

        options = "&loadBalanced=true" if by == "the string" else ""
        text = f"mongodb+srv://{LOGIN}cluster.db.example/?tls=false{options}"
        assert looked(text, lookup=lookup).failed is None
        assert served.logins == 1
        untold = looked(f"mongodb://{LOGIN}{HOST}:{served.port}/")
        assert failed(untold) == ("hello", "not-understood")
        assert "code 354" in untold.steps[-1].because


def test_the_next_address_of_a_name_is_tried_where_the_first_takes_nothing(
    locked: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_member, "resolve", lambda *_: ("127.0.0.9", HOST, "127.0.0.10"))
    found = look(locked.port, host="localhost", login=LOGIN)
    assert found.failed is None
    assert found.mongodb is not None
    assert found.mongodb.addresses == ("127.0.0.9", HOST)


def test_a_primary_is_enough_and_who_is_dead_is_mentioned(well: Member) -> None:
    (gone,) = free_ports(1)
    found = look(gone, well.port)
    assert found.failed is None
    (hello,) = [step for step in found.steps if step.layer == "hello"]
    assert f"{HOST}:{gone} refuses connections" in hello.because


@pytest.mark.parametrize("hello", [{"setName": "other"}, {"setName": None}])
def test_a_member_of_another_set_is_not_ours(hello: dict[str, object]) -> None:
    with member(hello=hello) as served:
        assert failed(look(served.port, options="replicaSet=rs0")) == ("hello", "other-set")
        assert look(served.port).failed is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "not-understood"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "not-understood"),
        (b"\xff" * 64, "not-understood"),
        (b"", "cut-off"),
    ],
)
def test_what_is_no_answer_of_mongodb_is_not_understood(answer: bytes, fault: str) -> None:
    with scripted(answer) as port:
        assert failed(look(port)) == ("hello", fault)


def test_a_server_that_drips_is_not_waited_for_until_it_is_done(well: Member) -> None:
    with member(pause=0.3) as dripping:
        assert failed(look(dripping.port)) == ("hello", "no-answer")
        assert look(dripping.port, well.port).failed is None, "another one is the primary"


def test_a_server_that_hangs_at_ping_is_said_to() -> None:
    with member(says={"ping": HANG}) as served:
        assert failed(look(served.port)) == ("ping", "no-answer")


def test_a_server_that_does_not_answer_ping_as_it_should_is_said_to() -> None:
    with member(says={"ping": {"ok": 0, "code": 13}}) as served:
        assert failed(look(served.port)) == ("ping", "not-permitted")
    with member(says={"ping": b""}) as served:
        assert failed(look(served.port)) == ("ping", "cut-off")


@pytest.mark.parametrize("host", ["nobody.invalid", "a-name-that-is-nobodys.invalid"])
def test_a_name_that_nobody_knows_is_said_to_be_unknown(host: str) -> None:
    layer, fault = failed(look(27017, host=host))
    assert layer == "dns"
    assert fault in {"name-unknown", "name-unanswered"}


def test_nothing_is_sent_to_this_machine_or_to_the_metadata_service(well: Member) -> None:
    for host in (HOST, "169.254.169.254", "[fd00:ec2::254]", "[::ffff:127.0.0.1]"):
        found = looked(f"mongodb://{host}:{well.port}/", networks=("0.0.0.0/0", "::/0"), never=NEVER)
        assert failed(found) == ("dns", "address-foreign")
    assert well.heard == []


# ------------------------------------------------------------------------------------------------------------ login


@pytest.mark.parametrize("password", [f"{PASSWORD}x", quote(f"{PASSWORD}/@:%", safe="")])
def test_a_wrong_password_is_refused(locked: Member, password: str) -> None:
    assert failed(look(locked.port, login=f"{USER}:{password}@")) == ("auth", "credentials-refused")
    assert locked.logins == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"ok": 0, "code": 8000, "errmsg": f"bad auth : authentication failed {USER}"}, "credentials-refused"),
        ({"ok": 0, "code": 11, "errmsg": USER}, "credentials-refused"),
        ({"ok": 0, "code": 334, "errmsg": USER}, "credentials-refused"),
        ({"ok": 0, "code": 13, "errmsg": USER}, "not-permitted"),
        ({"ok": 0, "code": 8000, "errmsg": "too many connections"}, "too-many-clients"),
        ({"ok": 0, "code": 1, "errmsg": USER}, "not-understood"),
        ({"ok": 1, "payload": b"r=other,s=QQ==,i=4096", "conversationId": 1}, "not-understood"),
        ({"ok": 1, "payload": b"nothing", "conversationId": 1}, "not-understood"),
        ({"ok": 1}, "not-understood"),
        ({"ok": 1, "payload": 7}, "not-understood"),
        ({"ok": 1, "payload": 10**12}, "not-understood"),
        ({"ok": 1, "payload": "text"}, "not-understood"),
        (b"", "cut-off"),
    ],
)
def test_what_a_login_is_answered_becomes_the_fault_that_it_means(
    answer: dict[str, object] | bytes, fault: str
) -> None:
    with member(says={"saslStart": answer}) as served:
        assert failed(look(served.port, login=LOGIN)) == ("auth", fault)


def test_a_password_that_no_login_may_have_is_the_fault_of_the_string(locked: Member) -> None:
    kept = Kept()
    text = f"mongodb://{USER}:{PASSWORD}%07@{HOST}:{locked.port}/"
    assert failed(looked(text, kept=kept)) == ("config", "string-not-understood")
    assert locked.logins == 0, "the server heard no login"
    assert failed(looked(text, kept=kept, now=NOW + timedelta(minutes=1))) == ("config", "string-not-understood")
    with member(users={USER: PASSWORD}, hello={"saslSupportedMechs": 7}) as strange:
        assert failed(looked(f"mongodb://{LOGIN}{HOST}:{strange.port}/")) == ("auth", "not-understood")


@pytest.mark.parametrize(
    "rounds", [2_000_000_000, "4096,i=2000000000", " 2000000000", "2_000_000_000", f"{'0' * 30}2000000000"]
)
def test_a_server_that_wants_the_password_hashed_for_hours_is_not_obeyed(rounds: int | str) -> None:
    with member(users={USER: PASSWORD}, rounds=rounds) as served:
        assert failed(look(served.port, login=LOGIN)) == ("auth", "not-understood")


@pytest.mark.parametrize("mechanism", ["PLAIN", "MONGODB-X509", "MONGODB-AWS"])
def test_a_mechanism_that_sends_the_password_is_never_spoken(locked: Member, mechanism: str) -> None:
    kept = Kept()
    found = look(locked.port, login=LOGIN, options=f"authMechanism={mechanism}&authSource=$external", kept=kept)
    assert found.failed is None
    assert locked.heard == ["hello", "ping"]
    assert PASSWORD.encode() not in locked.received
    auth = next(step for step in found.steps if step.layer == "auth")
    assert auth.because.startswith(f"The connection string logs in by {mechanism}, which the probe does not")
    assert kept.last.at is None, "no attempt is taken where none is made"


def test_a_user_without_a_password_is_not_said_to_be_none(well: Member) -> None:
    found = look(well.port, login="CN%3Dapp@", options="authMechanism=MONGODB-X509")
    assert found.failed is None
    assert found.steps[-2].because.startswith("The connection string logs in by MONGODB-X509")
    assert look(well.port).steps[-2].because.startswith("The connection string names no user")


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "DEFAULT"])
def test_a_mechanism_that_proves_the_password_is_spoken_without_it(locked: Member, mechanism: str) -> None:
    assert look(locked.port, login=LOGIN, options=f"authMechanism={mechanism}").failed is None
    assert locked.logins == 1
    assert USER.encode() in locked.received
    assert PASSWORD.encode() not in locked.received


def test_a_password_that_was_rotated_is_not_refused_by_what_came_of_the_one_before(locked: Member) -> None:
    kept, minutes = Kept(), timedelta(minutes=1)
    old = f"mongodb://{USER}:{PASSWORD}-of-yesterday@{HOST}:{locked.port}/"
    assert failed(looked(old, kept=kept, version="1")) == ("auth", "credentials-refused")
    assert failed(looked(old, kept=kept, version="1", now=NOW + minutes)) == ("auth", "credentials-refused")
    new = old.replace("-of-yesterday", "")
    found = looked(new, kept=kept, version="2", now=NOW + 2 * minutes)
    assert found.failed is None
    assert "is not known yet; the next is due at 03:15 UTC" in found.steps[-2].because
    assert locked.logins == 1, "one login in 15 minutes stays true"
    assert looked(new, kept=kept, version="2", now=NOW + 15 * minutes).failed is None
    assert (locked.logins, kept.last.version) == (2, "2")


def test_a_string_that_may_be_an_old_one_is_not_logged_in_with(locked: Member) -> None:
    found = looked(f"mongodb://{LOGIN}{HOST}:{locked.port}/", fresh=False)
    assert found.failed is None
    assert locked.logins == 0


def test_a_ledger_that_hangs_costs_the_login_and_nothing_else(locked: Member) -> None:
    over = threading.Event()

    class Hung(Kept):
        def claim(self, _: str, __: LastLogin, ___: datetime) -> bool:
            return over.wait(30)

    class HungLater(Kept):
        def keep(self, *_: object) -> None:
            over.wait(30)

    assert look(locked.port, login=LOGIN, kept=Hung()).failed is None
    assert locked.logins == 0
    assert look(locked.port, login=LOGIN, kept=HungLater()).failed is None
    assert locked.logins == 1
    over.set()


def test_a_look_at_which_everything_is_slow_ends_in_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    class Slow:
        """The secret, the ledger and the records, each almost as slow as it may be."""

        def parameter(self, _: str, now: datetime, **__: object) -> Known:
            never.wait(0.4)
            uri = f"mongodb+srv://{LOGIN}cluster.db.example/?tls=false"
            return Known(text=Secret(uri), version="1", at=now)

        def last(self, _: str) -> LastLogin:
            never.wait(0.4)
            return LastLogin(found=Item())

        def claim(self, *_: object) -> bool:
            never.wait(0.3)
            return True

        def keep(self, *_: object) -> None:
            never.wait(30)

    with member(pause=0.3) as dripping, member(drips="saslStart", pause=0.3) as first:

        def lookup(_: str, __: str, ___: Deadline) -> Records:
            never.wait(0.95)
            return Records(hosts=((HOST, dripping.port), (HOST, first.port)), options={})

        monkeypatch.setattr(mongo, "MongoLook", partial(MongoLook, never=(), lookup=lookup))
        configured, slow = MongoDependency(parameter="/dev/mongodb-uri", networks=("127.0.0.0/8",)), Slow()
        begun = time.monotonic()
        found = mongo.Mongo(mongodb=configured, kept=slow, logins=slow).probed(NOW)  # type: ignore[arg-type]
        took = time.monotonic() - begun
    assert failed(found) == ("auth", "no-answer"), "every layer had its own time"
    assert took < WITHIN
    never.set()


def test_where_the_ledger_does_not_say_that_the_attempt_is_ours_none_is_made(locked: Member) -> None:
    class Broken(Kept):
        def claim(self, _: str, __: LastLogin, ___: datetime) -> bool:
            raise AwsError("DynamoDB:UpdateItem failed.", operation="DynamoDB:UpdateItem", code="ReadTimeout")

    found = look(locked.port, login=LOGIN, kept=Broken())
    assert found.failed is None
    assert locked.logins == 0
    assert "No login was tried now" in found.steps[-2].because


def test_ten_looks_at_once_and_fifteen_after_one_another_are_one_login(locked: Member) -> None:
    kept = Kept()
    threads = [
        threading.Thread(target=look, args=(locked.port,), kwargs={"login": LOGIN, "kept": kept}) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for minute in range(15):
        found = look(locked.port, login=LOGIN, kept=kept, now=NOW + timedelta(minutes=minute))
        assert found.failed is None
    assert locked.logins == 1
    look(locked.port, login=LOGIN, kept=kept, now=NOW + timedelta(minutes=15))
    assert locked.logins == 2


def test_a_login_that_was_refused_counts_until_the_next(locked: Member) -> None:
    kept = Kept()
    wrong = f"{USER}:{PASSWORD}x@"
    for minute in range(15):
        found = look(locked.port, login=wrong, kept=kept, now=NOW + timedelta(minutes=minute))
        assert failed(found) == ("auth", "credentials-refused")
    assert locked.logins == 1
    assert look(locked.port, login=LOGIN, kept=kept, now=NOW + timedelta(minutes=15)).failed is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", "cut-off"),
        ({"ok": 0, "code": 8000, "errmsg": "too many connections"}, "too-many-clients"),
        ({"ok": 0, "code": 1}, "not-understood"),
    ],
)
def test_a_login_that_was_not_refused_says_nothing_about_the_minutes_after_it(
    locked: Member, answer: dict[str, object] | bytes, fault: str
) -> None:
    kept = Kept()
    with member(says={"saslStart": answer}) as blipping:
        assert failed(look(blipping.port, login=LOGIN, kept=kept)) == ("auth", fault)
    for minute in range(1, 15):
        found = look(locked.port, login=LOGIN, kept=kept, now=NOW + timedelta(minutes=minute))
        assert [(step.layer, step.fault) for step in found.steps][-2:] == [("auth", None), ("ping", None)]
        assert found.steps[-2].because.endswith("says nothing about now; the next is due at 03:15 UTC.")
    assert locked.logins == 0, "one login in 15 minutes stays true"
    look(locked.port, login=LOGIN, kept=kept, now=NOW + timedelta(minutes=15))
    assert locked.logins == 1


def test_a_ledger_that_is_slow_is_not_the_fault_of_mongodb(locked: Member) -> None:
    late = [0.0]

    class Slow(Kept):
        def claim(self, _: str, last: LastLogin, now: datetime) -> bool:
            late[0] += 1.3
            return super().claim(_, last, now)

    kept = Slow()
    found = looked(f"mongodb://{LOGIN}{HOST}:{locked.port}/", kept=kept, clock=lambda: time.monotonic() + late[0])
    assert found.failed is None
    assert (kept.last.fault, locked.logins) == (None, 1)


def test_fifty_invocations_of_five_processes_are_one_login_and_log_no_secret(
    locked: Member, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(
        mongo, "MongoLook", partial(MongoLook, never=())
    )  # the servers of this test are on this machine
    monkeypatch.setattr(mongo, "OWN_WITHIN", 4.0)  # moto is slower than AWS
    place = Place(environment="dev", account="123456789012", region="us-east-1")
    configured = MongoDependency(parameter="/dev/mongodb-uri", networks=("127.0.0.0/8",))
    deployment = Deployment(place=place, mode="act", ledger="table", outcomes="topic", contacts={})
    probing = Probing(dependencies=Dependencies(mongodb=configured), networks=())
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployment).decode())
    monkeypatch.setenv(SETTINGS, msgspec.json.encode(probing).decode())
    with mock_aws():
        uri = f"mongodb://{LOGIN}{HOST}:{locked.port}/starttech"
        boto3.client("ssm").put_parameter(Name="/dev/mongodb-uri", Value=uri, Type="SecureString")
        boto3.client("dynamodb").create_table(
            TableName="table",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        processes = [probe_handler(Probe) for _ in range(5)]
        for number in range(50):
            answer = msgspec.convert(processes[number % 5]({"probe": "mongodb"}, None), Probed)
            assert answer.failed is None
        kept = str(boto3.client("dynamodb").scan(TableName="table")["Items"])
    assert locked.logins == 1
    out, err = capsys.readouterr()
    assert "Looked at the dependencies." in f"{out}{err}"
    for secret in (USER, PASSWORD, quote(PASSWORD)):
        assert secret not in f"{out}{err}{kept}"


# ---------------------------------------------------------------------------------------------------------- records


def test_the_records_of_a_name_lead_to_the_members_and_say_their_set(locked: Member) -> None:
    def lookup(name: str, service: str, deadline: Deadline) -> Records:
        assert (name, service) == ("cluster.db.example", "mongodb")
        return Records(hosts=((HOST, locked.port),), options={"replicaset": "rs0", "authsource": "admin"})

    text = f"mongodb+srv://{LOGIN}cluster.db.example/starttech?tls=false"
    found = looked(text, lookup=lookup)
    assert found.failed is None
    assert [step.layer for step in found.steps][:2] == ["config", "records"]


def test_the_service_that_the_string_names_is_the_one_that_is_looked_up() -> None:
    asked = list[str]()

    def lookup(name: str, service: str, deadline: Deadline) -> Records:
        asked.append(service)
        raise UnreachableError("records", "records-unknown", f"The name {name} has no SRV records: no members.")

    looked("mongodb+srv://cluster.db.example/?srvServiceName=other", lookup=lookup)
    assert asked == ["other"]


def test_no_more_members_are_looked_at_than_a_replica_set_has() -> None:
    def lookup(name: str, service: str, deadline: Deadline) -> Records:
        return Records(hosts=tuple((HOST, 1 + number) for number in range(MOST_MEMBERS + 7)), options={})

    found = looked("mongodb+srv://cluster.db.example/", networks=("10.0.0.0/8",), lookup=lookup)
    assert found.mongodb is not None
    assert len(found.mongodb.hosts) == MOST_MEMBERS == 50


def test_records_that_are_not_there_are_the_layer_that_failed() -> None:
    def lookup(name: str, service: str, deadline: Deadline) -> Records:
        raise UnreachableError("records", "records-unknown", f"The name {name} has no SRV records: no members.")

    assert failed(looked("mongodb+srv://cluster.db.example/", lookup=lookup)) == ("records", "records-unknown")


def test_the_records_are_asked_of_a_real_name_server() -> None:
    name = "cluster.db.example"
    zone = {
        (f"_mongodb._tcp.{name}.", "SRV"): "0 0 27018 a.db.example.",
        (f"{name}.", "TXT"): '"replicaSet=rs0&authSource=admin"',
    }
    with name_server(zone) as resolver:
        found = records(name, "mongodb", Deadline(1), resolver)
        assert found == Records(hosts=(("a.db.example", 27018),), options={"replicaset": "rs0", "authsource": "admin"})
        assert failed(looked("mongodb+srv://other.db.example/", lookup=partial(records, resolver=resolver))) == (
            "records",
            "records-unknown",
        )


def test_one_packet_that_is_lost_is_no_fault() -> None:
    zone = {("_mongodb._tcp.cluster.db.example.", "SRV"): "0 0 27018 a.db.example."}
    with name_server(zone, loses=1) as resolver:
        found = records("cluster.db.example", "mongodb", Deadline(1), resolver)
    assert found.hosts == (("a.db.example", 27018),)


def test_a_name_server_that_says_nothing_is_waited_for_no_longer_than_a_second() -> None:
    with name_server(None) as resolver:
        begun = time.monotonic()
        found = looked("mongodb+srv://cluster.db.example/", lookup=partial(records, resolver=resolver))
    assert failed(found) == ("records", "name-unanswered")
    assert time.monotonic() - begun < 2


@contextmanager
def name_server(zone: dict[tuple[str, str], str] | None, *, loses: int = 0) -> Iterator[Resolver]:
    """Serve a zone (None: say nothing), after losing so many packets, and return who asks it."""
    lost = iter(range(loses))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))
        over = threading.Event()
        server.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    packet, asker = server.recvfrom(4096)
                    if zone is not None and next(lost, None) is None:
                        server.sendto(_answered(packet, zone), asker)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = [HOST], server.getsockname()[1]
        yield resolver
        over.set()
        serving.join(5)


def _answered(packet: bytes, zone: dict[tuple[str, str], str]) -> bytes:
    query = from_wire(packet)
    (question,) = query.question
    answer = make_response(query)
    text = zone.get((str(question.name), to_text(question.rdtype)))
    if text is None:
        answer.set_rcode(NXDOMAIN)
    else:
        answer.answer.append(rrset_from_text(question.name, 60, "IN", to_text(question.rdtype), text))
    return answer.to_wire()


def listens_at(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def secured(directory: Path, name: str, *, days: int = 1) -> Iterator[tuple[int, Path]]:
    """Serve a member with TLS; its port, and the file of who vouches for it."""
    pem, key = certificate(directory, name, days=days)
    with member(context=under_tls(pem, key)) as served:
        yield served.port, pem
