"""Count what is in a database, through pymongo and from within the VPC. It reads, and never so much as a document.

The rule of the domain (HAZARDS D3, D5): the application's user and password go to a host of Atlas and nowhere else, whatever the
connection string or an answer says; one login, at the primary (pymongo lists collections nowhere else, so whoever reads elsewhere
logs in twice), no retry; and what pymongo says of an error is not told, as it may quote them.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from remediation.aws.secrets import parameter, secret
from remediation.core.connection_string import ConnectionStringError, Login, parse
from remediation.core.probed import Fault
from remediation.core.redact import Secret
from remediation.reach.unreachable import UnreachableError
from restore_database.facts import Counted, Counts

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients
    from restore_database.settings import Settings

SELECT, CONNECT, ANSWER = 10_000, 5_000, 20_000
"""Milliseconds: to find the primary, to connect, and for one answer."""
WITHIN = 40.0
"""Seconds for all of it: two databases are counted in one look, and Lambda's time is short."""
MOST = 500
"""Collections; of a database with more, the rest is not counted."""
_ATLAS = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.mongodb(?:gov)?\.net")
_REFUSED: Mapping[int, Fault] = {18: "credentials-refused", 8000: "credentials-refused", 13: "not-permitted"}
"""Codes of the server: AuthenticationFailed, AtlasError (which is what Atlas says of a wrong password), Unauthorized."""


class Collection(Protocol):
    """What is asked of a collection of pymongo."""

    def estimated_document_count(self) -> int:
        """Say `count`."""


class Database(Protocol):
    """What is asked of a database of pymongo."""

    def command(self, command: str, /) -> Mapping[str, Any]:
        """Say a command without arguments."""

    def list_collection_names(self, *, filter: Mapping[str, str]) -> Iterable[str]:  # noqa: A002 - pymongo's name
        """Say `listCollections`."""

    def __getitem__(self, name: str) -> Collection:
        """Return a collection."""


def counted(aws: "Clients", settings: "Settings", host: str) -> Counts:
    """Return what is in the database at a host of Atlas. Raises UnreachableError, AwsError, SecretShapeError."""
    if not _ATLAS.fullmatch(host):
        raise UnreachableError(
            "config", "not-configured", f"{host or 'No host'} is no name of Atlas's; nothing is said to it."
        )
    login = read_login(_string(aws, settings))
    from pymongo import MongoClient, timeout  # noqa: PLC0415 - not where the catalogue is only read
    from pymongo.errors import PyMongoError  # noqa: PLC0415

    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            f"mongodb+srv://{host}/",
            username=login.user.reveal(),
            password=login.password.reveal(),
            authSource=login.source,
            appname="remediation",
            readPreference="primary",
            retryReads=False,
            maxPoolSize=1,
            serverSelectionTimeoutMS=SELECT,
            connectTimeoutMS=CONNECT,
            socketTimeoutMS=ANSWER,
        )
        with closing(client), timeout(WITHIN):
            database: Any = client[settings.database]
            return counts_of(database, settings.database)
    except PyMongoError as error:
        raise unreachable(error, host, settings.database) from None  # what pymongo raises may quote what was sent


def counts_of(database: Database, name: str) -> Counts:
    """Say `dbStats`, `listCollections`, and `count` for each collection."""
    stats = database.command("dbStats")
    names = sorted(each for each in database.list_collection_names(filter={"type": "collection"}) if _own(each))
    return Counts(
        database=name,
        collections=tuple(
            Counted(name=each, documents=database[each].estimated_document_count()) for each in names[:MOST]
        ),
        objects=int(stats.get("objects", 0)),
        indexes=int(stats.get("indexes", 0)),
        data=int(stats.get("dataSize", 0)),
        storage=int(stats.get("storageSize", 0)),
    )


def _string(aws: "Clients", settings: "Settings") -> Secret:
    if settings.parameter:
        return parameter(aws, settings.parameter)
    return secret(aws, settings.secret, settings.secret_key)


def read_login(uri: Secret) -> Login:
    """Return who a connection string logs in as. Where it leads is not read: that is for Atlas to say. Raises UnreachableError."""
    try:
        login = parse(uri.reveal()).login(source="admin")  # where Atlas keeps its users
    except ConnectionStringError as error:
        because = f"The connection string in its secret is not understood. {error}"
        raise UnreachableError("secret", "string-not-understood", because) from None
    if login is None:
        because = "The connection string in its secret has no user with a password."
        raise UnreachableError("secret", "string-not-understood", because)
    return login


def unreachable(error: Exception, host: str, database: str) -> UnreachableError:
    """Return what an error of pymongo means, in words of ours."""
    from dns.exception import DNSException  # noqa: PLC0415
    from dns.resolver import NXDOMAIN, NoAnswer  # noqa: PLC0415
    from pymongo.errors import (  # noqa: PLC0415
        ConfigurationError,
        OperationFailure,
        PyMongoError,
        ServerSelectionTimeoutError,
    )

    match error:
        case PyMongoError(timeout=True) if not isinstance(error, ServerSelectionTimeoutError):
            because = f"{host} took the connection and gave no answer in time."
            return UnreachableError("ping", "no-answer", because)
        case OperationFailure(code=int(code)) if code in _REFUSED:
            fault = _REFUSED[code]
            if fault == "not-permitted":
                because = f"The application's user may not say dbStats or count to {database} at {host}."
                return UnreachableError("auth", fault, because)
            return UnreachableError("auth", fault, f"{host} refuses the user of the application's connection string.")
        case OperationFailure():
            return UnreachableError("ping", "not-understood", f"{host} answers with the error {error.code}.")
        case ServerSelectionTimeoutError():
            because = f"No primary of {host} could be reached within {SELECT // 1000} s."
            return UnreachableError("tcp", "no-answer", because)
        case ConfigurationError(__cause__=NXDOMAIN() | NoAnswer()):
            return UnreachableError("records", "records-unknown", f"{host} has no SRV record yet.")
        case ConfigurationError(__cause__=DNSException()):
            because = f"The resolver of the VPC gave no answer for the records of {host}."
            return UnreachableError("records", "name-unanswered", because)
        case ConfigurationError():
            because = f"The records of {host} say what pymongo does not take."
            return UnreachableError("records", "not-understood", because)
        case _:
            return UnreachableError("ping", "cut-off", f"{host} ended the connection instead of answering.")


def _own(name: str) -> bool:
    return not name.startswith("system.")
