"""From the schedule to the outcome: the real engine, the real stores on moto, and a person who is asked where it is due."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from remediation.adapters.clients import Clients
from tests.functions.clear_stale_lock.locks import HOUR, ID, STATE, info
from tests.functions.clear_stale_lock.nights import CODEBUILD, START, Night
from tests.functions.clear_stale_lock.stores import MD5, stores
from tests.support.steps import Moment


@pytest.fixture
def night() -> Iterator[Night]:
    with stores(START, CODEBUILD) as made:
        yield Night(made)


def aged(night: Night, by: timedelta = 7 * HOUR) -> None:
    """Let the lock be seen once, and time pass."""
    night.run()
    night.stores.now += by


def test_a_lock_is_seen_first_and_cleared_when_it_is_old_and_its_holder_has_ended(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    first = night.run()
    assert first.status == "nothing-to-do"
    assert "seen for 0 s, and at least 60 min make it stale" in first.because
    night.stores.now += 2 * HOUR
    outcome = night.run()
    assert outcome.status == "healed"
    assert outcome.because.startswith("The lock of starttech is free: plan before you apply.")
    assert night.stores.held == (False, False)
    assert [(act.action, act.target, act.result) for act in outcome.acts] == [
        ("clear-lock", "0cfc0d6d-3745-d690-5f1d-24b6113c2c3d", "done")
    ]


def test_a_build_that_is_running_keeps_its_lock_for_ever(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended("IN_PROGRESS")
    for _ in range(4):
        aged(night, 24 * HOUR)
    outcome = night.run()
    assert (outcome.status, night.stores.held) == ("nothing-to-do", (True, False))
    assert "terraform:7 is running" in outcome.because


@pytest.mark.parametrize(("says", "status", "held"), [("approve", "healed", False), ("reject", "refused", True)])
def test_an_apply_is_cleared_only_if_a_person_says_so(night: Night, says: str, status: str, held: bool) -> None:
    night.stores.lock(info(Operation="OperationTypeApply"), item=True, file=False)
    night.ended()
    aged(night)
    outcome = night.run(says=says)
    assert (outcome.status, night.stores.held[0]) == (status, held), outcome.because
    (notice,) = night.stage.notifier.notices
    assert notice.kind == "approval-wanted"
    assert "may have left things half done" in notice.because


def test_nobody_who_answers_leaves_it(night: Night) -> None:
    night.stores.lock(info(Who="ada@laptop"), item=True, file=False)
    aged(night)
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.stores.held) == ("refused", "approval", (True, False))


def test_observing_and_planning_remove_nothing_and_say_what_they_would(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    aged(night)
    assert night.run({"lock": "starttech"}).would.startswith("clear-lock 0cfc0d6d")
    night.mode = "observe"
    assert night.run().status == "observed"
    assert night.stores.held == (True, False)


def test_what_cannot_be_read_calls_a_person(night: Night) -> None:
    night.stores.lock("{", item=True, file=False)
    outcome = night.run()
    assert (outcome.status, outcome.paged, night.stores.held) == ("escalated", True, (True, False))
    assert "says nothing that can be read" in outcome.because


def test_without_the_table_nothing_is_concluded(night: Night) -> None:
    night.stores.dynamodb.delete_table(TableName=STATE.table)
    assert night.run().status == "failed"


@pytest.mark.parametrize("moment", ["before", "started", "after"])
def test_a_process_that_dies_at_the_act_leaves_it_locked_or_free_and_the_next_run_finishes(
    night: Night, moment: Moment
) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    aged(night)
    outcome = night.run(crash=("clear-lock 1", moment))
    assert night.stores.held[0] == (outcome.status != "healed")
    night.stores.now += HOUR
    night.run()
    assert night.stores.held == (False, False)


def test_both_stores_are_cleared_where_s3_says_that_it_is_old(night: Night) -> None:
    night.stores.lock()
    night.ended()
    night.run()
    night.stores.now += 7 * HOUR
    night.settings = replace(CODEBUILD, stale_after=HOUR)
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.stores.held == (False, False)
    assert night.stores.objects == {STATE.key}, "the state stays"
    assert "plan before you apply" in outcome.because
    assert "Terraform expects" in outcome.because, "the state and its digest do not match here: that is told,"
    assert night.stores.items == {STATE.digest_id: MD5}, "and never repaired"
    assert isinstance(night.stores.aws, Clients)


def test_who_asks_for_a_lock_by_its_id_is_told_to_plan_once_it_is_cleared(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    aged(night)
    outcome = night.run({"lock": ID, "apply": True})
    assert (outcome.status, night.stores.held) == ("healed", (False, False))
    assert outcome.because.startswith("The lock of starttech is free: plan before you apply.")
    again = night.run({"lock": ID})
    assert again.because == "Nobody holds the lock of starttech."


def test_an_id_that_nobody_knows_is_about_no_lock(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    assert night.run({"lock": "11111111-2222-3333-4444-555555555555"}).because == (
        "No lock is configured that this is about."
    )


@pytest.mark.parametrize("kept", ["{", "[]", '{"id": 7}'])
def test_a_copy_that_cannot_be_understood_stops_nobody_from_looking(night: Night, kept: str) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    night.run()
    night.stores.aws.sightings.keep(f"lock/{STATE.lock_id}", kept)
    night.stores.now += 7 * HOUR
    assert (night.run().status, night.stores.held) == ("healed", (False, False))


def test_what_is_cleared_is_kept_word_for_word_whichever_store_it_was_in(night: Night) -> None:
    night.stores.lock(item=False, file=True)
    night.ended()
    aged(night)
    assert night.run(says="approve").status == "healed"
    kept = night.stores.aws.sightings.kept(f"lock/{STATE.lock_id}")
    assert json.loads(json.loads(kept)["content"])["ID"] == ID
