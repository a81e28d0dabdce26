"""Who is logged in where, what is counted, and what is told of an error: never what pymongo says, which may quote a password."""

from typing import Any

import msgspec
import pytest
from dns.exception import DNSException
from dns.message import make_query, make_response
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from remediation.core.probed import Fault
from remediation.core.redact import Secret
from remediation.reach.unreachable import UnreachableError
from restore_database import counting
from restore_database.counting import counted, counts_of, read_login, unreachable
from restore_database.facts import Counted, Counts
from restore_database.settings import Settings
from tests.functions.restore_database.worlds import BY_PARAMETER, NEW_HOST, SETTINGS, URI, Night

CANARY = "canary-of-a-password-77f1"


class Collection:
    """A collection of so many documents."""

    def __init__(self, documents: int) -> None:
        self.documents = documents

    def estimated_document_count(self) -> int:
        return self.documents


class Database:
    """A database that answers what is asked, and nothing else."""

    def __init__(self, collections: dict[str, int]) -> None:
        self.collections = collections

    def command(self, command: str, /) -> dict[str, Any]:
        assert command == "dbStats"
        return {"db": "starttech", "objects": 3, "indexes": 2, "dataSize": 512.0, "storageSize": 4096.0, "ok": 1.0}

    def list_collection_names(self, *, filter: Any) -> list[str]:  # noqa: A002 - pymongo's name
        assert filter == {"type": "collection"}, "a view is counted with what it is a view of"
        return list(self.collections)

    def __getitem__(self, name: str) -> Collection:
        return Collection(self.collections[name])


def test_every_collection_is_counted_but_the_servers_own() -> None:
    assert counts_of(Database({"users": 1, "system.profile": 9, "orders": 2}), "starttech") == Counts(
        database="starttech",
        collections=(Counted(name="orders", documents=2), Counted(name="users", documents=1)),
        objects=3,
        indexes=2,
        data=512,
        storage=4096,
    )


def test_of_a_database_with_very_many_collections_not_all_are_counted() -> None:
    counts = counts_of(Database({f"c{n:04}": 1 for n in range(counting.MOST + 1)}), "starttech")
    assert len(counts.collections) == counting.MOST


@pytest.mark.parametrize(
    ("uri", "login"),
    [
        (f"mongodb+srv://app:{CANARY}@a.ab1cd.mongodb.net/starttech?retryWrites=true", ("app", CANARY, "admin")),
        (f"mongodb://app:{CANARY}@a:27017,b:27017/starttech?authSource=users", ("app", CANARY, "users")),
        ("mongodb+srv://a%40b:p%3A%2Fw@a.ab1cd.mongodb.net\n", ("a@b", "p:/w", "admin")),
    ],
)
def test_who_logs_in_is_read_from_the_connection_string(uri: str, login: tuple[str, str, str]) -> None:
    found = read_login(Secret(uri))
    assert (found.user.reveal(), found.password.reveal(), found.source) == login
    assert login[1] not in repr(found)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        CANARY,
        f"https://app:{CANARY}@a/",
        "mongodb+srv://a.mongodb.net/",
        "mongodb://app@a/",
        f"mongodb://[{CANARY}",
    ],
)
def test_what_is_no_connection_string_with_a_login_is_said_without_what_it_is(uri: str) -> None:
    with pytest.raises(UnreachableError, match="The connection string in its secret") as caught:
        read_login(Secret(uri))
    assert caught.value.fault == "string-not-understood"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["", "evil.example.com", "a.mongodb.net.example.com", "mongodb.net", "a.xmongodb.net", "a@b.mongodb.net"]
)
def test_the_login_is_told_to_no_host_but_atlas_own(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    night = Night(monkeypatch)
    with pytest.raises(UnreachableError, match="nothing is said to it"):
        counted(night.aws, SETTINGS, host)
    assert night.calls.of("GetSecretValue") == [], "not even read"


@pytest.mark.parametrize("settings", [SETTINGS, BY_PARAMETER], ids=["a secret", "a parameter"])
def test_one_connection_is_made_to_the_new_host_as_the_applications_user_and_closed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    made: list[Any] = []

    class Client:
        def __init__(self, uri: str, **options: Any) -> None:
            made.append((uri, options))

        def __getitem__(self, name: str) -> Database:
            assert name == "starttech"
            return Database({"orders": 2})

        def close(self) -> None:
            made.append("closed")

    monkeypatch.setattr("pymongo.MongoClient", Client)
    assert counted(Night(monkeypatch).aws, settings, NEW_HOST).documents == 2
    ((uri, options), closed) = made
    assert (uri, closed) == (f"mongodb+srv://{NEW_HOST}/", "closed")
    assert (options["username"], options["password"], options["authSource"]) == ("app", "canary", "admin")
    assert options["serverSelectionTimeoutMS"] <= 10_000, "Lambda's time is short"
    assert options["retryReads"] is False
    assert options["readPreference"] == "primary", "pymongo lists collections there: elsewhere it logs in once more"


@pytest.mark.parametrize(
    "more", [{}, {"secret": URI, "parameter": "/dev/starttech/mongodb-uri"}], ids=["neither", "both"]
)
def test_settings_name_either_a_secret_or_a_parameter(more: dict[str, str]) -> None:
    usual = {"project": SETTINGS.project, "cluster": "a", "reader": SETTINGS.reader, "prefix": "dev-restored-"}
    with pytest.raises(msgspec.ValidationError, match="expected either `secret` or `parameter`"):
        msgspec.convert(usual | more, Settings)


ANSWER = make_response(make_query("_mongodb._tcp.a.mongodb.net", "SRV"))


def srv(kind: type[DNSException], **more: Any) -> ConfigurationError:
    """Return what pymongo raises, whatever is wrong with the records."""
    make: Any = kind
    error = ConfigurationError(CANARY)
    error.__cause__ = make(**more)
    return error


ERRORS: list[tuple[PyMongoError, Fault]] = [
    (OperationFailure(f"bad auth {CANARY}", 8000), "credentials-refused"),
    (OperationFailure(f"Authentication failed {CANARY}", 18), "credentials-refused"),
    (OperationFailure(f"not authorized {CANARY}", 13), "not-permitted"),
    (OperationFailure(CANARY, 59), "not-understood"),
    (OperationFailure(CANARY), "not-understood"),
    (ServerSelectionTimeoutError(CANARY), "no-answer"),
    (srv(NXDOMAIN), "records-unknown"),
    (srv(NoAnswer, response=ANSWER), "records-unknown"),
    (srv(LifetimeTimeout, timeout=5, errors=[]), "name-unanswered"),
    (srv(NoNameservers), "name-unanswered"),
    (ConfigurationError(CANARY), "not-understood"),
    (AutoReconnect(CANARY), "cut-off"),
]


@pytest.mark.parametrize(("error", "fault"), ERRORS, ids=[fault for _, fault in ERRORS])
def test_what_goes_wrong_is_said_in_words_of_ours(
    monkeypatch: pytest.MonkeyPatch, error: PyMongoError, fault: Fault
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("pymongo.MongoClient", refuse)
    with pytest.raises(UnreachableError) as caught:
        counted(Night(monkeypatch).aws, SETTINGS, NEW_HOST)
    assert caught.value.fault == fault
    assert NEW_HOST in caught.value.because
    assert CANARY not in caught.value.because
    assert caught.value.__cause__ is None
    assert unreachable(error, NEW_HOST, "starttech").because == caught.value.because
