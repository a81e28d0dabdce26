"""restore-database counts through pymongo over real sockets: who is logged in, what is said, and what is told of what fails."""

import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest
from bson import Int64
from pymongo.server_api import ServerApi

from remediation.core.probed import Fault
from remediation.reach.unreachable import UnreachableError
from restore_database import counting
from restore_database.counting import counted
from restore_database.facts import Counted, Counts
from restore_database.settings import Settings
from tests.e2e.mongo_servers import HOST, PASSWORD, USER, Member, member, replica_set
from tests.e2e.test_probe_mongodb import nx  # noqa: F401 - a fixture

pytestmark = pytest.mark.e2e
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/starttech-mongodb-AbCdEf"
SETTINGS = Settings(project="5f1b2c3d4e5f60718293a4b5", cluster="a", reader="", secret=SECRET, prefix="dev-restored-")
NEW_HOST = "dev-restored-1.ab1cd.mongodb.net"
SAYS: dict[str, Mapping[str, Any]] = {
    "dbStats": {"db": "starttech", "objects": 5, "indexes": 2, "dataSize": 640.0, "storageSize": 4096.0, "ok": 1.0},
    "listCollections": {
        "cursor": {
            "id": Int64(0),
            "ns": "starttech.$cmd.listCollections",
            "firstBatch": [{"name": name, "type": "collection"} for name in ("users", "orders", "system.profile")],
        },
        "ok": 1.0,
    },
    "count": {"n": 5, "ok": 1.0},
}
LET_IN = {USER: PASSWORD}
REAL: Any = pymongo.MongoClient


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SELECT", 1_000)
    monkeypatch.setattr(counting, "ANSWER", 1_000)
    monkeypatch.setattr(counting, "WITHIN", 2.0)


def count(
    monkeypatch: pytest.MonkeyPatch,
    port: int,
    password: str = PASSWORD,
    query: str = "directConnection=true",
    **more: Any,
) -> Counts:
    """Count, with every option of the product, at a server of this machine that stands for the host at Atlas."""

    def client(uri: str, **options: Any) -> Any:
        assert uri == f"mongodb+srv://{NEW_HOST}/"
        wanted = {name: value for name, value in (options | more).items() if value is not None}
        return REAL(f"mongodb://{HOST}:{port}/?{query}", **wanted)

    monkeypatch.setattr("pymongo.MongoClient", client)
    text = f"mongodb+srv://{USER}:{password}@dev.ab1cd.mongodb.net/starttech"
    secrets = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": text})
    aws: Any = SimpleNamespace(secretsmanager=secrets)
    return counted(aws, SETTINGS, NEW_HOST)


def at_member(monkeypatch: pytest.MonkeyPatch, served: Member, password: str = PASSWORD) -> Counts:
    """Count at a scripted member, which speaks nothing that is older than OP_MSG."""
    return count(monkeypatch, served.port, password, server_api=ServerApi("1"))


@pytest.fixture
def orders(nx: int) -> Iterator[int]:  # noqa: F811 - the fixture
    """Return the port of a server that somebody else wrote, with some orders in it."""
    client: Any
    with REAL(f"mongodb://{HOST}:{nx}/?directConnection=true") as client:
        client["starttech"]["orders"].insert_many([{"n": n} for n in range(12)])
        client["starttech"]["users"].insert_one({"name": "ada"})
        yield nx
        client.drop_database("starttech")


def test_what_is_in_a_server_that_somebody_else_wrote_is_counted(monkeypatch: pytest.MonkeyPatch, orders: int) -> None:
    anybody: dict[str, Any] = {"username": None, "password": None, "authSource": None}  # this server knows no users
    found = count(monkeypatch, orders, **anybody)
    assert found.collections == (Counted(name="orders", documents=12), Counted(name="users", documents=1))
    assert found.objects == 13
    assert found.data > 0


def test_it_logs_in_once_says_three_reads_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with member(users=LET_IN, says=SAYS) as served:
        found = at_member(monkeypatch, served)
        assert found == Counts(
            database="starttech",
            collections=(Counted(name="orders", documents=5), Counted(name="users", documents=5)),
            objects=5,
            indexes=2,
            data=640,
            storage=4096,
        )
        said = [name for name in served.heard if name != "hello"]
        assert said == ["saslStart", "saslContinue", "dbStats", "listCollections", "count", "count"]


def test_of_a_replica_set_it_logs_in_at_the_primary_once_and_at_no_other_member(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with replica_set(users=LET_IN, says=SAYS) as (primary, secondary):
        count(monkeypatch, secondary.port, query="replicaSet=rs0", server_api=ServerApi("1"))
        assert (primary.logins, secondary.logins) == (1, 0)
        assert set(secondary.heard) == {"hello"}
        said = [name for name in primary.heard if name not in {"hello", "saslStart", "saslContinue", "endSessions"}]
        assert said == ["dbStats", "listCollections", "count", "count"]


FAULTS: dict[str, tuple[dict[str, Any], str, Fault]] = {
    "a wrong password": ({"users": LET_IN}, "another", "credentials-refused"),
    "a user whom it does not know": ({"users": {}}, PASSWORD, "credentials-refused"),
    "dbStats is not permitted": (
        {"users": LET_IN, "says": SAYS | {"dbStats": {"ok": 0, "code": 13, "errmsg": f"not for {USER}"}}},
        PASSWORD,
        "not-permitted",
    ),
    "an error that nobody knows": (
        {"users": LET_IN, "says": SAYS | {"count": {"ok": 0, "code": 59, "errmsg": PASSWORD}}},
        PASSWORD,
        "not-understood",
    ),
    "it hangs up": ({"users": LET_IN, "says": SAYS | {"dbStats": b""}}, PASSWORD, "cut-off"),
    "it answers a login and then a byte at a time": (
        {"users": LET_IN, "says": SAYS, "pause": 0.01},
        PASSWORD,
        "no-answer",
    ),
    "it does not answer": ({"users": LET_IN, "pause": 1.0}, PASSWORD, "no-answer"),
}


@pytest.mark.parametrize(("served", "password", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_fails_is_told_soon_and_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, served: dict[str, Any], password: str, fault: Fault
) -> None:
    began = time.monotonic()
    with member(**served) as server:
        with pytest.raises(UnreachableError) as caught:
            at_member(monkeypatch, server, password)
        assert server.logins <= 1, "no login is tried twice"
    assert caught.value.fault == fault
    assert time.monotonic() - began < 8
    for secret in (USER, PASSWORD, password):
        assert secret not in f"{caught.value!r} {caught.value.because}"


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with member() as served:
        port = served.port
    with pytest.raises(UnreachableError, match="No primary of") as caught:
        count(monkeypatch, port)
    assert caught.value.fault == "no-answer"
