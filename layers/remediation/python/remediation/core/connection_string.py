"""A connection string of MongoDB, taken apart: what may be said of it, and what it logs in with.

The rule of the domain (HAZARDS D3): the string is a secret as a whole. What is not understood is refused by a sentence that quotes
nothing of it, and a character that may belong to a password that was not percent-encoded is not understood. What is understood is
its Shape, which holds no secret, and its Login, which shows none.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import Struct

from remediation.core.probed import Shape
from remediation.core.redact import Secret

DEFAULT_PORT = 27017
SCHEMES = ("mongodb", "mongodb+srv")
SHOWN = frozenset(
    {
        "authmechanism",
        "authsource",
        "connecttimeoutms",
        "directconnection",
        "loadbalanced",
        "maxidletimems",
        "maxpoolsize",
        "minpoolsize",
        "readpreference",
        "replicaset",
        "retryreads",
        "retrywrites",
        "serverselectiontimeoutms",
        "sockettimeoutms",
        "srvmaxhosts",
        "srvservicename",
        "ssl",
        "tls",
        "w",
        "waitqueuetimeoutms",
    }
)
"""Options whose values are no secrets; of any other only the name is said."""
PASSWORDS = frozenset({"DEFAULT", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"})
"""Mechanisms that take a password."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})\Z")
_ADDRESS = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\]\Z")
_PORT = re.compile(r":([0-9]{1,5})\Z")
_DATABASE = re.compile(r"[A-Za-z0-9_-]{0,63}\Z")
_OPTION = re.compile(r"[A-Za-z]{1,64}\Z")
_VALUE = re.compile(r"[A-Za-z0-9_.$-]{0,64}\Z")
_ENCODED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*\Z")


class ConnectionStringError(Exception):
    """A connection string is not understood; the message says what is wrong with it, and quotes nothing of it."""


class Login(Struct, frozen=True, kw_only=True):
    """Whom the string logs in as, and where that user is kept."""

    user: Secret
    password: Secret
    source: str
    mechanism: str = "DEFAULT"


class ConnectionString(Struct, frozen=True, kw_only=True):
    """A connection string that is understood. `options` has the names in small letters, and only those that may be shown."""

    shape: Shape
    hosts: tuple[tuple[str, int], ...]
    """Names or addresses with their ports; of `mongodb+srv` the one name whose records name them."""
    options: dict[str, str]
    user: Secret | None = None
    password: Secret | None = None

    @property
    def records(self) -> bool:
        """Tell whether the hosts are what the name's SRV records say."""
        return self.shape.scheme == "mongodb+srv"

    @property
    def tls(self) -> bool:
        """Tell whether TLS is wanted; `mongodb+srv` wants it unless it says otherwise."""
        wanted = self.options.get("tls", self.options.get("ssl", ""))
        return wanted == "true" or (self.records and wanted != "false")

    @property
    def mechanism(self) -> str:
        """Return how it logs in; `DEFAULT` is what the server offers."""
        return self.options.get("authmechanism", "DEFAULT")

    def login(self, source: str = "") -> Login | None:
        """Return what it logs in with, if it does; `source` is what the TXT record says about `authSource`."""
        if self.user is None or self.password is None:
            return None
        return Login(
            user=self.user,
            password=self.password,
            source=self.options.get("authsource") or source or self.shape.database or "admin",
            mechanism=self.mechanism,
        )


def parse(text: str) -> ConnectionString:
    """Take a connection string apart. Raises ConnectionStringError."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme not in SCHEMES:
        raise ConnectionStringError("It begins with neither mongodb:// nor mongodb+srv://.")
    rest, _, query = rest.partition("?")
    authority, _, database = rest.partition("/")
    user, at, hosts = authority.rpartition("@")
    if "@" in user or "/" in database or any(mark in f"{database}{query}" for mark in "@?"):
        raise ConnectionStringError(
            "It has an @, a / or a ? where none may be: such a character of a user or a password is percent-encoded."
        )
    name, colon, password = user.partition(":")
    if at and (not name or ":" in password or not all(map(_ENCODED.match, (name, password)))):
        raise ConnectionStringError("What stands before its @ is no percent-encoded user with a password.")
    if not _DATABASE.match(database):
        raise ConnectionStringError("Its database's name has characters that the name of a database has not.")
    found = tuple(host_and_port(each) for each in hosts.split(","))
    if scheme == "mongodb+srv" and (len(found) != 1 or _PORT.search(hosts) or hosts.count(".") < 2):
        raise ConnectionStringError("A mongodb+srv string has one name of three parts or more, and no port.")
    options = dict(_options(query))
    known = {key.lower(): value for key, value in options.items() if value is not None}
    if at and not password and known.get("authmechanism", "DEFAULT") in PASSWORDS:
        raise ConnectionStringError("It names a user and no password.")
    return ConnectionString(
        shape=Shape(
            scheme=scheme,
            hosts=(hosts,) if scheme == "mongodb+srv" else tuple(written(*each) for each in found),
            database=database,
            options=tuple(f"{key}={value}" if value is not None else key for key, value in options.items()),
        ),
        hosts=found,
        options=known,
        user=Secret(unquote(name)) if at else None,
        password=Secret(unquote(password)) if colon else None,
    )


def written(host: str, port: int) -> str:
    """Return a host with its port as it is written: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_and_port(text: str) -> tuple[str, int]:
    """Take `host:port` apart. Raises ConnectionStringError."""
    port = _PORT.search(text)
    host = text[: port.start()] if port else text
    number = int(port[1]) if port else DEFAULT_PORT
    address = _ADDRESS.match(host)
    if not (address or _HOST.match(host)) or not 1 <= number <= 65535:
        raise ConnectionStringError("One of its hosts is neither a name nor an address, or its port is none.")
    return address[1] if address else host, number


def _options(query: str) -> Iterator[tuple[str, str | None]]:
    """Yield the options by name, with the value where that may be said."""
    for each in filter(None, re.split("[&;]", query)):
        name, equals, value = each.partition("=")
        if not equals or not _OPTION.match(name) or not _ENCODED.match(value):
            raise ConnectionStringError("One of its options is none of the kind name=value.")
        said = unquote(value)
        yield name, said if name.lower() in SHOWN and _VALUE.match(said) else None
