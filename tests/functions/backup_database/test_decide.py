"""Every branch of the judgement of backup-database."""

from datetime import timedelta
from typing import Any

import pytest

from backup_database.decide import SAVE, decide
from backup_database.facts import Facts, Save
from remediation.atlas.facts import Cluster, Snapshot, SnapshotState
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Result, Verdict, Wait
from tests.functions.backup_database.worlds import MINUTE, NAME, SETTINGS
from tests.functions.fakes.atlas_service import PROJECT
from tests.support.pasted import typed
from tests.support.steps import NIGHT

OURS = "backup-database of this run"
ASKED = Save(id=NAME, description=OURS, days=7)


def cluster(**more: Any) -> Cluster:
    usual: dict[str, Any] = {
        "name": NAME,
        "state": "IDLE",
        "paused": False,
        "version": "8.0.13",
        "tier": "M10",
        "backups": True,
    }
    return Cluster(**usual | more)


def snapshot(state: SnapshotState = "completed", ago: timedelta = 5 * MINUTE, **more: Any) -> Snapshot:
    usual: dict[str, Any] = {"id": "65f1", "cluster": NAME, "on_demand": True, "size": 3 * 1024**2}
    usual["expires"] = NIGHT - ago + timedelta(days=7)
    return Snapshot(state=state, at=NIGHT - ago, **usual | more)


def judged(*snapshots: Snapshot, tried: tuple[Attempt[Save], ...] = (), **of_cluster: Any) -> Verdict[Save]:
    facts = Facts(environment="dev", project=PROJECT, name=NAME, cluster=cluster(**of_cluster), snapshots=snapshots)
    return decide(facts, SETTINGS, tried, NIGHT)


def attempt(result: Result = "done", ago: timedelta = MINUTE, receipt: str = "Atlas takes it.") -> Attempt[Save]:
    return Attempt(action=SAVE, target=ASKED, at=NIGHT - ago, result=result, receipt=receipt)


def test_an_idle_cluster_is_saved_and_the_days_that_it_is_kept_are_said() -> None:
    verdict = judged()
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target.id, verdict.target.days) == (SAVE, NAME, 7)
    assert verdict.because == f"A snapshot of {NAME} was asked for. Atlas keeps it for 7 days, until 2026-11-30."


def test_what_a_person_may_type_meanwhile_names_the_project() -> None:
    verdict = judged()
    assert isinstance(verdict, Act)
    assert f"atlas backups snapshots list {NAME} --projectId {PROJECT}" in typed(verdict.next_steps, PROJECT)


def test_two_runs_ask_for_snapshots_that_can_be_told_apart() -> None:
    facts = Facts(environment="dev", project=PROJECT, name=NAME, cluster=cluster())
    first, second = (decide(facts, SETTINGS, (), NIGHT + timedelta(microseconds=n)) for n in range(2))
    assert isinstance(first, Act)
    assert isinstance(second, Act)
    assert first.target.description != second.target.description


def test_a_cluster_that_is_not_there_is_said_with_its_project() -> None:
    verdict = decide(Facts(environment="dev", project=PROJECT, name=NAME), SETTINGS, (), NIGHT)
    assert isinstance(verdict, Escalate)
    assert verdict.because.startswith(f"There is no cluster {NAME} in the project {SETTINGS.project}")
    assert f"atlas clusters list --projectId {PROJECT}" in typed(verdict.next_steps, PROJECT)


@pytest.mark.parametrize(
    ("of_cluster", "why"),
    [
        ({"tier": "M0", "backups": False}, f"No backup exists: {NAME} is an M0 (free), and an M0 has none."),
        ({"tier": "FLEX"}, f"{NAME} is a Flex cluster: Atlas saves it once a day by itself"),
        ({"backups": False}, f"No backup exists: Cloud Backup of {NAME} (M10) is switched off."),
        ({"paused": True}, f"{NAME} is paused, and Atlas takes no snapshot of it"),
        ({"state": "DELETING"}, f"{NAME} is being deleted, and Atlas takes no snapshot of it."),
    ],
    ids=["an M0", "a Flex cluster", "backups are off", "it is paused", "it is being deleted"],
)
def test_where_none_can_be_taken_a_person_gets_the_reason_and_something_to_do(
    of_cluster: dict[str, Any], why: str
) -> None:
    verdict = judged(**of_cluster)
    assert isinstance(verdict, Escalate)
    assert verdict.because.startswith(why)
    assert verdict.next_steps
    typed(verdict.next_steps, PROJECT)


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "REPAIRING", "OTHER"])
def test_a_cluster_that_atlas_works_on_is_saved_later(state: str) -> None:
    verdict = judged(state=state)
    assert isinstance(verdict, Wait)
    assert f"is {state}" in verdict.because


@pytest.mark.parametrize("on_demand", [True, False])
@pytest.mark.parametrize("state", ["queued", "inProgress"])
def test_a_snapshot_that_is_being_taken_is_waited_for_whoever_takes_it(state: SnapshotState, on_demand: bool) -> None:
    verdict = judged(snapshot("completed", 29 * MINUTE), snapshot(state, on_demand=on_demand))
    assert isinstance(verdict, Wait)
    assert "is still being taken" in verdict.because


def test_a_snapshot_that_somebody_has_just_taken_is_as_good_as_another() -> None:
    verdict = judged(snapshot(ago=29 * MINUTE))
    assert isinstance(verdict, Nothing)
    assert isinstance(judged(snapshot(expires=NIGHT + timedelta(days=30))), Nothing)
    assert "It is younger than 30 min, so no second one is taken." in verdict.because


@pytest.mark.parametrize(
    "other",
    [
        snapshot(ago=30 * MINUTE),
        snapshot(on_demand=False),
        snapshot("failed"),
        snapshot(expires=NIGHT + timedelta(days=1)),
        snapshot(expires=None),
    ],
    ids=[
        "too old",
        "by the schedule, and kept as long as that says",
        "failed",
        "gone tomorrow",
        "gone nobody knows when",
    ],
)
def test_what_is_not_as_good_does_not_keep_it_from_taking_one(other: Snapshot) -> None:
    assert isinstance(judged(other), Act)


def test_what_was_refused_is_told_in_the_writers_words() -> None:
    verdict = judged(tried=(attempt("failed", receipt="Backups of it are switched off at Atlas."),))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"{NAME} could not be saved: Backups of it are switched off at Atlas."


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_what_was_asked_for_may_take_ten_minutes_to_show(result: Result) -> None:
    somebodys = snapshot(description="somebody's")
    assert isinstance(judged(somebodys, tried=(attempt(result, 9 * MINUTE),)), Wait)
    verdict = judged(somebodys, tried=(attempt(result, 10 * MINUTE),))
    assert isinstance(verdict, Escalate)
    assert "was asked for and is not there" in verdict.because


@pytest.mark.parametrize("state", ["queued", "inProgress"])
def test_ours_is_waited_for(state: SnapshotState) -> None:
    assert isinstance(judged(snapshot(state, description=OURS), tried=(attempt(),)), Wait)


def test_ours_is_a_backup_when_it_is_completed_and_its_size_and_end_are_said() -> None:
    mine = snapshot(description=OURS, expires=NIGHT + timedelta(days=7))
    verdict = judged(snapshot("failed", description="somebody's"), mine, tried=(attempt(),))
    assert isinstance(verdict, Nothing)
    assert verdict.because == (
        f"{NAME} is saved: the snapshot 65f1 of 2026-11-23 03:35 UTC is completed "
        "(3 MB, kept until 2026-11-30 03:40 UTC)."
    )


def test_ours_that_failed_is_no_backup() -> None:
    verdict = judged(snapshot("failed", description=OURS), tried=(attempt(),))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"The snapshot 65f1 of {NAME} failed: there is no backup of this moment."
