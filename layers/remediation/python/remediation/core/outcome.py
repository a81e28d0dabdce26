"""What a run came to, and how it is told: as JSON for machines, as text for a person woken at night."""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.spec import Team

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

Kind: TypeAlias = Literal["received", "gate", "facts", "verdict", "admitted", "act", "wait", "outcome"]


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
    gate: str = ""
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    plan: bool = False
    """Whether only the plan was asked for: then nobody is woken by what it found."""
    paged: bool = False
    """Whether the team is told as well."""
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

    def subject(self) -> str:
        """Return a line of at most 100 printable ASCII characters: what SNS takes as a subject."""
        line = f"[{self.environment}] {self.runbook}: {self.status}"
        return line.encode("ascii", "replace").decode()[:100]

    def json(self) -> str:
        """Return the machine's variant."""
        return msgspec.json.encode(self).decode()

    def text(self) -> str:
        """Return the person's variant: what happened, why, what was done, what to do next."""
        lines = [f"{self.runbook} in {self.environment}: {self.status}", "", self.because]
        if self.would:
            lines += ["", f"It would have done next: {self.would}"]
        if self.acts:
            lines += ["", "What was done:"]
            lines += [
                f"  {done.at:%H:%M:%S} {done.action} {done.target}: {done.result}. {done.receipt}" for done in self.acts
            ]
        if self.evidence:
            lines += ["", "Evidence:", *(f"  {line}" for line in self.evidence)]
        if self.next_steps:
            lines += ["", "What to do next:", *(f"  {line}" for line in self.next_steps)]
        lines += [
            "",
            f"Started by {self.trigger} at {self.started_at:%Y-%m-%d %H:%M:%S} UTC, took {round(self.duration.total_seconds())} s.",
            f"Timeline: remedy show {self.run} --env {self.environment}",
        ]
        return "\n".join(lines)
