"""What a run came to, and how it is told: as JSON for machines, as text for a person woken at night.

The order of the text is the order of the questions at 3 a.m.: what happened, why, what was done, what do I type now, and
what will the next `terraform apply` undo.
"""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.spec import Team
from remediation.core.wording import LONGEST_SUBJECT, listed, one_line, sms

Status: TypeAlias = Literal[
    "nothing-to-do", "observed", "refused", "ignored", "rejected", "healed", "not-healed", "escalated", "failed"
]
Severity: TypeAlias = Literal["info", "warning", "critical"]

SEVERITIES: dict[Status, Severity] = {
    "nothing-to-do": "info",
    "observed": "info",
    "refused": "info",
    "ignored": "info",
    "rejected": "warning",
    "healed": "info",
    "not-healed": "critical",
    "escalated": "critical",
    "failed": "critical",
}
PAGED: frozenset[Status] = frozenset({"not-healed", "escalated", "failed"})
"""A person has to be told of these at once."""

Kind: TypeAlias = Literal["received", "gate", "facts", "verdict", "admitted", "act", "wait", "approval", "outcome"]


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a run's timeline. `facts` is the typed facts as plain data, for those who want the details."""

    at: datetime
    kind: Kind
    text: str
    facts: Any = None


class Done(Struct, frozen=True, kw_only=True):
    """One act, as told."""

    action: str
    target: str
    at: datetime
    result: Literal["done", "failed", "unknown"]
    receipt: str


class Outcome(Struct, frozen=True, kw_only=True):
    """The end of a run. `schema` changes when a consumer would have to."""

    run: str
    runbook: str
    environment: str
    account: str
    region: str
    status: Status
    because: str
    trigger: str
    started_at: datetime
    ended_at: datetime
    team: Team
    acts: tuple[Done, ...] = ()
    would: str = ""
    """What would have been done next, where the mode or a missing `apply` kept it from being done."""
    asks: str = ""
    """Why a person would be asked before that; empty: nobody would be."""
    gate: str = ""
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    plan: bool = False
    """Whether only the plan was asked for: then nobody is woken by what it found."""
    paged: bool = False
    """Whether the team is told as well."""
    incident: str = ""
    """The key of the incident that it is part of (core/incident.py): the same for every run about the same trouble."""
    drift: tuple[str, ...] = ()
    """What the next `terraform apply` will revert of what was done, with the line to change."""
    note: str = ""
    """What a page says first: why it is told again, or to somebody else."""
    schema: Literal[1] = 1

    @property
    def severity(self) -> Severity:
        """Return how loud this is."""
        if self.plan and SEVERITIES[self.status] == "critical":
            return "warning"
        return "warning" if self.paged and SEVERITIES[self.status] == "info" else SEVERITIES[self.status]

    @property
    def duration(self) -> timedelta:
        """Return how long the run took."""
        return self.ended_at - self.started_at

    @property
    def title(self) -> str:
        """Return what happened, in a few words."""
        return f"{self.runbook} in {self.environment}: {self.status}"

    @property
    def commands(self) -> tuple[str, ...]:
        """Return what to do next: to take it on where somebody is paged, then what the runbook says."""
        ack = (f"remedy ack {self.run} --env {self.environment}",) if self.paged else ()
        return (*ack, *self.next_steps)

    def subject(self) -> str:
        """Return a line that SNS takes as a subject."""
        return one_line(f"[{self.environment}] {self.runbook}: {self.status}", LONGEST_SUBJECT)

    def short(self) -> str:
        """Return one SMS: what happened, why as far as there is room, and the command to go on with."""
        return sms(
            f"{self.environment} {self.runbook}: {self.status}.",
            self.note or self.because,
            f"remedy {'ack' if self.paged else 'show'} {self.run} --env {self.environment}",
        )

    def json(self) -> str:
        """Return the machine's variant."""
        return msgspec.json.encode(self).decode()

    def text(self) -> str:
        """Return the person's variant."""
        acts = [f"{done.at:%H:%M:%S} {done.action} {done.target}: {done.result}. {done.receipt}" for done in self.acts]
        seconds = round(self.duration.total_seconds())
        lines = [
            *((self.note, "") if self.note else ()),
            self.title,
            "",
            self.because,
            *listed("Evidence:", self.evidence),
            *listed("What was done:", acts),
            *(("", f"It would have done next: {self.would}") if self.would else ()),
            *((f"It would have asked a person first: {self.asks}",) if self.asks else ()),
            *listed("What to do next:", self.commands),
            *listed("Drift, which the next `terraform apply` reverts:", self.drift),
            "",
            f"Started by {self.trigger} at {self.started_at:%Y-%m-%d %H:%M:%S} UTC, took {seconds} s.",
            *((f"Incident: {self.incident}",) if self.incident else ()),
            f"Timeline: remedy show {self.run} --env {self.environment}",
        ]
        return "\n".join(lines)
