"""Keep SSM change calendars and tell their state. moto has neither their text format nor GetCalendarState.

A calendar is iCalendar text, as Systems Manager exports it: open but for its events (DEFAULT_OPEN), or closed but for them
(DEFAULT_CLOSED). Events are half-open, in UTC, and happen once; what the lab cannot read it refuses.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

from moto.core.responses import ActionResult
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from remedy.lab.world.commands import SsmError

KIND = "ChangeCalendar"
ICALENDAR = "%Y%m%dT%H%M%SZ"
ISO = "%Y-%m-%dT%H:%M:%SZ"


class Calendar(NamedTuple):
    """One change calendar."""

    usually_open: bool
    events: tuple[tuple[datetime, datetime], ...]

    def open_at(self, instant: datetime) -> bool:
        """Tell whether changes are allowed."""
        inside = any(start <= instant < end for start, end in self.events)
        return inside is not self.usually_open

    def next_change(self, instant: datetime) -> datetime | None:
        """Return when that changes."""
        edges = sorted(edge for edge in chain.from_iterable(self.events) if edge > instant)
        return next((edge for edge in edges if self.open_at(edge) is not self.open_at(instant)), None)


def install() -> None:
    """Take calendars from CreateDocument, and answer GetCalendarState."""
    calendars: dict[str, Calendar] = {}
    stock = SimpleSystemManagerBackend.create_document

    def create_document(backend: SimpleSystemManagerBackend, **request: Any) -> Any:  # noqa: ANN401
        if request["document_type"] == KIND:
            calendars[request["name"]] = parse(request["content"])
            schema = '{"schemaVersion": "2.2", "description": "A change calendar.", "mainSteps": []}'
            request = {**request, "content": schema, "document_type": "Command", "document_format": "JSON"}
        return stock(backend, **request)

    def get_calendar_state(response: SimpleSystemManagerResponse) -> ActionResult:
        at = response._get_param("AtTime")
        instant = datetime.fromisoformat(at) if at else datetime.now(UTC)
        asked = [_known(calendars, name) for name in response._get_param("CalendarNames", [])]
        state = "OPEN" if all(each.open_at(instant) for each in asked) else "CLOSED"
        changes = [change for each in asked if (change := each.next_change(instant))]
        later = {"NextTransitionTime": min(changes).strftime(ISO)} if changes else {}
        return ActionResult({"State": state, "AtTime": instant.strftime(ISO), **later})

    SimpleSystemManagerBackend.create_document = create_document  # type: ignore[assignment, method-assign]
    SimpleSystemManagerResponse.get_calendar_state = get_calendar_state  # type: ignore[attr-defined]


def parse(content: str) -> Calendar:
    """Read a calendar. Raises SsmError for what the lab does not understand."""
    lines = [line.strip() for line in content.splitlines()]
    if "BEGIN:VCALENDAR" not in lines or any(line.startswith("RRULE") for line in lines):
        raise SsmError("InvalidDocumentContent", "The lab reads iCalendar with events that happen once.")
    starts, ends = _instants(lines, "DTSTART"), _instants(lines, "DTEND")
    return Calendar("X-CALENDAR-TYPE:DEFAULT_CLOSED" not in lines, tuple(zip(starts, ends, strict=True)))


def _instants(lines: Iterable[str], key: str) -> list[datetime]:
    found = [match[1] for line in lines if (match := re.fullmatch(rf"{key}:(\d{{8}}T\d{{6}}Z)", line))]
    return [datetime.strptime(text, ICALENDAR).replace(tzinfo=UTC) for text in found]


def _known(calendars: dict[str, Calendar], name: str) -> Calendar:
    short = name.rsplit("/", 1)[-1]
    if short not in calendars:
        raise SsmError("InvalidDocument", f"Document with name {short} does not exist.")
    return calendars[short]
