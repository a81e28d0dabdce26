"""MongoDB as it is configured: its connection string is read and understood, and then it is looked at.

What fails before that is the probe's own trouble and says nothing about MongoDB: a secret that cannot be read, a string that is
none, a ledger that does not say when a login was tried last.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from probe_dependencies.mongo_look import WITHIN, MongoLook
from remediation.adapters.logins import LastLogin, Logins
from remediation.aws.secrets import Kept, Known, SecretShapeError
from remediation.core.connection_string import ConnectionString, ConnectionStringError, parse
from remediation.core.dependencies import MongoDependency
from remediation.core.errors import AwsError
from remediation.core.probed import Fault, Layer, Probed, Step
from remediation.reach.deadline import Deadline, within
from remediation.reach.unreachable import UnreachableError

OWN_WITHIN = 1.2
"""Seconds of them that the ledger and the connection string may take, so that all of MongoDB's own are left for it."""


@dataclass(frozen=True, kw_only=True)
class Mongo:
    """The MongoDB of one environment."""

    mongodb: MongoDependency
    kept: Kept
    logins: Logins
    roots: str | None = None
    clock: Callable[[], float] = time.monotonic

    def probed(self, now: datetime) -> Probed:
        """Return what is found; nothing raises."""
        until = Deadline(WITHIN, self.clock)
        own = until.part(OWN_WITHIN)
        try:
            last = self._last(own)
            known = self._known(now, last, own)
            string = _parsed(known.text.reveal())
        except UnreachableError as error:
            return _own(now, error.layer, error.fault, error.because)
        networks, database = self.mongodb.networks, self.mongodb.database
        look = MongoLook(
            string=string,
            version=known.version,
            fresh=known.at == now,
            logins=self.logins,
            last=last,
            networks=networks,
            database=database,
            roots=self.roots,
            clock=self.clock,
            until=until,
        ).probed(now)
        if look.failed and look.failed.fault == "credentials-refused":
            self.kept.forget(self.mongodb.secret or self.mongodb.parameter, self.mongodb.secret_key)
        steps = (Step(layer="secret", because="The connection string can be read."), *look.steps)
        return Probed(
            dependency=look.dependency, host=look.host, port=look.port, at=now, steps=steps, mongodb=look.mongodb
        )

    def _last(self, own: Deadline) -> LastLogin:
        try:
            return within(own.left(OWN_WITHIN), lambda: self.logins.last("mongodb"))
        except (AwsError, TimeoutError) as error:
            because = f"When a login was tried last cannot be read, so nothing was tried: {_why(error)}"
            raise UnreachableError("config", "not-configured", because) from error

    def _known(self, now: datetime, last: LastLogin, own: Deadline) -> Known:
        """Return the connection string: as it is now, where a login is due or the last was with another version of it."""
        try:
            known = within(own.left(OWN_WITHIN), lambda: self._read(now, afresh=last.due(now)))
            if known.at == now or known.version == last.version:
                return known
            return within(own.left(OWN_WITHIN), lambda: self._read(now, afresh=True))
        except (AwsError, SecretShapeError, TimeoutError) as error:
            because = f"The connection string of MongoDB cannot be read: {_why(error)}"
            raise UnreachableError("secret", "secret-unreadable", because) from error

    def _read(self, now: datetime, *, afresh: bool) -> Known:
        if self.mongodb.parameter:
            return self.kept.parameter(self.mongodb.parameter, now, afresh=afresh)
        return self.kept.secret(self.mongodb.secret, self.mongodb.secret_key, now, afresh=afresh)


def _parsed(text: str) -> ConnectionString:
    try:
        return parse(text)
    except ConnectionStringError as error:
        because = f"The connection string of MongoDB is not understood: {error}"
        raise UnreachableError("config", "string-not-understood", because) from None


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"AWS gave no answer within {OWN_WITHIN} s; look at the route to its endpoint from the probe's subnets."
    return str(error)


def _own(now: datetime, layer: Layer, fault: Fault, because: str) -> Probed:
    step = Step(layer=layer, fault=fault, because=because)
    return Probed(dependency="mongodb", host="", port=0, at=now, steps=(step,))
