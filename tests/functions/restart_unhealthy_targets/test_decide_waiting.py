"""What needs nothing, and what is not for us now."""

from datetime import timedelta

import pytest

from remediation.aws.autoscaling import Member, Refresh
from remediation.core.verdict import Act, Nothing, Wait
from restart_unhealthy_targets.decide import RESTART
from tests.functions.restart_unhealthy_targets.cases import (
    DEAF,
    FINE,
    NOW,
    TARGET_GROUP,
    act_on,
    but,
    facts,
    healthy,
    person_for,
    sick,
    tried,
    verdict_on,
    wait_on,
)

MINUTE = timedelta(minutes=1)


def test_healthy_targets_need_nothing() -> None:
    verdict = verdict_on(facts(*healthy(2)))
    assert verdict == Nothing(because="2 of 2 targets of dev-backend-tg-v2 are healthy.")


def test_a_healthy_group_that_is_scaling_needs_nothing() -> None:
    assert isinstance(verdict_on(facts(*healthy(2), desired=3)), Nothing)


def test_a_group_without_targets_needs_nothing() -> None:
    assert isinstance(verdict_on(facts()), Nothing)


def test_a_draining_target_does_not_count() -> None:
    leaving = sick(state="draining", reason="Target.DeregistrationInProgress", lifecycle="")
    assert isinstance(verdict_on(facts(*healthy(2), leaving)), Nothing)


def test_a_group_whose_targets_all_drain_is_waited_for() -> None:
    wait_on(facts(sick(state="draining", reason="Target.DeregistrationInProgress", lifecycle="Terminating")))


def test_after_a_restart_healthy_targets_are_healed() -> None:
    assert isinstance(verdict_on(facts(*healthy(2)), tried=[tried(RESTART, healthy(2)[0])]), Nothing)


def test_a_replacement_is_not_healed_before_the_group_is_complete() -> None:
    replaced = facts(*healthy(1), desired=2)
    assert "1 of 2 instances are in service" in wait_on(replaced, tried=[tried(RESTART, sick())]).because


def test_a_replacement_is_not_healed_while_the_old_instance_terminates() -> None:
    old = Member(id=sick().id, lifecycle="Terminating:Wait", health="Unhealthy")
    assert sick().id in wait_on(facts(*healthy(2), others=[old]), tried=[tried(RESTART, sick())]).because


def test_a_replacement_is_not_healed_before_it_is_registered() -> None:
    new = Member(id="i-00000000000000abc", lifecycle="InService", health="Healthy")
    verdict = wait_on(facts(*healthy(1), others=[new], desired=2), tried=[tried(RESTART, sick())])
    assert "i-00000000000000abc not registered" in verdict.because


def test_without_any_target_left_a_replacement_is_waited_for() -> None:
    wait_on(facts(desired=2), tried=[tried(RESTART, sick())])


def test_targets_that_are_no_instances_are_a_persons() -> None:
    verdict = person_for(facts(sick(), *healthy(1), group=but(TARGET_GROUP, target_type="ip")))
    assert "type ip" in verdict.because


def test_a_group_that_does_not_exist_is_a_persons() -> None:
    assert "dev-backend-asg" in person_for(facts(sick(), *healthy(1), asg=None)).because


def test_an_initial_target_is_waited_for() -> None:
    starting = sick(state="initial", reason="Elb.InitialHealthChecking", inspection=None)
    verdict = wait_on(facts(starting, *healthy(1)))
    assert verdict.for_ == timedelta(seconds=60)
    assert "initial (Elb.InitialHealthChecking)" in verdict.because


def test_a_young_instance_has_its_grace_period() -> None:
    young = sick(launched_at=NOW - timedelta(seconds=210))
    verdict = wait_on(facts(young, *healthy(1)))
    assert verdict.for_ == timedelta(seconds=90)
    assert "until 03:41:30 UTC" in verdict.because
    assert not verdict.stand_down
    assert f"aws ssm start-session --target {young.id} --region us-east-1" in verdict.next_steps


def test_grace_is_five_minutes_at_least_and_the_groups_own_at_most() -> None:
    assert isinstance(verdict_on(facts(sick(launched_at=NOW - 4 * MINUTE), *healthy(1), grace=MINUTE)), Wait)
    assert isinstance(verdict_on(facts(sick(launched_at=NOW - 6 * MINUTE), *healthy(1), grace=10 * MINUTE)), Wait)
    assert isinstance(verdict_on(facts(sick(launched_at=NOW - 5 * MINUTE), *healthy(1), grace=MINUTE)), Act)


def test_a_long_grace_period_is_looked_at_every_two_minutes() -> None:
    assert wait_on(facts(sick(launched_at=NOW), *healthy(1))).for_ == timedelta(seconds=120)


def test_a_container_that_somebody_has_just_restarted_is_given_the_time() -> None:
    recovering = but(FINE, started_at=f"{NOW - MINUTE:%Y-%m-%dT%H:%M:%S}.123456789Z")
    assert "yet to notice" in wait_on(facts(sick(1, recovering), *healthy(1))).because


def test_a_container_that_has_just_started_and_does_not_answer_is_not_waited_for() -> None:
    crashing = but(DEAF, started_at=f"{NOW - MINUTE:%Y-%m-%dT%H:%M:%S}.123456789Z")
    act_on(facts(sick(1, crashing), *healthy(1)))


def test_an_answer_that_the_load_balancer_does_not_get_is_no_recovery() -> None:
    act_on(facts(sick(1, FINE), *healthy(1)))


@pytest.mark.parametrize("lifecycle", ["Pending", "Pending:Wait", "Terminating", "Terminating:Wait", "EnteringStandby"])
def test_an_instance_that_is_not_in_service_is_left_alone(lifecycle: str) -> None:
    assert lifecycle in wait_on(facts(sick(lifecycle=lifecycle), *healthy(1))).because


def test_an_instance_of_nobody_is_left_alone() -> None:
    assert "not a member" in wait_on(facts(sick(lifecycle=""), *healthy(1))).because


def test_an_instance_that_is_gone_is_left_alone() -> None:
    assert "could not be looked up" in wait_on(facts(sick(launched_at=None), *healthy(1))).because


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"])
def test_a_refresh_in_progress_is_waited_for(status: str) -> None:
    refresh = Refresh(id="r", status=status, started_at=NOW - MINUTE)
    verdict = wait_on(facts(sick(), *healthy(1), refresh=refresh))
    assert "instance refresh" in verdict.because
    assert verdict.stand_down, "who deploys need not be paged for it"
    assert "describe-instance-refreshes" in verdict.next_steps[0]


@pytest.mark.parametrize("status", ["Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"])
def test_a_refresh_that_has_ended_is_history(status: str) -> None:
    refresh = Refresh(id="r", status=status, started_at=NOW - 90 * MINUTE, ended_at=NOW - 80 * MINUTE)
    act_on(facts(sick(), *healthy(1), refresh=refresh))


def test_a_group_that_launches_or_terminates_is_waited_for() -> None:
    launching = Member(id="i-00000000000000abc", lifecycle="Pending:Wait", health="Healthy")
    verdict = wait_on(facts(sick(), *healthy(1), others=[launching]))
    assert "i-00000000000000abc is Pending:Wait" in verdict.because
    assert not verdict.stand_down, "a group that never gets done is somebody's business"
    assert "describe-scaling-activities" in verdict.next_steps[0]
    assert "dev-backend-asg is not complete: i-00000000000000abc is Pending:Wait." in verdict.evidence


def test_an_instance_in_standby_is_nobody_at_work() -> None:
    resting = Member(id="i-00000000000000abc", lifecycle="Standby", health="Healthy")
    act_on(facts(sick(), *healthy(1), others=[resting]))
