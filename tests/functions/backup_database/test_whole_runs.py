"""From the request to a snapshot that is completed: the real engine, the real writer, and a strict Atlas."""

from typing import Any

import pytest

from tests.functions.backup_database.worlds import MINUTE, NAME, Night
from tests.functions.fakes.atlas import PRIVATE


def test_a_snapshot_is_taken_once_and_waited_for_until_it_is_completed() -> None:
    night = Night()
    outcome = night.run()
    assert (outcome.status, night.written) == ("healed", ["takeSnapshots"]), outcome.text()
    (kept,) = night.world.snapshots[NAME]
    assert kept["id"] in outcome.because
    assert night.world.written[0].body["retentionInDays"] == 7
    assert len(night.steps.waited) > 4, "Atlas takes five minutes"


def test_without_apply_it_is_a_plan() -> None:
    night = Night()
    outcome = night.run({"cluster": NAME})
    assert (outcome.status, outcome.would, night.written) == ("observed", f"take-snapshot {NAME}", [])


def test_an_environment_that_observes_takes_none() -> None:
    night = Night(mode="observe")
    assert (night.run().status, night.written) == ("observed", [])


@pytest.mark.parametrize(
    ("tier", "more", "why"),
    [
        ("M0", {}, "an M0 has none"),
        ("FLEX", {}, "takes no snapshot on demand"),
        ("M10", {"backupEnabled": False}, "is switched off"),
        ("M10", {"paused": True}, "is paused"),
        ("", {}, "There is no cluster"),
    ],
)
def test_where_none_can_be_taken_nothing_is_asked_of_the_writer(tier: str, more: dict[str, Any], why: str) -> None:
    night = Night(tier, **more)
    outcome = night.run()
    assert (outcome.status, night.calls.of("Invoke")) == ("escalated", []), outcome.text()
    assert why in outcome.because


def test_somebodys_snapshot_that_is_being_taken_is_waited_for_and_no_second_one_is_taken() -> None:
    night = Night()
    night.world.snapshot(NAME, 2 * MINUTE, on_demand=True)
    outcome = night.run()
    assert (outcome.status, night.written) == ("nothing-to-do", []), outcome.text()
    assert "no second one is taken" in outcome.because


def test_after_a_snapshot_of_the_schedule_one_is_taken_all_the_same() -> None:
    night = Night()
    night.world.snapshot(NAME, 2 * MINUTE)
    assert (night.run().status, night.written) == ("healed", ["takeSnapshots"])


def test_a_cluster_that_atlas_works_on_is_left_alone_and_a_person_is_called_in_the_end() -> None:
    night = Night(stateName="UPDATING")
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", []), outcome.text()
    assert outcome.because.startswith(f"Time is up: {NAME} is UPDATING")


def test_a_snapshot_that_fails_at_atlas_is_said_to_be_none() -> None:
    night = Night()
    answer = night.writer.invoke

    def failing(**asked: Any) -> Any:
        told = answer(**asked)
        night.world.snapshots[NAME][0]["status"] = "failed"
        return told

    night.aws.patient.lambda_.invoke = failing
    outcome = night.run()
    assert outcome.status == "escalated", outcome.text()
    assert "there is no backup of this moment" in outcome.because


def test_what_atlas_refuses_is_told_in_its_words_and_is_not_tried_again() -> None:
    night = Night()
    night.world.refuses["takeSnapshots"] = (403, "USER_UNAUTHORIZED")
    outcome = night.run()
    assert (outcome.status, len(night.calls.of("Invoke"))) == ("escalated", 1), outcome.text()
    assert "USER_UNAUTHORIZED" in outcome.because


@pytest.mark.parametrize("moment", ["started", "after"])
def test_a_run_that_dies_at_its_call_takes_one_snapshot_at_most_and_says_what_is_true(moment: Any) -> None:
    night = Night()
    outcome = night.run(crash=("take-snapshot 1", moment))
    assert night.written == ["takeSnapshots"] * (moment == "after")
    assert outcome.status == ("healed" if moment == "after" else "escalated"), outcome.text()


def test_another_environments_cluster_is_not_its_business() -> None:
    outcome = Night().run({"cluster": "prod-starttech-cluster", "apply": True})
    assert (outcome.status, outcome.gate) == ("ignored", "scope")


def test_the_readers_secret_is_told_to_nobody() -> None:
    night = Night()
    night.world.refuses["listBackupSnapshots"] = (403, "USER_UNAUTHORIZED")
    told = night.run().text() + str(night.stage.ledger.runs)
    assert "USER_UNAUTHORIZED" in told
    assert PRIVATE not in told
