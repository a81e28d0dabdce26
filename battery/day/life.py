"""One life of a day, and what it came to: how much of the day somebody served, and how long it took to be whole again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from battery.day.alarm import Evaluator
from battery.day.plan import DAY, START, Plan
from battery.day.system import Made, System
from battery.day.world import Town
from remediation.core.deployment import Deployment
from remediation.core.outcome import Outcome
from remediation.core.sweep import SweepSettings
from restart_unhealthy_targets.documents import DOCUMENTS
from restart_unhealthy_targets.runbook import RUNBOOK
from tests.functions.fakes.world import TICK


@dataclass
class Clock:
    """The time of a simulation."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


@dataclass
class Life:
    """What was seen of one life, tick by tick."""

    ticks: int = 0
    someone_healthy: int = 0
    healthy: float = 0.0
    """Healthy targets by those wanted, summed."""
    answered: float = 0.0
    """Requests that are answered by those sent, summed: the load balancer sends to all where none is healthy."""
    unnoticed: float = 0.0
    """Requests that are lost because the load balancer has not noticed yet that a target is ill."""
    interrupted: float = 0.0
    """Requests that are lost because what did serve is being restarted."""
    hits: int = 0
    """Faults that befell what served."""
    ills: list[timedelta] = field(default_factory=list)
    """How long each stretch with fewer healthy targets than wanted took."""
    history: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    pages: int = 0
    unhandled: list[str] = field(default_factory=list)
    _ill_since: datetime | None = None

    def look(self, town: Town, now: datetime) -> None:
        """Count one tick."""
        targets = town.counted
        healthy = [machine for machine in targets if machine.state == "healthy"]
        asked = healthy or targets
        silent = [machine for machine in asked if not town.serves(machine)]
        unnoticed = [machine for machine in silent if healthy and machine.id not in town.restarting]
        self.ticks += 1
        self.someone_healthy += bool(healthy)
        self.healthy += min(1.0, len(healthy) / town.desired)
        self.answered += 1 - len(silent) / len(asked) if asked else 0.0
        self.unnoticed += len(unnoticed) / len(asked) if asked else 0.0
        self.interrupted += sum(machine.id in town.interrupted for machine in silent) / len(asked) if asked else 0.0
        whole = len(healthy) >= town.desired
        if whole and self._ill_since is not None:
            self.ills.append(now - self._ill_since)
            self._ill_since = None
        elif not whole and self._ill_since is None:
            self._ill_since = now

    @property
    def availability(self) -> float:
        """Return the share of the day with a healthy target."""
        return self.someone_healthy / self.ticks

    @property
    def health(self) -> float:
        """Return the mean share of healthy targets."""
        return self.healthy / self.ticks

    @property
    def service(self) -> float:
        """Return the share of requests that were answered."""
        return self.answered / self.ticks

    @property
    def lost(self) -> float:
        """Return the share of requests that were lost although it was known what is ill, or to a restart."""
        return (self.ticks - self.answered - self.unnoticed) / self.ticks

    @property
    def ill_for(self) -> timedelta:
        """Return the median time until it was whole again."""
        return timedelta(seconds=median(each.total_seconds() for each in self.ills)) if self.ills else timedelta(0)


def live(plan: Plan, deployed: tuple[Deployment, SweepSettings] | None) -> Life:
    """Live a day: with the system as deployed, or without one."""
    clock, life = Clock(), Life()
    town = Town(clock=clock, plan=plan, documents=DOCUMENTS)
    alarm = Evaluator(RUNBOOK.alarms[0])
    system = System(town, *deployed, alarm) if deployed else None
    for _ in range(ceil(DAY / TICK)):
        clock.now += TICK
        town.catch_up()
        if system:
            system.live(clock.now)
        life.look(town, clock.now)
    if system:
        life.made, life.outcomes, life.unhandled = system.made, system.runs.ended, system.runs.unhandled
        life.pages = len(system.notifier.paged)
    life.hits = town.hits
    life.history = list(_history(plan, town, life))
    return life


def _history(plan: Plan, town: Town, life: Life) -> Iterator[str]:
    lines = [
        (happening.at, f"{happening.kind} at {happening.place} {happening.fault}") for happening in plan.happenings
    ]
    lines += [(activity.at, f"{activity.description}; {activity.cause}") for activity in town.activities]
    lines += [(made.at, f"  {made.run}: {made.operation} {made.target}") for made in life.made]
    lines += [
        (outcome.ended_at, f"  {outcome.run}: {outcome.status} {outcome.gate} {outcome.because}")
        for outcome in life.outcomes
    ]
    for at, line in sorted(lines):
        yield f"{at:%H:%M:%S} {line}"
