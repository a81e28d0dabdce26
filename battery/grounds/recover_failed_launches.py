"""Where recover-failed-launches is tried: a group whose launches fail, and a person who agrees to whatever is asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs

from battery.ground import Case, Row, Tried
from recover_failed_launches.decide import decide
from recover_failed_launches.runbook import RUNBOOK
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger, World
from remediation.core.spec import Mode
from remediation.core.verdict import Act
from tests.functions.fakes.launching import GROUP, MINUTE, Backend
from tests.functions.fakes.launching_aws import FakeLaunching
from tests.functions.recover_failed_launches.nights import ALARM, INCIDENT, SETTINGS, event
from tests.support.agreeing import Agreeing, agree
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import (
    GENEROUS,
    CountingIncidents,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)

MISSING = "The security group 'sg-0000000000000dead' does not exist. Launching EC2 instance failed."
FULL = "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances."
NO_CAPACITY = "We currently do not have sufficient t3.small capacity in the Availability Zone you requested."
LEFT_OVER = "User suspended at 2026-11-22T10:00:00Z"


class Clients(FakeLaunching):
    """The clients, which say of every change what it was made to."""

    @property
    def mutations(self) -> list[tuple[str, str]]:  # type: ignore[override]  # the battery wants the target as well
        """Return what was changed, and on what."""
        return [
            (call.operation, call.parameters["AutoScalingGroupName"])
            for call in self.calls.made
            if call.acting and call.operation != "SendCommand"
        ]


@dataclass
class Launches:
    """A night that takes any event, and any limits."""

    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    limits: Limits = GENEROUS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: Agreeing = field(default_factory=Agreeing)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)
    sick: str = ""

    def __post_init__(self) -> None:
        self.world = Backend(clock=lambda: self.steps.now)
        self.aws: Any = Clients(self.world)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({ALARM: live})

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        if not self.approvals.away:
            agree(self.steps)
        world = World(
            deployment=structs.replace(deployed(self.mode, place=PLACE), limits=self.limits),
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
        """Let somebody deploy another version that cannot be launched, and an instance be lost."""
        self.world.catch_up()
        version = max(self.world.versions) + 1
        self.break_(version)
        self.world.version = str(version)
        while len(self.world.instances) >= self.world.desired:
            self.world.instances.popitem()

    def defile(self, texts: Callable[[], str]) -> None:
        """Let AWS and the instances say such things of what fails."""
        self.world.refusals = {version: f"{MISSING} {texts()}" for version in self.world.refusals}
        for activity in self.world.activities:
            activity["StatusMessage"] = activity.get("StatusMessage", "") + texts()
            activity["Details"] = texts() or "{}"
        for instance in self.world.instances.values():
            instance.log = texts()

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried

    def break_(self, version: int = 8) -> None:
        """Add a version that names a security group that does not exist, and has failed a minute ago."""
        made = self.steps.now - 20 * MINUTE
        self.world.add_version(version, made=made, SecurityGroupIds=["sg-0000000000000dead"])
        self.world.refusals[str(version)] = MISSING
        self.world.fail(MISSING)
        self.sick = GROUP


def _night(*, serving: int = 1) -> Launches:
    night = Launches()
    night.world.add(serving)
    return night


def _broken(*, away: bool = False) -> Callable[[], Launches]:
    def made() -> Launches:
        night = _night()
        night.break_()
        night.world.version, night.approvals.away = "8", away
        return night

    return made


def _rolling() -> Launches:
    night = _night()
    night.break_()
    night.world.refresh("InProgress", version="8")
    return night


def _suspended() -> Launches:
    night = _night()
    night.world.suspended, night.sick = {"Launch": LEFT_OVER}, GROUP
    return night


def _failing(text: str) -> Callable[[], Launches]:
    def made() -> Launches:
        night = _night()
        night.world.refusals["7"], night.world.free = text, 0
        night.world.fail(text)
        return night

    return made


def _blast(size: int) -> Iterator[Row]:
    """Yield groups of every size of which so many still serve, with a broken version and with one that is well."""
    for serving in range(size + 1):
        for broken in (True, False):
            night = _night(serving=serving)
            night.world.desired, night.world.tries = size, False
            if broken:
                night.break_()
                night.world.version = "8"
            verdict = decide(RUNBOOK.diagnose(night.aws, SETTINGS, INCIDENT), SETTINGS, (), NIGHT)
            yield Row(
                where=f"{serving} of {size} serve, {'broken' if broken else 'well'}",
                size=size,
                ill=frozenset({GROUP} if broken and serving < size else ()),
                touched=verdict.target.id if isinstance(verdict, Act) else "",
                allowed=broken and 0 < serving < size,
            )


RECOVER_FAILED_LAUNCHES = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="a broken version", ends="healed", ground=_broken()),
        Case(name="a broken deploy", ends="healed", ground=_rolling),
        Case(name="a process left suspended", ends="healed", ground=_suspended),
        Case(name="a broken version, and nobody answers", ends="refused", ground=_broken(away=True)),
        Case(name="no addresses", ends="escalated", ground=_failing(FULL)),
        Case(name="no capacity", ends="escalated", ground=_failing(NO_CAPACITY)),
        Case(name="complete", ends="nothing-to-do", ground=lambda: _night(serving=2)),
    ),
    event=event,
    samples=("alarm", "launch", "terminate", "refresh", "rollback", "plan", "apply", "ok", "launch-of-prod"),
    alarm=ALARM,
    blast=_blast,
)
