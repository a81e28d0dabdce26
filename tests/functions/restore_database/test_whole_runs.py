"""From the request to a new cluster that was counted: the real engine and writer, a strict Atlas, and two people."""

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.probed import Fault
from restore_database.refusals import QUIET
from tests.functions.fakes.atlas import PRIVATE
from tests.functions.restore_database.worlds import APPLY, HOST, HOUR, LIVE, NAME, NEW, NEW_HOST, PLAN, SETTINGS, Night
from tests.support.carried import ADA, GRACE, MINUTE

STEPS = ["createCluster", "createBackupRestoreJob"]


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(monkeypatch)


def test_a_new_cluster_is_made_filled_and_counted_beside_the_live_one_which_stays_as_it_is(night: Night) -> None:
    before = dict(night.world.clusters[NAME])
    night.agreed()
    outcome = night.run()
    assert (outcome.status, night.written) == ("healed", STEPS), outcome.text()
    assert outcome.because == (
        f"{NEW} is restored at {NEW_HOST}: 1,240 documents in 2 collections of starttech (dbStats: 1,240 objects, 3.0 MB, "
        f"3 indexes). {NAME}, which is live, has 41 documents in 1 collection of starttech (dbStats: 41 objects, 4.0 kB, "
        "1 index)."
    )
    assert night.counted == [NEW_HOST, NEW_HOST, HOST], "before it is filled, and then both"
    assert "starttech.orders: 1,200 restored, not live" in outcome.evidence
    assert "starttech.users: 40 restored, 41 live" in outcome.evidence
    assert night.world.clusters[NAME] == before
    (job,) = night.world.restores[NAME]
    assert (job["snapshotId"], job["targetClusterName"]) == (night.snapshot, NEW)


def test_what_a_person_does_next_names_the_new_host_and_keeps_the_old_cluster(night: Night) -> None:
    night.agreed()
    steps = " ".join(night.run().next_steps)
    assert f"put {NEW_HOST} into the application's connection string" in steps
    assert f"Keep {NAME} for at least 72 hours" in steps


def test_the_snapshot_is_the_one_that_was_approved_though_a_newer_one_is_completed_meanwhile(night: Night) -> None:
    night.agreed()
    night.world.snapshot(NAME, timedelta(0))
    assert night.run().status == "healed"
    assert [job["snapshotId"] for job in night.world.restores[NAME]] == [night.snapshot]


def test_an_older_snapshot_is_restored_where_it_is_asked_for(night: Night) -> None:
    older = night.world.snapshot(NAME, 5 * HOUR)["id"]
    night.agreed(snapshot=older)
    assert night.run(APPLY | {"snapshot": older}).status == "healed"
    assert [job["snapshotId"] for job in night.world.restores[NAME]] == [older]


def test_without_apply_it_is_a_plan_which_says_what_people_would_be_asked(night: Night) -> None:
    outcome = night.run(PLAN)
    assert (outcome.status, outcome.would, night.written) == ("observed", f"create-cluster {NEW}", [])
    assert f"{NAME} stays as it is" in outcome.asks
    assert f"It costs what {NAME} costs" in outcome.asks


@pytest.mark.parametrize("answer", ["nobody", "a no", "only who asked"])
def test_nothing_is_made_unless_two_people_agree(night: Night, answer: str) -> None:
    if answer != "nobody":
        night.agreed(says="reject" if answer == "a no" else "approve")
    if answer == "only who asked":
        spoken, run = night.stage.approvals.spoken, night.steps.run
        spoken[ADA, run] = replace(spoken.pop((GRACE, run)), by=ADA)
        night.steps.replies["approval 1"] = (MINUTE, json.dumps({"by": ADA}))
    outcome = night.run()
    assert (outcome.status, night.written) == ("refused", []), outcome.text()


def test_an_environment_that_observes_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch, mode="observe")
    assert (night.run().status, night.written) == ("observed", [])


@pytest.mark.parametrize(
    ("tier", "why"),
    [
        ("M0", "No backup exists: dev-starttech-cluster is an M0 (free), and an M0 has none."),
        ("FLEX", "its snapshots go to Flex clusters only"),
        ("", "There is no cluster dev-starttech-cluster"),
    ],
)
def test_where_there_is_nothing_to_restore_a_person_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tier: str, why: str
) -> None:
    night = Night(monkeypatch, tier)
    outcome = night.run()
    assert (outcome.status, night.calls.of("Invoke")) == ("escalated", []), outcome.text()
    assert why in outcome.because


def test_where_cloud_backup_is_off_a_person_is_told_so_and_what_to_do(night: Night) -> None:
    night.world.clusters[NAME]["backupEnabled"] = False
    outcome = night.run()
    assert (outcome.status, night.calls.of("Invoke")) == ("escalated", []), outcome.text()
    assert outcome.because == f"No backup exists: Cloud Backup of {NAME} (M10) is switched off."
    assert outcome.next_steps


def test_a_cluster_of_the_name_is_not_written_over(night: Night) -> None:
    night.world.cluster(NEW)
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", []), outcome.text()
    assert outcome.because == f"{NEW} exists (IDLE, M10) and was not made here for {NAME}; it is not written over."


def test_a_cluster_that_takes_the_name_after_the_approval_is_not_written_over(night: Night) -> None:
    night.agreed()
    answer = night.writer.invoke

    def late(**asked: Any) -> Any:
        night.world.clusters.setdefault(NEW, night.world.cluster(NEW, "M30"))
        return answer(**asked)

    night.aws.patient.lambda_.invoke = late
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", []), outcome.text()
    assert (
        night.world.clusters[NEW]["replicationSpecs"][0]["regionConfigs"][0]["electableSpecs"]["instanceSize"] == "M30"
    )


def test_a_restore_that_fails_at_atlas_ends_the_run_and_may_be_begun_again_if_people_agree(night: Night) -> None:
    night.agreed()
    answer = night.writer.invoke

    def failing(**asked: Any) -> Any:
        told = answer(**asked)
        for job in night.world.restores.get(NAME, []):
            job["failed"] = True
        return told

    night.aws.patient.lambda_.invoke = failing
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", STEPS), outcome.text()
    assert outcome.because.endswith("failed."), outcome.because

    night.aws.patient.lambda_.invoke = answer
    night.later("run-2")
    night.agreed()
    again = night.run()
    assert (again.status, night.written) == ("healed", [*STEPS, "createBackupRestoreJob"]), again.text()


def test_a_cluster_that_an_earlier_run_has_made_is_filled_only_after_people_agreed_again(night: Night) -> None:
    night.agreed()
    night.world.refuses["createBackupRestoreJob"] = (403, "USER_UNAUTHORIZED")
    outcome = night.run()
    assert outcome.status == "escalated", outcome.text()
    assert "USER_UNAUTHORIZED" in outcome.because

    night.world.refuses.clear()
    night.later("run-2")
    silent = night.run()
    assert (silent.status, night.world.restores) == ("refused", {}), silent.text()

    night.later("run-3")
    night.agreed()
    assert night.run().status == "healed"
    assert night.written.count("createCluster") == 1


def test_to_ask_again_after_all_is_done_counts_again_and_changes_nothing(night: Night) -> None:
    night.agreed()
    assert night.run().status == "healed"
    night.later("run-2")
    again = night.run()
    assert (again.status, night.written) == ("nothing-to-do", STEPS), again.text()
    assert again.because.startswith(f"{NEW} is restored at {NEW_HOST}")


def test_a_name_whose_cluster_was_deleted_is_restored_to_again_though_atlas_keeps_the_old_job(night: Night) -> None:
    night.agreed()
    assert night.run().status == "healed"
    night.world.delete(NEW)
    night.later("run-2", 150 * HOUR)
    night.agreed()
    again = night.run()
    assert (again.status, night.written) == ("healed", STEPS * 2), again.text()
    assert [job["snapshotId"] for job in night.world.restores[NAME]] == [night.snapshot] * 2


@pytest.mark.parametrize("step", ["create-cluster 2", "restore-snapshot 7"])
@pytest.mark.parametrize("moment", ["started", "after"])
def test_a_run_that_dies_makes_each_step_once_at_most_and_says_what_is_true(
    night: Night, step: str, moment: Any
) -> None:
    night.agreed()
    outcome = night.run(crash=(step, moment))
    assert night.written == STEPS[: len(night.written)], "each once, in order"
    assert outcome.status == ("healed" if moment == "after" else "escalated"), outcome.text()


def test_a_new_cluster_that_is_empty_is_no_restored_database(night: Night) -> None:
    night.agreed()
    night.holds[NEW_HOST] = type(night.holds[HOST])(database="starttech")
    outcome = night.run()
    assert outcome.status == "escalated", outcome.text()
    assert "its database starttech is empty (0 collections, no document)" in outcome.because


def test_a_login_that_is_refused_is_tried_once_in_a_quarter_of_an_hour_and_nowhere_else(night: Night) -> None:
    night.agreed()
    night.fails = {NEW_HOST: "credentials-refused", HOST: "credentials-refused"}
    outcome = night.run()
    assert (outcome.status, night.counted) == ("escalated", [NEW_HOST] * 2), outcome.text()
    assert "No credential was changed." in outcome.because
    first, second = night.counted_at
    assert second - first >= QUIET

    night.later("run-2", MINUTE)
    night.fails = {}
    again = night.run()
    assert (again.status, night.counted) == ("nothing-to-do", [NEW_HOST] * 3 + [HOST]), again.text()
    assert night.counted_at[2] - second >= QUIET, "also by another run, whose password is another one by now"


def test_a_restore_that_takes_no_time_is_counted_when_the_refused_login_may_be_tried_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.functions.fakes.atlas.RESTORES", 3 * MINUTE)
    night.agreed()
    night.fails = {NEW_HOST: "credentials-refused"}
    outcome = night.run()
    assert (outcome.status, night.counted) == ("escalated", [NEW_HOST] * 2), outcome.text()
    assert night.counted_at[1] - night.counted_at[0] >= QUIET


def test_a_new_cluster_that_cannot_be_reached_yet_is_asked_again_and_a_person_is_called_in_the_end(
    night: Night,
) -> None:
    night.agreed()
    night.fails = {NEW_HOST: "name-unknown"}
    outcome = night.run()
    assert outcome.status == "not-healed", outcome.text()
    assert "what is in it is not known" in outcome.because
    assert night.counted.count(NEW_HOST) > 10
    assert HOST not in night.counted, "nobody logs in at the live one meanwhile"
    assert NEW in night.world.clusters, "it is not deleted"


@pytest.mark.parametrize("fault", ["name-unknown", "credentials-refused"])
def test_the_live_one_is_asked_once_however_often_the_new_one_had_to_be(night: Night, fault: Fault) -> None:
    night.agreed()
    night.fails = {NEW_HOST: "no-answer", HOST: fault}
    night.heals_at = night.now() + HOUR
    outcome = night.run()
    assert (outcome.status, night.counted.count(HOST)) == ("healed", 1), outcome.text()
    assert night.counted[-2:] == [NEW_HOST, HOST]


def made_and_not_filled(night: Night) -> None:
    """Let an earlier run have made the new cluster, and Atlas have refused to fill it."""
    night.agreed()
    night.world.refuses["createBackupRestoreJob"] = (403, "USER_UNAUTHORIZED")
    assert night.run().status == "escalated"
    night.world.refuses.clear()
    night.later("run-2")


def test_what_somebody_has_put_into_a_cluster_that_an_earlier_run_has_made_is_not_written_over(night: Night) -> None:
    made_and_not_filled(night)
    night.put_in = LIVE
    outcome = night.run()
    assert (outcome.status, night.world.restores) == ("escalated", {}), outcome.text()
    assert outcome.because.startswith(
        f"{NEW} is not filled here and holds data: 41 documents in 1 collection of starttech"
    )
    assert outcome.because.endswith("It is not written over.")


def test_who_agrees_to_fill_what_cannot_be_looked_at_is_told_so(night: Night) -> None:
    made_and_not_filled(night)
    night.fails = {NEW_HOST: "name-unknown"}
    plan = night.run(PLAN)
    assert f"What is in it could not be looked at: {NEW_HOST} says name-unknown." in plan.asks
    assert f"what anybody has put into {NEW} since is lost" in plan.asks
    night.later("run-3")
    night.agreed()
    night.fails = {}
    assert night.run().status == "healed"


def test_a_cluster_that_was_not_made_here_is_never_logged_in_to(night: Night) -> None:
    night.world.cluster(NEW)
    assert (night.run().status, night.counted) == ("escalated", [])


def test_where_the_live_one_cannot_be_counted_both_are_said(night: Night) -> None:
    night.agreed()
    night.fails = {HOST: "no-answer"}
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert outcome.because.endswith(f"{NAME}, which is live, could not be counted: {HOST} says no-answer.")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (NAME, "is never restored in place"),
        ("prod-restored-1", "is called dev-restored-..."),
        ("dev-restored-", "is no name for a new cluster"),
        ("dev-restored--1", "is no name for a new cluster"),
        ("dev-restored-A", "is no name for a new cluster"),
        ("dev-restored-20261123-03", "at most 23"),
    ],
)
def test_a_name_that_is_not_a_new_one_of_this_environment_is_refused(night: Night, name: str, why: str) -> None:
    outcome = night.run(APPLY | {"new_cluster": name})
    assert (outcome.status, outcome.gate, night.written) == ("ignored", "scope", [])
    assert why in outcome.because


def test_no_secret_is_told(night: Night) -> None:
    night.agreed()
    told = night.run().text() + str(night.stage.ledger.runs)
    assert NEW_HOST in told
    assert PRIVATE not in told
    assert "canary" not in told
    assert SETTINGS.secret not in told


def test_an_approval_of_another_snapshot_is_none_for_this_one(night: Night) -> None:
    night.agreed(snapshot=night.snapshot)
    newer = night.world.snapshot(NAME, HOUR / 2)["id"]
    outcome = night.run(APPLY | {"snapshot": newer})
    assert (outcome.status, night.written) == ("refused", []), outcome.text()
