"""The readers of scaling and of CloudWatch's figures against moto, through the product's own clients."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from remediation.adapters.clients import Clients
from remediation.aws import autoscaling, elbv2, load, scaling
from remediation.aws.autoscaling import Group, Member
from remediation.aws.load import Figure, Point, mean
from remediation.core.spec import Place

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
GROUP = "dev-backend-asg"
FIVE = timedelta(minutes=5)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        yield Clients(PLACE, boto3.Session(region_name=PLACE.region))


def client(service: str) -> Any:
    return boto3.Session(region_name=PLACE.region).client(service)  # type: ignore[call-overload]


@pytest.fixture
def group(aws: Clients) -> Any:
    network, groups = client("ec2"), client("autoscaling")
    vpc = network.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = network.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    network.create_launch_template(
        LaunchTemplateName="backend", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.medium"}
    )
    groups.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        MinSize=2,
        MaxSize=6,
        DesiredCapacity=3,
        LaunchTemplate={"LaunchTemplateName": "backend", "Version": "$Latest"},
        VPCZoneIdentifier=subnet,
        TerminationPolicies=["OldestInstance"],
    )
    return groups


def test_policies_of_every_kind_are_read(aws: Clients, group: Any) -> None:
    simple: dict[str, Any] = {"AutoScalingGroupName": GROUP, "AdjustmentType": "ChangeInCapacity"}
    group.put_scaling_policy(PolicyName="up", ScalingAdjustment=1, **simple)
    group.put_scaling_policy(PolicyName="down", ScalingAdjustment=-1, **simple)
    steps = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}]
    group.put_scaling_policy(PolicyName="steps", PolicyType="StepScaling", StepAdjustments=steps, **simple)
    exactly = simple | {"AdjustmentType": "ExactCapacity"}
    group.put_scaling_policy(PolicyName="night", ScalingAdjustment=2, **exactly)
    tracks = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 50.0,
    }
    group.put_scaling_policy(
        AutoScalingGroupName=GROUP,
        PolicyName="tracks",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=tracks,
    )
    found = {policy.name: policy for policy in scaling.policies(aws, GROUP)}
    assert {name: (policy.kind, policy.adds_to(3)) for name, policy in found.items()} == {
        "night": ("SimpleScaling", False),
        "up": ("SimpleScaling", True),
        "down": ("SimpleScaling", False),
        "steps": ("StepScaling", True),
        "tracks": ("TargetTrackingScaling", True),
    }
    assert (found["up"].adjustment, found["steps"].steps, found["steps"].adjustment) == (1, (2,), None)
    assert (found["up"].adjustment_type, found["night"].adjustment_type) == ("ChangeInCapacity", "ExactCapacity")
    assert all(policy.enabled for policy in found.values())


def test_of_a_target_tracking_policys_alarms_those_of_high_load_make_it_larger_and_the_others_smaller() -> None:
    """moto makes none of them."""
    names = tuple(f"TargetTracking-{GROUP}-Alarm{which}-0123" for which in ("High", "Low"))
    alarms = [{"AlarmName": name, "AlarmARN": f"arn:{name}"} for name in names]
    found: Any = {"PolicyName": "tracks", "PolicyType": "TargetTrackingScaling", "Alarms": alarms}
    tracks = scaling._policy(found)
    assert (tracks.alarms, tracks.lows, tracks.adds_to(3), tracks.takes_from(3)) == (names[:1], names[1:], True, True)
    only_out = scaling._policy(found | {"TargetTrackingConfiguration": {"DisableScaleIn": True}})
    assert (only_out.alarms, only_out.lows, only_out.takes_from(3)) == (names[:1], (), False)
    steps = scaling._policy(found | {"PolicyType": "StepScaling"})
    assert (steps.alarms, steps.lows) == (names, ())


def test_what_decides_who_leaves_is_read(aws: Clients, group: Any) -> None:
    (found,) = group.describe_auto_scaling_groups()["AutoScalingGroups"]
    spared = min(instance["InstanceId"] for instance in found["Instances"])
    group.set_instance_protection(AutoScalingGroupName=GROUP, InstanceIds=[spared], ProtectedFromScaleIn=True)
    seen = autoscaling.group(aws, GROUP)
    assert seen is not None
    assert seen.termination == ("OldestInstance",)
    assert [member.id for member in seen.members if member.protected] == [spared]


def test_how_long_a_target_may_drain_is_read(aws: Clients) -> None:
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = client("elbv2").create_target_group(Name="tg", Protocol="HTTP", Port=80, VpcId=vpc)
    assert elbv2.drain(aws, made["TargetGroups"][0]["TargetGroupArn"]) == 300


def test_figures_come_in_the_order_in_which_they_are_asked_for_and_oldest_first(aws: Clients) -> None:
    now = datetime.now(UTC).replace(microsecond=0, second=0)
    begin = now - timedelta(seconds=now.timestamp() % 300) - 4 * FIVE
    for n, value in enumerate((10.0, 20.0, 60.0)):
        client("cloudwatch").put_metric_data(
            Namespace="Test", MetricData=[{"MetricName": "cpu", "Timestamp": begin + n * FIVE, "Value": value}]
        )
    cpu = Figure(namespace="Test", metric="cpu", dimensions={}, statistic="Average", period=FIVE)
    none = Figure(namespace="Test", metric="none", dimensions={}, statistic="Sum", period=FIVE)
    nothing, found = load.read(aws, [none, cpu], since=begin, until=begin + 3 * FIVE)
    assert nothing == ()
    assert [point.value for point in found] == [10.0, 20.0, 60.0]
    assert [point.at for point in found] == [begin, begin + FIVE, begin + 2 * FIVE]


def test_the_mean_of_nothing_is_nothing() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert mean(()) is None
    assert mean((Point(at=at, value=1.0), Point(at=at, value=3.0))) == 2.0


def test_a_group_is_settled_when_all_that_it_wants_is_in_service_and_healthy() -> None:
    def of(*lifecycles: str, desired: int = 2) -> Group:
        members = tuple(Member(id=f"i-{n}", lifecycle=each, health="Healthy") for n, each in enumerate(lifecycles))
        return Group(
            name=GROUP,
            min_size=1,
            max_size=4,
            desired=desired,
            health_checks=(),
            grace=FIVE,
            suspended=(),
            members=members,
        )

    both = frozenset({"i-0", "i-1"})
    assert scaling.settled(of("InService", "InService"), both) == ""
    assert scaling.settled(of("InService", "Pending"), both) == "i-1 is Pending"
    assert scaling.settled(of("InService", "InService", desired=3), both) == "2 of 3 instances are in service"
    assert scaling.settled(of("InService", "InService"), frozenset({"i-0"})) == "1 of 2 instances are healthy targets"
    assert scaling.settled(of("InService", "InService", desired=1), both) == (
        "1 instance is about to leave, for it wants 1 and 2 are in service"
    )
    assert scaling.settled(of("InService", "Standby", desired=1), both) == "", "what stands by is not missed"


def mix(*weights: str) -> dict[str, Any]:
    overrides = [{"InstanceType": "t3.small", **({"WeightedCapacity": weight} if weight else {})} for weight in weights]
    return {"MixedInstancesPolicy": {"LaunchTemplate": {"Overrides": overrides}}}


@pytest.mark.parametrize(
    ("found", "weighted"),
    [
        ({}, False),
        ({"Instances": [{"InstanceId": "i-1"}]}, False),
        ({"Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2", "WeightedCapacity": "1"}]}, True),
        (mix("", ""), False),
        (mix("2", "4"), True),
        ({"MixedInstancesPolicy": {}}, False),
        ({"DesiredCapacityType": "units"}, False),
        ({"DesiredCapacityType": "vcpu"}, True),
        ({"DesiredCapacityType": "memory-mib"}, True),
    ],
)
def test_a_group_has_weights_also_before_an_instance_has_one(found: Any, *, weighted: bool) -> None:
    assert autoscaling.weighted(found) is weighted
