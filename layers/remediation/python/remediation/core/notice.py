"""What people are told besides outcomes: that an approval is wanted, that somebody answered, that it is over."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.outcome import Outcome, Severity
from remediation.core.spec import Team
from remediation.core.wording import LONGEST_SUBJECT, listed, one_line, sms

Kind: TypeAlias = Literal["approval-wanted", "acknowledged", "recovered", "unanswered", "trouble", "doctor"]


class Notice(Struct, frozen=True, kw_only=True):
    """One message to people. `schema` changes when a consumer would have to."""

    kind: Kind
    environment: str
    run: str
    """Empty where it is about no run."""
    incident: str
    team: Team
    severity: Severity
    title: str
    because: str
    at: datetime
    lines: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    schema: Literal[1] = 1

    @property
    def commands(self) -> tuple[str, ...]:
        """Return what to do next."""
        return self.next_steps

    def subject(self) -> str:
        """Return a line that SNS takes as a subject."""
        return one_line(f"[{self.environment}] {self.title}", LONGEST_SUBJECT)

    def short(self) -> str:
        """Return one SMS: what it is about, why as far as there is room, and the command to look it up."""
        command = (
            f"remedy show {self.run} --env {self.environment}"
            if self.run
            else f"remedy status --env {self.environment}"
        )
        return sms(one_line(f"{self.environment} {self.kind}: {self.title}.", 90), self.because, command)

    def json(self) -> str:
        """Return the machine's variant."""
        return msgspec.json.encode(self).decode()

    def text(self) -> str:
        """Return the person's variant: what it is about, why, the details, and what to do next."""
        show = f"remedy show {self.run} --env {self.environment}"
        known = not self.run or any(show in step for step in self.next_steps)
        lines = [
            self.title,
            "",
            self.because,
            *(("", *self.lines) if self.lines else ()),
            *listed("What to do next:", self.next_steps),
            "",
            f"Told at {self.at:%Y-%m-%d %H:%M:%S} UTC.",
            *((f"Incident: {self.incident}",) if self.incident else ()),
            *(() if known else (f"Timeline: {show}",)),
        ]
        return "\n".join(lines)


Message: TypeAlias = Outcome | Notice
"""Whatever people and machines are told."""
