"""Runs that have no outcome though their time is up."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from remediation.core.outcome import Done, Entry, Status
from remediation.core.overdue import (
    EXECUTIONS,
    LATE,
    OPEN,
    UNKNOWN_LIMIT,
    Execution,
    closing,
    last_entry,
    overdue,
    result_of,
)
from remediation.core.record import RunRecord
from remediation.core.sweep import RunSeen, Swept
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

LIMIT = timedelta(minutes=15)
LAMPS = Swept(
    runbook="light-the-lamps", team="application", mode="act", alarms=(), limit=LIMIT, cooldown=timedelta(minutes=15)
)
RUN = RunSeen(run="run-1", runbook=LAMPS.runbook, alarm="dev-dark-lamps", started_at=NIGHT)
RECORD = RunRecord(
    run="run-1",
    runbook=LAMPS.runbook,
    environment="dev",
    trigger="alarm dev-dark-lamps (OK -> ALARM)",
    started_at=NIGHT,
    timeline=(Entry(at=NIGHT, kind="act", text="tap lamp-1: done."),),
)
NOW = NIGHT + timedelta(hours=1)


@pytest.mark.parametrize(("after", "late"), [(LIMIT, False), (LIMIT + LATE, True)])
def test_a_run_is_overdue_when_its_limit_and_a_moment_to_close_are_over(after: timedelta, late: bool) -> None:
    assert bool(overdue([RUN], [LAMPS], NIGHT + after)) == late


def test_a_run_with_an_outcome_is_never_overdue() -> None:
    assert overdue([replace(RUN, status="healed")], [LAMPS], NIGHT + timedelta(days=3)) == ()


def test_a_run_of_a_runbook_that_is_gone_is_overdue_after_half_a_day() -> None:
    assert overdue([RUN], [], NIGHT + UNKNOWN_LIMIT) == ()
    assert overdue([RUN], [], NIGHT + UNKNOWN_LIMIT + LATE) == (RUN,)


def test_the_oldest_comes_first() -> None:
    younger = replace(RUN, run="run-2", started_at=NIGHT + timedelta(minutes=1))
    assert overdue([younger, RUN], [LAMPS], NOW) == (RUN, younger)


@pytest.mark.parametrize("execution", sorted(set(EXECUTIONS) - OPEN))
def test_a_run_that_is_over_is_closed_as_failed_for_everybody_to_know(execution: Execution) -> None:
    outcome = closing(RECORD, execution, alarm="dev-dark-lamps", swept=LAMPS, place=PLACE, now=NOW)
    assert (outcome.status, outcome.paged, outcome.severity) == ("failed", True, "critical")
    assert outcome.team == "application"
    assert outcome.incident == "dev|light-the-lamps|dev-dark-lamps", "the same as the run itself would have named"
    assert outcome.because.startswith("The run ended without an outcome.")
    assert outcome.evidence == ("The last that it recorded, at 03:40:00 UTC: tap lamp-1: done.",)
    assert "remedy show run-1 --env dev" in outcome.next_steps[0]
    assert last_entry(outcome).text == f"failed: {outcome.because}"


def test_a_run_of_no_alarm_and_no_runbook_that_is_deployed_is_infrastructures() -> None:
    bare = replace(RECORD, timeline=())
    outcome = closing(bare, "UNKNOWN", alarm="", swept=None, place=PLACE, now=NOW)
    assert (outcome.team, outcome.incident, outcome.evidence) == ("infrastructure", "dev|light-the-lamps", ())


@pytest.mark.parametrize(
    ("status", "acted", "result"),
    [
        ("healed", True, "good"),
        ("not-healed", True, "bad"),
        ("failed", False, "bad"),
        ("escalated", True, "bad"),
        ("escalated", False, "neutral"),
        ("refused", True, "neutral"),
    ],
)
def test_what_a_run_says_about_its_runbook_is_what_the_engine_would_have_counted(
    status: Status, result: str, *, acted: bool
) -> None:
    done = Done(action="tap", target="lamp-1", at=NIGHT, result="done", receipt="200")
    outcome = closing(RECORD, "FAILED", alarm="", swept=LAMPS, place=PLACE, now=NOW)
    assert result_of(replace(outcome, status=status, acts=(done,) if acted else ())) == result


def test_each_way_to_end_is_told_apart() -> None:
    told = {
        closing(RECORD, execution, alarm="", swept=LAMPS, place=PLACE, now=NOW).because
        for execution in set(EXECUTIONS) - OPEN
    }
    assert len(told) == len(EXECUTIONS) - len(OPEN)
