"""What `decide` may answer, and what became of the answers before.

A verdict is one of four closed types and always carries a sentence (`because`) that a person woken at night
understands. A ladder of remedies is `tried`: the attempts this run already made, oldest first.
"""

from datetime import datetime, timedelta
from typing import Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct


class Target(Struct, frozen=True, kw_only=True):
    """The one thing an act changes; a runbook adds what it judged, so that the act can insist on it."""

    id: str


T = TypeVar("T", bound=Target)


class Tell(Struct, frozen=True, kw_only=True):
    """What the team ought to know although nothing is to be done: a notice, once for its `id`, however often it is found.

    Nobody is paged again for it and nobody has to answer. `critical` is for what does not get better by itself.
    """

    id: str
    title: str
    severity: Literal["warning", "critical"] = "warning"


class Nothing(Struct, frozen=True, kw_only=True, tag="nothing"):
    """There is nothing (left) to do. After an act this, and only this, means healed.

    With `refused`, what somebody asked for cannot be done, and they have to be told so: nobody is called, but it is not done.
    """

    because: str
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    tell: Tell | None = None
    refused: bool = False


class Wait(Struct, frozen=True, kw_only=True, tag="wait"):
    """Somebody or something is already at it, or needs time; look again after `for_`.

    `evidence` and `next_steps` are for the person who is called if the time is up. With `stand_down` nobody is called:
    whoever is at it (a deploy) knows of it.
    """

    because: str
    for_: timedelta
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    stand_down: bool = False

    def __post_init__(self) -> None:
        if self.for_ <= timedelta(0):
            raise ValueError(f"to wait {self.for_} is to look for ever: {self.because}")


class Escalate(Struct, frozen=True, kw_only=True, tag="escalate"):
    """A person has to decide. `team` is the contact to page (the runbook's own if empty).

    `about` makes it an incident of its own, where a runbook looks after several things at once (one of its locks): the same
    whatever started the run, and not over when an alarm is.
    """

    because: str
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    team: str = ""
    about: str = ""


LONGEST_ASKED = timedelta(hours=2)
"""No approval is waited for longer than this: the world changes meanwhile, and so does who is awake."""


class Approval(Struct, frozen=True, kw_only=True):
    """Ask a person before an act: anybody who may, or (two people) somebody else than who asked for the run."""

    because: str = ""
    people: Literal[1, 2] = 1
    expires: timedelta = timedelta(minutes=30)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.expires <= LONGEST_ASKED:
            raise ValueError(f"an approval expires within {LONGEST_ASKED}, not after {self.expires}")


class Act(Struct, Generic[T], frozen=True, kw_only=True, tag="act"):
    """Change one target, then wait `settle` before looking again.

    `action` names an entry of the runbook's actions. `resource` is the physical parent that is leased meanwhile (the
    Auto Scaling group, the cache, the lock), so that two runbooks never work on the same thing at once. `evidence` and
    `next_steps` are for the person who is called if the act is not allowed. `drift` says what the next `terraform apply`
    will revert once it is done, with the line to change. `after_snapshot` names a cache that has to have a fresh snapshot
    before; the engine has one taken where there is none.
    """

    action: str
    target: T
    resource: str
    because: str
    settle: timedelta
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    approval: Approval | None = None
    drift: str = ""
    after_snapshot: str = ""


Verdict: TypeAlias = Nothing | Wait | Escalate | Act[T]

Result: TypeAlias = Literal["done", "failed", "unknown"]


class Attempt(Struct, Generic[T], frozen=True, kw_only=True):
    """One act of this run. `unknown` means it was interrupted: it may or may not have happened."""

    action: str
    target: T
    at: datetime
    result: Result
    receipt: str
