"""Where relieve-high-cpu is tried: a group that is busy, one way or another, and no policy that makes it larger."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from battery.ground import Case, Row, Tried
from relieve_high_cpu.case import REPLACE
from relieve_high_cpu.runbook import RUNBOOK
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger
from remediation.core.verdict import Act
from tests.conftest import ROOT
from tests.functions.fakes.fleet import GROUP, MINUTE, watches
from tests.functions.fakes.fleet_aws import FleetClients
from tests.functions.fakes.fleet_night import ALARM, FleetNight
from tests.functions.relieve_high_cpu.cases import LONG_HOT, facts, group, instance, judge
from tests.functions.relieve_high_cpu.nights import SETTINGS, no_policy, surge
from tests.support.agreeing import Agreeing, agree
from tests.support.steps import NIGHT

COOL = (50,) * len(LONG_HOT)
MIN_SIZE = 2


class Clients(FleetClients):
    """The clients, which say of every change what it was made to."""

    @property
    def mutations(self) -> list[tuple[str, Any]]:
        """Return what was changed, and on what: the group, or one instance."""
        return [
            (call.operation, call.parameters.get("AutoScalingGroupName", call.parameters.get("InstanceId")))
            for call in self.calls.made
            if call.acting and call.operation != "SendCommand"
        ]


@dataclass(kw_only=True)
class Busy(FleetNight):
    """A night that takes any event, and any ledger."""

    approvals: Agreeing = field(default_factory=Agreeing)
    sick: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.aws: Any = Clients(self.fleet)

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        if not self.approvals.away:
            agree(self.steps)
        return super().carry(event)

    def worsen(self) -> None:
        """Let somebody set the group back to its old size, whatever was added to it."""
        self.fleet.catch_up()
        if self.fleet.desired > self.fleet.min_size:
            self.fleet.resize(self.fleet.min_size, "a user request explicitly set group desired capacity")

    def defile(self, texts: Callable[[], str]) -> None:
        """Let AWS and the instances say such things of what they do."""
        self.fleet.launches_fail = texts()
        for client in (self.aws.ssm, self.aws.acting.ssm):
            client.says = f"process: {texts()} (1, {texts()}) 99% of a CPU\n{texts()}"

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried


def _night(**of: Any) -> Callable[[], Busy]:
    def made() -> Busy:
        hot = {"load": surge(170), "watches": no_policy(), "max_size": 6} | of
        return Busy(runbook=RUNBOOK, settings=SETTINGS, of=hot, sick=GROUP)

    return made


def _one(*, away: bool) -> Callable[[], Busy]:
    def made() -> Busy:
        tonight = _night(size=4, load=lambda _: 160.0)()
        tonight.sick, tonight.approvals.away = next(iter(tonight.fleet.boxes)), away
        tonight.fleet.boxes[tonight.sick].extra = 50.0
        return tonight

    return made


def _event(name: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((ROOT / "events" / RUNBOOK.name / f"{name}.json").read_text())
    return sample


def _blast(size: int) -> Iterator[Row]:
    """Yield groups of a size of which so many are hot, with room to grow and without."""
    if size == 0:
        return
    ids = tuple(f"i-{n:017x}" for n in range(size))
    for hot in range(size + 1):
        for room in (0, 2):
            there = tuple(instance(id_, LONG_HOT if n < hot else COOL) for n, id_ in enumerate(ids))
            of = group(ids, min_size=MIN_SIZE, max_size=size + room)
            verdict = judge(facts(*there, group=of))
            alone = hot == 1 and size > 1
            touched = ""
            if isinstance(verdict, Act):
                touched = verdict.target.id if verdict.action == REPLACE else GROUP
            yield Row(
                where=f"{hot} of {size} hot, room for {room}",
                size=size,
                ill=frozenset(ids[:1] if alone else (GROUP,) if hot else ()),
                touched=touched,
                allowed=size - 1 >= MIN_SIZE if alone else room > 0,
            )


RELIEVE_HIGH_CPU = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="hot with load, and no policy", ends="healed", ground=_night()),
        Case(name="a policy that works", ends="nothing-to-do", ground=_night(watches=watches())),
        Case(name="hot without load", ends="escalated", ground=_night(load=lambda _: 80.0, cost=lambda at: 1.0 if at < NIGHT - 25 * MINUTE else 2.1)),
        Case(name="as large as it may be", ends="escalated", ground=_night(max_size=2)),
        Case(name="one is hot", ends="healed", ground=_one(away=False)),
        Case(name="one is hot, and nobody answers", ends="refused", ground=_one(away=True)),
        Case(name="not hot", ends="nothing-to-do", ground=_night(load=lambda _: 80.0)),
    ),
    event=_event,
    samples=("alarm", "plan", "apply", "ok", "scale-in", "alarm-of-prod"),
    alarm=ALARM,
    blast=_blast,
)  # fmt: skip
