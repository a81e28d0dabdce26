"""MongoDB as it is configured: its connection string is read and understood, and then it is looked at.

What fails before that is the probe's own trouble and says nothing about MongoDB: a secret that cannot be read, a string that is
none, a ledger that does not say when a login was tried last.
"""

from dataclasses import dataclass
from datetime import datetime

from probe_dependencies.mongo_look import MongoLook
from remediation.adapters.logins import LastLogin, Logins
from remediation.aws.secrets import Kept, SecretShapeError
from remediation.core.connection_string import ConnectionString, ConnectionStringError, parse
from remediation.core.dependencies import MongoDependency
from remediation.core.errors import AwsError
from remediation.core.probed import Fault, Layer, Probed, Step
from remediation.core.redact import Secret
from remediation.reach.unreachable import UnreachableError


@dataclass(frozen=True, kw_only=True)
class Mongo:
    """The MongoDB of one environment."""

    mongodb: MongoDependency
    kept: Kept
    logins: Logins
    roots: str | None = None

    def probed(self, now: datetime) -> Probed:
        """Return what is found; nothing raises."""
        try:
            string, last = self._string(now), self._last()
        except UnreachableError as error:
            return _own(now, error.layer, error.fault, error.because)
        networks, database = self.mongodb.networks, self.mongodb.database
        look = MongoLook(
            string=string, logins=self.logins, last=last, networks=networks, database=database, roots=self.roots
        ).probed(now)
        if look.failed and look.failed.fault == "credentials-refused":
            self.kept.forget(self.mongodb.secret or self.mongodb.parameter, self.mongodb.secret_key)
        steps = (Step(layer="secret", because="The connection string can be read."), *look.steps)
        return Probed(
            dependency=look.dependency, host=look.host, port=look.port, at=now, steps=steps, mongodb=look.mongodb
        )

    def _string(self, now: datetime) -> ConnectionString:
        try:
            text = self._read(now).reveal()
        except (AwsError, SecretShapeError) as error:
            because = f"The connection string of MongoDB cannot be read: {error}"
            raise UnreachableError("secret", "secret-unreadable", because) from error
        try:
            return parse(text)
        except ConnectionStringError as error:
            because = f"The connection string of MongoDB is not understood: {error}"
            raise UnreachableError("config", "string-not-understood", because) from None

    def _read(self, now: datetime) -> Secret:
        if self.mongodb.parameter:
            return self.kept.parameter(self.mongodb.parameter, now)
        return self.kept.secret(self.mongodb.secret, self.mongodb.secret_key, now)

    def _last(self) -> LastLogin:
        try:
            return self.logins.last("mongodb")
        except AwsError as error:
            because = f"When a login was tried last cannot be read, so nothing was tried: {error}"
            raise UnreachableError("config", "not-configured", because) from error


def _own(now: datetime, layer: Layer, fault: Fault, because: str) -> Probed:
    step = Step(layer=layer, fault=fault, because=because)
    return Probed(dependency="mongodb", host="", port=0, at=now, steps=(step,))
