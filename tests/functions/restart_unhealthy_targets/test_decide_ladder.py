"""What is touched at all, and the rungs of the ladder."""

from datetime import timedelta
from typing import Any

import pytest

from restart_unhealthy_targets.decide import REPLACE, RESTART
from restart_unhealthy_targets.facts import Inspection
from tests.functions.restart_unhealthy_targets.cases import (
    BROKEN,
    CRASHING,
    DEAF,
    FINE,
    HUNG,
    MISSING,
    STARTED,
    STOPPED,
    act_on,
    but,
    facts,
    healthy,
    person_for,
    sick,
    tried,
    wait_on,
)


def test_all_unhealthy_that_may_still_serve_are_left_alone() -> None:
    verdict = person_for(facts(sick(1, BROKEN), sick(2, HUNG)))
    assert "2 of 2 targets of dev-backend-tg-v2 are unhealthy" in verdict.because
    assert "may still serve" in verdict.because


def test_a_single_target_that_may_still_serve_is_left_alone() -> None:
    assert "1 of 1 targets of" in person_for(facts(sick(1, BROKEN))).because


@pytest.mark.parametrize("state", [STOPPED, DEAF, but(STOPPED, container="restarting")])
def test_what_is_dead_is_restarted_at_any_fraction_one_at_a_time(state: Inspection) -> None:
    verdict = act_on(facts(sick(1, state), sick(2, state)))
    assert (verdict.action, verdict.target.id) == (RESTART, sick(1).id)


def test_what_closes_the_connection_on_one_path_may_still_serve_others() -> None:
    verdict = person_for(facts(sick(1, CRASHING), sick(2, CRASHING)))
    assert "may still serve" in verdict.because
    assert any("(closed), a path without dependencies does;" in line for line in verdict.evidence)


def test_what_closes_the_connection_on_every_path_is_told() -> None:
    because = act_on(facts(sick(1, DEAF), sick(2, DEAF))).because
    assert "/health does not answer (reset), a path without dependencies does not either (reset);" in because


@pytest.mark.parametrize(("state", "dead"), [(STOPPED, True), (DEAF, True), (HUNG, False), (CRASHING, False)])
def test_an_act_carries_whether_its_target_was_judged_dead(state: Inspection, *, dead: bool) -> None:
    assert act_on(facts(sick(1, state), *healthy(1))).target.dead == dead


def test_a_healthy_target_that_is_not_in_service_does_not_count_for_the_minimum() -> None:
    leaving = but(healthy(1, start=200)[0], lifecycle="Standby")
    night = facts(sick(), *healthy(2), leaving, health_checks=("EC2",), min_size=2)
    assert "2 targets are healthy and in service" in person_for(night, tried=[tried(RESTART, sick())]).because


def test_of_many_only_the_dead_one_is_restarted() -> None:
    assert act_on(facts(sick(1, BROKEN), sick(2, STOPPED), sick(3, BROKEN))).target.id == sick(2).id


def test_what_is_dead_is_not_restarted_while_its_dependencies_are_unknown() -> None:
    unknown = but(STOPPED, mongodb="unknown")
    assert "not known" in person_for(facts(sick(1, unknown), sick(2, unknown))).because


def test_a_neighbours_health_body_proves_the_dependencies() -> None:
    unknown = but(STOPPED, mongodb="unknown", redis="unknown")
    assert act_on(facts(sick(1, unknown), sick(2, FINE))).target.id == sick(1).id


def test_a_healthy_neighbour_proves_the_dependencies() -> None:
    unknown = but(STOPPED, mongodb="unknown", redis="unknown")
    act_on(facts(sick(1, unknown), sick(2, unknown), *healthy(1)))


def test_a_cache_that_is_switched_off_is_no_dependency() -> None:
    act_on(facts(sick(1, but(STOPPED, redis="disabled")), sick(2, STOPPED)))


def test_first_the_container_is_restarted_exactly_as_judged() -> None:
    verdict = act_on(facts(sick(), *healthy(1)))
    assert verdict.action == RESTART
    assert verdict.target.started_at == STARTED
    assert verdict.resource == "autoscaling-group/dev-backend-asg"
    assert verdict.settle == timedelta(seconds=90)
    assert verdict.because == (
        "i-00000000000000001 is unhealthy (Target.Timeout): container backend runs since 2026-11-20T03:40:00.123456789Z; "
        "/health does not answer (no answer in time); MongoDB at an unknown address: reachable; "
        "Redis at an unknown address: reachable. 1 target is healthy."
    )


@pytest.mark.parametrize("result", ["done", "failed", "unknown"])
def test_then_a_group_with_elb_checks_replaces_the_instance_by_itself(result: Any) -> None:
    verdict = wait_on(facts(sick(), *healthy(1)), tried=[tried(RESTART, sick(), result)])
    assert "replaces it by itself" in verdict.because
    assert [step.split(" --")[0] for step in verdict.next_steps] == [
        "aws ssm start-session",
        "sudo docker logs",
        "aws autoscaling set-instance-health",
        "aws autoscaling describe-scaling-activities",
        "aws elbv2 describe-target-health",
    ]


@pytest.mark.parametrize("result", ["done", "failed", "unknown"])
def test_then_a_group_with_ec2_checks_is_told_to_replace_it(result: Any) -> None:
    night = facts(sick(), *healthy(3), health_checks=("EC2",), min_size=2)
    verdict = act_on(night, tried=[tried(RESTART, sick(), result)])
    assert (verdict.action, verdict.target.id) == (REPLACE, sick().id)


def test_an_instance_is_not_replaced_at_the_minimum() -> None:
    night = facts(sick(), *healthy(2), health_checks=("EC2",), min_size=2)
    verdict = person_for(night, tried=[tried(RESTART, sick())])
    assert "2 targets are healthy and in service, and the minimum is 2" in verdict.because
    assert verdict.next_steps[0] == (
        "aws autoscaling set-instance-health --instance-id i-00000000000000001 --health-status Unhealthy "
        "--should-respect-grace-period --region us-east-1"
    )


def test_a_replacement_that_was_asked_for_is_waited_for() -> None:
    night = facts(sick(), *healthy(3), health_checks=("EC2",))
    assert "was told" in wait_on(night, tried=[tried(RESTART, sick()), tried(REPLACE, sick())]).because


def test_a_replacement_that_was_refused_is_a_persons() -> None:
    night = facts(sick(), *healthy(3), health_checks=("EC2",))
    attempts = [tried(RESTART, sick()), tried(REPLACE, sick(), "failed", receipt="AccessDenied")]
    assert "AccessDenied" in person_for(night, tried=attempts).because


@pytest.mark.parametrize("process", ["ReplaceUnhealthy", "HealthCheck", "Terminate", "Launch"])
@pytest.mark.parametrize("check", ["ELB", "EC2"])
def test_a_group_that_may_not_replace_is_a_persons(process: str, check: str) -> None:
    night = facts(sick(), *healthy(3), health_checks=(check,), suspended=(process,))
    verdict = person_for(night, tried=[tried(RESTART, sick())])
    assert f"{process} is suspended" in verdict.because
    assert (
        f"resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes {process}"
        in (verdict.next_steps[0])
    )


def test_a_container_that_is_missing_cannot_be_restarted() -> None:
    assert "cannot be restarted" in wait_on(facts(sick(1, MISSING), *healthy(1))).because


def test_the_next_target_comes_after_the_first_is_healthy() -> None:
    night = facts(sick(2), *healthy(8))
    assert act_on(night, tried=[tried(RESTART, sick(1))]).target.id == sick(2).id


def test_the_next_target_waits_for_the_first_to_become_healthy() -> None:
    first = sick(1, None, state="initial", reason="Elb.InitialHealthChecking")
    assert sick(1).id in wait_on(facts(first, sick(2), *healthy(8)), tried=[tried(RESTART, sick(1))]).because


def test_the_next_target_waits_while_the_first_still_is_unhealthy() -> None:
    verdict = wait_on(facts(sick(1), sick(2), sick(3), *healthy(7)), tried=[tried(RESTART, sick(2))])
    assert verdict.because.startswith(sick(2).id)


def test_a_restart_that_did_not_help_among_many_unhealthy_is_a_persons() -> None:
    night = facts(sick(1, BROKEN), sick(2, STOPPED), sick(3, STOPPED))
    verdict = person_for(night, tried=[tried(RESTART, sick(1))])
    assert f"restarting {sick(1).id} has not helped" in verdict.because
