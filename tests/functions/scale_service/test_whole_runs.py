"""From the request to the outcome: the real engine, the real runbook, and a fleet in which cause has its effect."""

from typing import Any

import pytest

from remediation.core.limits import Limits
from remedy.environment import environment
from remedy.invoke import exit_status
from remedy.payload import payload
from remedy.telling import NOT_DONE, MistakeError
from scale_service.runbook import RUNBOOK
from tests.functions.fakes.fleet import MINUTE, Watch
from tests.functions.fakes.fleet_aws import Sightings
from tests.functions.recorder import Recorder
from tests.functions.scale_service.nights import night, wanted
from tests.support.steps import NIGHT, InMemorySteps


def test_a_request_without_apply_is_the_plan() -> None:
    tonight = night()
    outcome = tonight.run("plan")
    assert (outcome.status, outcome.would) == ("observed", "set-desired-capacity dev-backend-asg from 2 to 3")
    assert tonight.aws.mutations == []


@pytest.mark.parametrize("desired", [3, 6])
def test_scaling_out_ends_when_as_many_are_healthy(desired: int) -> None:
    tonight = night()
    outcome = tonight.run(wanted(desired))
    assert (outcome.status, outcome.because) == (
        "healed",
        f"dev-backend-asg has {desired} instances, in service and healthy.",
    )
    assert tonight.aws.mutations == [("SetDesiredCapacity", desired)]
    assert len(tonight.fleet.serving) == desired
    assert f"`desired_capacity = {desired}` (was 2)" in outcome.text()


def test_scaling_in_ends_when_the_others_are_left() -> None:
    tonight = night(size=4)
    spared = next(iter(tonight.fleet.boxes.values()))
    spared.protected = True
    outcome = tonight.run(wanted(2))
    assert outcome.status == "healed"
    assert spared.id in tonight.fleet.boxes
    assert len(tonight.fleet.boxes) == 2


def test_a_plan_shows_the_size_who_goes_what_protects_and_what_terraform_reverts() -> None:
    tonight = night(size=3)
    spared, *others = tonight.fleet.boxes.values()
    spared.protected = True
    outcome = tonight.run(wanted(2, apply=False))
    assert (outcome.status, outcome.would) == ("observed", "set-desired-capacity dev-backend-asg from 3 to 2")
    text = outcome.text()
    assert "scaled in, 3 -> 2; it may have 2 to 6." in text
    assert (
        f"1 of {', '.join(box.id for box in others)} goes (chosen by Default), and has 300 s to finish its requests"
        in text
    )
    assert f"{spared.id} cannot go (protected from scale-in)" in text
    assert (
        "the next `terraform apply` sets it back, unless terraform.tfvars says `desired_capacity = 2` (was 3)" in text
    )
    assert tonight.aws.mutations == []


def test_what_a_policy_takes_back_is_told_beforehand_and_afterwards() -> None:
    """Nobody is here at seven: the alarm on low CPU is on, as on every quiet night."""
    sentence = (
        "dev-scale-down follows dev-backend-cpu-low, which is in ALARM: it takes it back; "
        "raise min_size in terraform.tfvars to keep it."
    )
    tonight = night(load=lambda _: 20.0)
    assert sentence in tonight.run("plan").because
    again = night(load=lambda _: 20.0)
    outcome = again.run("apply")
    assert (outcome.status, again.fleet.desired) == ("healed", 3)
    assert sentence in outcome.because
    assert outcome.next_steps == ("In terraform.tfvars: min_size = 3 (was 2), then `terraform apply`.",)
    again.steps.now += 10 * MINUTE
    again.fleet.catch_up()
    assert again.fleet.desired == 2, "it did not last"


def test_a_target_tracking_policys_alarm_of_low_load_is_looked_at_as_well() -> None:
    name = "TargetTracking-dev-backend-asg-AlarmLow-0123"
    tonight = night(watches=[Watch(name=name, policy="tracks", threshold=30, change=-1)], load=lambda _: 20.0)
    described = tonight.aws.autoscaling._describe_policies

    def tracking(**asked: Any) -> Any:
        (policy,) = described(**asked)["ScalingPolicies"]
        kept = {key: policy[key] for key in ("PolicyName", "AutoScalingGroupName", "Enabled", "Alarms")}
        return {"ScalingPolicies": [kept | {"PolicyType": "TargetTrackingScaling"}]}

    tonight.aws.autoscaling._describe_policies = tracking  # type: ignore[method-assign]
    assert f"tracks follows {name}, which is in ALARM: it takes it back" in tonight.run("plan").because


def test_what_no_policy_takes_back_is_not_doubted() -> None:
    outcome = night(load=lambda _: 120.0).run("apply")
    assert (outcome.status, outcome.next_steps) == ("healed", ())
    assert outcome.because == "dev-backend-asg has 3 instances, in service and healthy."


@pytest.mark.parametrize(
    ("of", "desired"), [({"suspended": ("Launch",)}, 3), ({"suspended": ("Terminate",), "size": 3}, 2)]
)
def test_what_the_group_could_not_do_is_refused_at_once(of: dict[str, Any], desired: int) -> None:
    tonight = night(**of)
    outcome = tonight.run(wanted(desired))
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "request", False)
    assert outcome.because.endswith(f"{of['suspended'][0]} is suspended.")
    assert tonight.aws.mutations == []
    assert tonight.steps.now == NIGHT


def test_a_group_of_protected_instances_is_refused_at_once() -> None:
    tonight = night(size=3)
    for box in tonight.fleet.boxes.values():
        box.protected = True
    outcome = tonight.run(wanted(2))
    assert (outcome.status, outcome.gate, tonight.aws.mutations) == ("refused", "request", [])


def test_none_is_refused_before_anything_is_looked_at() -> None:
    tonight = night(min_size=0)
    outcome = tonight.run("none")
    assert outcome.status == "ignored"
    assert "only people who recover a database do" in outcome.because
    assert tonight.aws.calls.made == []


def test_too_many_are_refused_and_nobody_is_paged() -> None:
    tonight = night()
    outcome = tonight.run(wanted(7))
    assert (outcome.status, outcome.because) == (
        "refused",
        "dev-backend-asg may have 2 to 6 instances, not 7.",
    )
    assert outcome.gate == "request"
    assert exit_status(outcome, apply=True) == NOT_DONE, "what comes after `&&` is not begun"
    assert outcome.next_steps == ("In terraform.tfvars: max_size = 7 (was 6), then `terraform apply`.",)
    assert tonight.aws.mutations == []
    assert tonight.notifier.paged == []


@pytest.mark.parametrize("desired", [-1, 1001, "3", 2.5])
def test_what_is_no_number_of_instances_is_rejected(desired: Any) -> None:
    tonight = night()
    assert tonight.run(wanted(desired)).status == "rejected"
    assert tonight.aws.calls.made == []


def test_a_deploy_is_stood_down_for() -> None:
    """C8."""
    tonight = night(refresh=("InProgress", NIGHT))
    outcome = tonight.run(wanted(3))
    assert (outcome.status, outcome.gate) == ("refused", "stand down")
    assert tonight.aws.mutations == []


@pytest.mark.parametrize("minutes", [1.5, 4, 5])
def test_a_cooldown_is_waited_for_and_costs_nothing(minutes: float) -> None:
    """Five minutes is AWS's default; what AWS refuses meanwhile is not charged to the budgets."""
    tonight = night()
    tonight.limits = Limits()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + minutes * MINUTE
    outcome = tonight.run(wanted(3))
    assert (outcome.status, outcome.paged) == ("healed", False)
    assert [size for _, size in tonight.fleet.sizes] == [3]
    assert len(tonight.aws.mutations) > 2, "AWS has refused it more than once"
    assert len(tonight.ledger.acts) == 1
    assert "left alone. AWS refused: dev-backend-asg is in its cooldown." in str(tonight.ledger.runs["run-1"].timeline)


def test_a_cooldown_that_outlasts_the_run_calls_a_person_and_leaves_the_budget_as_it_was() -> None:
    tonight = night()
    tonight.limits = Limits()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + 20 * MINUTE
    outcome = tonight.run(wanted(3))
    assert (outcome.status, outcome.because[:12], outcome.paged) == ("escalated", "Time is up: ", True)
    assert "It was left alone until now: AWS refused: dev-backend-asg is in its cooldown." in outcome.because
    assert (tonight.fleet.sizes, tonight.ledger.acts) == ([], ())
    tonight.steps = InMemorySteps(run="run-2", now=NIGHT + 25 * MINUTE)
    assert tonight.run(wanted(3)).status == "healed"


def test_sizes_that_were_set_are_charged_and_the_third_within_an_hour_is_refused() -> None:
    tonight = night()
    tonight.limits = Limits()
    outcomes = []
    for n, desired in enumerate((3, 4, 5), 1):
        tonight.steps = InMemorySteps(run=f"run-{n}", now=NIGHT + n * 20 * MINUTE)
        tonight.fleet.catch_up()
        tonight.fleet.cooldown_until = tonight.steps.now + 4 * MINUTE
        outcomes.append(tonight.run(wanted(desired)))
    assert [outcome.gate for outcome in outcomes] == ["", "", "budget"]
    assert outcomes[-1].because.startswith("2 of 2 acts on dev-backend-asg used this hour;")
    assert [size for _, size in tonight.fleet.sizes] == [3, 4]


def test_an_activity_is_waited_for_and_then_judged_anew() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.resize(3, "a user request explicitly set group desired capacity")
    outcome = tonight.run(wanted(4))
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [4]
    assert tonight.fleet.sizes[0][0] >= NIGHT + 2 * MINUTE


def test_a_size_that_the_policy_undoes_meanwhile_is_not_asked_for_again() -> None:
    tonight = night(max_size=6)
    health, looks = tonight.aws.elbv2.describe_target_health, [0]

    def meanwhile(**asked: Any) -> Any:
        looks[0] += 1
        if looks[0] == 3:
            tonight.fleet.resize(
                2, "a monitor alarm dev-backend-cpu-low in state ALARM triggered policy dev-scale-down"
            )
        return health(**asked)

    tonight.aws.elbv2.describe_target_health = meanwhile  # type: ignore[method-assign]
    outcome = tonight.run(wanted(4))
    assert outcome.status == "escalated"
    assert outcome.because.endswith("and somebody else (a policy?) has asked for 2 since.")
    assert [size for _, size in tonight.fleet.sizes] == [4]


def test_instances_that_do_not_launch_are_told_when_the_time_is_up() -> None:
    tonight = night(launches_fail="InsufficientInstanceCapacity")
    outcome = tonight.run(wanted(3))
    assert outcome.status == "not-healed"
    assert outcome.because == (
        "Time is up: dev-backend-asg wants 3 instances, and is not complete: 2 of 3 instances are in service."
    )
    assert tonight.notifier.paged == [outcome]


@pytest.mark.parametrize(
    ("moment", "sizes", "status"), [("before", [3], "healed"), ("started", [], "not-healed"), ("after", [3], "healed")]
)
def test_a_crash_around_the_act_repeats_nothing(moment: Any, sizes: list[int], status: str) -> None:
    """C3."""
    tonight = night()
    tonight.steps.crash_at("set-desired-capacity 1", moment)
    assert tonight.run(wanted(3)).status == status
    assert [size for _, size in tonight.fleet.sizes] == sizes


def test_a_run_uses_exactly_the_declared_permissions() -> None:
    tonight = night()
    recorder = Recorder(tonight.aws)
    recorder.aws.sightings = Sightings(tonight.fleet)  # type: ignore[assignment]
    tonight.aws = recorder.aws  # type: ignore[assignment]
    assert tonight.run("plan").status == "observed"
    assert recorder.actions == {allowed.action for allowed in RUNBOOK.reads}
    again = night()
    acting = Recorder(again.aws)
    acting.aws.sightings = Sightings(again.fleet)  # type: ignore[assignment]
    again.aws = acting.aws  # type: ignore[assignment]
    assert again.run("apply").status == "healed"
    assert acting.actions == {allowed.action for allowed in (*RUNBOOK.reads, *RUNBOOK.writes)}


def test_the_command_line_takes_a_number_and_refuses_none() -> None:
    dev = environment("dev")
    said = payload(RUNBOOK, dev, target=None, settings=["desired=3"], apply=False, because="")
    assert said["desired"] == 3
    with pytest.raises(MistakeError, match="no instance at all is an outage"):
        payload(RUNBOOK, dev, target="0", settings=[], apply=True, because="")
