"""Records fit into an item, and are listed and read back."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from remediation.adapters.clients import Clients
from remediation.adapters.history import History
from remediation.adapters.ledger import DynamoLedger
from remediation.core.outcome import Entry
from remediation.core.record import RunRecord, bounded_outcome, bounded_timeline
from tests.adapters.conftest import TABLE
from tests.adapters.ledger_of import RUNBOOK, close, later, outcome, receive
from tests.support.steps import NIGHT


def size(value: object) -> int:
    return len(msgspec.json.encode(value))


def looked(facts: object, text: str = "Looked.") -> Entry:
    return Entry(at=NIGHT, kind="facts", text=text, facts=facts)


def test_a_timeline_that_fits_is_kept_as_it_is() -> None:
    timeline = (looked({"a": 1}), looked({"a": 2}))
    assert bounded_timeline(timeline) == timeline


def test_the_oldest_facts_go_first_and_no_sentence_goes_with_them() -> None:
    timeline = tuple(looked("x" * 1_000, f"Look {n}.") for n in range(10))
    bounded = bounded_timeline(timeline, 4_000)
    assert [entry.text for entry in bounded] == [entry.text for entry in timeline]
    kept = [entry.facts is not None for entry in bounded]
    assert kept == sorted(kept)
    assert any(kept)
    assert not all(kept)


def test_of_a_timeline_that_is_all_sentences_the_beginning_and_the_end_are_kept() -> None:
    timeline = tuple(looked(None, f"Look {n}.") for n in range(1_000))
    bounded = bounded_timeline(timeline, 4_000)
    assert bounded[0] == timeline[0]
    assert bounded[-1] == timeline[-1]
    assert any("lines are left out" in entry.text for entry in bounded)


@given(st.lists(st.builds(looked, st.none() | st.text(max_size=300), st.text(max_size=100)), max_size=60).map(tuple))
def test_a_bounded_timeline_fits(timeline: tuple[Entry, ...]) -> None:
    assert size(bounded_timeline(timeline, 3_000)) <= 3_200, "the limit, and the line that says what is left out"


@given(st.lists(st.text(max_size=3_000), max_size=20).map(tuple))
def test_a_bounded_outcome_fits_and_still_says_what_and_why(lines: tuple[str, ...]) -> None:
    told = outcome("first", "escalated", evidence=lines, next_steps=lines)
    bounded = bounded_outcome(told, 5_000)
    assert size(bounded) <= 5_000
    assert (bounded.run, bounded.status, bounded.because) == (told.run, told.status, told.because)


def test_a_small_outcome_is_kept_as_it_is() -> None:
    assert bounded_outcome(outcome("first")) == outcome("first")


# --------------------------------------------------------------------------------------------------------- history


def test_runs_are_listed_the_newest_first_since_a_time_and_up_to_a_number(ledger: DynamoLedger, aws: Clients) -> None:
    for n in range(5):
        receive(ledger, f"run-{n}", f"event {n}", now=later(n))
    history = History(aws, TABLE)
    assert [run.run for run in history.runs("dev", since=later(1), limit=10)] == ["run-4", "run-3", "run-2", "run-1"]
    assert [run.run for run in history.runs("dev", since=later(1), limit=2)] == ["run-4", "run-3"]
    assert history.runs("prod", since=later(0), limit=10) == []


def test_a_listed_run_says_what_became_of_it(ledger: DynamoLedger, aws: Clients) -> None:
    close(ledger, "first", None)
    assert History(aws, TABLE).runs("dev", since=NIGHT, limit=10) == [
        RunRecord(
            run="first",
            runbook=RUNBOOK,
            environment="dev",
            trigger="alarm dark-lamps (OK -> ALARM)",
            started_at=NIGHT,
            ended_at=later(200),
            status="healed",
            because="Every lamp is lit.",
        )
    ]


def test_a_run_that_is_not_on_record_is_none(aws: Clients, table: str) -> None:
    assert History(aws, table).run("unheard-of") is None
