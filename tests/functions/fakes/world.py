"""StartTech's backend in memory: instances with a container each, a load balancer that checks them, a group that replaces.

Cause and effect follow from a clock that the test owns. Before every answer the world catches up: health checks are made
every interval, thresholds are counted, the Auto Scaling group takes out what it finds unhealthy and launches another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Literal, TypeAlias

from remediation.core.spec import Document, Place

Fault: TypeAlias = Literal["", "stopped", "deaf", "hung", "broken", "missing"]
"""Not running; running but nobody listens; accepts and never answers; answers 500; there is no such container."""

TICK = timedelta(seconds=5)
BOOT = timedelta(seconds=60)
DRAIN = timedelta(seconds=60)


@dataclass
class Machine:
    """An instance with the backend's container on it, and what the load balancer thinks of it."""

    id: str
    launched_at: datetime
    started_at: datetime
    fault: Fault = ""
    incurable: bool = False
    """Whether the fault survives a restart of the container."""
    restarts: int = 0
    lifecycle: str = "InService"
    reported_unhealthy: bool = False
    in_ssm: bool = True
    agent_answers: bool = True
    template_version: str = "7"
    state: str = "healthy"
    reason: str = ""
    description: str = ""
    streak: int = 0
    since: datetime | None = None
    """When it entered this state, or is to leave this lifecycle."""


@dataclass
class Activity:
    """One line of the Auto Scaling group's history."""

    description: str
    cause: str
    at: datetime


@dataclass(kw_only=True)
class StartTech:
    """The environment. Change what is different tonight, then let time pass."""

    clock: Callable[[], datetime]
    place: Place = field(default_factory=lambda: Place(environment="dev", account="123456789012", region="us-east-1"))
    documents: tuple[Document, ...] = ()

    mongodb: bool = True
    redis: bool = True

    interval: timedelta = timedelta(seconds=30)
    threshold: int = 2
    port_open: bool = True

    min_size: int = 2
    max_size: int = 6
    desired: int = 2
    health_check_type: str = "ELB"
    grace: timedelta = timedelta(seconds=300)
    group_reacts_after: timedelta = timedelta(minutes=30)
    """How long the group looks on before it replaces; slow, so that a test says so where it is not."""
    suspended: tuple[str, ...] = ()
    refresh: tuple[str, datetime, datetime | None] | None = None
    template_created_at: datetime | None = None
    deleted_versions: tuple[str, ...] = ()
    """Of the launch template."""
    fault_of_new: Fault = ""

    machines: dict[str, Machine] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._caught_up = self.clock()
        self._next_check = self._caught_up + self.interval
        self._ids = count(1)

    @property
    def group_arn(self) -> str:
        """The target group's ARN."""
        path = "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
        return f"arn:aws:elasticloadbalancing:{self.place.region}:{self.place.account}:{path}"

    @property
    def balancer_arn(self) -> str:
        """The load balancer's ARN."""
        return (
            f"arn:aws:elasticloadbalancing:{self.place.region}:{self.place.account}:"
            "loadbalancer/app/dev-alb-v2/50dc6c495c0c9188"
        )

    def add(self, number: int = 1, *, age: timedelta = timedelta(days=3)) -> list[Machine]:
        """Add healthy instances that have been there for a while."""
        born = self.clock() - age
        made = [Machine(id=self._id(), launched_at=born, started_at=born + BOOT) for _ in range(number)]
        self.machines |= {machine.id: machine for machine in made}
        return made

    def fail(self, machine: Machine, fault: Fault, *, incurable: bool = False) -> None:
        """Break an instance's container, long enough ago for the load balancer to have noticed."""
        machine.fault, machine.incurable = fault, incurable
        for _ in range(self.threshold):
            self._check(machine, self.clock())

    def lose(self, dependency: Literal["mongodb", "redis"]) -> None:
        """Lose a dependency, long enough ago for the load balancer to have noticed."""
        setattr(self, dependency, False)
        for machine in self.machines.values():
            for _ in range(self.threshold):
                self._check(machine, self.clock())

    def restart(self, machine: Machine) -> None:
        """Restart the container."""
        machine.started_at = self.clock()
        if not machine.incurable:
            machine.fault = ""

    def catch_up(self) -> None:
        """Let happen what would have happened since the last call."""
        while self._caught_up + TICK <= self.clock():
            self._caught_up += TICK
            self._tick(self._caught_up)

    # ------------------------------------------------------------------------------------------------ what happens

    def _tick(self, now: datetime) -> None:
        if now >= self._next_check:
            self._next_check += self.interval
            for machine in self.machines.values():
                if machine.state != "draining" and machine.lifecycle != "Pending":
                    self._check(machine, now)
        for machine in list(self.machines.values()):
            self._grow(machine, now)
        for machine in list(self.machines.values()):
            if self._unwanted(machine, now):
                self._replace(machine, now)

    def health(self, machine: Machine) -> tuple[int, str]:
        """Return the status of `/health` on an instance, 0 without an answer, and the load balancer's reason."""
        if machine.fault in {"stopped", "deaf", "missing"}:
            return 0, "Target.FailedHealthChecks"
        if machine.fault == "hung":
            return 0, "Target.Timeout"
        if machine.fault == "broken":
            return 500, "Target.ResponseCodeMismatch"
        return (200, "") if self.mongodb and self.redis else (503, "Target.ResponseCodeMismatch")

    def _check(self, machine: Machine, now: datetime) -> None:
        status, reason = self.health(machine)
        good = status == 200
        if good == (machine.state == "healthy"):
            machine.streak = 0
            return
        machine.streak += 1
        if machine.streak < self.threshold:
            return
        machine.streak, machine.since = 0, now
        machine.state, machine.reason = ("healthy", "") if good else ("unhealthy", reason)
        machine.description = "" if good else f"Health checks failed with these codes: [{status}]"

    def _grow(self, machine: Machine, now: datetime) -> None:
        if machine.lifecycle == "Pending" and now >= machine.launched_at + BOOT:
            machine.lifecycle, machine.state = "InService", "initial"
            machine.reason, machine.started_at = "Elb.InitialHealthChecking", now
        if machine.lifecycle == "Terminating" and machine.since and now >= machine.since + DRAIN:
            del self.machines[machine.id]

    def _unwanted(self, machine: Machine, now: datetime) -> bool:
        if machine.lifecycle != "InService" or "ReplaceUnhealthy" in self.suspended:
            return False
        if machine.reported_unhealthy:
            return True
        ill = machine.state == "unhealthy" and machine.since is not None
        old = now >= machine.launched_at + self.grace
        return bool(
            ill and old and "ELB" in self.health_check_type and now >= machine.since + self.group_reacts_after  # type: ignore[operator]
        )

    def _replace(self, machine: Machine, now: datetime) -> None:
        machine.lifecycle, machine.state, machine.reason = "Terminating", "draining", "Target.DeregistrationInProgress"
        machine.description, machine.since = "Target deregistration is in progress", now
        kind = "a user health-check" if machine.reported_unhealthy else "an ELB system health check failure"
        self.activities.insert(
            0,
            Activity(
                description=f"Terminating EC2 instance: {machine.id}",
                cause=f"At {now:%Y-%m-%dT%H:%M:%SZ} an instance was taken out of service in response to {kind}.",
                at=now,
            ),
        )
        new = Machine(
            id=self._id(), launched_at=now, started_at=now, lifecycle="Pending", state="", fault=self.fault_of_new
        )
        self.machines[new.id] = new

    def _id(self) -> str:
        return f"i-{next(self._ids):017x}"
