"""The system in a simulated day: the real engine, runbook, rules of admission and sweep, on the fakes of the town.

What is simulated is what surrounds them: EventBridge (which loses one event in twenty), the schedule of the sweep, durable
waits, and the ledger, which is the tests' in memory. Calls take no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from battery.day.alarm import Evaluator, Probe
from battery.day.plan import START
from battery.day.world import Town
from battery.offered import TICK, envelope, offered
from battery.runs import Runs, SuspendingSteps
from remediation.core.deployment import Deployment
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import fill
from remediation.core.surroundings import ActiveAlarm, Around
from remediation.core.sweep import DescribedAlarm, SweepSettings, detail
from remediation.core.triggers import Metric
from restart_unhealthy_targets.runbook import RUNBOOK
from restart_unhealthy_targets.settings import Settings
from tests.functions.fakes.clients import FakeClients
from tests.functions.fakes.world import Machine, StartTech
from tests.functions.restart_unhealthy_targets.scripts import SCRIPTS
from tests.support.world import (
    CountingIncidents,
    MemoryApprovals,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
)

SETTINGS = Settings(answer_within=timedelta(0), act_within=timedelta(0))
"""As deployed in dev, but instances answer at once or never."""
AN_ACT = frozenset({"done", "unknown"})


@dataclass(frozen=True)
class Made:
    """One mutating call, as it left: when, what, on what, and by which run."""

    at: datetime
    operation: str
    target: str
    run: str


@dataclass
class System:
    """Everything that is deployed, for one day."""

    town: Town
    deployment: Deployment
    sweeping: SweepSettings
    alarm: Evaluator
    runs: Runs = field(default_factory=Runs)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    made: list[Made] = field(default_factory=list)
    events: int = 0

    def __post_init__(self) -> None:
        self.aws = FakeClients(self.town, SCRIPTS | {"inspect-container": _inspect})
        self.place = self.deployment.place
        self.name = f"{self.place.environment}-remediation-{self.alarm.alarm.name}"
        self.probes = {
            name: Probe(f"{self.place.environment}-remediation-{name}-down") for name in ("mongodb", "redis")
        }

    def live(self, now: datetime) -> None:
        """Let the system live through one instant."""
        for name, probe in self.probes.items():
            probe.tell(up=getattr(self.town, name), now=now)
        ill = sum(machine.state == "unhealthy" for machine in self.town.counted)
        if self.alarm.tell(ill, now):
            self.events += 1
            if self.alarm.state == "OK":
                self.incidents.events.clear()  # what has recovered is closed
            if self.events not in self.town.plan.lost:
                self._begin(self._event(now), now)
        if (now - START) % TICK == timedelta(0):
            for event in self._sweep(now):
                self._begin(event, now)
        self.runs.go_on(now)

    def _begin(self, event: dict[str, Any], now: datetime) -> None:
        self.runs.begin(lambda steps: self._carry(event, steps), now)

    def _carry(self, event: dict[str, Any], steps: SuspendingSteps) -> Outcome:
        before = len(self.aws.mutations)
        world = World(
            deployment=self.deployment,
            settings=SETTINGS,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=SettableAlarms({self.name: self._live()}),
            incidents=self.incidents,
            follow_up=RecordingFollowUp(),
            approvals=MemoryApprovals(),
            surroundings=SettableSurroundings(seen=self._around()),
            clock=steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        try:
            return carry_out(RUNBOOK, event, steps, world)
        finally:
            for operation, target in self.aws.mutations[before:]:
                self.made.append(Made(steps.now, operation, target, steps.run))

    # --------------------------------------------------------------------------------------------- what it is told

    def _live(self) -> LiveAlarm:
        return LiveAlarm(
            exists=True, state=self.alarm.state, transitioned_at=self.alarm.transitioned_at, actions_enabled=True
        )

    def _around(self) -> Around:
        active = [
            ActiveAlarm(
                name=probe.name,
                since=probe.since,
                namespace="Remediation",
                metric="DependencyDown",
                dimensions={"environment": self.place.environment, "dependency": name},
            )
            for name, probe in self.probes.items()
            if probe.since is not None
        ]
        if self.alarm.state == "ALARM" and self.alarm.transitioned_at is not None:
            metric = self._metric()
            active.append(
                ActiveAlarm(
                    name=self.name,
                    since=self.alarm.transitioned_at,
                    namespace=metric.namespace,
                    metric=metric.name,
                    dimensions=metric.dimensions,
                )
            )
        rolling = self.town.refresh is not None and self.town.refresh[2] is None
        deploys = ("An instance refresh of dev-backend-asg is InProgress.",) if rolling else ()
        return Around(alarms=tuple(active), deploys=deploys)

    def _metric(self) -> Metric:
        alarm = self.alarm.alarm
        dimensions = {name: fill(template, self.place, SETTINGS) for name, template in alarm.dimensions.items()}
        return Metric(namespace=alarm.namespace, name=alarm.metric, dimensions=dimensions)

    def _described(self) -> DescribedAlarm:
        return DescribedAlarm(
            name=self.name,
            arn=f"arn:aws:cloudwatch:{self.place.region}:{self.place.account}:alarm:{self.name}",
            state=self.alarm.state,
            transitioned_at=self.alarm.transitioned_at,
            actions_enabled=True,
            actions=0,
            metric=self._metric(),
        )

    def _event(self, now: datetime) -> dict[str, Any]:
        told = detail(self._described(), "")
        del told["sweep"]
        told["previousState"] = {"value": self.alarm.previous}
        return envelope("aws.cloudwatch", told, self.place, f"event-{self.runs.begun + 1}", now)

    def _sweep(self, now: datetime) -> Iterator[dict[str, Any]]:
        if self.alarm.state != "ALARM":
            return
        event = offered(self._described(), self.ledger, self.deployment, self.sweeping, now)
        if event is not None:
            yield event


def _inspect(world: StartTech, machine: Machine, parameters: dict[str, str]) -> tuple[str, str]:
    """Print what the container seems to be."""
    seems = world.seeming(machine) if isinstance(world, Town) else machine
    return SCRIPTS["inspect-container"](world, seems, parameters)
