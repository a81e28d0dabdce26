"""The readers of AWS against moto, through the product's own clients, and their pure parts."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from remediation.adapters.clients import Clients
from remediation.aws import autoscaling, ec2, elasticache, elbv2, ssm
from remediation.aws.ec2 import Ingress, admits
from remediation.core.errors import AwsError
from remediation.core.spec import Place

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        yield Clients(PLACE, boto3.Session(region_name=PLACE.region))


@pytest.fixture
def built(aws: Clients) -> dict[str, str]:
    return _build()


def _build() -> dict[str, str]:
    session = boto3.Session(region_name=PLACE.region)
    network, scaling, balancing = session.client("ec2"), session.client("autoscaling"), session.client("elbv2")
    vpc = network.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        network.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    groups = {
        name: network.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("dev-alb-sg", "dev-ec2-sg")
    }
    rule: Any = {
        "IpProtocol": "tcp",
        "FromPort": 8080,
        "ToPort": 8080,
        "UserIdGroupPairs": [{"GroupId": groups["dev-alb-sg"]}],
    }
    network.authorize_security_group_ingress(GroupId=groups["dev-ec2-sg"], IpPermissions=[rule])
    balancer = balancing.create_load_balancer(Name="dev-alb-v2", Subnets=subnets, SecurityGroups=[groups["dev-alb-sg"]])
    group = balancing.create_target_group(
        Name="dev-backend-tg-v2",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=30,
        HealthCheckTimeoutSeconds=3,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    balancer_arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    forward: Any = {"Type": "forward", "TargetGroupArn": arn}
    balancing.create_listener(LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=80, DefaultActions=[forward])
    image = network.describe_images()["Images"][0]["ImageId"]
    template = network.create_launch_template(
        LaunchTemplateName="dev-backend",
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro", "SecurityGroupIds": [groups["dev-ec2-sg"]]},
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="dev-backend-asg",
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        MinSize=2,
        MaxSize=6,
        DesiredCapacity=2,
        HealthCheckType="ELB",
        HealthCheckGracePeriod=300,
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[arn],
    )
    return {"group": arn, "balancer": balancer_arn, "template": template, **groups}


def test_a_target_group_is_read_by_arn_and_by_name(aws: Clients, built: dict[str, str]) -> None:
    group = elbv2.target_group(aws, arn=built["group"])
    assert group == elbv2.target_group(aws, name="dev-backend-tg-v2")
    assert (group.name, group.target_type, group.path) == ("dev-backend-tg-v2", "instance", "/health")
    assert (group.port, group.check_port) == (8080, 8080)
    assert (group.interval, group.healthy_threshold) == (timedelta(seconds=30), 2)
    assert group.load_balancers == (built["balancer"],)


def test_a_target_group_that_does_not_exist_is_an_error(aws: Clients) -> None:
    with pytest.raises(AwsError, match="TargetGroupNotFound"):
        elbv2.target_group(aws, name="dev-backend-tg-v9")


def test_the_group_and_its_targets_are_the_same_instances(aws: Clients, built: dict[str, str]) -> None:
    group = autoscaling.group(aws, "dev-backend-asg")
    assert group is not None
    assert (group.min_size, group.desired, group.health_checks) == (2, 2, ("ELB",))
    assert (group.grace, group.suspended) == (timedelta(seconds=300), ())
    targets = elbv2.target_health(aws, built["group"])
    assert [target.id for target in targets] == [member.id for member in group.members]
    assert all(target.port == 8080 for target in targets)
    assert {member.template for member in group.members} == {built["template"]}


def test_a_group_that_does_not_exist_is_none(aws: Clients) -> None:
    assert autoscaling.group(aws, "dev-other-asg") is None


def test_instances_that_are_gone_do_not_hide_the_others(aws: Clients, built: dict[str, str]) -> None:
    member = elbv2.target_health(aws, built["group"])[0].id
    found = ec2.instances(aws, [member, "i-0123456789abcdef0"])
    assert list(found) == [member]
    assert found[member].state == "running"
    assert found[member].launched_at.tzinfo is not None


def test_the_balancers_way_in_is_found(aws: Clients, built: dict[str, str]) -> None:
    sources = elbv2.load_balancer_security_groups(aws, (built["balancer"],))
    assert sources == (built["dev-alb-sg"],)
    rules = ec2.ingress(aws, [built["dev-ec2-sg"]])[built["dev-ec2-sg"]]
    assert admits(rules, port=8080, sources=sources) is True
    assert admits(rules, port=8081, sources=sources) is False


def test_the_age_of_a_launch_template_is_that_of_the_newest_version(aws: Clients, built: dict[str, str]) -> None:
    assert ec2.template_created_at(aws, built["template"], ["1"]) is not None


@pytest.mark.parametrize("code", ["InvalidLaunchTemplateId.VersionNotFound", "InvalidLaunchTemplateId.NotFound"])
def test_a_launch_template_that_was_deleted_has_no_age(code: str) -> None:
    assert ec2.template_created_at(refusing(code), "lt-1", ["6", "7"]) is None


def test_a_launch_template_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(AwsError):
        ec2.template_created_at(refusing("UnauthorizedOperation"), "lt-1", ["6"])


def refusing(code: str) -> Any:
    def refuse(**_: object) -> object:
        raise AwsError("No.", operation="DescribeLaunchTemplateVersions", code=code)

    return SimpleNamespace(ec2=SimpleNamespace(describe_launch_template_versions=refuse))


def test_nothing_asked_for_is_nothing_called() -> None:
    nobody: Any = None
    assert ec2.instances(nobody, []) == {}
    assert ec2.ingress(nobody, []) == {}
    assert ec2.template_created_at(nobody, "lt-1", []) is None
    assert elbv2.load_balancer_security_groups(nobody, ()) == ()
    assert ssm.online(nobody, ()) == frozenset()
    assert ssm.answers(nobody, "", (), within=timedelta(seconds=20)) == {}


@pytest.mark.parametrize("number", [0, 51])
def test_a_command_is_for_one_to_fifty_instances(number: int) -> None:
    nobody: Any = None
    with pytest.raises(ValueError, match="A command is for 1 to 50 instances"):
        ssm.send(nobody, "document", tuple(f"i-{n}" for n in range(number)), {}, comment="")


class Slow:
    """An SSM client on which an answer takes some calls to come."""

    def __init__(self, *statuses: str) -> None:
        self.statuses, self.asked = list(statuses), 0

    @property
    def ssm(self) -> "Slow":
        return self

    def get_command_invocation(self, **_: str) -> dict[str, str]:
        self.asked += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "nothing yet":
            raise AwsError("not yet", operation="GetCommandInvocation", code="InvocationDoesNotExist")
        if status == "denied":
            raise AwsError("no", operation="GetCommandInvocation", code="AccessDeniedException")
        return {"Status": status, "StandardOutputContent": "said"}


def collect(aws: Any, *instances: str) -> dict[str, ssm.Answer]:
    return ssm.answers(aws, "command", instances, within=timedelta(seconds=4))


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda _: None)


@pytest.mark.usefixtures("_no_waiting")
def test_an_answer_is_waited_for_and_read_once() -> None:
    aws = Slow("nothing yet", "Pending", "Success")
    assert collect(aws, "i-1")["i-1"] == ssm.Answer(instance="i-1", status="Success", output="said")
    assert aws.asked == 3


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("status", ["Success", "Failed", "TimedOut", "Cancelled"])
def test_an_end_of_any_kind_is_an_answer(status: str) -> None:
    assert collect(Slow(status), "i-1")["i-1"].finished


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("status", ["Pending", "InProgress", "Delayed", "Cancelling"])
def test_what_is_still_going_on_is_no_end(status: str) -> None:
    assert collect(Slow(status, "Cancelled"), "i-1")["i-1"].status == "Cancelled"
    assert not collect(Slow(status), "i-1")["i-1"].finished


@pytest.mark.usefixtures("_no_waiting")
def test_who_does_not_answer_in_time_costs_the_others_nothing() -> None:
    aws = Slow("InProgress")
    answers = collect(aws, "i-1", "i-2", "i-3")
    assert [answer.finished for answer in answers.values()] == [False, False, False]
    assert aws.asked == 4 + 1 + 1


@pytest.mark.usefixtures("_no_waiting")
def test_a_command_that_is_not_there_yet_is_unfinished() -> None:
    assert collect(Slow("nothing yet"), "i-1")["i-1"].status == "Pending"


def test_an_answer_that_may_not_be_read_is_an_error() -> None:
    with pytest.raises(AwsError, match="no"):
        collect(Slow("denied"), "i-1")


RULES = st.builds(
    Ingress,
    protocol=st.sampled_from(["tcp", "udp", "-1"]),
    from_port=st.sampled_from([None, 0, 80, 8080]),
    to_port=st.sampled_from([None, 80, 8080, 65535]),
    groups=st.lists(st.sampled_from(["sg-alb", "sg-other"]), max_size=2).map(tuple),
    ranges=st.lists(st.sampled_from(["0.0.0.0/0", "10.0.0.0/16", "pl-1"]), max_size=2).map(tuple),
)


@given(rules=st.lists(RULES, max_size=5))
def test_a_port_is_open_only_by_a_rule_that_covers_it_and_names_the_source(rules: list[Ingress]) -> None:
    answer = admits(rules, port=8080, sources=("sg-alb",))
    covering = [rule for rule in rules if rule.covers(8080)]
    named = [rule for rule in covering if "sg-alb" in rule.groups or "0.0.0.0/0" in rule.ranges]
    assert (answer is True) == bool(named)
    assert answer is not False or not any(rule.ranges for rule in covering)


AT = "At 2026-11-23T03:40:00Z"
OUT = "was taken out of service in response to"


@pytest.mark.parametrize(
    ("cause", "check"),
    [
        (f"{AT} an instance {OUT} an ELB system health check failure.", "ELB system health check"),
        (f"{AT} an instance {OUT} a ELB health check failure.", "ELB health check"),
        (f"{AT} an instance {OUT} a EC2 health check indicating it has been terminated or stopped.", "EC2 health check"),
        (f"{AT} instance i-0abc12345678 {OUT} an EC2 instance status checks failure.", "EC2 instance status checks"),
        (f"{AT} an instance {OUT} a user health-check.", "user health-check"),
        (f"{AT} an instance {OUT} a user request.", ""),
        (f"{AT} an instance {OUT} an instance refresh.", ""),
        (f"{AT} an instance {OUT} a difference between desired and actual capacity, shrinking the capacity from 3 to 2.", ""),
        (
            (
                f"{AT} a monitor alarm dev-ELB health check-low in state ALARM triggered policy an instance {OUT} an ELB health check"
                f" changing the desired capacity from 4 to 2. {AT} an instance {OUT} a difference between desired and actual capacity."
            ),
            "",
        ),
        ("", ""),
    ],
)  # fmt: skip
def test_a_failed_check_is_known_by_the_words_that_the_cause_begins_with(cause: str, check: str) -> None:
    """The texts are those of AWS's guide and of what it answers; a name that somebody chose is none of them."""
    assert autoscaling.failed_check(cause) == check


# ------------------------------------------------------------------------------------------ what an environment is at


def test_an_environments_instances_are_found_by_their_tag_and_their_checks_by_their_ids(aws: Clients) -> None:
    network = boto3.client("ec2")

    def launch(environment: str) -> str:
        tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Environment", "Value": environment}]}]
        image = network.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = network.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags)
        return made["Instances"][0]["InstanceId"]

    ours, gone, stopped, theirs = launch("dev"), launch("dev"), launch("dev"), launch("prod")
    network.terminate_instances(InstanceIds=[gone])
    network.stop_instances(InstanceIds=[stopped])
    found = ec2.instances_of(aws, "dev")
    assert {instance.id: instance.state for instance in found} == {ours: "running", stopped: "stopped"}
    assert [(status.id, status.instance, status.system) for status in ec2.statuses(aws, [ours])] == [(ours, "ok", "ok")]
    assert (ec2.instances_of(aws, "staging"), ec2.statuses(aws, [])) == ((), ())
    assert [instance.id for instance in ec2.instances_of(aws, "prod")] == [theirs]


def test_the_checks_of_many_instances_are_asked_for_in_batches() -> None:
    asked: list[list[str]] = []

    def describe(InstanceIds: list[str]) -> Any:  # noqa: N803 - AWS's name
        asked.append(InstanceIds)
        return {"InstanceStatuses": [{"InstanceId": id_} for id_ in InstanceIds]}

    ids = [f"i-{n:03}" for n in range(250)]
    found = ec2.statuses(SimpleNamespace(ec2=SimpleNamespace(describe_instance_status=describe)), ids)  # type: ignore[arg-type]
    assert [status.id for status in found] == ids
    assert [len(batch) for batch in asked] == [100, 100, 50]


def test_a_load_balancer_is_found_by_its_name(aws: Clients, built: dict[str, str]) -> None:
    assert elbv2.load_balancer(aws, "dev-alb-v2").state in {"active", "provisioning"}
    with pytest.raises(AwsError, match="LoadBalancerNotFound"):
        elbv2.load_balancer(aws, "prod-alb-v2")


def test_a_cache_says_how_it_stands_or_that_it_is_not_there(aws: Clients) -> None:
    caches = boto3.client("elasticache")
    caches.create_cache_cluster(
        CacheClusterId="dev-redis", Engine="redis", NumCacheNodes=1, CacheNodeType="cache.t3.micro"
    )
    caches.create_replication_group(ReplicationGroupId="dev-sessions", ReplicationGroupDescription="sessions")
    assert elasticache.cache_cluster(aws, "dev-redis").status == "available"
    assert elasticache.replication_group(aws, "dev-sessions").status == "available"
    assert elasticache.cache_cluster(aws, "dev-none").status == "not there"
    assert elasticache.replication_group(aws, "dev-none").status == "not there"


def test_what_is_no_missing_cache_is_an_error() -> None:
    def refuse(**_: Any) -> Any:
        raise AwsError("No.", operation="x", code="AccessDenied")

    refusing: Any = SimpleNamespace(
        elasticache=SimpleNamespace(describe_cache_clusters=refuse, describe_replication_groups=refuse)
    )
    for ask in (elasticache.cache_cluster, elasticache.replication_group):
        with pytest.raises(AwsError):
            ask(refusing, "dev-redis")
