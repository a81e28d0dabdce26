"""Incidents: one page for many events, opened anew when nobody follows them up, and the same fix told of."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.incident import (
    GRACE,
    PAGE_EVERY,
    SAME_FIX,
    SAME_FIX_WITHIN,
    Incident,
    Raised,
    Recovery,
    healed,
    paged,
    raised,
)
from tests.support.steps import NIGHT

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("recovery", "blind", "about"),
    [
        (Recovery.of("dark-lamps"), False, "dark-lamps"),
        (Recovery.of(""), True, ""),
        (Recovery(alarms=("a", "b"), cause="mongodb"), False, "MongoDB"),
        (Recovery(cause="storm"), False, "the storm of alarms"),
    ],
)
def test_what_tells_that_it_is_over_has_a_name(recovery: Recovery, blind: bool, about: str) -> None:
    assert (recovery.blind, recovery.about) == (blind, about)


def opened(*, at: datetime = NIGHT, run: str = "run-1") -> Incident:
    return raised(Incident(), run, at)[0]


def test_the_first_event_opens_and_pages() -> None:
    incident, answer = raised(Incident(), "run-1", NIGHT)
    assert answer == Raised(page=True, opened=True, events=1)
    assert (incident.status, incident.run, incident.opened_at, incident.paged_at) == ("open", "run-1", NIGHT, NIGHT)


def test_every_further_event_is_counted_and_pages_nobody() -> None:
    incident = opened()
    for n in range(2, 6):
        incident, answer = raised(incident, f"run-{n}", NIGHT + MINUTE)
        assert answer == Raised(page=False, opened=False, events=n, due=NIGHT + PAGE_EVERY)
    assert incident.run == "run-1"


def test_a_run_that_asks_twice_is_answered_the_same_and_counted_once() -> None:
    incident, first = raised(Incident(), "run-1", NIGHT)
    again, second = raised(incident, "run-1", NIGHT + MINUTE)
    assert (again, second) == (incident, first)


def test_an_acknowledged_incident_pages_nobody() -> None:
    incident = replace(opened(), status="acknowledged", followed_until=NIGHT + 20 * MINUTE)
    assert raised(incident, "run-2", NIGHT + 16 * MINUTE)[1].page is False


def test_what_comes_back_after_it_was_over_is_a_new_incident() -> None:
    over = replace(opened(), status="closed")
    incident, answer = raised(over, "run-2", NIGHT + PAGE_EVERY)
    assert answer == Raised(page=True, opened=True, events=1)
    assert (incident.run, incident.opened_at) == ("run-2", NIGHT + PAGE_EVERY)


def test_what_comes_back_at_once_is_followed_up_but_the_page_waits() -> None:
    over = replace(opened(), status="closed")
    incident, answer = raised(over, "run-2", NIGHT + PAGE_EVERY - MINUTE)
    assert answer == Raised(page=False, opened=True, events=1, due=NIGHT + PAGE_EVERY)
    assert incident.paged_at == NIGHT, "it is the follow-up that pages, when it is due"


@pytest.mark.parametrize(("after", "anew"), [(GRACE - MINUTE, False), (GRACE, True)])
def test_an_incident_that_nobody_follows_up_any_more_is_opened_anew(after: timedelta, anew: bool) -> None:
    answer = raised(opened(), "run-2", NIGHT + after)[1]
    assert (answer.page, answer.opened) == (anew, anew)


def test_a_page_of_an_earlier_follow_up_is_none_of_the_next_one() -> None:
    granted = paged(opened(), "run-1", "page 1", NIGHT + PAGE_EVERY)
    reopened = raised(replace(granted, status="closed"), "run-2", NIGHT + PAGE_EVERY + MINUTE)[0]
    assert reopened.page == ""
    assert paged(reopened, "run-2", "page 1", NIGHT + PAGE_EVERY + 2 * MINUTE).page == ""


def test_a_run_whose_answer_is_forgotten_still_is_the_one_that_opened_it() -> None:
    incident = opened()
    for n in range(2, 60):
        incident = replace(raised(incident, f"run-{n}", NIGHT + MINUTE)[0], followed_until=NIGHT + 20 * MINUTE)
    again, answer = raised(incident, "run-1", NIGHT + 2 * MINUTE)
    assert (again, answer.page, answer.opened) == (incident, False, True)


def test_a_page_is_granted_when_the_last_one_is_old_enough() -> None:
    incident = opened()
    assert paged(incident, "run-1", "page 2", NIGHT + PAGE_EVERY - MINUTE) == incident
    granted = paged(incident, "run-1", "page 2", NIGHT + PAGE_EVERY)
    assert (granted.page, granted.paged_at) == ("page 2", NIGHT + PAGE_EVERY)


def test_a_page_that_was_granted_is_granted_again_and_does_not_count_twice() -> None:
    granted = paged(opened(), "run-1", "page 2", NIGHT + PAGE_EVERY)
    assert paged(granted, "run-1", "page 2", NIGHT + PAGE_EVERY + MINUTE) == granted


@pytest.mark.parametrize(
    "changed",
    [
        lambda incident: replace(incident, run="run-9"),
        lambda incident: replace(incident, status="closed"),
        lambda incident: replace(incident, status="acknowledged"),
    ],
    ids=["another follow-up took over", "it is over", "somebody is at it"],
)
def test_no_page_is_granted_where_it_is_not_wanted(changed: Callable[[Incident], Incident]) -> None:
    incident = changed(opened())
    assert paged(incident, "run-1", "page 2", NIGHT + PAGE_EVERY).page == "the run's"


@given(
    st.lists(
        st.tuples(st.sampled_from(["event", "page", "close", "silence"]), st.integers(0, 20)), min_size=1, max_size=60
    )
)
def test_whatever_happens_there_is_at_most_one_page_in_fifteen_minutes_and_every_event_is_counted(
    happenings: list[tuple[str, int]],
) -> None:
    incident, now, pages, counted, expected = Incident(), NIGHT, [], 0, 0
    for n, (what, minutes) in enumerate(happenings):
        now += minutes * MINUTE
        match what:
            case "event":
                incident, answer = raised(incident, f"run-{n}", now)
                expected = 1 if answer.opened else expected + 1
                counted = incident.events
                assert counted == expected
                if answer.page:
                    pages.append(now)
            case "page":
                after = paged(incident, incident.run, f"page {n}", now)
                if after.page == f"page {n}":
                    pages.append(now)
                incident = replace(after, followed_until=now + GRACE) if after.status != "closed" else after
            case "close":
                incident = replace(incident, status="closed")
            case _:
                pass
    assert all(later - earlier >= PAGE_EVERY for earlier, later in pairwise(pages))


def test_five_hundred_events_in_an_hour_are_one_page_of_the_runs() -> None:
    incident, pages = Incident(), 0
    for n in range(500):
        now = NIGHT + n * timedelta(seconds=7)
        incident, answer = raised(incident, f"run-{n}", now)
        incident = replace(incident, followed_until=now + GRACE)  # the follow-up is alive
        pages += answer.page
    assert (pages, incident.events) == (1, 500)


def after_healings(*hours: float) -> tuple[Incident, list[int]]:
    incident, told = Incident(), []
    for n, hour in enumerate(hours):
        incident, times = healed(incident, f"run-{n}", NIGHT + timedelta(hours=hour))
        told.append(times)
    return incident, told


def test_the_same_fix_is_told_of_the_third_time_in_a_week_and_then_not_again_for_a_week() -> None:
    assert after_healings(0, 24, 48, 72, 96)[1] == [0, 0, SAME_FIX, 0, 0]
    assert after_healings(0, 24, 48, 200, 216, 220)[1] == [0, 0, 3, 0, 0, 3]


def test_fixes_that_are_further_apart_are_nobodys_business() -> None:
    assert after_healings(0, 24, 24 * 7 + 1)[1] == [0, 0, 0]


def test_a_healing_that_is_counted_twice_counts_once_and_is_answered_the_same() -> None:
    incident, told = after_healings(0, 1, 2)
    assert told[-1] == SAME_FIX
    again, times = healed(incident, "run-2", NIGHT + timedelta(hours=2))
    assert (len(again.healed), times) == (SAME_FIX, SAME_FIX)


def test_what_was_healed_long_ago_is_forgotten() -> None:
    incident, _ = after_healings(0, 24 * 8)
    assert [each.run for each in incident.healed] == ["run-1"]
    assert timedelta(days=7) == SAME_FIX_WITHIN
