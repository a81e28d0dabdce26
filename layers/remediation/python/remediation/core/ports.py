"""What the engine needs of the world, as protocols: the ledger, the notifier and the alarms.

Calls are made inside steps only. They raise AwsError where AWS cannot be asked; the engine then fails closed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from remediation.core.admission import Lease, Request
from remediation.core.approval import Decided, Wanted
from remediation.core.circuit import Result
from remediation.core.deployment import Deployment
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.incident import Incident, Raised, Recovery
from remediation.core.limits import Limits
from remediation.core.notice import Notice
from remediation.core.outcome import Entry, Outcome
from remediation.core.spec import Team
from remediation.core.spoken import Spoken
from remediation.core.surroundings import Around


class Duplicate(Struct, frozen=True, kw_only=True):
    """Another run has this event already."""

    run: str


class Receipt(Struct, frozen=True, kw_only=True):
    """What is recorded of an event that arrived. `event` is its key, empty where it has none."""

    run: str
    event: str
    runbook: str
    trigger: str
    now: datetime
    execution: str = ""
    alarm: str = ""
    transition: datetime | None = None


class Ledger(Protocol):
    """One record per event received, and the one transaction that admits an act."""

    def receive(self, receipt: Receipt) -> Duplicate | None:
        """Record the run, and that the event is its. Asking twice is the same answer."""

    def admit(self, request: Request, limits: Limits) -> Lease | Refusal:
        """Answer what `admission` says of the request, and keep what follows from it, all or nothing."""

    def switched_off(self, runbook: str, now: datetime) -> Refusal | None:
        """Say which switch people have set so that nothing is done, if one is. Changes nothing."""

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is ours, the mode still is `act` and nothing is frozen, right before the call."""

    def give_back(self, *, run: str, n: int, resource: str) -> None:
        """Give back what the act of a run's `n`th look was paid with, and nothing else. Twice is once.

        Only for an act of which it is known that it was not made.
        """

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far, for those who watch."""

    def close(self, closing: "Closing", limits: Limits) -> None:
        """Keep the outcome, give the lease back, start the cooldown and count the result, all of it once.

        A lease that was lost is left alone.
        """


class Closing(Struct, frozen=True, kw_only=True):
    """How a run ends, as the ledger keeps it."""

    outcome: Outcome
    timeline: tuple[Entry, ...]
    lease: Lease | None
    cooldown_until: datetime
    result: Result


class Notifier(Protocol):
    """Tells the world."""

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome."""

    def page(self, outcome: Outcome, team: Team | None = None, note: str = "") -> None:
        """Tell a team of the outcome, its own if none is named; the note comes first."""

    def notify(self, notice: Notice, *teams: Team) -> None:
        """Tell teams of a notice, and publish it."""


class Incidents(Protocol):
    """What is wrong at the moment, each counted once however many runs tell of it."""

    def raise_(self, key: str, outcome: Outcome, recovery: Recovery, now: datetime) -> Raised:
        """Open an incident, or count one more event of it. Asking twice for the same run is the same answer."""

    def told(self, key: str) -> bool:
        """Say whether people were told of it already."""

    def keep_told(self, key: str, run: str, now: datetime) -> None:
        """Keep that a run has told people of it, which is no incident: nobody has to answer, and nothing is followed up."""

    def healed(self, key: str, run: str, now: datetime) -> int:
        """Count a healing of it; say how often it was healed lately if people are to be told that, and else 0."""


class Followed(Protocol):
    """An incident, as who follows it up sees it: `run` is the run that opened it, and who it is not, changes nothing."""

    def open(self, key: str) -> Incident:
        """Return the incident as it stands."""

    def waits(self, key: str, run: str, callback: str, until: datetime) -> None:
        """Keep where to answer, and until when the follow-up waits there."""

    def paged(self, key: str, run: str, page: str, now: datetime) -> Incident:
        """Ask for a page, by name; it is granted if the incident that is returned has it as its last one."""

    def said(self, by: str, about: str) -> Spoken | None:
        """Return what a person said about a run."""

    def acknowledged(self, key: str, run: str, by: str, now: datetime) -> None:
        """Keep who acknowledged it."""

    def close(self, key: str, run: str, now: datetime) -> None:
        """Keep that it is over, or that nobody follows it up any more."""


class FollowUp(Protocol):
    """Sees to it that somebody answers."""

    def start(self, key: str, outcome: Outcome, recovery: Recovery) -> None:
        """Start following an incident up, beside this run."""


class Approvals(Protocol):
    """What people are asked, and what they said."""

    def claim(self, wanted: Wanted, now: datetime) -> str:
        """Say why this is not asked: another run asks the same, or people have answered lately; nothing if it may be.

        Asking twice for the same run is the same answer.
        """

    def ask(self, wanted: Wanted, callback: str, now: datetime) -> None:
        """Keep what is asked, and where to answer."""

    def said(self, by: str, about: str) -> Spoken | None:
        """Return what a person said about a run or a request."""

    def end(self, wanted: Wanted, status: Decided, now: datetime) -> None:
        """Keep what became of it, so that nobody is asked any more, and when the same may be asked again."""


class Surroundings(Protocol):
    """What goes on around a runbook, read."""

    def around(self, *, deploys: bool) -> Around:
        """Return the alarms of the environment that are in ALARM, and the deploys that are on if they matter."""

    def closed(self) -> str:
        """Say why the change calendar does not allow changes now; nothing if it does, or if there is none."""


class Backup(Struct, frozen=True, kw_only=True):
    """Whether a cache has a snapshot that is good enough to risk something. `snapshot` is its name, empty where there is none.

    `ended` says that whoever was asked for one has ended without; `because` tells either in a sentence.
    """

    at: datetime
    because: str
    snapshot: str = ""
    ended: bool = False


class Backups(Protocol):
    """Snapshots of caches: looked for, and asked for."""

    def look(self, cache: str, request: str, now: datetime) -> Backup:
        """Say whether there is one, and else what became of the request for one, if that was made."""

    def take(self, cache: str, request: str) -> None:
        """Have one taken. To ask twice with the same request is to ask once."""


class NoBackups:
    """Of a runbook that declares no act that needs a snapshot first: none is seen, and an act that wants one is not made."""

    def look(self, cache: str, request: str, now: datetime) -> Backup:  # noqa: ARG002 - the port's
        """Say that there is none to be seen."""
        return Backup(at=now, because=f"No snapshot of {cache} is in sight of this runbook.", ended=True)

    def take(self, cache: str, request: str) -> None:
        """Do nothing: this runbook may not have one taken."""


class Alarms(Protocol):
    """CloudWatch, read."""

    def read(self, alarm: str) -> LiveAlarm:
        """Describe one alarm."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything a run touches, handed in by the composition root."""

    deployment: Deployment
    settings: Struct
    aws: Any
    ledger: Ledger
    notifier: Notifier
    alarms: Alarms
    incidents: Incidents
    follow_up: FollowUp
    approvals: Approvals
    surroundings: Surroundings
    backups: Backups = field(default_factory=NoBackups)
    clock: Callable[[], datetime]
    remaining: Callable[[], timedelta]
    """Time left of this Lambda invocation."""
