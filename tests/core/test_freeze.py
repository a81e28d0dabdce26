"""Maintenance windows: UTC, half-open, eight hours at most, and right on every day from 2024 to 2040.

The oracle is the calendar as people print it: weeks in rows, and the second Tuesday is the second entry of its column.
"""

import calendar
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.freeze import LONGEST, WEEKDAYS, Freeze, Window, frozen
from tests.support.damage import steady

FIRST, LAST = date(2024, 1, 1), date(2040, 12, 31)
SECOND = timedelta(seconds=1)
PATCHES = Window(because="patches", on="tuesday", nth=2, at=time(2), minutes=120)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def printed(window: Window) -> list[tuple[datetime, datetime]]:
    """Return the windows of all years, read off the printed calendar of each month."""
    found = []
    for year in range(FIRST.year - 1, LAST.year + 1):
        for month in window.months:
            column = [week[WEEKDAYS.index(window.on)] for week in calendar.monthcalendar(year, month)]
            days = [day for day in column if day]
            if window.nth is not None:
                days = days[window.nth - 1 : window.nth]
            starts = [datetime(year, month, day, window.at.hour, window.at.minute, tzinfo=UTC) for day in days]
            found += [(start, start + window.minutes * 60 * SECOND) for start in starts]
    return sorted(found)


@pytest.mark.parametrize(
    "window",
    [
        PATCHES,
        Window(because="all night", on="saturday", at=time(23), minutes=480),
        Window(because="the fifth", on="monday", nth=5, at=time(0), minutes=1),
        Window(because="leap days too", on="thursday", nth=5, at=time(20, 30), minutes=300, months=(2,)),
        Window(because="over new year", on="wednesday", at=time(23, 59), minutes=2, months=(12, 1)),
        Window(because="the first", on="sunday", nth=1, at=time(16), minutes=480, months=(3, 10)),
    ],
    ids=lambda window: window.because,
)
def test_every_window_is_right_to_the_second_on_every_day_from_2024_to_2040(window: Window) -> None:
    known = printed(window)
    starts = [start for start, _ in known]
    wrong = []
    for n in range((LAST - FIRST).days + 1):
        start = datetime.combine(FIRST + timedelta(days=n), window.at, tzinfo=UTC)
        end = start + timedelta(minutes=window.minutes)
        for now in (start - SECOND, start, start + SECOND, end - SECOND, end, end + SECOND):
            which = bisect_right(starts, now) - 1
            expected = which >= 0 and now < known[which][1]
            freeze = frozen((window,), now)
            if (freeze is not None) != expected or (freeze and (freeze.starts, freeze.ends) != known[which]):
                wrong.append((now, freeze))
    assert wrong == []


@pytest.mark.parametrize(
    ("now", "on"),
    [
        ("2026-11-10T01:59:59.999999", False),
        ("2026-11-10T02:00:00", True),
        ("2026-11-10T03:59:59.999999", True),
        ("2026-11-10T04:00:00", False),
        ("2026-11-03T02:30:00", False),
        ("2026-11-17T02:30:00", False),
        ("2026-11-11T02:30:00", False),
        ("2026-12-08T02:30:00", True),
    ],
)
def test_the_second_tuesday_of_the_runbook_is_the_second_tuesday(now: str, on: bool) -> None:
    freeze = frozen((PATCHES,), at(now))
    assert (freeze is not None) is on
    if freeze:
        assert freeze.because == "patches"
        assert freeze.ends - freeze.starts == timedelta(hours=2)


def test_clocks_that_are_put_forward_and_back_do_not_matter() -> None:
    sunday = Window(because="dst", on="sunday", at=time(1), minutes=60)
    for day in ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"):
        assert frozen((sunday,), at(f"{day}T00:59:59")) is None
        assert frozen((sunday,), at(f"{day}T01:00:00")) is not None
        assert frozen((sunday,), at(f"{day}T02:00:00")) is None


@pytest.mark.parametrize("hours", [-11, 0, 5.5, 14])
def test_the_time_zone_in_which_now_is_told_does_not_matter(hours: float) -> None:
    night = Window(because="night", on="tuesday", at=time(22), minutes=240)
    zone = timezone(timedelta(hours=hours))
    for text in ("2026-11-10T21:59:59", "2026-11-10T22:00:00", "2026-11-11T01:59:59", "2026-11-11T02:00:00"):
        assert frozen((night,), at(text).astimezone(zone)) == frozen((night,), at(text))


def test_of_several_windows_the_one_that_ends_last_is_told() -> None:
    short = Window(because="short", on="tuesday", at=time(3), minutes=30)
    long = Window(because="long", on="monday", at=time(20), minutes=480)
    now = at("2026-11-10T03:10:00")
    for windows in ((short, long), (long, short)):
        freeze = frozen(windows, now)
        assert freeze is not None
        assert (freeze.because, freeze.ends) == ("long", at("2026-11-10T04:00:00"))
    assert frozen((), now) is None


def test_a_freeze_holds_its_start_and_not_its_end() -> None:
    freeze = Freeze(because="x", starts=at("2026-11-10T02:00:00"), ends=at("2026-11-10T03:00:00"))
    moments = ("01:59:59.999999", "02:00:00", "02:59:59.999999", "03:00:00")
    assert [freeze.holds(at(f"2026-11-10T{moment}")) for moment in moments] == [False, True, True, False]


WINDOW = {"because": "x", "on": "tuesday", "at": "02:00:00", "minutes": 120}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minutes", 0),
        ("minutes", 481),
        ("minutes", -5),
        ("nth", 0),
        ("nth", 6),
        ("months", [0]),
        ("months", [13]),
        ("on", "Tuesday"),
        ("on", "someday"),
        ("at", "24:00:00"),
        ("until", "tomorrow"),
    ],
)
def test_a_window_that_is_none_is_refused_where_the_configuration_is_read(field: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(WINDOW | {field: value}, Window)


@pytest.mark.parametrize(("field", "value"), [("minutes", 1), ("minutes", 480), ("nth", 5), ("months", [1, 12])])
def test_a_window_at_its_limits_is_one(field: str, value: Any) -> None:
    window = msgspec.convert(WINDOW | {field: value}, Window)
    assert timedelta(minutes=window.minutes) <= LONGEST


def test_a_window_is_every_week_of_every_month_if_nothing_else_is_said() -> None:
    window = msgspec.convert(WINDOW, Window)
    assert (window.nth, window.months) == (None, tuple(range(1, 13)))
    assert WEEKDAYS == ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@settings(steady, max_examples=300)
@given(
    st.sampled_from(WEEKDAYS),
    st.integers(0, 23),
    st.integers(1, 480),
    st.none() | st.integers(1, 5),
    st.timedeltas(timedelta(0), timedelta(days=17 * 365)),
)
def test_no_freeze_is_longer_than_eight_hours_and_each_holds_now(
    on: Any, hour: int, minutes: int, nth: int | None, since: timedelta
) -> None:
    now = at("2024-01-01") + since
    window = replace(PATCHES, on=on, at=time(hour), minutes=minutes, nth=nth)
    freeze = frozen((window,), now)
    days = [now.date(), now.date() - timedelta(days=1)]
    if freeze is not None:
        assert freeze.starts <= now < freeze.ends <= freeze.starts + LONGEST
        assert freeze.starts.date() in days
        assert WEEKDAYS[freeze.starts.weekday()] == on
        assert nth is None or nth * 7 - 7 < freeze.starts.day <= nth * 7
