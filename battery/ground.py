"""Where a runbook is tried: a world of its own in which cause has its effect, once per case that it has an answer to."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct

from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger
from remediation.core.spec import AnyRunbook, Mode
from tests.support.steps import InMemorySteps
from tests.support.world import MemoryLedger, RecordingNotifier, SettableAlarms


class Ground(Protocol):
    """One night of one runbook. Change what is different tonight, then carry the runbook out."""

    steps: InMemorySteps
    ledger: MemoryLedger
    notifier: RecordingNotifier
    alarms: SettableAlarms
    aws: Any
    """The clients, which keep every call (`aws.calls`) and what was changed (`aws.mutations`)."""
    mode: Mode
    limits: Limits

    @property
    def sick(self) -> str:
        """The id of what is ill at first, or nothing."""

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""

    def worsen(self) -> None:
        """Let what is ill be ill again, whatever was done about it."""

    def defile(self, texts: Callable[[], str]) -> None:
        """Let what the world says of itself be such texts: nothing that is looked at is to be trusted."""

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""


class Case(Struct, frozen=True, kw_only=True):
    """One state of the world, and how a run about it ends."""

    name: str
    ends: str
    ground: Callable[[], Ground]


class Row(Struct, frozen=True, kw_only=True):
    """One row of a blast table: a state of the world, what is acted on in it, and what may be."""

    where: str
    size: int
    ill: frozenset[str]
    touched: str = ""
    """What is acted on; nothing if nothing is."""
    allowed: bool = True
    """Whether the specification lets anything be touched here."""
    garbage: bool = False
    """Whether some of the world's numbers make no sense."""


class Tried(Struct, frozen=True, kw_only=True):
    """What the battery has to know of a runbook.

    `cases` begins with one that a single act heals. `event` returns a sample by its name: `alarm` heals, `plan` only asks;
    `samples` are the events that are mutilated. `alarm` is the name of the alarm that the sample is about. `blast` yields the
    rows for groups of a size.
    """

    runbook: AnyRunbook
    cases: tuple[Case, ...]
    event: Callable[[str], dict[str, Any]]
    samples: tuple[str, ...]
    alarm: str
    blast: Callable[[int], Iterator[Row]]

    def ground(self) -> Ground:
        """Return a night that a single act heals."""
        return self.cases[0].ground()


Grounds = Mapping[str, Tried]


def doubled(done: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what was changed twice in one run."""
    return [act for n, act in enumerate(done) if act in done[:n]]


def told(ground: Ground, outcome: Outcome) -> bool:
    """Say whether an outcome is on record and was published."""
    kept = ground.ledger.runs.get(outcome.run)
    return kept is not None and kept.outcome == outcome and outcome in ground.notifier.published
