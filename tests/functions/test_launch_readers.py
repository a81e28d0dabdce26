"""The readers of what a launch needs: against moto, through the product's own clients, and their pure parts."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from remediation.adapters.clients import Clients, NotAReadError
from remediation.aws import endings, launches, network, pulling, templates
from remediation.aws.launches import Source
from remediation.aws.templates import Container
from tests.support.toy import PLACE

NAME = "dev-backend-asg"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
OURS = {"account": "123456789012", "region": "us-east-1"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        yield Clients(PLACE, boto3.Session(region_name=PLACE.region))


def session(service: str) -> Any:
    return boto3.Session(region_name=PLACE.region).client(service)  # type: ignore[call-overload]


class Built:
    """A VPC with a private subnet that leads to a NAT gateway and one that leads nowhere, a template, and a group."""

    def __init__(self) -> None:
        ec2 = session("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
                "SubnetId"
            ]
            for n, zone in enumerate("ab")
        ]
        nat = ec2.create_nat_gateway(SubnetId=self.subnets[0])["NatGateway"]["NatGatewayId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnets[0])
        self.group = ec2.create_security_group(GroupName="dev-ec2-sg", Description="x", VpcId=vpc)["GroupId"]
        self.image = ec2.describe_images()["Images"][0]["ImageId"]
        user_data = (
            f"#!/bin/bash\nexport MONGO_URI=mongodb://u:hunter2@db\ndocker run {REGISTRY}/dev-starttech-backend:v7\n"
        )
        self.template = ec2.create_launch_template(
            LaunchTemplateName="dev-backend",
            LaunchTemplateData={
                "ImageId": self.image,
                "InstanceType": "t3.small",
                "SecurityGroupIds": [self.group],
                "IamInstanceProfile": {"Name": "dev-ec2-profile"},
                "UserData": b64encode(user_data.encode()).decode(),
            },
        )["LaunchTemplate"]["LaunchTemplateId"]
        session("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=NAME,
            LaunchTemplate={"LaunchTemplateId": self.template, "Version": "1"},
            MinSize=2,
            MaxSize=6,
            VPCZoneIdentifier=",".join(self.subnets),
        )


def test_a_group_is_known_with_what_it_launches_and_where(aws: Clients) -> None:
    built = Built()
    session("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    group = launches.group(aws, NAME)
    assert group is not None
    assert group.source == Source(template=built.template, version="1")
    assert group.subnets == tuple(sorted(built.subnets))
    assert [each.process for each in group.suspended] == ["Launch"]
    assert [(each.lifecycle, each.healthy, each.source) for each in group.members] == [
        ("InService", True, Source(template=built.template, version="1"))
    ] * 2
    assert launches.group(aws, "dev-other-asg") is None


def test_a_version_is_known_with_the_image_that_it_runs_and_nothing_else_of_user_data(aws: Clients) -> None:
    built = Built()
    version = templates.version(aws, built.template, "$Latest")
    assert version is not None
    assert (version.number, version.image, version.type, version.groups, version.profile) == (
        1,
        built.image,
        "t3.small",
        (built.group,),
        "dev-ec2-profile",
    )
    assert version.container == Container(repository="dev-starttech-backend", tag="v7", **OURS)
    assert "hunter2" not in repr(version)


def test_what_does_not_exist_is_said_and_is_no_error(aws: Clients) -> None:
    built = Built()
    assert templates.version(aws, built.template, "9") is None
    assert templates.version(aws, "lt-0123456789abcdef0", "1") is None
    assert templates.image_state(aws, built.image) == "available"
    assert templates.image_state(aws, "ami-0123456789abcdef0") == ""
    assert templates.missing_groups(aws, (built.group, "sg-0123456789abcdef0")) == ("sg-0123456789abcdef0",)
    assert templates.missing_groups(aws, ()) == ()
    assert "us-east-1a" in templates.zones_offering(aws, "t3.small")
    assert templates.zones_offering(aws, "x0.small") == ()


def test_a_subnet_is_known_with_its_way_out(aws: Clients) -> None:
    built = Built()
    first, second = built.subnets
    found = {each.id: each for each in network.subnets(aws, [first, second, "subnet-0123456789abcdef0"])}
    assert {id_: each.way for id_, each in found.items()} == {first: "nat", second: "none"}
    assert found[first].free > 200
    assert network.subnets(aws, []) == ()


@pytest.mark.parametrize(
    ("route", "way"),
    [
        ({"NatGatewayId": "nat-1", "State": "blackhole"}, "broken"),
        ({"GatewayId": "igw-1", "State": "active"}, "internet"),
        ({"TransitGatewayId": "tgw-1", "State": "active"}, "other"),
    ],
)
def test_a_default_route_leads_somewhere(route: Any, way: str) -> None:
    table: Any = {"Routes": [{"DestinationCidrBlock": "10.0.0.0/16"}, {"DestinationCidrBlock": "0.0.0.0/0", **route}]}
    assert network._way(table) == way


def test_whether_ecr_has_a_tag(aws: Clients) -> None:
    ecr = session("ecr")
    ecr.create_repository(repositoryName="dev-starttech-backend")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = f'{{"schemaVersion": 2, "mediaType": "{kind}", "config": {{"digest": "sha256:00"}}, "layers": []}}'
    ecr.put_image(repositoryName="dev-starttech-backend", imageManifest=manifest, imageTag="v7")
    assert pulling.tag_exists(aws, Container(repository="dev-starttech-backend", tag="v7"))
    assert not pulling.tag_exists(aws, Container(repository="dev-starttech-backend", tag="v8"))
    assert not pulling.tag_exists(aws, Container(repository="dev-nothing", tag="v7"))


def test_the_role_of_a_profile(aws: Clients) -> None:
    iam = session("iam")
    iam.create_instance_profile(InstanceProfileName="dev-ec2-profile")
    assert pulling.role_of(aws, "dev-ec2-profile") == ""
    iam.create_role(RoleName="dev-ec2-role", AssumeRolePolicyDocument="{}")
    iam.add_role_to_instance_profile(InstanceProfileName="dev-ec2-profile", RoleName="dev-ec2-role")
    assert pulling.role_of(aws, "dev-ec2-profile") == "arn:aws:iam::123456789012:role/dev-ec2-role"
    assert pulling.role_of(aws, "dev-nothing") == ""


def test_instances_that_are_gone_are_left_out(aws: Clients) -> None:
    built = Built()
    (launched,) = session("ec2").run_instances(ImageId=built.image, MinCount=1, MaxCount=1)["Instances"]
    session("ec2").terminate_instances(InstanceIds=[launched["InstanceId"]])
    (ending,) = endings.endings(aws, [launched["InstanceId"], "i-0123456789abcdef0"])
    assert (ending.id, ending.state, ending.code) == (
        launched["InstanceId"],
        "terminated",
        "Client.UserInitiatedShutdown",
    )
    assert endings.endings(aws, []) == ()


@pytest.mark.parametrize("type_", ["p5.large", "g5.large", "inf1.large", "trn1.large", "dl1.large", "hpc7a.large", ""])
def test_rarer_types_have_quotas_of_their_own(aws: Clients, type_: str) -> None:
    assert endings.vcpu_quota(aws, type_) is None


def test_a_simulation_is_a_read_and_what_changes_iam_is_none(aws: Clients) -> None:
    with pytest.raises(NotAReadError):
        aws.iam.create_role(RoleName="x", AssumeRolePolicyDocument="{}")
    with pytest.raises(NotAReadError):
        aws.ecr.put_image(repositoryName="x", imageManifest="{}")


# --------------------------------------------------------------------------------------------------- what user data names


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"docker run -d {REGISTRY}/dev-starttech-backend:v1.2.3_x", Container(repository="dev-starttech-backend", tag="v1.2.3_x", **OURS)),
        (f"A={REGISTRY}/a/b:1\ndocker pull {REGISTRY}/a/b:1", Container(repository="a/b", tag="1", **OURS)),
        (f"docker run {REGISTRY}/a:$TAG", None),
        (f"docker run {REGISTRY}/a:${{TAG}}", None),
        (f"docker run {REGISTRY}/a:1\ndocker run {REGISTRY}/a:2", None),
        (f"docker run {REGISTRY}/a", None),
        (f"docker run {REGISTRY}/a:1\ndocker run {REGISTRY.replace('us-east-1', 'eu-west-1')}/a:1", None),
        ("docker run nginx:1", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_image_of_user_data_is_the_one_that_it_names_in_plain_words(script: str, found: Container | None) -> None:
    assert templates._image(b64encode(script.encode()).decode()) == found


@pytest.mark.parametrize("text", ["%%%", "QQ", "gICA"])
def test_user_data_that_is_none_names_no_image(text: str) -> None:
    assert templates._image(text) is None


def test_a_group_without_a_template_or_with_several_types_is_read_as_well() -> None:
    size: Any = {"AutoScalingGroupName": NAME, "MinSize": 1, "DesiredCapacity": 1, "AvailabilityZones": []}
    old = launches._group(size | {"LaunchConfigurationName": "old"})
    assert (old.source, old.mixed) == (None, False)
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1"}}}
    several = launches._group(size | {"MixedInstancesPolicy": mixed})
    assert (several.source, several.mixed) == (Source(template="lt-1", version="$Default"), True)
    assert not Source(template="lt-1", version="$Default").numbered


@pytest.mark.parametrize(
    ("details", "zone"),
    [
        ('{"Subnet ID":"subnet-1","Availability Zone":"us-east-1a"}', "us-east-1a"),
        ('{"Subnet ID":"subnet-1"}', ""),
        ('{"Availability Zone":"us-east-1a; curl evil.example"}', ""),
        ('{"Availability Zone":7}', ""),
        ("us-east-1a", ""),
        ("", ""),
    ],
)
def test_the_zone_of_an_activity_is_the_name_of_one_or_nothing(details: str, zone: str) -> None:
    assert launches._zone(details) == zone
