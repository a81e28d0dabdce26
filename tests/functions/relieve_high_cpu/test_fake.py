"""The fake refuses what AWS refuses, so that what passes here passes there."""

from typing import Any

import pytest

from remediation.core.errors import AwsError
from tests.functions.fakes.fleet import GROUP, MINUTE, TARGETS, watches
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.relieve_high_cpu.nights import night, surge
from tests.support.steps import NIGHT


def asked(tonight: FleetNight, size: int, **more: Any) -> str:
    """Return the code with which a size is refused; nothing if it is taken."""
    try:
        tonight.aws.acting.autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=size, **more)
    except AwsError as error:
        return error.code
    return ""


def registered(tonight: FleetNight) -> list[Any]:
    """Return the targets that the load balancer knows."""
    arn = f"arn:aws:elasticloadbalancing:us-east-1:123456789012:{TARGETS}"
    found: list[Any] = tonight.aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return found


@pytest.mark.parametrize(("size", "code"), [(1, "ValidationError"), (2, ""), (6, ""), (7, "ValidationError")])
def test_a_size_outside_the_limits_is_refused(size: int, code: str) -> None:
    """C8: moto takes them all."""
    assert asked(night(), size) == code


def test_a_size_is_refused_within_the_cooldown_only_where_that_is_honoured() -> None:
    tonight = night()
    assert asked(tonight, 3, HonorCooldown=True) == ""
    assert asked(tonight, 4, HonorCooldown=True) == "ScalingActivityInProgress"
    assert asked(tonight, 4) == ""
    tonight.steps.now += 8 * MINUTE
    assert asked(tonight, 5, HonorCooldown=True) == ""


def test_a_launch_is_an_activity_until_the_instance_is_in_service() -> None:
    tonight = night()
    asked(tonight, 3)
    (activity,) = tonight.aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    assert activity["StatusCode"] == "InProgress"
    assert "explicitly set group desired capacity changing the desired capacity from 2 to 3" in activity["Cause"]
    tonight.steps.now += 3 * MINUTE
    (activity,) = tonight.aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    assert activity["StatusCode"] == "Successful"
    assert len(tonight.fleet.serving) == 3


@pytest.mark.parametrize(("mode", "cpu"), [("standard", 20), ("unlimited", 85)])
def test_an_instance_that_has_used_up_its_credits_is_held_at_its_baseline(mode: Any, cpu: int) -> None:
    tonight = night(load=surge(170))
    tonight.fleet.catch_up()
    for box in tonight.fleet.boxes.values():
        box.credits, box.credit_mode = 10.0, mode
    tonight.steps.now += 5 * MINUTE
    tonight.fleet.catch_up()
    assert [round(tonight.fleet.cpu(box)) for box in tonight.fleet.serving] == [85, 85]
    tonight.steps.now += 5 * MINUTE
    tonight.fleet.catch_up()
    assert [round(tonight.fleet.cpu(box)) for box in tonight.fleet.serving] == [cpu, cpu]


def test_a_policy_adds_an_instance_after_two_values_that_are_too_high_and_takes_it_away_again() -> None:
    tonight = night(watches=watches(), load=lambda at: 160 if NIGHT <= at < NIGHT + 30 * MINUTE else 40)
    tonight.steps.now += 16 * MINUTE
    tonight.fleet.catch_up()
    assert tonight.fleet.desired == 3
    assert "triggered policy dev-scale-up" in tonight.fleet.activities[0].cause
    tonight.steps.now += 60 * MINUTE
    tonight.fleet.catch_up()
    assert tonight.fleet.desired == 2


def test_load_is_shared_by_those_in_service() -> None:
    tonight = night(load=surge(160))
    tonight.fleet.catch_up()
    assert [round(tonight.fleet.cpu(box)) for box in tonight.fleet.serving] == [80, 80]
    asked(tonight, 4)
    tonight.steps.now += 10 * MINUTE
    tonight.fleet.catch_up()
    assert [round(tonight.fleet.cpu(box)) for box in tonight.fleet.serving] == [40, 40, 40, 40]


@pytest.mark.parametrize(("suspended", "serving"), [((), 3), (("AddToLoadBalancer",), 2)])
def test_an_instance_that_nobody_registers_gets_no_requests_however_long_it_runs(
    suspended: tuple[str, ...], serving: int
) -> None:
    tonight = night(suspended=suspended, load=lambda _: 60.0)
    asked(tonight, 3)
    tonight.steps.now += 10 * MINUTE
    tonight.fleet.catch_up()
    tonight.fleet.suspended = ()
    assert len(tonight.fleet.serving) == serving
    *_, last = tonight.fleet.boxes.values()
    assert round(tonight.fleet.cpu(last)) == (20 if serving == 3 else 0)
    assert len(registered(tonight)) == serving


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(AwsError, match="not found"):
        night().aws.acting.autoscaling.set_desired_capacity(AutoScalingGroupName="other", DesiredCapacity=3)
