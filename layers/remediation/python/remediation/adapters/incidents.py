"""Incidents in the ledger: one item each, changed only as core/incident.py says.

    INCIDENT#<sha256 of its key>    key, run, runbook, team, recovery, status, opened_at, paged_at, page, followed_until, events,
                                    callback, acknowledged_by, answered, healed, told_at; while it is not closed also
                                    `environment` = <environment>/incidents and `started_at`, so that the index lists it

What is read is written back only if it did not change meanwhile; whoever was slower reads again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar, get_args

import msgspec
from msgspec.structs import replace

from remediation.adapters.said import said
from remediation.adapters.table import CONFLICT, Item, Table, milliseconds, seconds
from remediation.core.errors import AwsError
from remediation.core.incident import (
    GRACE,
    Answered,
    Healing,
    Incident,
    Raised,
    Recovery,
    Standing,
    followed,
    healed,
    paged,
    raised,
)
from remediation.core.outcome import Outcome
from remediation.core.redact import redact, redacted
from remediation.core.spoken import Spoken

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

A = TypeVar("A")
Values = dict[str, str | int | None]

KEPT = timedelta(days=400)
ROUNDS = 8
"""How often a change is made anew where others were faster; each time one of them had its way."""


class DynamoIncidents:
    """The incidents of one environment."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._table, self._environment = Table(aws, table), environment

    def raise_(self, key: str, outcome: Outcome, recovery: Recovery, now: datetime) -> Raised:
        """Open an incident, or count one more event of it. Asking twice for the same run is the same answer."""

        def change(found: Incident) -> tuple[Incident, Values, Raised]:
            changed, answer = raised(found, outcome.run, now)
            opened: Values = {}
            if answer.opened and changed is not found:
                opened = {
                    "key": redact(key),
                    "runbook": outcome.runbook,
                    "team": outcome.team,
                    "recovery": msgspec.json.encode(redacted(msgspec.to_builtins(recovery))).decode(),
                    "callback": None,
                    "acknowledged_by": None,
                    "environment": f"{self._environment}/incidents",
                    "started_at": milliseconds(now),
                }
            return changed, opened, answer

        try:
            return self._change(key, now, change)
        except AwsError as error:
            found = self.open(key)
            if error.code != CONFLICT or not followed(found, now):
                raise
            # So many tell of it at once that this one cannot be counted; it is open, and somebody was paged.
            return Raised(page=False, opened=False, events=found.events)

    def healed(self, key: str, run: str, now: datetime) -> int:
        """Count a healing; say how often it was healed lately if people are to be told that, and else 0."""

        def change(found: Incident) -> tuple[Incident, Values, int]:
            counted, times = healed(found, run, now)
            return counted, {"key": redact(key)}, times

        return self._change(key, now, change)

    def told(self, key: str) -> bool:
        """Say whether people were told of it already."""
        return self.open(key).told_at is not None

    def keep_told(self, key: str, run: str, now: datetime) -> None:
        """Keep that a run has told people of it, which is no incident: nobody has to answer, and nothing is followed up."""

        def change(found: Incident) -> tuple[Incident, Values, None]:
            return replace(found, run=run, told_at=now), {"key": redact(key)}, None

        self._change(key, now, change)

    def open(self, key: str) -> Incident:
        """Return the incident as it stands; one that nobody knows is closed."""
        return _incident(self._table.read(_pk(key)))

    def paged(self, key: str, run: str, page: str, now: datetime) -> Incident:
        """Ask for a page, by name; it is granted if the incident that is returned has it as its last one."""

        def change(found: Incident) -> tuple[Incident, Values, Incident]:
            changed = paged(found, run, page, now)
            return changed, {}, changed

        return self._change(key, now, change)

    def waits(self, key: str, run: str, callback: str, until: datetime) -> None:
        """Keep where to answer, and until when the follow-up waits there."""
        self._of(key, run, callback=callback, followed_until=milliseconds(until + GRACE))

    def said(self, by: str, about: str) -> Spoken | None:
        """Return what a person said about a run; nothing where no name is given."""
        return said(self._table, by, about) if by else None

    def acknowledged(self, key: str, run: str, by: str, now: datetime) -> None:
        """Keep who acknowledged it."""
        self._of(key, run, status="acknowledged", acknowledged_by=by, acknowledged_at=milliseconds(now))

    def close(self, key: str, run: str, now: datetime) -> None:
        """Keep that it is over, and list it no more."""
        self._of(key, run, status="closed", closed_at=milliseconds(now), environment=None, callback=None)

    def _of(self, key: str, run: str, **values: str | int | None) -> None:
        """Set attributes of an incident if it still is this run's, and is not closed."""
        sets = ", ".join(f"#{name} = :{name}" for name, value in values.items() if value is not None)
        removes = ", ".join(f"#{name}" for name, value in values.items() if value is None)
        self._table.write(
            self._table.update(
                _pk(key),
                f"SET {sets}" + (f" REMOVE {removes}" if removes else ""),
                condition="#run = :run AND #status <> :over",
                reserved=dict.fromkeys((*values, "run", "status")),
                run=run,
                over="closed",
                **{name: value for name, value in values.items() if value is not None},
            )
        )

    def _change(self, key: str, now: datetime, change: Callable[[Incident], tuple[Incident, Values, A]]) -> A:
        """Read, change and write back an incident. Raises AwsError where others are in the way every time."""
        pk = _pk(key)
        for _ in range(ROUNDS):
            item = self._table.read(pk)
            found = _incident(item)
            changed, more, answer = change(found)
            if changed == found:
                return answer
            values = _values(changed) | more | {"expires_at": seconds(now + KEPT)}
            if self._table.write(self._table.change(pk, item, values)):
                return answer
        sentence = f"Others were writing about the incident {key!r} at the same moment, {ROUNDS} times out of {ROUNDS}."
        raise AwsError(redact(sentence), operation="dynamodb:UpdateItem", code=CONFLICT)


def _pk(key: str) -> str:
    return f"INCIDENT#{sha256(key.encode()).hexdigest()}"


def _incident(item: Item) -> Incident:
    """Return an incident; what cannot be understood of it counts as not there, so that people are told."""
    said = item.text("status")
    status: Standing = next((known for known in get_args(Standing) if known == said), "closed")
    return Incident(
        status=status,
        run=item.text("run"),
        opened_at=_instant(item, "opened_at"),
        paged_at=_instant(item, "paged_at"),
        page=item.text("page"),
        followed_until=_instant(item, "followed_until"),
        events=item.number("events"),
        answered=_list(item, "answered", tuple[Answered, ...]),
        healed=_list(item, "healed", tuple[Healing, ...]),
        told_at=_instant(item, "told_at"),
    )


def _values(incident: Incident) -> Values:
    return {
        "status": incident.status,
        "run": incident.run,
        "opened_at": _milliseconds(incident.opened_at),
        "paged_at": _milliseconds(incident.paged_at),
        "page": incident.page or None,
        "followed_until": _milliseconds(incident.followed_until),
        "events": incident.events,
        "answered": msgspec.json.encode(incident.answered).decode(),
        "healed": msgspec.json.encode(incident.healed).decode(),
        "told_at": _milliseconds(incident.told_at),
    }


def recovery_of(item: Item) -> Recovery:
    """Return what tells that an incident is over, as its item says; nothing tells where that cannot be understood."""
    try:
        return msgspec.json.decode(item.text("recovery") or "{}", type=Recovery)
    except msgspec.MsgspecError:
        return Recovery()


def _instant(item: Item, name: str) -> datetime | None:
    return item.instant(name) if item.number(name) else None


def _milliseconds(at: datetime | None) -> int | None:
    return milliseconds(at) if at is not None else None


def _list(item: Item, name: str, type_: type[A]) -> A:
    try:
        return msgspec.json.decode(item.text(name) or "[]", type=type_)
    except msgspec.MsgspecError:
        return msgspec.convert((), type_)
