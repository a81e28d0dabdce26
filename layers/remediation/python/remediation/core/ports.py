"""What the engine needs of the world, as protocols: the ledger, the notifier and the alarms.

Calls are made inside steps only. They raise AwsError where AWS cannot be asked; the engine then fails closed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from remediation.core.deployment import Deployment
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.outcome import Entry, Outcome


class Duplicate(Struct, frozen=True, kw_only=True):
    """Another run has this event already."""

    run: str


class Lease(Struct, frozen=True, kw_only=True, tag="lease"):
    """The right to change one resource, until it expires or a higher fence is given out."""

    resource: str
    fence: int
    until: datetime


class Ledger(Protocol):
    """One record per event received, and the one transaction that admits an act."""

    def receive(self, *, run: str, event: str, runbook: str, trigger: str, now: datetime) -> Duplicate | None:
        """Record the run, and that the event (by its key, none if empty) is its. Asking twice is the same answer."""

    def admit(
        self,
        *,
        run: str,
        event: str,
        runbook: str,
        resource: str,
        until: datetime,
        cooldown_until: datetime,
        now: datetime,
    ) -> Lease | Refusal:
        """Lease the resource to the run, if the event is the run's, nobody works on it and the mode still is `act`.

        The cooldown is that of a run that dies: `close` replaces it.
        """

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is ours and the mode still is `act`, right before a mutating call."""

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far, for those who watch."""

    def close(
        self, *, outcome: Outcome, timeline: tuple[Entry, ...], lease: Lease | None, cooldown_until: datetime
    ) -> None:
        """Keep the outcome, give the lease back and start the cooldown; a lease that was lost is left alone."""


class Notifier(Protocol):
    """Tells the world."""

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome."""

    def page(self, outcome: Outcome) -> None:
        """Tell the outcome's team."""


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
    clock: Callable[[], datetime]
    remaining: Callable[[], timedelta]
    """Time left of this Lambda invocation."""
