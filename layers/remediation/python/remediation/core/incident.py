"""An incident: one trouble that people are told of, however many runs and events tell of it.

The rule of the domain (HAZARDS.md, 1.12): a page for every event makes people deaf. Everything with the same key is one
incident; it pages at most once in 15 minutes, and the pages say how many events there were. It is open until somebody saw
it recover; whoever follows it up says until when they do, so that one that nobody follows up any more is opened anew.
"""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.watched import NAMES, Dependency

PAGE_EVERY = timedelta(minutes=15)
"""At most one page per incident in this time, whoever is paged."""
FOLLOWED_FOR = timedelta(hours=24)
"""After a day without an end, whatever comes next is a new incident."""
GRACE = timedelta(minutes=15)
"""How much later than it said a follow-up may be back before it counts as dead."""
SAME_FIX = 3
"""So many times the same fix within `SAME_FIX_WITHIN` hides a cause: people are told, though each time it healed."""
SAME_FIX_WITHIN = timedelta(days=7)
REMEMBERED = 50
"""Answers that are remembered, one per run, for a run that asks twice."""

Standing: TypeAlias = Literal["open", "acknowledged", "closed"]


class Recovery(Struct, frozen=True, kw_only=True):
    """What tells that an incident is over: its alarms are, and its cause does not show any more. Without either, nothing tells."""

    alarms: tuple[str, ...] = ()
    cause: Dependency | Literal["storm"] | None = None

    @classmethod
    def of(cls, alarm: str) -> "Recovery":
        """Return what one alarm tells; an empty name is none."""
        return cls(alarms=(alarm,) if alarm else ())

    @property
    def blind(self) -> bool:
        """Tell whether nothing tells."""
        return not self.alarms and self.cause is None

    @property
    def about(self) -> str:
        """Return what is watched, in a word or two."""
        match self.cause:
            case None:
                return ", ".join(self.alarms)
            case "storm":
                return "the storm of alarms"
            case dependency:
                return NAMES[dependency]


class Raised(Struct, frozen=True, kw_only=True):
    """What became of an incident that was raised: whether to page now, else when the next page is due."""

    page: bool
    opened: bool
    """Whether it has to be followed up from now on."""
    events: int
    due: datetime | None = None


class Answered(Struct, frozen=True, array_like=True):
    """What a run was answered when it raised the incident."""

    run: str
    raised: Raised


class Healing(Struct, frozen=True, array_like=True):
    """When which run healed it."""

    at: datetime
    run: str


class Incident(Struct, frozen=True, kw_only=True):
    """One incident, as it stands. `run` opened it; `page` names the page that was sent at `paged_at`."""

    status: Standing = "closed"
    run: str = ""
    opened_at: datetime | None = None
    paged_at: datetime | None = None
    page: str = ""
    followed_until: datetime | None = None
    events: int = 0
    answered: tuple[Answered, ...] = ()
    healed: tuple[Healing, ...] = ()
    told_at: datetime | None = None
    """When people last were told that the same fix is made again and again."""


def raised(incident: Incident, run: str, now: datetime) -> tuple[Incident, Raised]:
    """Open an incident or count one more event of it, and say whether to page. The same run is answered the same."""
    for known in incident.answered:
        if known.run == run:
            return incident, known.raised
    if followed(incident, now) and incident.run == run:
        return incident, Raised(page=False, opened=True, events=incident.events, due=_due(incident))
    if followed(incident, now):
        answer = Raised(page=False, opened=False, events=incident.events + 1, due=_due(incident))
        changed = msgspec.structs.replace(incident, events=answer.events)
    else:
        due = _due(incident)
        page = due is None or due <= now
        answer = Raised(page=page, opened=True, events=1, due=None if page else due)
        changed = msgspec.structs.replace(
            incident,
            status="open",
            run=run,
            opened_at=now,
            paged_at=now if page else incident.paged_at,
            page="the run's" if page else "",
            followed_until=now + GRACE,
            events=1,
        )
    answered = (*incident.answered, Answered(run, answer))[-REMEMBERED:]
    return msgspec.structs.replace(changed, answered=answered), answer


def paged(incident: Incident, run: str, page: str, now: datetime) -> Incident:
    """Return the incident with this page of its follow-up as its last one, or as it was if that is not to be sent.

    Not where another run's follow-up took over, where it is over, or where the last page is too fresh. A page that was
    granted before is granted again, for whoever does not know whether it was.
    """
    if incident.run != run or incident.status != "open" or incident.page == page:
        return incident
    due = _due(incident)
    if due is not None and now < due:
        return incident
    return msgspec.structs.replace(incident, paged_at=now, page=page)


def healed(incident: Incident, run: str, now: datetime) -> tuple[Incident, int]:
    """Count a healing; say how often it was healed lately if that is to be told, and else 0.

    Told once in `SAME_FIX_WITHIN`, however often it goes on.
    """
    lately = tuple(each for each in incident.healed if each.at > now - SAME_FIX_WITHIN and each.run != run)
    lately = (*lately, Healing(now, run))[-REMEMBERED:]
    counted = msgspec.structs.replace(incident, healed=lately)
    fresh = incident.told_at is not None and incident.told_at > now - SAME_FIX_WITHIN
    last = incident.healed[-1].run if incident.healed else ""
    if len(lately) < SAME_FIX or (fresh and last != run):
        return counted, 0
    return msgspec.structs.replace(counted, told_at=now), len(lately)


def followed(incident: Incident, now: datetime) -> bool:
    """Tell whether somebody follows it up."""
    if incident.status == "closed" or incident.followed_until is None:
        return False
    return now < incident.followed_until


def _due(incident: Incident) -> datetime | None:
    return incident.paged_at + PAGE_EVERY if incident.paged_at is not None else None
