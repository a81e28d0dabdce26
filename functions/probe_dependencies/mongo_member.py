"""One member of MongoDB, looked at from its name up to `hello`; all of them are looked at at the same time."""

import ssl
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import Struct

from probe_dependencies.tried import Tried
from remediation.core.connection_string import written
from remediation.core.probed import Step
from remediation.reach.connecting import NEVER, address_of, connect, resolve, secure, speaks_tls
from remediation.reach.deadline import Deadline
from remediation.reach.mongo_link import Member, MongoLink
from remediation.reach.unreachable import UnreachableError


class Way(Struct, frozen=True, kw_only=True):
    """How members are come to. `roots`: a PEM file of certificate authorities, or the system's; `never`: see connecting.py."""

    tls: bool
    networks: tuple[str, ...]
    set_name: str = ""
    """The replica set that a member has to be of; empty: any."""
    balanced: bool = False
    """Whether a load balancer stands before the members: it wants to be told so, and is of no set."""
    roots: str | None = None
    never: tuple[str, ...] = NEVER


@dataclass(kw_only=True)
class Reached:
    """How far the way to one member went."""

    host: str
    port: int
    steps: list[Step] = field(default_factory=list)
    link: MongoLink | None = None
    member: Member | None = None
    expires: datetime | None = None
    addresses: tuple[str, ...] = ()
    """Those that were connected to, or were tried."""

    @property
    def at(self) -> str:
        """Return what it is called: `host:port`."""
        return written(self.host, self.port)

    @property
    def failed(self) -> Step | None:
        """Return the layer that failed, if one did."""
        return next((step for step in self.steps if step.fault is not None), None)

    @property
    def silent(self) -> bool:
        """Tell whether it gave no answer at all: not in TCP, although it was waited for."""
        return self.failed is not None and (self.failed.layer, self.failed.fault) == ("tcp", "no-answer")

    @property
    def heard(self) -> bool:
        """Tell whether it took a connection, refused it or hung up."""
        return any(step.layer == "tcp" and step.fault in {None, "refused", "cut-off"} for step in self.steps)


def reach(host: str, port: int, way: Way, deadline: Deadline) -> Reached:
    """Go up to `hello`. Whatever is wrong is in the answer, and nothing raises."""
    reached = Reached(host=host, port=port)
    tried = Tried(time.monotonic)
    reached.steps = tried.steps
    with suppress(UnreachableError):
        _layers(reached, tried, way, deadline)
    return reached


def _layers(reached: Reached, tried: Tried, way: Way, deadline: Deadline) -> None:
    host, port, at = reached.host, reached.port, reached.at
    with tried.layer("dns", f"The name {host} is known."):
        found = resolve(host, port, way.networks, deadline, way.never)
    with tried.layer("tcp", f"{at} takes connections."):
        try:
            connected = connect(found, port, deadline)
        except UnreachableError as error:
            reached.addresses = error.addresses
            raise
        address = address_of(connected)
    reached.addresses = found[: found.index(address) + 1]
    if way.tls:
        with tried.layer("tls", f"The certificate is for {host} and trusted."):
            try:
                secured = secure(connected, host, way.roots, deadline)
            except UnreachableError as error:
                if error.fault in {"no-answer", "cut-off"} and _speaks_plainly(address, reached, deadline):
                    because = f"{at} does not speak TLS, and TLS is configured."
                    raise UnreachableError("tls", "tls-not-spoken", because) from error
                raise
            reached.expires, connected = _expiry(secured), secured
    reached.link = MongoLink(connected, at, deadline)
    with tried.layer("hello", f"{at} says who it is."):
        member = _hello(reached.link, address, reached, way, deadline)
        if way.set_name and not way.balanced and member.set_name != way.set_name:
            other = f"of the replica set {member.set_name!r}" if member.set_name else "of no replica set"
            because = f"{at} is {other}; the connection string or its TXT record says {way.set_name!r}."
            raise UnreachableError("hello", "other-set", because)
        reached.member = member


def _hello(link: MongoLink, address: str, reached: Reached, way: Way, deadline: Deadline) -> Member:
    """Say hello; where the answer is none, ask whether it is TLS that is wanted: its alert is no answer of MongoDB."""
    try:
        return link.hello(balanced=way.balanced)
    except UnreachableError as error:
        strange = error.fault in {"cut-off", "not-understood"}
        if strange and not way.tls and speaks_tls(address, reached.port, deadline):
            because = f"{reached.at} speaks TLS only, and TLS is not configured."
            raise UnreachableError("tls", "tls-wanted", because) from error
        raise


def _speaks_plainly(address: str, reached: Reached, deadline: Deadline) -> bool:
    """Tell whether it answers a hello without TLS."""
    try:
        with closing(MongoLink(connect((address,), reached.port, deadline), reached.at, deadline)) as link:
            link.hello()
    except (TimeoutError, UnreachableError):
        return False
    return True


def _expiry(secured: ssl.SSLSocket) -> datetime | None:
    until = (secured.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if isinstance(until, str) else None
