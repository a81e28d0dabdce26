"""Every branch of the judgement of restore-database."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.atlas.facts import Cluster, Origin, Restore, Snapshot, SnapshotState
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Result, Verdict, Wait
from restore_database.decide import CREATE, REFILL, decide
from restore_database.facts import Counted, Counts, Facts, New, Uncounted
from tests.functions.restore_database.worlds import HOST, HOUR, LIVE, NAME, NEW, NEW_HOST, RESTORED, SETTINGS
from tests.support.pasted import typed
from tests.support.steps import NIGHT

SNAPSHOT, MINUTE = "65f1c0ffee0123456789abcd", timedelta(minutes=1)
TARGET = New(id=NEW, like=NAME, snapshot=SNAPSHOT)
FINISHED = Restore(id="job-1", snapshot=SNAPSHOT, target=NEW, finished=True)
GOING_ON = Restore(id="job-1", snapshot=SNAPSHOT, target=NEW)
FAILED = Restore(id="job-0", snapshot=SNAPSHOT, target=NEW, failed=True)
OURS = Origin(at=NIGHT - 10 * MINUTE, made_for=NAME)


def cluster(name: str = NAME, **more: Any) -> Cluster:
    usual: dict[str, Any] = {"state": "IDLE", "paused": False, "version": "8.0.13", "tier": "M10", "backups": True}
    return Cluster(name=name, host=f"{name}.ab1cd.mongodb.net", **usual | {"provider": "AWS", "region": "X"} | more)


def saved(state: SnapshotState = "completed", **more: Any) -> Snapshot:
    return Snapshot(id=SNAPSHOT, cluster=NAME, state=state, on_demand=False, at=NIGHT - HOUR, size=1024**2, **more)


def judged(*tried: Attempt[New], **facts: Any) -> Verdict[New]:
    usual: dict[str, Any] = {
        "environment": "dev",
        "project": SETTINGS.project,
        "name": NAME,
        "new_name": NEW,
        "source": cluster(),
        "snapshot": saved(),
    }
    return decide(Facts(**usual | facts), SETTINGS, tried, NIGHT)


def there(*tried: Attempt[New], **facts: Any) -> Verdict[New]:
    """Judge where the new cluster is there, ours and idle."""
    return judged(*tried, **{"new": cluster(NEW), "origin": OURS} | facts)


def attempt(
    action: str = CREATE, result: Result = "done", ago: timedelta = 10 * MINUTE, receipt: str = "So it is."
) -> Attempt[New]:
    return Attempt(action=action, target=TARGET, at=NIGHT - ago, result=result, receipt=receipt)


# ------------------------------------------------------------------------------------------------ before it is made


def test_the_new_cluster_is_made_only_if_two_people_agree_who_are_told_the_price_and_what_is_lost() -> None:
    verdict = judged()
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target.id, verdict.target.like, verdict.target.snapshot) == (
        CREATE,
        NEW,
        NAME,
        SNAPSHOT,
    )
    assert verdict.approval is not None
    assert verdict.approval.people == 2
    assert "what was written after 2026-11-23 02:40 UTC is not in it" in verdict.approval.because
    assert f"It costs what {NAME} costs" in verdict.approval.because


def test_a_cluster_that_is_gone_takes_its_snapshots_with_it() -> None:
    verdict = judged(source=None)
    assert isinstance(verdict, Escalate)
    assert verdict.because.startswith(f"There is no cluster {NAME} in the project {SETTINGS.project}")
    assert f"atlas clusters list --projectId {SETTINGS.project}" in typed(verdict.next_steps, SETTINGS.project)


@pytest.mark.parametrize(
    ("of_source", "why"),
    [
        ({"tier": "M0", "backups": False}, f"No backup exists: {NAME} is an M0 (free), and an M0 has none."),
        ({"tier": "FLEX"}, "its snapshots go to Flex clusters only"),
        ({"backups": False}, f"No backup exists: Cloud Backup of {NAME} (M10) is switched off."),
        ({"state": "DELETING"}, f"{NAME} is being deleted, and its snapshots go with it unless"),
    ],
    ids=["an M0", "a Flex cluster", "backups are off", "it is being deleted"],
)
def test_where_there_is_nothing_to_restore_for_sure_a_person_gets_the_reason_and_something_to_do(
    of_source: dict[str, Any], why: str
) -> None:
    verdict = judged(source=cluster(**of_source))
    assert isinstance(verdict, Escalate)
    assert why in verdict.because
    assert typed(verdict.next_steps, SETTINGS.project)


@pytest.mark.parametrize("tried", [(), (attempt(),)], ids=["of another run", "of this run"])
def test_nothing_is_filled_from_a_cluster_that_is_being_deleted_and_what_goes_on_is_waited_for(
    tried: tuple[Attempt[New], ...],
) -> None:
    deleting = cluster(state="DELETING")
    verdict = there(*tried, source=deleting)
    assert isinstance(verdict, Escalate)
    assert "no restore is begun that may end half-way" in verdict.because
    assert isinstance(there(*tried, source=deleting, jobs=(GOING_ON,)), Wait)


def test_what_a_person_types_afterwards_names_the_project_and_the_cluster_that_may_be_deleted() -> None:
    verdict = there(attempt(), jobs=(FINISHED,), restored=RESTORED, live=LIVE)
    assert isinstance(verdict, Nothing)
    project = SETTINGS.project
    commands = typed(verdict.next_steps, project)
    assert commands[1:] == [
        f"terraform import mongodbatlas_advanced_cluster.restored {project}-{NEW}",
        f"atlas clusters update {NEW} --disableTerminationProtection --projectId {project}",
        f"atlas clusters delete {NEW} --projectId {project}",
    ]
    assert f'"mongodb+srv://{NEW_HOST}/"' in commands[0]


@pytest.mark.parametrize(("asked", "why"), [("", "no completed snapshot of"), (SNAPSHOT, f"no snapshot {SNAPSHOT} of")])
def test_without_a_snapshot_there_is_nothing_to_restore(asked: str, why: str) -> None:
    verdict = judged(snapshot=None, asked=asked)
    assert isinstance(verdict, Escalate)
    assert why in verdict.because


@pytest.mark.parametrize("state", ["queued", "inProgress"])
def test_a_snapshot_that_is_being_taken_is_waited_for(state: SnapshotState) -> None:
    assert isinstance(judged(snapshot=saved(state)), Wait)


def test_a_snapshot_that_failed_is_good_for_nothing() -> None:
    verdict = judged(snapshot=saved("failed"))
    assert isinstance(verdict, Escalate)
    assert "It is good for no restore." in verdict.because


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_a_cluster_that_was_asked_for_may_take_ten_minutes_to_show(result: Result) -> None:
    assert isinstance(judged(attempt(result=result, ago=9 * MINUTE)), Wait)
    verdict = judged(attempt(result=result))
    assert isinstance(verdict, Escalate)
    assert f"{NEW} was asked for and is not there." in verdict.because


def test_what_the_writer_refuses_to_make_is_told_in_its_words() -> None:
    verdict = judged(attempt(result="failed", ago=MINUTE, receipt="The key's role is too small."))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"{NEW} could not be made: The key's role is too small."


# ------------------------------------------------------------------------------------------------ whose it is


@pytest.mark.parametrize(
    "origin",
    [None, Origin(at=NIGHT), Origin(at=NIGHT, made_for="another-cluster")],
    ids=["nobody knows", "somebody's own", "made for another cluster"],
)
@pytest.mark.parametrize("tried", [(), (attempt(result="failed"),)], ids=["at first", "taken meanwhile"])
def test_a_cluster_that_was_not_made_here_for_this_is_never_written_over(
    origin: Origin | None, tried: tuple[Attempt[New], ...]
) -> None:
    verdict = there(*tried, origin=origin, jobs=(FINISHED,))
    assert isinstance(verdict, Escalate)
    assert "it is not written over" in verdict.because


@pytest.mark.parametrize("more", [{"paused": True}, {"state": "DELETING"}, {"state": "OTHER"}])
def test_a_new_cluster_that_somebody_else_is_at_is_left_alone(more: dict[str, Any]) -> None:
    verdict = there(attempt(), new=cluster(NEW, **more))
    assert isinstance(verdict, Escalate)
    assert "somebody else is at it" in verdict.because


# ------------------------------------------------------------------------------------------------ filling it


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "REPAIRING"])
def test_a_new_cluster_is_filled_only_when_it_is_idle(state: str) -> None:
    verdict = there(attempt(), new=cluster(NEW, state=state))
    assert isinstance(verdict, Wait)
    assert f"is {state}; it is filled when it is idle" in verdict.because


def test_who_agreed_to_the_new_cluster_agreed_to_what_it_gets_though_a_newer_snapshot_is_there() -> None:
    newer = Snapshot(id="f" * 24, cluster=NAME, state="completed", on_demand=False, at=NIGHT)
    verdict = there(attempt(), snapshot=newer)
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target, verdict.approval) == (REFILL, TARGET, None)


@pytest.mark.parametrize("jobs", [(), (FAILED,)], ids=["never filled", "a restore failed"])
def test_what_another_run_has_made_is_filled_only_if_two_people_agree_again(jobs: tuple[Restore, ...]) -> None:
    verdict = there(jobs=jobs)
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target.snapshot) == (REFILL, SNAPSHOT)
    assert verdict.approval is not None
    assert verdict.approval.people == 2
    assert f"what anybody has put into {NEW} since is lost" in verdict.approval.because


NOTHING = Counts(database="starttech", collections=(Counted(name="orders", documents=0),))


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (NOTHING, "Its database starttech has no document; others were not looked at."),
        (Uncounted(because="Nobody answers."), "What is in it could not be looked at: Nobody answers."),
        (Uncounted(because="It refuses.", passes=False), "What is in it could not be looked at: It refuses."),
        (None, "What is in it was not looked at."),
    ],
)
def test_who_agrees_to_fill_what_another_run_has_made_is_told_what_is_known_of_it(
    held: Counts | Uncounted | None, says: str
) -> None:
    verdict = there(held=held)
    assert isinstance(verdict, Act)
    assert verdict.approval is not None
    assert says in verdict.approval.because
    assert "empty" not in verdict.because + verdict.approval.because
    assert (NEW in verdict.because, "is there and idle" in verdict.because) == (True, True)


@pytest.mark.parametrize("tried", [(), (attempt(),)], ids=["of another run", "of this run"])
def test_a_cluster_with_a_document_in_it_is_not_filled(tried: tuple[Attempt[New], ...]) -> None:
    verdict = there(*tried, held=LIVE)
    assert isinstance(verdict, Escalate)
    assert verdict.because.startswith(f"{NEW} is not filled here and holds data: 41 documents in 1 collection")
    assert "Ask again with another `new_cluster`." in verdict.next_steps


@pytest.mark.parametrize("held", [NOTHING, None, Uncounted(because="It refuses.", passes=False)])
def test_what_this_run_has_just_made_is_new_and_needs_no_look(held: Counts | Uncounted | None) -> None:
    verdict = there(attempt(), held=held)
    assert isinstance(verdict, Act)
    assert verdict.because == f"{NEW} is new and idle: it gets the snapshot {SNAPSHOT} of {NAME}."


@pytest.mark.parametrize("snapshot", [None, saved("inProgress"), saved("failed")])
def test_what_another_run_has_made_stays_empty_without_a_completed_snapshot(snapshot: Snapshot | None) -> None:
    verdict = there(snapshot=snapshot, asked=SNAPSHOT)
    assert isinstance(verdict, Escalate)
    assert f"no completed snapshot {SNAPSHOT} to fill it with" in verdict.because


def test_a_new_cluster_that_is_a_day_old_is_not_filled_any_more() -> None:
    assert isinstance(there(origin=Origin(at=NIGHT - 24 * HOUR, made_for=NAME)), Act)
    verdict = there(origin=Origin(at=NIGHT - 24 * HOUR - MINUTE, made_for=NAME))
    assert isinstance(verdict, Escalate)
    assert "somebody may be using it" in verdict.because


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_a_restore_that_was_asked_for_may_take_ten_minutes_to_show(result: Result) -> None:
    made = attempt()
    assert isinstance(there(made, attempt(REFILL, result, 9 * MINUTE)), Wait)
    verdict = there(made, attempt(REFILL, result))
    assert isinstance(verdict, Escalate)
    assert "could not be restored" in verdict.because


def test_a_restore_that_is_refused_is_told_in_the_writers_words() -> None:
    verdict = there(attempt(), attempt(REFILL, "failed", MINUTE, "There is no such snapshot."))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"The snapshot {SNAPSHOT} could not be restored to {NEW}: There is no such snapshot."


def test_a_restore_of_this_run_that_failed_at_atlas_is_not_repeated_by_it() -> None:
    verdict = there(attempt(), attempt(REFILL), jobs=(FAILED,))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"The snapshot {SNAPSHOT} could not be restored to {NEW}: Atlas's job job-0 failed."


def test_a_job_that_failed_before_is_not_taken_for_the_one_that_does_not_show_yet() -> None:
    assert isinstance(there(attempt(REFILL, ago=9 * MINUTE), jobs=(FAILED,)), Wait)


def test_a_restore_that_goes_on_is_waited_for() -> None:
    verdict = there(attempt(), attempt(REFILL), jobs=(FAILED, GOING_ON))
    assert isinstance(verdict, Wait)
    assert "(job job-1)" in verdict.because


@pytest.mark.parametrize("tried", [(), (attempt(),)], ids=["asked for", "approved"])
def test_a_cluster_that_gets_another_snapshot_is_not_the_one_that_was_asked_for(
    tried: tuple[Attempt[New], ...],
) -> None:
    other = Restore(id="job-2", snapshot="f" * 24, target=NEW)
    verdict = there(*tried, jobs=(other,), asked="" if tried else SNAPSHOT)
    assert isinstance(verdict, Escalate)
    assert f"gets the snapshot {'f' * 24}, and {SNAPSHOT} was asked for" in verdict.because


def test_whoever_asked_for_the_newest_goes_on_with_what_an_earlier_run_has_chosen() -> None:
    assert isinstance(there(jobs=(Restore(id="job-2", snapshot="f" * 24, target=NEW),)), Wait)


# ------------------------------------------------------------------------------------------------ counting it


@pytest.mark.parametrize("state", ["UPDATING", "REPAIRING"])
def test_what_is_filled_and_not_idle_yet_is_waited_for(state: str) -> None:
    assert isinstance(there(attempt(), jobs=(FINISHED,), new=cluster(NEW, state=state)), Wait)


def test_what_was_not_counted_yet_is_counted_next() -> None:
    assert isinstance(there(attempt(), jobs=(FINISHED,)), Wait)


def test_it_is_restored_when_there_are_documents_in_it_and_both_are_said() -> None:
    verdict = there(attempt(), jobs=(FINISHED,), restored=RESTORED, live=LIVE)
    assert isinstance(verdict, Nothing)
    assert verdict.because.startswith(f"{NEW} is restored at {NEW_HOST}: 1,240 documents in 2 collections")
    assert "starttech.orders: 1,200 restored, not live" in verdict.evidence
    assert any(HOST in line for line in verdict.evidence)
    assert any(NEW_HOST in step for step in verdict.next_steps)


@pytest.mark.parametrize("live", [Uncounted(because="Nobody answers."), None])
def test_that_the_live_one_cannot_be_counted_is_said_and_keeps_nothing_from_being_restored(
    live: Uncounted | None,
) -> None:
    verdict = there(attempt(), jobs=(FINISHED,), restored=RESTORED, live=live)
    assert isinstance(verdict, Nothing)
    assert verdict.because.endswith("could not be counted: Nobody answers." if live else "was not counted.")


def test_of_many_collections_twenty_are_told_one_by_one() -> None:
    many = Counts(database="starttech", collections=tuple(Counted(name=f"c{n}", documents=1) for n in range(25)))
    verdict = there(attempt(), jobs=(FINISHED,), restored=many, live=LIVE)
    assert isinstance(verdict, Nothing)
    assert verdict.evidence[-1] == "... and 6 more collections"


@pytest.mark.parametrize(
    ("collections", "why"),
    [((), "(0 collections, no document)"), ((Counted(name="orders", documents=0),), "(1 collection, no document)")],
)
def test_a_database_without_a_document_is_not_a_restored_one(collections: tuple[Counted, ...], why: str) -> None:
    verdict = there(jobs=(FINISHED,), restored=Counts(database="starttech", collections=collections))
    assert isinstance(verdict, Escalate)
    assert f"its database starttech is empty {why}" in verdict.because


def test_what_passes_is_waited_for_and_what_does_not_is_for_a_person() -> None:
    passes = there(jobs=(FINISHED,), restored=Uncounted(because="No SRV record yet."))
    assert isinstance(passes, Wait)
    assert "what is in it is not known: No SRV record yet." in passes.because
    stays = there(jobs=(FINISHED,), restored=Uncounted(because="It refuses the user.", passes=False))
    assert isinstance(stays, Escalate)
    assert "It refuses the user. No credential was changed." in stays.because
