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
from remediation.reach.mongo_login import spoken
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
            known, string = self._known(now, last, own)
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
            self.kept.forget(*self._name)
        steps = (Step(layer="secret", because="The connection string can be read."), *look.steps)
        return Probed(
            dependency=look.dependency, host=look.host, port=look.port, at=now, steps=steps, mongodb=look.mongodb
        )

    @property
    def _name(self) -> tuple[str, str]:
        """Return what the string is kept under."""
        return (
            (self.mongodb.parameter, "") if self.mongodb.parameter else (self.mongodb.secret, self.mongodb.secret_key)
        )

    def _last(self, own: Deadline) -> LastLogin:
        try:
            return within(own.left(OWN_WITHIN), lambda: self.logins.last("mongodb"))
        except (AwsError, TimeoutError) as error:
            because = f"When a login was tried last cannot be read, so nothing was tried: {_why(error)}"
            raise UnreachableError("config", "not-configured", because) from error

    def _known(self, now: datetime, last: LastLogin, own: Deadline) -> tuple[Known, ConnectionString]:
        """Return the connection string: as it is now, where a login with it is due or the last one overtook what is known of it."""
        known = self._read(now, own, afresh=False)
        string = self._parsed(known)
        if known.at == now or not spoken(string.login()) or not (last.due(now) or _overtaken(known, last)):
            return known, string
        known = self._read(now, own, afresh=True)
        return known, self._parsed(known)

    def _read(self, now: datetime, own: Deadline, *, afresh: bool) -> Known:
        """Return it as it is known. Where AWS does not answer in time, it stays what it was."""
        try:
            return within(own.left(OWN_WITHIN), lambda: self._asked(now, afresh=afresh))
        except TimeoutError as error:
            if (held := self.kept.held(*self._name)) is None:
                raise _unreadable(error) from error
            return held
        except (AwsError, SecretShapeError) as error:
            raise _unreadable(error) from error

    def _asked(self, now: datetime, *, afresh: bool) -> Known:
        if self.mongodb.parameter:
            return self.kept.parameter(self.mongodb.parameter, now, afresh=afresh)
        return self.kept.secret(self.mongodb.secret, self.mongodb.secret_key, now, afresh=afresh)

    def _parsed(self, known: Known) -> ConnectionString:
        try:
            return parse(known.text.reveal())
        except ConnectionStringError as error:
            self.kept.forget(*self._name)  # whoever corrects it sees so with the next look
            because = f"The connection string of MongoDB is not understood: {error}"
            raise UnreachableError("config", "string-not-understood", because) from None


def _overtaken(known: Known, last: LastLogin) -> bool:
    """Tell whether another process tried a login since, and the last that ended was with another version."""
    return last.at is not None and known.at < last.at and known.version != last.version


def _unreadable(error: Exception) -> UnreachableError:
    because = f"The connection string of MongoDB cannot be read: {_why(error)}"
    return UnreachableError("secret", "secret-unreadable", because)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"AWS gave no answer within {OWN_WITHIN} s; look at the route to its endpoint from the probe's subnets."
    return str(error)


def _own(now: datetime, layer: Layer, fault: Fault, because: str) -> Probed:
    step = Step(layer=layer, fault=fault, because=because)
    return Probed(dependency="mongodb", host="", port=0, at=now, steps=(step,))
