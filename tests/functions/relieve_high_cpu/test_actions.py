"""The acts look once more, right before their one call, and leave alone what has changed since it was judged."""

from contextlib import suppress
from typing import Any

import pytest

from relieve_high_cpu.actions import replace_instance, scale_out
from remediation.aws import scaling
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Target
from tests.functions.fakes.fleet import GROUP, MINUTE
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.relieve_high_cpu.nights import SETTINGS, night
from tests.support.steps import NIGHT

STEP = scaling.size(GROUP, from_=2, to=3)


def left_alone(tonight: FleetNight, target: Target = STEP, act: Any = scale_out) -> str:
    """Return why an act was left alone, which has changed nothing, nor asked AWS for it."""
    said = refused(tonight, target, act)
    assert tonight.aws.mutations == []
    return said


def refused(tonight: FleetNight, target: Target, act: Any) -> str:
    with pytest.raises(LeftAloneError) as left:
        act(tonight.aws, SETTINGS, target)
    return str(left.value)


def test_a_step_asks_for_the_size_that_was_judged_and_honours_the_cooldown() -> None:
    tonight = night()
    assert scale_out(tonight.aws, SETTINGS, STEP) == "dev-backend-asg was asked for 3 instances instead of 2."  # type: ignore[arg-type]
    (asked,) = tonight.aws.calls.of("SetDesiredCapacity")
    assert asked == {"AutoScalingGroupName": GROUP, "DesiredCapacity": 3, "HonorCooldown": True}
    assert tonight.fleet.desired == 3


def test_the_group_is_read_after_everything_else() -> None:
    """C2: the less there is between the look and the call, the less can come between."""
    tonight = night()
    scale_out(tonight.aws, SETTINGS, STEP)  # type: ignore[arg-type]
    assert [call.operation for call in tonight.aws.calls.made][-2:] == [
        "DescribeAutoScalingGroups",
        "SetDesiredCapacity",
    ]


@pytest.mark.parametrize("now", [3, 4, 6])
def test_a_policy_that_has_scaled_since_is_never_overridden(now: int) -> None:
    """C2."""
    tonight = night()
    tonight.fleet.desired = now
    assert left_alone(tonight) == (
        f"dev-backend-asg wants {now} instances by now, and 2 when it was judged: somebody else has scaled it."
    )
    assert tonight.aws.mutations == []
    assert tonight.fleet.desired == now


def test_a_step_that_is_asked_for_again_and_again_comes_to_the_same_size() -> None:
    """C3: the size is absolute, so what is repeated adds nothing, even where somebody has set the group back meanwhile."""
    tonight = night()
    for n in range(10):
        tonight.steps.now += 10 * MINUTE
        if n == 5:
            tonight.fleet.catch_up()
            tonight.fleet.desired = 2
        with suppress(LeftAloneError):
            scale_out(tonight.aws, SETTINGS, STEP)  # type: ignore[arg-type]
    assert tonight.aws.mutations == [("SetDesiredCapacity", 3), ("SetDesiredCapacity", 3)]
    assert tonight.fleet.largest == 3


def test_a_step_that_would_make_the_group_smaller_is_refused() -> None:
    tonight = night(size=4)
    assert "is not a step out" in left_alone(tonight, scaling.size(GROUP, from_=4, to=3))
    assert tonight.aws.mutations == []


def test_a_step_of_another_group_is_refused() -> None:
    tonight = night()
    assert "is not a step out of dev-backend-asg" in left_alone(
        tonight, scaling.size("prod-backend-asg", from_=2, to=3)
    )


def test_a_maximum_that_was_lowered_since_holds() -> None:
    tonight = night()
    tonight.fleet.max_size = 2
    assert left_alone(tonight) == "dev-backend-asg may have 2 to 2 instances by now, not 3."
    assert tonight.aws.mutations == []


def test_a_deploy_that_has_begun_since_is_left_alone() -> None:
    """C8."""
    tonight = night()
    tonight.fleet.refresh = ("InProgress", NIGHT)
    assert left_alone(tonight) == "An instance refresh of dev-backend-asg is InProgress by now."
    tonight.fleet.refresh = ("Successful", NIGHT)
    assert "was asked for 3" in scale_out(tonight.aws, SETTINGS, STEP)  # type: ignore[arg-type]


def test_a_group_that_is_at_work_by_now_is_left_alone() -> None:
    tonight = night()
    next(iter(tonight.fleet.boxes.values())).lifecycle = "Pending:Wait"
    assert "is at work by now: i-00000000000000001 is Pending:Wait." in left_alone(tonight)


@pytest.mark.parametrize("held", ["", "Terminate", "all are protected"])
def test_instances_that_are_about_to_leave_are_not_called_back(held: str) -> None:
    """C2: a smaller size holds from when it is set, and the first instance goes a while later."""
    tonight = night(size=6, max_size=12)
    tonight.fleet.catch_up()
    tonight.fleet.desired, tonight.fleet.suspended = 2, ("Terminate",) if held == "Terminate" else ()
    for box in tonight.fleet.boxes.values():
        box.protected = held == "all are protected"
    step = scaling.size(GROUP, from_=2, to=7)
    if held:
        assert "was asked for 7" in scale_out(tonight.aws, SETTINGS, step)  # type: ignore[arg-type]
    else:
        assert left_alone(tonight, step) == (
            "dev-backend-asg is at work by now: 4 instances are about to leave, for it wants 2 and 6 are in service."
        )
        assert tonight.fleet.desired == 2


def test_a_group_that_is_gone_is_left_alone() -> None:
    tonight = night()
    gone = scaling.size("gone", from_=2, to=3)
    with pytest.raises(LeftAloneError, match="There is no Auto Scaling group gone any more"):
        scaling.resize(tonight.aws, gone)  # type: ignore[arg-type]
    assert tonight.aws.mutations == []


def test_a_group_of_which_aws_does_not_say_whether_it_is_deployed_is_a_failure() -> None:
    tonight = night()

    def throttled(**_: Any) -> Any:
        tonight.aws.autoscaling._refuse("DescribeInstanceRefreshes", "Throttling", "Rate exceeded")

    tonight.aws.autoscaling.describe_instance_refreshes = throttled  # type: ignore[method-assign]
    with pytest.raises(AwsError, match="Rate exceeded"):
        scaling.resize(tonight.aws, STEP)  # type: ignore[arg-type]
    assert tonight.aws.mutations == []


def test_what_aws_refuses_for_its_cooldown_is_left_alone_and_not_a_failure() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + 3 * MINUTE
    assert refused(tonight, STEP, scale_out).startswith("AWS refused: dev-backend-asg is in its cooldown.")
    assert tonight.fleet.desired == 2


def test_what_aws_refuses_for_another_reason_is_a_failure() -> None:
    tonight = night()
    tonight.aws.acting.autoscaling._fleet.max_size = 6
    refusing = tonight.aws.acting.autoscaling

    def refuse(**asked: Any) -> Any:
        refusing._refuse("SetDesiredCapacity", "ResourceContention", "somebody else is at it")

    refusing.set_desired_capacity = refuse
    with pytest.raises(AwsError) as failed:
        scale_out(tonight.aws, SETTINGS, STEP)  # type: ignore[arg-type]
    assert failed.value.code == "ResourceContention"


# ------------------------------------------------------------------------------------------------------ one instance


def test_an_instance_is_replaced_by_telling_its_group() -> None:
    tonight = night(size=4)
    first = next(iter(tonight.fleet.boxes))
    receipt = replace_instance(tonight.aws, SETTINGS, Target(id=first))  # type: ignore[arg-type]
    assert receipt == f"dev-backend-asg was told that {first} is unhealthy, and replaces it."
    (asked,) = tonight.aws.calls.of("SetInstanceHealth")
    assert asked == {"InstanceId": first, "HealthStatus": "Unhealthy", "ShouldRespectGracePeriod": True}
    assert tonight.fleet.desired == 4


def test_an_instance_stays_where_there_are_not_enough_others() -> None:
    """Hazard R6."""
    tonight = night(size=2)
    first = next(iter(tonight.fleet.boxes))
    assert left_alone(tonight, Target(id=first), replace_instance) == (
        f"Only 1 instance is healthy and in service in dev-backend-asg besides {first} by now, and its minimum is 2: it stays."
    )


def test_an_instance_goes_where_the_others_alone_are_as_many_as_there_must_be() -> None:
    """Hazard R6: more than the minimum are healthy, it among them."""
    tonight = night(size=3)
    first = next(iter(tonight.fleet.boxes))
    assert "was told that" in replace_instance(tonight.aws, SETTINGS, Target(id=first))  # type: ignore[arg-type]


def test_the_only_instance_stays_though_there_need_be_none() -> None:
    tonight = night(size=1, min_size=0)
    first = next(iter(tonight.fleet.boxes))
    assert "Only 0 instances are healthy" in left_alone(tonight, Target(id=first), replace_instance)


@pytest.mark.parametrize("well", [True, False])
def test_an_instance_that_is_in_service_but_ill_is_none_of_the_others(well: bool) -> None:
    """Hazard R6."""
    tonight = night(size=3)
    first, second, _ = tonight.fleet.boxes.values()
    second.healthy = well
    if well:
        assert "was told that" in replace_instance(tonight.aws, SETTINGS, Target(id=first.id))  # type: ignore[arg-type]
    else:
        assert "Only 1 instance is healthy" in left_alone(tonight, Target(id=first.id), replace_instance)


@pytest.mark.parametrize("known", [True, False])
def test_an_instance_that_is_ill_itself_by_now_stays(known: bool) -> None:
    """Hazard R6: without it no more are healthy than there must be."""
    tonight = night(size=3)
    first = next(iter(tonight.fleet.boxes.values()))
    first.healthy, first.registered = False, known
    assert left_alone(tonight, Target(id=first.id), replace_instance) == (
        f"{first.id} is no healthy target by now (restart-unhealthy-targets is for that): it stays."
    )


@pytest.mark.parametrize("status", ["InProgress", "Successful"])
def test_no_instance_is_replaced_while_a_deploy_replaces_all_of_them(status: str) -> None:
    """C8."""
    tonight = night(size=4)
    first = next(iter(tonight.fleet.boxes))
    tonight.fleet.refresh = (status, NIGHT)
    if status == "Successful":
        assert "was told that" in replace_instance(tonight.aws, SETTINGS, Target(id=first))  # type: ignore[arg-type]
    else:
        assert left_alone(tonight, Target(id=first), replace_instance) == (
            f"An instance refresh of dev-backend-asg is InProgress by now; {first} stays."
        )


@pytest.mark.parametrize("lifecycle", ["Pending:Wait", "Terminating", "Standby"])
def test_no_instance_is_replaced_while_another_one_comes_or_goes(lifecycle: str) -> None:
    """C8. One that rests besides the others is not in motion."""
    tonight = night(size=5)
    first, *_, last = tonight.fleet.boxes.values()
    last.lifecycle = lifecycle
    if lifecycle == "Standby":
        assert "was told that" in replace_instance(tonight.aws, SETTINGS, Target(id=first.id))  # type: ignore[arg-type]
    else:
        assert left_alone(tonight, Target(id=first.id), replace_instance) == (
            f"dev-backend-asg is at work by now: {last.id} is {lifecycle}; {first.id} stays."
        )


def test_the_group_is_looked_at_right_before_an_instance_is_replaced() -> None:
    tonight = night(size=4)
    replace_instance(tonight.aws, SETTINGS, Target(id=next(iter(tonight.fleet.boxes))))  # type: ignore[arg-type]
    assert [call.operation for call in tonight.aws.calls.made][-2:] == [
        "DescribeAutoScalingGroups",
        "SetInstanceHealth",
    ]


def test_an_instance_that_has_left_is_left_alone() -> None:
    tonight = night(size=4)
    assert (
        left_alone(tonight, Target(id="i-0"), replace_instance) == "i-0 is not in service in dev-backend-asg any more."
    )
    assert tonight.aws.mutations == []
