"""When nothing may be changed: the maintenance windows of an environment, and freezes that a person set.

The rule of the domain (HAZARDS.md, 1.11): all times are UTC, a window holds its start and not its end, and no window is
longer than eight hours, so that one that somebody forgot cannot hide an outage for ever. What cannot be read counts as
frozen; that is decided where it is read.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = timedelta(hours=8)


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A window that comes again: on a weekday, or on the nth of that weekday in some or all months."""

    because: str
    on: Weekday
    at: time
    """UTC, without a time zone of its own."""
    minutes: Annotated[int, Meta(ge=1, le=480)]
    nth: Annotated[int, Meta(ge=1, le=5)] | None = None
    months: tuple[Annotated[int, Meta(ge=1, le=12)], ...] = tuple(range(1, 13))


class Freeze(Struct, frozen=True, kw_only=True):
    """A stretch of time in which nothing is changed; it holds its start and not its end."""

    because: str
    starts: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        """Tell whether it is on."""
        return self.starts <= now < self.ends


def frozen(calendar: tuple[Window, ...], now: datetime) -> Freeze | None:
    """Return the freeze of a calendar that is on, the one that ends last if there are several."""
    today = now.astimezone(UTC).date()
    days = (today - timedelta(days=1), today)  # a window of at most eight hours began yesterday at the earliest
    on = [freeze for window in calendar for day in days if (freeze := _on(window, day)) and freeze.holds(now)]
    return max(on, key=lambda freeze: freeze.ends, default=None)


def _on(window: Window, day: date) -> Freeze | None:
    nth = (day.day - 1) // 7 + 1
    if WEEKDAYS[day.weekday()] != window.on or day.month not in window.months or window.nth not in {None, nth}:
        return None
    starts = datetime.combine(day, window.at, tzinfo=UTC)
    return Freeze(because=window.because, starts=starts, ends=starts + timedelta(minutes=window.minutes))
