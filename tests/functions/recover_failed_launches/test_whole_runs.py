"""From the event to what people read: the real engine, once per way in which such a night may go."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from recover_failed_launches.runbook import RUNBOOK
from remediation.core.gates import LiveAlarm
from remediation.core.incident import FOLLOWED_FOR, Incident, Raised, Recovery, raised
from remediation.core.outcome import Outcome
from remediation.core.wording import LONGEST_SUBJECT
from tests.functions.fakes.launching import MINUTE, SECRET
from tests.functions.recover_failed_launches.nights import ALARM, SETTINGS, Night
from tests.support.steps import NIGHT
from tests.support.world import CountingIncidents

MISSING = "The security group 'sg-0000000000000dead' does not exist."
NO_CAPACITY = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (us-east-1a)."
)
FULL = "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances."


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.add(1)
    return night


@pytest.fixture
def broken(night: Night) -> Night:
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.version = "8"
    night.world.refusals["8"] = MISSING
    night.world.fail(MISSING)
    return night


def incidents(night: Night) -> set[str]:
    return set(night.stage.incidents.events)


# ------------------------------------------------------------------------------------------------- with a person's yes


@pytest.mark.parametrize("sample", ["launch", "refresh", "rollback", "alarm", "apply"])
def test_whatever_tells_of_it_the_last_good_version_is_launched_again_once_a_person_agrees(
    broken: Night, sample: str
) -> None:
    outcome = broken.run(sample, says="approve")
    assert outcome.status == "healed", outcome.text()
    assert broken.aws.mutations == ["StartInstanceRefresh"]
    assert (broken.world.version, len(broken.world.instances)) == ("7", 2)
    (drift,) = outcome.drift
    assert "until the next terraform apply launches version 8" in drift
    assert outcome.because == "dev-backend-asg has 2 of 2 instances in service; nothing is missing."


def test_a_deploy_that_breaks_is_rolled_back_once_a_person_agrees(broken: Night) -> None:
    broken.world.version = "7"
    broken.world.refresh("InProgress", version="8")
    outcome = broken.run("refresh", says="approve")
    assert outcome.status == "healed", outcome.text()
    assert broken.aws.mutations == ["RollbackInstanceRefresh"]
    assert broken.world.refreshes[0].status == "RollbackSuccessful"


def test_a_process_that_was_left_suspended_is_resumed_once_a_person_agrees(night: Night) -> None:
    night.world.suspended = {"Launch": "User suspended at 2026-11-22T19:00:00Z", "AZRebalance": "User suspended at 2026-11-22T19:00:00Z"}  # fmt: skip
    outcome = night.run("alarm", says="approve")
    assert outcome.status == "healed", outcome.text()
    assert night.aws.mutations == ["ResumeProcesses"]
    assert set(night.world.suspended) == {"AZRebalance"}


@pytest.mark.parametrize(("says", "gate", "paged"), [("reject", "rejection", False), ("", "approval", True)])
def test_without_a_yes_nothing_is_done(broken: Night, says: str, gate: str, paged: bool) -> None:
    outcome = broken.run(says=says)
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", gate, paged), outcome.text()
    assert broken.aws.mutations == []
    assert outcome.would == "start-refresh dev-backend-asg"


def test_what_changed_while_people_thought_is_not_done(broken: Night) -> None:
    answer = broken._answer

    def answered(run: str, says: str) -> None:
        answer(run, says)
        broken.world.add_version(9, SecurityGroupIds=["sg-0000000000000dead"])
        broken.world.version = "9"

    broken._answer = answered  # type: ignore[method-assign]
    outcome = broken.run(says="approve")
    assert outcome.status != "healed"
    assert broken.aws.mutations == []


@pytest.mark.parametrize("step", ["look 1", "approval 1", "admit 2", "start-refresh 2", "look 3", "close"])
def test_a_process_that_dies_does_it_once(broken: Night, step: str) -> None:
    outcome = broken.run(says="approve", crash_after=step)
    assert outcome.status == "healed", outcome.text()
    assert broken.aws.mutations == ["StartInstanceRefresh"]


def test_in_observe_it_says_what_it_would_do(broken: Night) -> None:
    broken.mode = "observe"
    outcome = broken.run()
    assert (outcome.status, outcome.would) == ("observed", "start-refresh dev-backend-asg")
    assert broken.aws.mutations == []
    assert outcome.evidence


def test_by_hand_the_plan_comes_first(broken: Night) -> None:
    outcome = broken.run("plan")
    assert (outcome.status, outcome.plan, outcome.would) == ("observed", True, "start-refresh dev-backend-asg")
    assert broken.stage.approvals.asked == []
    assert broken.aws.mutations == []


def test_a_refusal_of_aws_is_told_with_the_command(broken: Night) -> None:
    broken.world.may_launch = False
    outcome = broken.run(says="approve")
    assert (outcome.status, outcome.paged) == ("not-healed", True)
    assert "not authorized to use launch template" in outcome.acts[0].receipt
    assert any("start-instance-refresh" in step for step in outcome.next_steps)


# ------------------------------------------------------------------------------------------------------- what passes


def test_a_shortage_that_passes_wakes_nobody(night: Night) -> None:
    night.world.refusals["7"] = NO_CAPACITY
    night.world.fail(NO_CAPACITY)
    ends = night.steps.now + 7 * MINUTE
    launch = night.world._try

    def relieved(now: Any) -> None:
        if now >= ends:
            night.world.refusals.clear()
        launch(now)

    night.world._try = relieved  # type: ignore[method-assign]
    outcome = night.run()
    assert (outcome.status, outcome.paged) == ("nothing-to-do", False)
    assert [for_ for _, for_ in night.steps.waited] == [timedelta(minutes=2)] * 4
    assert night.stage.notifier.paged == []


def test_a_shortage_that_lasts_is_a_page_after_twenty_minutes(night: Night) -> None:
    night.world.refusals["7"] = NO_CAPACITY
    night.world.fail(NO_CAPACITY)
    outcome = night.run()
    assert (outcome.status, outcome.paged, outcome.team) == ("escalated", True, "infrastructure")
    assert night.steps.now - NIGHT == timedelta(minutes=20)
    assert night.aws.mutations == []


def test_a_deploy_during_which_nothing_serves_is_a_page_and_not_a_refusal_after_an_hour(night: Night) -> None:
    night.world.instances.clear()
    night.world.tries = False
    night.world.refresh("RollbackInProgress", version="8")
    outcome = night.run()
    assert (outcome.status, outcome.paged, outcome.team) == ("escalated", True, "critical")
    assert night.steps.now - NIGHT == timedelta(minutes=11)


def test_a_deploy_that_gets_on_wakes_nobody(night: Night) -> None:
    night.world.tries = False
    night.world.refresh("InProgress", version="7")
    outcome = night.run()
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "stand down", False)


def test_an_event_that_is_there_before_its_activity_wakes_nobody_if_the_next_launch_succeeds(night: Night) -> None:
    outcome = night.run()
    assert (outcome.status, outcome.paged) == ("nothing-to-do", False)
    assert night.steps.now - NIGHT <= timedelta(minutes=2)


def test_what_was_left_suspended_is_told_once_and_after_a_healing_as_well(night: Night) -> None:
    left = "User suspended at 2026-11-22T19:00:00Z"
    night.world.suspended = dict.fromkeys(("Launch", "HealthCheck"), left)
    assert night.run(says="approve").status == "healed"
    assert night.run("launch", ActivityId="another").status == "nothing-to-do"
    titles = [notice.title for notice in night.stage.notifier.notices]
    assert titles.count("Processes of dev-backend-asg were left suspended: HealthCheck") == 1


# ------------------------------------------------------------------------------------------------- one incident, one page


class Followed(CountingIncidents):
    """Incidents by the rules of the core, each followed up from its first event on."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: dict[str, Incident] = {}

    def raise_(self, key: str, outcome: Outcome, recovery: Recovery, now: datetime) -> Raised:
        super().raise_(key, outcome, recovery, now)
        incident, answer = raised(self.standing.get(key, Incident()), outcome.run, now)
        until = now + FOLLOWED_FOR if answer.opened else incident.followed_until
        self.standing[key] = msgspec.structs.replace(incident, followed_until=until)
        return answer


def storm(night: Night, times: int) -> None:
    night.stage.incidents = Followed()
    night.world.refusals["7"], night.world.free = FULL, 0
    for n in range(times):
        night.world.fail(FULL, ago=timedelta(seconds=1))
        assert night.run("launch", ActivityId=f"activity-of-event-{n}").status == "escalated"
        night.steps.now += timedelta(seconds=18)


def test_three_failures_are_one_incident(night: Night) -> None:
    storm(night, 3)
    assert incidents(night) == {"dev|recover-failed-launches|dev-backend-asg"}
    assert len(night.stage.notifier.paged) == 1


def test_a_hundred_failures_in_half_an_hour_are_one_report_and_all_are_on_record(night: Night) -> None:
    storm(night, 100)
    assert night.steps.now - NIGHT == timedelta(minutes=30)
    assert incidents(night) == {"dev|recover-failed-launches|dev-backend-asg"}
    (report,) = night.stage.notifier.paged
    assert "the subnet has no free addresses" in report.because
    (counted,) = night.stage.incidents.events.values()
    assert len(counted) == 100
    assert len(night.stage.follow_up.started) == 1


def test_twenty_failures_of_a_broken_version_are_one_question_and_no_page(broken: Night) -> None:
    for n in range(20):
        broken.world.fail(MISSING, ago=timedelta(seconds=1))
        outcome = broken.run("launch", ActivityId=f"activity-of-event-{n}", **({"says": "reject"} if n == 0 else {}))
        assert outcome.status == "refused"
    assert [asked.plan for asked in broken.stage.approvals.asked] == [
        "start-refresh dev-backend-asg (autoscaling-group/dev-backend-asg in dev)"
    ]
    assert len(broken.stage.notifier.notices) == 1
    assert (broken.stage.notifier.paged, broken.aws.mutations) == ([], [])


def test_a_no_to_the_run_of_one_alarm_holds_for_the_other(broken: Night) -> None:
    assert broken.run("alarm", says="reject").gate == "rejection"
    outcome = broken.run("alarm-come-and-go")
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "asked", False), outcome.text()
    assert len(broken.stage.approvals.asked) == 1


def test_the_events_the_alarm_and_a_person_tell_of_the_same_incident(night: Night) -> None:
    night.world.refusals["7"], night.world.free = FULL, 0
    night.world.fail(FULL)
    for sample in ("launch", "terminate", "refresh", "rollback", "alarm", "apply"):
        assert night.run(sample).status == "escalated"
    assert incidents(night) == {"dev|recover-failed-launches|dev-backend-asg"}
    assert len(night.stage.notifier.paged) == 1


def test_the_same_event_twice_is_one_run(night: Night) -> None:
    night.world.fail(FULL)
    night.world.tries = False
    night.run()
    calls = len(night.aws.calls.made)
    assert night.run().status == "refused"
    assert len(night.aws.calls.made) == calls


# ------------------------------------------------------------------------------------------------ what it is not about


@pytest.mark.parametrize("sample", ["launch-of-another-group", "launch-of-prod", "ok"])
def test_what_is_not_its_own_is_not_looked_at(night: Night, sample: str) -> None:
    assert night.run(sample).status == "ignored"
    assert night.aws.calls.made == []


def test_a_group_that_has_recovered_by_then_needs_nothing(night: Night) -> None:
    night.world.add(1)
    assert night.run().status == "nothing-to-do"
    assert night.stage.notifier.paged == []


def test_an_alarm_that_is_over_is_not_looked_at(night: Night) -> None:
    night.stage.alarms.alarms[ALARM] = LiveAlarm(exists=True, state="OK", transitioned_at=NIGHT, actions_enabled=True)
    assert night.run("alarm").status == "refused"
    assert night.aws.calls.made == []


def test_without_its_metrics_the_team_is_told_once(night: Night) -> None:
    night.world.add(1)
    night.world.metrics = ()
    for n in range(3):
        assert night.run("launch", ActivityId=f"event-{n}").status == "nothing-to-do"
    (notice,) = night.stage.notifier.notices
    assert notice.title == "dev-backend-asg does not publish the metric that its alarms watch"


# ----------------------------------------------------------------------------------------------------- what people read


def test_no_canary_is_in_anything_that_leaves_a_run(broken: Night) -> None:
    broken.settings = replace(SETTINGS, console=True)
    broken.world.console = f"MONGO_URI=mongodb://app:{SECRET}@db/starttech"
    broken.world.desired = 3
    (ill,) = broken.world.add(1, age=15 * MINUTE)
    ill.healthy, ill.log = False, f"JWT_SECRET={SECRET}\npassword: {SECRET}\nmanifest unknown"
    broken.world.fail(f"The security group 'mongodb://u:{SECRET}@x' does not exist. password={SECRET}", ago=MINUTE / 2)
    broken.world.die(version="8", code="Server.InternalError", reason=f"token={SECRET}")
    broken.world.refresh("Failed", version="8", reason=f"secret={SECRET}")
    runs = [broken.run(sample, ActivityId=f"{n}") for n, sample in enumerate(["launch", "plan", "launch"])]
    broken.mode = "observe"
    runs.append(broken.run("launch", ActivityId="last"))
    told = [outcome.text() for outcome in runs]
    told += [notice.text() for notice in broken.stage.notifier.notices]
    told += [page.text() for page in broken.stage.notifier.paged]
    told += [repr(run) for run in broken.stage.ledger.runs.values()]
    assert len(broken.stage.ledger.runs) == 4
    assert len(told) >= 8
    assert not [text for text in told if SECRET in text]


def test_the_page_reads_well(night: Night) -> None:
    night.world.tries = False
    night.world.fail(FULL)
    night.world.free = 0
    night.run()
    (page,) = night.stage.notifier.paged
    assert page.because == (
        "dev-backend-asg has 1 of 2 instances in service. 1 launch failed at 03:39:00 UTC in us-east-1a: the subnet has no"
        " free addresses (subnet-1 in us-east-1a: 0 free; subnet-2 in us-east-1b: 0 free)."
    )
    assert page.evidence[:2] == (
        "dev-backend-asg has 1 of 2 instances in service; minimum 2.",
        (
            '03:39:00 UTC: launch Failed in us-east-1a (subnet-full). AWS says: "There are not enough free addresses in subnet'
            " 'subnet-1' to satisfy the requested number of instances\""
        ),
    )
    assert page.next_steps[0].startswith(
        "aws ec2 describe-network-interfaces --filters Name=subnet-id,Values=subnet-1,subnet-2"
    )


def test_a_run_has_time_for_a_refresh() -> None:
    assert RUNBOOK.guardrails.heal_within > SETTINGS.patience + timedelta(minutes=30)
    assert LONGEST_SUBJECT < 100
