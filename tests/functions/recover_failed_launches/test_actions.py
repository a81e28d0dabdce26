"""The three acts: each looks once more, makes one call on exactly what was judged, and leaves alone what has changed."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from msgspec.structs import replace

from recover_failed_launches.actions import resume_process, roll_back_refresh, start_refresh
from recover_failed_launches.facts import Judged
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Act
from tests.functions.fakes.launching import GROUP, MINUTE, TEMPLATE, Backend
from tests.functions.recover_failed_launches.nights import SETTINGS, Night

MISSING = "The security group 'sg-0000000000000dead' does not exist."
OTHER = "lt-00000000000000002"
SUSPENDED = "User suspended at 2026-11-22T19:00:00Z"
JUDGED = Judged(id=GROUP, template=TEMPLATE, bad="8", good="7", blame="gone")


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.tries = False
    night.world.add(1)
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.version = "8"
    night.world.fail(MISSING)
    return night


def judged(night: Night) -> Judged:
    verdict = night.verdict()
    assert isinstance(verdict, Act)
    return verdict.target


@pytest.fixture
def rolling(night: Night) -> Night:
    night.world.version = "7"
    night.world.refresh("InProgress", version="8")
    return night


@pytest.fixture
def suspended(night: Night) -> Night:
    night.world.activities.clear()
    night.world.suspended = {"AZRebalance": SUSPENDED, "Launch": SUSPENDED}
    return night


# ------------------------------------------------------------------------------------------------------------- to start


def test_a_refresh_is_started_with_the_good_version_and_never_serves_with_less(night: Night) -> None:
    receipt = start_refresh(night.aws, SETTINGS, judged(night))
    (asked,) = night.aws.calls.of("StartInstanceRefresh")
    assert asked == {
        "AutoScalingGroupName": GROUP,
        "Strategy": "Rolling",
        "DesiredConfiguration": {"LaunchTemplate": {"LaunchTemplateId": TEMPLATE, "Version": "7"}},
        "Preferences": {
            "MinHealthyPercentage": 100,
            "MaxHealthyPercentage": 150,
            "InstanceWarmup": 60,
            "SkipMatching": True,
        },
    }
    assert receipt == f"dev-backend-asg launches version 7 again (instance refresh {night.world.refreshes[0].id})."


def test_an_instance_of_the_bad_version_that_may_yet_die_keeps_nobody_from_it(night: Night) -> None:
    target = judged(night)
    night.world.add(1, version="8", age=5 * MINUTE)
    start_refresh(night.aws, SETTINGS, target)
    assert night.aws.mutations == ["StartInstanceRefresh"]


BLAMED_ON_THE_TYPE = replace(JUDGED, blame="fails")
DYING = replace(JUDGED, blame="dies")


@pytest.mark.parametrize(
    ("target", "age", "kind"),
    [
        (JUDGED, 19, None),
        (JUDGED, 21, LeftAloneError),
        (BLAMED_ON_THE_TYPE, 1, LeftAloneError),
        (DYING, 6, None),
        (DYING, 8, LeftAloneError),
    ],
)
def test_how_long_an_instance_has_to_serve_depends_on_what_its_version_is_blamed_for(
    night: Night, target: Judged, age: int, kind: type[Exception] | None
) -> None:
    for ago in (9, 2):
        night.world.die(version="8", ago=ago * MINUTE, lived=7 * MINUTE)
    night.world.die(version="7", lived=15 * MINUTE)
    night.world.add(1, version="8", age=age * MINUTE)
    with nullcontext() if kind is None else pytest.raises(kind, match="serves with version 7 of"):
        start_refresh(night.aws, SETTINGS, target)
    assert night.aws.mutations == (["StartInstanceRefresh"] if kind is None else [])


def test_where_it_cannot_be_read_who_died_any_instance_that_serves_proves_its_version(night: Night) -> None:
    for ago in (9, 2):
        night.world.die(version="8", ago=ago * MINUTE, lived=7 * MINUTE)
    night.world.add(1, version="8", age=MINUTE)
    night.world.unreadable.add("ec2:DescribeInstances")
    with pytest.raises(LeftAloneError, match="serves with version 7 of"):
        start_refresh(night.aws, SETTINGS, DYING)


def start_another_refresh(world: Backend) -> None:
    world.refresh("InProgress", version="8")


def start_with_another_version(world: Backend) -> None:
    world.add_version(9)
    world.version = "9"


def start_with_no_version(world: Backend) -> None:
    world.version = "99"


def with_another_template(world: Backend) -> None:
    world.add_version(8, template=OTHER)
    world.template = OTHER


def its_newest_is_of_another_template(world: Backend) -> None:
    with_another_template(world)
    world.version = "$Latest"


def with_a_mix_of_types(world: Backend) -> None:
    world.mixed = True


def only_another_templates_seven_serves(world: Backend) -> None:
    next(iter(world.instances.values())).template = OTHER


def nothing_good_serves(world: Backend) -> None:
    next(iter(world.instances.values())).healthy = False


def the_bad_one_serves(world: Backend) -> None:
    world.add(1, version="8")


def the_group_is_gone(world: Backend) -> None:
    world.exists = False


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (start_another_refresh, "is InProgress by now"),
        (start_with_another_version, f"launches version 9 of {TEMPLATE} by now, and not version 8 of {TEMPLATE}"),
        (start_with_no_version, "launches nothing that exists by now"),
        (with_another_template, f"launches version 8 of {OTHER} by now, and not version 8 of {TEMPLATE}"),
        (its_newest_is_of_another_template, f"launches version 8 of {OTHER} by now, and not version 8 of {TEMPLATE}"),
        (with_a_mix_of_types, "mixes instance types by now"),
        (only_another_templates_seven_serves, f"serves with version 7 of {OTHER} by now"),
        (nothing_good_serves, "serves with nothing that is known by now"),
        (the_bad_one_serves, f"serves with version 7 of {TEMPLATE}, version 8 of {TEMPLATE} by now"),
        (the_group_is_gone, "There is no Auto Scaling group dev-backend-asg by now"),
    ],
)
def test_a_refresh_is_not_started_on_anything_but_what_was_judged(
    night: Night, change: Callable[[Backend], Any], because: str
) -> None:
    target = judged(night)
    change(night.world)
    with pytest.raises(LeftAloneError, match=because):
        start_refresh(night.aws, SETTINGS, target)
    assert night.aws.mutations == []


def test_without_the_right_to_launch_aws_refuses(night: Night) -> None:
    night.world.may_launch = False
    with pytest.raises(AwsError, match="not authorized to use launch template"):
        start_refresh(night.aws, SETTINGS, judged(night))
    assert night.world.refreshes == []


# --------------------------------------------------------------------------------------------------------- to roll back


def test_the_refresh_that_was_judged_is_rolled_back(rolling: Night) -> None:
    target = judged(rolling)
    receipt = roll_back_refresh(rolling.aws, SETTINGS, target)
    assert rolling.aws.mutations == ["RollbackInstanceRefresh"]
    assert rolling.world.refreshes[0].status == "RollbackInProgress"
    assert receipt == f"dev-backend-asg rolls the instance refresh {target.refresh} back to version 7."


def test_the_newest_version_is_the_one_that_was_judged_as_well(night: Night) -> None:
    target = judged(night)
    night.world.version = "$Latest"
    assert start_refresh(night.aws, SETTINGS, target).startswith("dev-backend-asg launches version 7 again")


def it_is_rolled_back_already(world: Backend) -> None:
    world.refreshes[0].status = "RollbackInProgress"


def it_is_cancelled(world: Backend) -> None:
    world.refreshes[0].status = "Cancelling"


def it_brings_another_template(world: Backend) -> None:
    world.add_version(8, template=OTHER)
    world.refreshes[0].template = OTHER


def it_brings_a_mix(world: Backend) -> None:
    world.refreshes[0].named = "mix"


def the_group_has_another_template(world: Backend) -> None:
    world.add_version(7, template=OTHER)
    world.template = OTHER


def it_ended(world: Backend) -> None:
    world.refreshes[0].status = "Failed"


def another_one_began(world: Backend) -> None:
    world.refreshes[0].status = "Cancelled"
    world.refresh("InProgress", version="8")


def it_leads_elsewhere(world: Backend) -> None:
    world.version = "6"


def it_goes_to_another_version(world: Backend) -> None:
    world.add_version(9)
    world.refreshes[0].version = "9"


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (it_ended, "and Failed by now"),
        (another_one_began, "and InProgress by now"),
        (it_is_rolled_back_already, "and RollbackInProgress by now"),
        (it_is_cancelled, "and Cancelling by now"),
        (it_leads_elsewhere, f"leads to version 6 of {TEMPLATE} by now, and not to version 7 of {TEMPLATE}"),
        (the_group_has_another_template, f"leads to version 7 of {OTHER} by now, and not to version 7 of {TEMPLATE}"),
        (it_goes_to_another_version, f"deploys version 9 of {TEMPLATE} by now, and not version 8 of {TEMPLATE}"),
        (it_brings_another_template, f"deploys version 8 of {OTHER} by now, and not version 8 of {TEMPLATE}"),
        (it_brings_a_mix, "deploys no version that is known by now"),
        (with_a_mix_of_types, "mixes instance types by now"),
        (only_another_templates_seven_serves, f"serves with version 7 of {OTHER} by now"),
        (nothing_good_serves, "serves with nothing that is known by now"),
        (the_bad_one_serves, f"serves with version 7 of {TEMPLATE}, version 8 of {TEMPLATE} by now"),
    ],
)
def test_a_refresh_is_not_rolled_back_that_is_another_one_by_now(
    rolling: Night, change: Callable[[Backend], Any], because: str
) -> None:
    target = judged(rolling)
    change(rolling.world)
    with pytest.raises(LeftAloneError, match=because):
        roll_back_refresh(rolling.aws, SETTINGS, target)
    assert rolling.aws.mutations == []


@pytest.mark.parametrize("named", ["id", "name"])
@pytest.mark.parametrize("status", ["Pending", "InProgress", "Baking"])
def test_a_refresh_is_rolled_back_at_each_point_at_which_it_can_be(rolling: Night, status: str, named: Any) -> None:
    rolling.world.refreshes[0].named = named
    target = judged(rolling)
    rolling.world.refreshes[0].status = status
    roll_back_refresh(rolling.aws, SETTINGS, target)
    assert rolling.world.refreshes[0].status == "RollbackInProgress"


def test_an_instance_of_a_deploy_that_may_yet_die_keeps_nobody_from_rolling_it_back(rolling: Night) -> None:
    target = judged(rolling)
    rolling.world.add(1, version="8", age=5 * MINUTE)
    roll_back_refresh(rolling.aws, SETTINGS, target)
    assert rolling.aws.mutations == ["RollbackInstanceRefresh"]


# ------------------------------------------------------------------------------------------------------------ to resume


def test_exactly_the_process_that_was_judged_is_resumed(suspended: Night) -> None:
    receipt = resume_process(suspended.aws, SETTINGS, judged(suspended))
    (asked,) = suspended.aws.calls.of("ResumeProcesses")
    assert asked == {"AutoScalingGroupName": GROUP, "ScalingProcesses": ["Launch"]}
    assert set(suspended.world.suspended) == {"AZRebalance"}
    assert receipt == "Launch of dev-backend-asg is resumed."


@pytest.mark.parametrize(
    ("now", "because"),
    [
        ({}, "is not suspended by now"),
        ({"Launch": "User suspended at 2026-11-23T03:39:00Z"}, "is suspended anew by now"),
    ],
)
def test_a_process_that_is_not_suspended_as_it_was_is_left_alone(
    suspended: Night, now: dict[str, str], because: str
) -> None:
    target = judged(suspended)
    suspended.world.suspended = now
    with pytest.raises(LeftAloneError, match=because):
        resume_process(suspended.aws, SETTINGS, target)
    assert suspended.aws.mutations == []


# ------------------------------------------------------------------------------------- the fake refuses what AWS refuses

START = {"AutoScalingGroupName": GROUP}
DESIRED = {"LaunchTemplate": {"LaunchTemplateId": TEMPLATE, "Version": "7"}}


def test_the_fake_starts_no_second_refresh(rolling: Night) -> None:
    with pytest.raises(AwsError, match="InstanceRefreshInProgress"):
        rolling.aws.acting.autoscaling.start_instance_refresh(**START, DesiredConfiguration=DESIRED)


@pytest.mark.parametrize("status", ["Successful", "Failed", "Cancelled", "RollbackInProgress", "Cancelling"])
def test_the_fake_rolls_back_only_what_is_on(night: Night, status: str) -> None:
    night.world.refresh(status, version="8")
    with pytest.raises(AwsError, match="ActiveInstanceRefreshNotFound"):
        night.aws.acting.autoscaling.rollback_instance_refresh(**START)


@pytest.mark.parametrize(("group", "refresh"), [("7", ""), ("$Latest", "8")])
def test_the_fake_rolls_nothing_back_that_cannot_be(night: Night, group: str, refresh: str) -> None:
    night.world.version = group
    night.world.refresh("InProgress", version=refresh)
    with pytest.raises(AwsError, match="IrreversibleInstanceRefresh"):
        night.aws.acting.autoscaling.rollback_instance_refresh(**START)


@pytest.mark.parametrize("preferences", [{"MinHealthyPercentage": 0, "MaxHealthyPercentage": 101}, {"MaxHealthyPercentage": 201}])  # fmt: skip
def test_the_fake_takes_no_percentages_that_do_not_go_together(night: Night, preferences: dict[str, int]) -> None:
    with pytest.raises(AwsError, match="ValidationError"):
        night.aws.acting.autoscaling.start_instance_refresh(**START, Preferences=preferences)


def test_the_fake_knows_one_group_and_its_processes(night: Night) -> None:
    acting = night.aws.acting.autoscaling
    with pytest.raises(AwsError, match="AutoScalingGroup name not found"):
        acting.resume_processes(AutoScalingGroupName="other", ScalingProcesses=["Launch"])
    with pytest.raises(AwsError, match="Invalid scaling process"):
        acting.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Lunch"])


def test_the_fakes_refusals_are_codes_that_aws_declares_for_the_operation() -> None:
    from botocore.loaders import Loader  # noqa: PLC0415
    from botocore.model import ServiceModel  # noqa: PLC0415

    model = ServiceModel(Loader().load_service_model("autoscaling", "service-2"))
    codes = {
        name: {shape.metadata["error"]["code"] for shape in model.operation_model(name).error_shapes}
        for name in ("StartInstanceRefresh", "RollbackInstanceRefresh")
    }
    assert "InstanceRefreshInProgress" in codes["StartInstanceRefresh"]
    assert {"ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh"} <= codes["RollbackInstanceRefresh"]
    assert not any("ScalingActivityInProgress" in each for each in codes.values()), "that is for other operations"
