"""T13: clocks that differ, and days that are strange."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from battery.grounds import GROUNDS
from battery.trial import Effort, Figure, Trial, exactly, none
from battery.trial import told as figure
from remediation.core.freeze import Window, frozen
from remediation.core.gates import LARGEST_AGE, LARGEST_SKEW
from tests.support.steps import NIGHT, InMemorySteps

OFFSETS = range(-600, 601, 30)
SECOND = timedelta(seconds=1)


def run(effort: Effort) -> Iterator[Figure]:
    """Try every offset with every runbook, and the windows of N years."""
    wrong, acted = list[str](), list[int]()
    for seconds in OFFSETS:
        offset = timedelta(seconds=seconds)
        for name, tried in GROUNDS.items():
            ground = tried.ground()
            ground.steps = InMemorySteps(now=NIGHT + offset)
            outcome = ground.carry(tried.event("alarm"))
            acted += [seconds] if outcome.acts else []
            if bool(outcome.acts) != (-LARGEST_SKEW <= offset <= LARGEST_AGE):
                wrong.append(f"{name}, {seconds} s: {outcome.status}, {outcome.gate}")
    edges, off = 0, list[str]()
    for year in range(2024, 2024 + effort.n):
        for each in _tuesdays(year):
            edges += 4
            off += list(_edges(each))
        effort.advance()
    yield exactly("clocks tried, in steps of 30 s", len(OFFSETS), 41)
    yield exactly("oldest and newest event that is acted on, in seconds", (max(acted), -min(acted)), (300, 120))
    yield none("clocks at which it acts and should not, or the other way round", len(wrong), tuple(wrong))
    yield figure("edges of windows, on every second Tuesday of a month", edges)
    yield none("edges that are a second off", len(off), tuple(off))


WINDOW = Window(because="maintenance", on="tuesday", nth=2, at=datetime(2024, 1, 1, 2, 0).time(), minutes=120)  # noqa: DTZ001 - a time of day


def _tuesdays(year: int) -> Iterator[datetime]:
    """Yield when the window begins, found by counting days and not by the rule that is tried."""
    for month in range(1, 13):
        days = [date(year, month, day) for day in range(1, 29)]
        second = [day for day in days if day.weekday() == 1][1]
        yield datetime(second.year, second.month, second.day, 2, tzinfo=UTC)


def _edges(start: datetime) -> Iterator[str]:
    end = start + timedelta(hours=2)
    for at, closed in ((start - SECOND, False), (start, True), (end - SECOND, True), (end, False)):
        if (frozen((WINDOW,), at) is not None) != closed:
            yield at.isoformat()


TRIAL = Trial(
    id="T13",
    title="clocks",
    unit="years",
    full=17,
    quick=2,
    run=run,
    shows="an event is acted on from 300 s old to 120 s ahead, and windows are half-open to the second, in leap years too",
    hides="clocks that jump during a run",
)
