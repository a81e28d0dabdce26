"""Where restart-unhealthy-targets is tried: StartTech's backend, with one container or all of them in some trouble."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from msgspec import structs

from battery.ground import Case, Row, Tried
from remediation.core.engine import carry_out
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger, World
from remediation.core.verdict import Act
from restart_unhealthy_targets.runbook import RUNBOOK
from tests.functions.fakes.world import Fault, Machine
from tests.functions.restart_unhealthy_targets.cases import HUNG, STOPPED, facts, healthy, sick, verdict_on
from tests.functions.restart_unhealthy_targets.nights import ALARM, SETTINGS, Night, event
from tests.support.steps import CrashError
from tests.support.world import GENEROUS, deployed

GARBAGE = ({"min_size": -1}, {"min_size": 10_000}, {"desired": 0}, {"desired": -5}, {"desired": 10_000})


@dataclass
class Backend(Night):
    """A night that takes any event, and any limits."""

    limits: Limits = GENEROUS
    ill: list[Machine] = field(default_factory=list)

    @property
    def sick(self) -> str:
        """The id of the first that is ill."""
        return self.ill[0].id if self.ill else ""

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        world = World(
            deployment=structs.replace(deployed(self.mode, place=self.world.place), limits=self.limits),
            settings=SETTINGS,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            clock=self.steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        while True:
            try:
                return carry_out(RUNBOOK, event, self.steps, world)
            except CrashError:
                self.steps.resume()

    def worsen(self) -> None:
        """Let the first container hang again; the group is in no hurry to replace it."""
        self.world.group_reacts_after = timedelta(days=30)
        self.world.catch_up()
        self.world.fail(next(iter(self.world.machines.values())), "hung")

    def defile(self, texts: Callable[[], str]) -> None:
        """Let the load balancer say such things of its targets."""
        for machine in self.world.machines.values():
            machine.description = texts()

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried


def _night(
    fault: Fault = "", *, machines: int = 2, sick: int = 1, incurable: bool = False, **world: Any
) -> Callable[[], Backend]:
    def made() -> Backend:
        night = Backend()
        added = night.world.add(machines)
        for name, value in {"desired": machines, **world}.items():
            setattr(night.world, name, value)
        night.ill = added[:sick] if fault else []
        for machine in night.ill:
            night.world.fail(machine, fault, incurable=incurable)
        night.world.clock = lambda: night.steps.now
        return night

    return made


def _without(dependency: Literal["mongodb", "redis"]) -> Callable[[], Backend]:
    def made() -> Backend:
        night = _night()()
        night.world.lose(dependency)
        return night

    return made


def _blast(size: int) -> Iterator[Row]:
    for ill in range(size + 1):
        for inspection, serving in ((HUNG, True), (STOPPED, False)):
            for garbage in ({}, *GARBAGE):
                targets = tuple(sick(k + 1, inspection) for k in range(ill))
                verdict = verdict_on(facts(*targets, *healthy(size - ill), **garbage))
                few = size >= 2 and 1 <= ill <= max(1, size * 34 // 100)
                yield Row(
                    where=f"{ill} of {size} {'hung' if serving else 'stopped'} {garbage or ''}".rstrip(),
                    size=size,
                    ill=frozenset(target.id for target in targets),
                    touched=verdict.target.id if isinstance(verdict, Act) else "",
                    allowed=few or (not serving and ill > 0),
                    garbage=bool(garbage),
                )


FAULTS: tuple[Fault, ...] = ("hung", "deaf", "stopped", "broken")
RESTART_UNHEALTHY_TARGETS = Tried(
    runbook=RUNBOOK,
    cases=(
        *(Case(name=fault, ends="healed", ground=_night(fault)) for fault in FAULTS),
        Case(name="three of ten", ends="healed", ground=_night("hung", machines=10, sick=3)),
        Case(
            name="replaced by its group",
            ends="healed",
            ground=_night("hung", incurable=True, group_reacts_after=timedelta(minutes=3)),
        ),
        Case(
            name="told to be replaced",
            ends="healed",
            ground=_night("hung", machines=4, incurable=True, health_check_type="EC2"),
        ),
        Case(name="nothing helps", ends="not-healed", ground=_night("hung", incurable=True)),
        Case(name="well", ends="nothing-to-do", ground=_night()),
        Case(name="no MongoDB", ends="escalated", ground=_without("mongodb")),
        Case(name="no Redis", ends="escalated", ground=_without("redis")),
    ),
    event=event,
    samples=("alarm", "sns", "apply", "ok", "drill", "alarm-of-prod"),
    alarm=ALARM,
    blast=_blast,
)
