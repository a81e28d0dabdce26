"""What the probe does with what it is started by: its schedule, or a question of a runbook or a person.

Every tick says of each dependency whether it is down, as a metric. What is the probe's own trouble says nothing about the
dependency: no metric then, and the invocation fails, so that the alarm on errors hears of it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
from msgspec.structs import replace

from probe_dependencies.mongo import Mongo
from probe_dependencies.redis_look import Look
from remediation.adapters.logins import Logins
from remediation.aws.probing import Ask
from remediation.aws.secrets import Kept, SecretShapeError
from remediation.core.dependencies import MongoDependency, Probing, RedisDependency
from remediation.core.errors import AwsError
from remediation.core.parsing import parse
from remediation.core.probed import Fault, Layer, Probed, Step
from remediation.core.triggers import Invoked, Scheduled


class ProbeFailedError(Exception):
    """The probe could not look at something; the message says at what, and why."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The probe of one environment."""

    probing: Probing
    kept: Kept
    logins: Logins
    clock: Callable[[], datetime]
    roots: str | None = None

    def answer(self, event: object, count: Callable[[str, bool], None]) -> Probed | tuple[Probed, ...]:
        """Do what an event asks for; `count` keeps of a dependency whether it is down. Raises ProbeFailedError on a tick at which the probe itself was in trouble."""
        match parse(event):
            case Scheduled():
                return self._tick(count)
            case Invoked(payload=payload):
                try:
                    return self._asked(msgspec.convert(payload, Ask))
                except msgspec.ValidationError as error:
                    return self._unasked(f"The probe was asked what it does not understand: {error}.")
            case _:
                return self._unasked("The probe is started by its schedule, or asked for a dependency by its name.")

    def _tick(self, count: Callable[[str, bool], None]) -> tuple[Probed, ...]:
        looks = self._all()
        troubles = [look.failed.because for look in looks if look.failed and look.failed.own]
        for look in looks:
            if look.failed is None or not look.failed.own:
                count(look.dependency, look.failed is not None)
        if troubles:
            raise ProbeFailedError(" ".join(troubles))
        return looks

    def _all(self) -> tuple[Probed, ...]:
        """Look at all that is configured at the same time, so that no look waits for another."""
        dependencies = self.probing.dependencies
        wanted: list[Callable[[], Probed]] = []
        if (redis := dependencies.redis) is not None:
            wanted.append(partial(self._redis, redis))
        if (mongodb := dependencies.mongodb) is not None:
            wanted.append(partial(self._mongodb, mongodb))
        with ThreadPoolExecutor(max(1, len(wanted))) as pool:
            return tuple(pool.map(lambda look: look(), wanted))

    def _asked(self, ask: Ask) -> Probed:
        match ask.probe:
            case "redis":
                return self._asked_redis(ask)
            case "mongodb":
                return self._asked_mongodb(ask)
            case _:
                because = f"There is no probe of {ask.probe!r}; there is one of redis and one of mongodb."
                return self._unasked(because, ask)

    def _asked_redis(self, ask: Ask) -> Probed:
        redis = self.probing.dependencies.redis
        if redis is None:
            return self._unasked("No Redis is configured ([dependencies.redis] in the environment's file).", ask)
        if ask.host in {"", redis.host} and ask.port in {0, redis.port}:
            return self._redis(redis)
        # The token is the configured server's, and nobody else is told it.
        elsewhere = replace(redis, host=ask.host or redis.host, port=ask.port or redis.port, token="", username="")
        return self._redis(elsewhere)

    def _asked_mongodb(self, ask: Ask) -> Probed:
        mongodb = self.probing.dependencies.mongodb
        if mongodb is None:
            return self._unasked("No MongoDB is configured ([dependencies.mongodb] in the environment's file).", ask)
        if ask.host or ask.port:
            because = "MongoDB is looked at where its connection string leads, and nowhere else: ask without a host."
            return self._unasked(because, ask)
        return self._mongodb(mongodb)

    def _mongodb(self, mongodb: MongoDependency) -> Probed:
        return Mongo(mongodb=mongodb, kept=self.kept, logins=self.logins, roots=self.roots).probed(self.clock())

    def _redis(self, redis: RedisDependency) -> Probed:
        now = self.clock()
        try:
            token = self.kept.secret(redis.token, redis.token_key, now).text if redis.token else None
        except (AwsError, SecretShapeError) as error:
            return _own(redis, now, "secret", "secret-unreadable", f"The token of Redis cannot be read: {error}")
        look = Look(redis=redis, token=token, networks=self.probing.networks, roots=self.roots).probed(now)
        if look.failed and look.failed.fault == "token-wrong":
            self.kept.forget(redis.token, redis.token_key)
        return look

    def _unasked(self, because: str, ask: Ask | None = None) -> Probed:
        asked = ask or Ask(probe="")
        step = Step(layer="config", fault="not-configured", because=because)
        return Probed(dependency=asked.probe, host=asked.host, port=asked.port, at=self.clock(), steps=(step,))


def _own(redis: RedisDependency, now: datetime, layer: Layer, fault: Fault, because: str) -> Probed:
    step = Step(layer=layer, fault=fault, because=because)
    return Probed(dependency="redis", host=redis.host, port=redis.port, at=now, steps=(step,))
