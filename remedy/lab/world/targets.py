"""Check targets as an Application Load Balancer does, and say so in its reason codes.

Every target is asked over HTTP at the interval, time-out, path and matcher of its target group, and changes its state after the
thresholds; a new target needs one good answer. moto alone says `healthy` of everything that is registered.
"""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

from remedy.lab.world.machine import Machine

Key = tuple[str, str]
REGISTERING = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")

FIRST_CHECK = 1.0
"""Seconds from the registration of a target to its first check."""


@dataclass
class Health:
    """What the checks of one target have said so far."""

    state: str = REGISTERING[0]
    reason: str | None = REGISTERING[1]
    description: str | None = REGISTERING[2]
    passed: int = 0
    failed: int = 0
    due: float = 0.0
    checking: bool = False
    since: float = 0.0


class Targets:
    """The health of every registered target."""

    def __init__(self) -> None:
        self._health: dict[Key, Health] = {}
        self._pool = ThreadPoolExecutor(8)
        self._install()

    def check(self, groups: list[FakeTargetGroup], machines: dict[str, Machine]) -> None:
        """Start the checks that are due, and forget targets that are registered no more."""
        registered = {(group.arn, target) for group in groups for target in list(group.targets)}
        for gone in self._health.keys() - registered:
            del self._health[gone]
        for group in groups:
            for target in list(group.targets):
                health = self._health.setdefault((group.arn, target), _new())
                if not health.checking and time.monotonic() >= health.due:
                    health.checking = True
                    health.due = time.monotonic() + float(group.health_check_interval_seconds)
                    self._pool.submit(self._check, group, health, machines.get(target))

    def of(self, group: FakeTargetGroup, target: str) -> Health:
        """Return the health of one registered target."""
        return self._health.get((group.arn, target)) or Health()

    def count(self, group: FakeTargetGroup, state: str) -> int:
        """Return how many targets of a group are in a state."""
        return sum(self.of(group, target).state == state for target in list(group.targets))

    def _check(self, group: FakeTargetGroup, health: Health, machine: Machine | None) -> None:
        try:
            timeout = float(group.health_check_timeout_seconds)
            failure = probe(machine, group.health_check_path or "/", timeout, group.matcher["HttpCode"])
            self._count(group, health, failure)
        finally:
            health.checking = False

    @staticmethod
    def _count(group: FakeTargetGroup, health: Health, failure: tuple[str, str] | None) -> None:
        before = health.state
        if failure is None:
            health.passed, health.failed = health.passed + 1, 0
            needed = 1 if health.state == "initial" else int(group.healthy_threshold_count)
            if health.passed >= needed:
                health.state, health.reason, health.description = "healthy", None, None
        else:
            health.passed, health.failed = 0, health.failed + 1
            if health.failed >= int(group.unhealthy_threshold_count):
                health.state = "unhealthy"
                health.reason, health.description = failure
            elif health.state == "initial":
                health.state, health.reason, health.description = CHECKING
        if health.state != before:
            health.since = time.time()

    def _install(self) -> None:
        """Let DescribeTargetHealth tell of registered targets what the checks said."""
        stock = FakeTargetGroup.health_for
        health_of = self.of

        def health_for(group: FakeTargetGroup, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:  # noqa: ANN401
            known = group.targets.get(target["Id"])
            told = stock(group, target, ec2_backend)
            if known is None or told.status != "healthy":
                return told
            health = health_of(group, target["Id"])
            port = known["Port"]
            return FakeHealthStatus(target["Id"], port, str(port), health.state, health.reason, health.description)

        FakeTargetGroup.health_for = health_for  # type: ignore[assignment, method-assign]


def _new() -> Health:
    return Health(since=time.time(), due=time.monotonic() + FIRST_CHECK)


def probe(machine: Machine | None, path: str, timeout: float, matcher: str) -> tuple[str, str] | None:
    """Ask a target once; return the reason code and description of a failure, None where it is well."""
    port = machine.container.port if machine else None
    if port is None:
        return "Target.FailedHealthChecks", "Health checks failed"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except (OSError, http.client.HTTPException):
        return "Target.FailedHealthChecks", "Health checks failed"
    finally:
        connection.close()
    if matches(status, matcher):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def matches(status: int, matcher: str) -> bool:
    """Tell whether a status is in a matcher such as `200,202` or `200-299`."""
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False
