"""A runbook's circuit: three bad runs in a row open it; a person closes it, or one trial that heals."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.circuit import Circuit, Result, begun, ended, opened, refuses, trial
from remediation.core.limits import Breaker
from tests.support.damage import steady
from tests.support.steps import NIGHT

HOUR, MOMENT = timedelta(hours=1), timedelta(milliseconds=1)
DEV, PROD = Breaker(trial_after=HOUR), Breaker()
LEASE = timedelta(minutes=15)
OPEN = Circuit(open=True, failures=3, because="it does not help", opened_at=NIGHT)
TRYING = replace(OPEN, trial="run-4", trial_until=NIGHT + HOUR + LEASE)


def after(results: str, breaker: Breaker = DEV) -> Circuit:
    """Return what runs that ended so (g, b, n) leave behind, one a minute."""
    circuit = Circuit()
    told: dict[str, Result] = {"g": "good", "b": "bad", "n": "neutral"}
    for n, result in enumerate(results, 1):
        circuit = ended(circuit, f"run-{n}", told[result], breaker, NIGHT + n * timedelta(minutes=1))
    return circuit


@pytest.mark.parametrize(
    ("results", "failures", "is_open"),
    [
        ("", 0, False),
        ("b", 1, False),
        ("bb", 2, False),
        ("bbb", 3, True),
        ("bgbb", 2, False),
        ("bbgb", 1, False),
        ("bbg", 0, False),
        ("bnbnb", 3, True),
        ("nnnn", 0, False),
        ("gggg", 0, False),
        ("bbbb", 4, True),
        ("bbbg", 3, True),
        ("bbbn", 3, True),
    ],
)
def test_three_bad_runs_in_a_row_open_it_a_good_one_resets_and_the_others_say_nothing(
    results: str, failures: int, is_open: bool
) -> None:
    circuit = after(results)
    assert (circuit.failures, circuit.open) == (failures, is_open)


def test_an_open_circuit_says_since_when_and_because_of_what() -> None:
    assert after("bbb") == Circuit(
        open=True,
        failures=3,
        because="3 runs in a row did not heal, the last one was run-3",
        opened_at=NIGHT + timedelta(minutes=3),
    )


@pytest.mark.parametrize("failures", [1, 2, 5])
def test_how_many_is_the_environments_to_say(failures: int) -> None:
    breaker = Breaker(failures=failures)
    assert not after("b" * (failures - 1), breaker).open
    assert after("b" * failures, breaker).open


@pytest.mark.parametrize("result", ["good", "neutral"])
def test_a_run_that_began_before_does_not_close_what_opened_meanwhile(result: Result) -> None:
    assert ended(TRYING, "run-3", result, DEV, NIGHT) == TRYING
    assert ended(OPEN, "run-3", result, DEV, NIGHT) == OPEN


def test_a_run_that_began_before_and_was_bad_is_counted_and_leaves_the_trial_its_turn() -> None:
    assert ended(TRYING, "run-3", "bad", DEV, NIGHT + HOUR) == replace(TRYING, failures=4)


# ------------------------------------------------------------------------------------------------------------ refusing


@pytest.mark.parametrize(
    ("circuit", "breaker", "now", "because"),
    [
        (Circuit(failures=2), DEV, NIGHT, ""),
        (OPEN, DEV, NIGHT + HOUR, ""),
        (
            OPEN,
            DEV,
            NIGHT + HOUR - MOMENT,
            "The circuit is open since 2026-11-23 03:40:00 UTC (it does not help); one run may try from 04:40:00 UTC on.",
        ),
        (
            OPEN,
            PROD,
            NIGHT + 99 * HOUR,
            "The circuit is open since 2026-11-23 03:40:00 UTC (it does not help); a person closes it (remedy circuit close).",
        ),
        (
            TRYING,
            DEV,
            NIGHT + HOUR,
            "The circuit is open since 2026-11-23 03:40:00 UTC (it does not help); run run-4 is its trial.",
        ),
        (
            Circuit(open=True),
            DEV,
            NIGHT + 99 * HOUR,
            "The circuit is open (no reason is known); a person closes it (remedy circuit close).",
        ),
    ],
)
def test_an_open_circuit_says_why_it_is_and_how_it_closes(
    circuit: Circuit, breaker: Breaker, now: datetime, because: str
) -> None:
    assert refuses(circuit, "run-5", breaker, now) == because


@pytest.mark.parametrize("now", [NIGHT, NIGHT + 99 * HOUR])
def test_the_trial_may_go_on_as_long_as_it_is_the_trial(now: datetime) -> None:
    assert refuses(TRYING, "run-4", DEV, now) == ""


# ------------------------------------------------------------------------------------------------------------- trials


@pytest.mark.parametrize(
    ("circuit", "breaker", "now", "tries"),
    [
        (OPEN, DEV, NIGHT + HOUR - MOMENT, False),
        (OPEN, DEV, NIGHT + HOUR, True),
        (OPEN, PROD, NIGHT + 999 * HOUR, False),
        (replace(OPEN, open=False), DEV, NIGHT + HOUR, False),
        (replace(OPEN, opened_at=None), DEV, NIGHT + HOUR, False),
        (TRYING, DEV, NIGHT + HOUR + LEASE - MOMENT, False),
        (TRYING, DEV, NIGHT + HOUR + LEASE, True),
        (replace(TRYING, trial_until=None), DEV, NIGHT + HOUR, True),
    ],
)
def test_a_run_tries_an_hour_after_it_opened_if_none_does_and_a_trial_that_died_is_over_with_its_lease(
    circuit: Circuit, breaker: Breaker, now: datetime, tries: bool
) -> None:
    assert trial(circuit, breaker, now) is tries
    begins = begun(circuit, "run-5", breaker, now + LEASE, now)
    assert begins == (replace(circuit, trial="run-5", trial_until=now + LEASE) if tries else circuit)


def test_a_trial_that_asks_again_keeps_its_time() -> None:
    now = NIGHT + HOUR + LEASE
    assert begun(TRYING, "run-4", DEV, now + LEASE, now) == TRYING


def test_a_trial_that_heals_closes_it_and_forgets_the_failures() -> None:
    now = NIGHT + HOUR + timedelta(minutes=5)
    assert ended(TRYING, "run-4", "good", DEV, now) == Circuit(closed_at=now)


def test_a_trial_that_does_not_heal_opens_it_for_another_hour() -> None:
    now = NIGHT + HOUR + timedelta(minutes=5)
    circuit = ended(TRYING, "run-4", "bad", DEV, now)
    assert circuit == Circuit(open=True, failures=4, because="its trial, run run-4, did not heal", opened_at=now)
    assert not trial(circuit, DEV, now + HOUR - MOMENT)
    assert trial(circuit, DEV, now + HOUR)


def test_a_trial_that_says_nothing_gives_the_turn_to_the_next() -> None:
    circuit = ended(TRYING, "run-4", "neutral", DEV, NIGHT + HOUR)
    assert circuit == OPEN
    assert trial(circuit, DEV, NIGHT + HOUR)


def test_a_trial_of_a_circuit_that_a_person_closed_meanwhile_is_a_run_like_others() -> None:
    closed = Circuit(failures=1, closed_at=NIGHT, trial="run-4", trial_until=NIGHT + LEASE)
    assert ended(closed, "run-4", "neutral", DEV, NIGHT) == closed
    assert ended(closed, "run-4", "good", DEV, NIGHT + HOUR) == Circuit(closed_at=NIGHT)
    bad = ended(closed, "run-4", "bad", DEV, NIGHT + HOUR)
    assert (bad.failures, bad.open) == (2, False)


def test_when_it_was_closed_last_is_remembered_while_all_is_well() -> None:
    closed = Circuit(failures=2, closed_at=NIGHT)
    assert ended(closed, "run-9", "good", DEV, NIGHT + HOUR) == Circuit(closed_at=NIGHT)
    assert opened(closed, "why", NIGHT + HOUR).closed_at == NIGHT


def test_what_opens_by_hand_or_by_flaps_takes_the_turn_from_a_trial() -> None:
    again = opened(TRYING, "Ada says so", NIGHT + HOUR)
    assert again == replace(OPEN, because="Ada says so", opened_at=NIGHT + HOUR)


@settings(steady, max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.timedeltas(timedelta(0), 2 * HOUR), st.integers(1, 5), st.sampled_from(["ask", "good", "bad", "neutral"])
        ),
        max_size=60,
    )
)
def test_whatever_happens_one_trial_at_a_time_acts_and_only_once_an_hour(
    happens: list[tuple[timedelta, int, str]],
) -> None:
    circuit, now, trials = opened(Circuit(), "it is tried out", NIGHT), NIGHT, []
    result: Result
    for passed, n, what in happens:
        now, run = now + passed, f"run-{n}"
        if what == "ask":
            before = circuit
            if not refuses(circuit, run, DEV, now):
                circuit = begun(circuit, run, DEV, now + LEASE, now)
                assert not circuit.open or circuit.trial == run
            if circuit.trial != before.trial:
                assert before.opened_at is not None
                assert now - before.opened_at >= HOUR
                assert before.trial_until is None or before.trial_until <= now
                trials.append(run)
            continue
        result = "good" if what == "good" else "bad" if what == "bad" else "neutral"
        was_open, was_trial = circuit.open, circuit.trial == run
        circuit = ended(circuit, run, result, DEV, now)
        if was_open and not circuit.open:
            assert was_trial
            assert result == "good", "only a trial that heals closes it"
        assert refuses(circuit, "somebody", PROD, now) or not circuit.open
