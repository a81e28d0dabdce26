"""Where clear-stale-lock is tried: Terraform's two stores, with a lock that was left behind, or one that only looks like it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from battery.ground import Case, Row, Tried
from clear_stale_lock.decide import decide
from clear_stale_lock.facts import Facts, Held, LockFacts, Sighting, Sign
from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Settings
from remediation.aws.terraform import Half, State, read
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger, World
from remediation.core.spec import Mode
from remediation.core.verdict import Act
from tests.functions.fakes.locks import LockClients, Stored, etag
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import (
    GENEROUS,
    CountingIncidents,
    MemoryApprovals,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)

EVENTS = Path(__file__).parents[2] / "events" / RUNBOOK.name
ALARM = "dev-remediation-state-lock-error"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STATE = State(
    name="starttech",
    bucket="dev-starttech-terraform-state-123456789012",
    key="starttech/terraform.tfstate",
    table="dev-starttech-terraform-locks",
    lockfile=True,
)
SETTINGS = Settings(
    states=(STATE,), automatic_plan=True, codebuild=("terraform-apply",), ci_log_group="/aws/codebuild/terraform-apply"
)
CLOCK_OF_CI = NIGHT - 8 * HOUR
"""When CI said that it locked."""


def event(name: str) -> dict[str, Any]:
    """Return a sample event."""
    sample: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return sample


def info(id_: str, **changes: str) -> str:
    """Return a lock's information as Terraform writes it."""
    said = {"ID": id_, "Operation": "OperationTypePlan", "Info": "", "Who": "runner@fv-az1", "Version": "1.14.3"}
    return json.dumps(said | {"Created": CLOCK_OF_CI.isoformat(), "Path": STATE.lock_id} | changes)


@dataclass
class Locks:
    """A night that takes any event, and any limits."""

    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    limits: Limits = GENEROUS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)
    sick: str = ""
    locked: int = 0

    def __post_init__(self) -> None:
        self.stored = Stored(states=SETTINGS.states, clock=lambda: self.steps.now)
        self.aws: Any = LockClients(self.stored)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({ALARM: live})

    def lock(self, *, ago: timedelta = 8 * HOUR, item: bool = True, file: bool = False, **changes: str) -> str:
        """Let somebody have locked so long ago, and be seen since then, where the changes leave anything to be seen."""
        self.locked += 1
        id_ = changes.pop("ID", f"{self.locked:08x}-0000-4000-8000-000000000000")
        raw = info(id_, **changes)
        self.stored.lock(STATE, raw, id_, ago=ago, item=item, file=file)
        mark = f"{'0' * 32} {self.stored.written_at.isoformat()} {'0' * 32}"
        self.aws.sightings.seen[f"lock/{STATE.lock_id}"] = (id_, self.steps.now - ago, mark, self.steps.now - ago)
        self.sick = id_
        return raw

    def build(self, *, ended: bool) -> None:
        """Let CodeBuild know of a build that was running when CI locked."""
        build = {"id": "terraform-apply:7", "startTime": CLOCK_OF_CI - MINUTE, "buildStatus": "IN_PROGRESS"}
        over = {"endTime": CLOCK_OF_CI + MINUTE, "buildStatus": "STOPPED"}
        self.stored.builds = [build | over if ended else build]

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
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
        """Let another plan have been killed in the meantime, whatever was done about the last one."""
        self.lock()

    def defile(self, texts: Callable[[], str]) -> None:
        """Let the lock and CI say such things."""
        self.lock(Who=texts(), Operation=texts(), Path=texts(), Version=texts(), ID=texts() or "lock")
        self.stored.builds[0]["id"] = texts() or "build"

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried


def _left(*, ended: bool = True, **lock: Any) -> Callable[[], Locks]:
    def made() -> Locks:
        night = Locks()
        night.build(ended=ended)
        night.lock(**lock)
        return night

    return made


def _half() -> Locks:
    """Make the night after a run that died between the two stores: its item is gone, its object is not."""
    night = _left(item=False, file=True, Operation="OperationTypeApply")()
    raw, _ = night.stored.objects[STATE.lock_key]
    held = Held(id=night.sick, name=STATE.name, lock_id=STATE.lock_id, info=raw, etag=etag(raw))
    night.aws.sightings.keep(f"lock/{STATE.lock_id}", msgspec.json.encode(held).decode())
    return night


def _two_holders() -> Locks:
    night = _left()()
    night.lock(item=False, file=True)
    return night


def _unreadable() -> Locks:
    night = _left()()
    night.stored.items[STATE.lock_id] = "{"
    return night


def _nobody_to_ask() -> Locks:
    night = _left()()
    night.stored.unreachable = True
    return night


# ---------------------------------------------------------------------------------------------------- the blast table

WRONG: tuple[dict[str, Any], ...] = (
    {},
    {"Operation": ""},
    {"Created": (NIGHT + HOUR).isoformat()},
    {"Who": "ada@laptop"},
    {"Created": "never"},
)


def _facts(n: int, raw: str, *, first: datetime | None, says: str) -> LockFacts:
    state = structs.replace(STATE, name=f"state-{n}", key=f"env:/{n}/terraform.tfstate")
    return LockFacts(
        name=state.name,
        lock_id=state.lock_id,
        item=Half(raw=raw, info=read(raw)),
        first=None if first is None else Sighting(at=first, moved_at=first),
        mark="m",
        signs=(Sign(source="CodeBuild", says=says, about="a build"),),  # type: ignore[arg-type]
    )


def _blast(size: int) -> Iterator[Row]:
    """Yield so many locks, some of them stale; with garbage, what looks stale is nothing that may be touched."""
    for ill in range(size + 1):
        fine = [_facts(n, info(f"fine-{n}"), first=NIGHT, says="alive") for n in range(ill, size)]
        for changes in WRONG[:2]:
            stale = [_facts(n, info(f"stale-{n}", **changes), first=NIGHT - 8 * HOUR, says="dead") for n in range(ill)]
            yield _row(f"{ill} of {size} stale {changes or ''}".rstrip(), size, (*stale, *fine), ill)
        for raw, first, says in (
            (info("x", Created=(NIGHT + HOUR).isoformat()), NIGHT - 8 * HOUR, "dead"),
            ("{", NIGHT - 8 * HOUR, "dead"),
            (info("x"), None, "dead"),
            (info("x"), NIGHT + HOUR, "dead"),
            (info("x"), NIGHT - 8 * HOUR, "unknown"),
        ):
            odd = [_facts(n, raw, first=first, says=says) for n in range(ill)]
            yield _row(f"{ill} of {size}: {raw[:12]} {first} {says}", size, (*odd, *fine), 0)


def _row(where: str, size: int, locks: tuple[LockFacts, ...], stale: int) -> Row:
    verdict = decide(Facts(locks=locks), SETTINGS, (), NIGHT)
    return Row(
        where=where,
        size=size,
        ill=frozenset(f"stale-{n}" for n in range(stale)),
        touched=verdict.target.id if isinstance(verdict, Act) else "",
        allowed=stale > 0,
        garbage=stale == 0,
    )


CLEAR_STALE_LOCK = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="a plan's item", ends="healed", ground=_left()),
        Case(name="a plan's object", ends="healed", ground=_left(item=False, file=True)),
        Case(name="a plan's item and object", ends="healed", ground=_left(file=True)),
        Case(name="half cleared", ends="healed", ground=_half),
        Case(name="an apply, and nobody answers", ends="refused", ground=_left(Operation="OperationTypeApply")),
        Case(name="a build that runs", ends="nothing-to-do", ground=_left(ended=False)),
        Case(name="young", ends="nothing-to-do", ground=_left(ago=MINUTE)),
        Case(name="nobody to ask", ends="nothing-to-do", ground=_nobody_to_ask),
        Case(name="nobody holds it", ends="nothing-to-do", ground=Locks),
        Case(name="two holders", ends="escalated", ground=_two_holders),
        Case(name="unreadable", ends="escalated", ground=_unreadable),
    ),
    event=event,
    samples=("alarm", "schedule", "plan", "apply"),
    alarm=ALARM,
    blast=_blast,
)
