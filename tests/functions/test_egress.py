"""Our own addresses are those of the NAT gateways to which our subnets are routed, and of no others: against moto."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from remediation.adapters.clients import Clients
from remediation.aws.egress import egress
from remediation.core.errors import AwsError
from remediation.core.spec import Place

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")


class Network:
    """A VPC whose main route table leads nowhere yet."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.Session(region_name=PLACE.region).client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.made = 0
        self.public = self.subnet()

    def subnet(self) -> str:
        self.made += 1
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{self.made}.0/24")
        return str(made["Subnet"]["SubnetId"])

    def gateway(self) -> tuple[str, str]:
        """Make a NAT gateway, and return its id and its address."""
        address = self.ec2.allocate_address(Domain="vpc")
        made = self.ec2.create_nat_gateway(SubnetId=self.public, AllocationId=address["AllocationId"])["NatGateway"]
        return made["NatGatewayId"], address["PublicIp"]

    def main(self) -> str:
        by = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "association.main", "Values": ["true"]}]
        return str(self.ec2.describe_route_tables(Filters=by)["RouteTables"][0]["RouteTableId"])

    def own(self, subnet: str) -> str:
        made = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        return str(made)

    def route(self, table: str, gateway: str, to: str = "0.0.0.0/0") -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=to, NatGatewayId=gateway)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Network()


@pytest.fixture
def aws(network: Network) -> Clients:
    return Clients(PLACE, boto3.Session(region_name=PLACE.region))


def test_the_gateway_of_a_subnets_own_table_is_ours_and_another_one_in_the_vpc_is_not(
    network: Network, aws: Clients
) -> None:
    subnet = network.subnet()
    (gateway, address), _ = network.gateway(), network.gateway()
    network.route(network.own(subnet), gateway)
    assert egress(aws, [subnet]) == {address}


def test_a_subnet_without_a_table_of_its_own_uses_the_main_one(network: Network, aws: Clients) -> None:
    plain, special = network.subnet(), network.subnet()
    (main, main_address), (other, other_address) = network.gateway(), network.gateway()
    network.route(network.main(), main)
    network.route(network.own(special), other)
    assert egress(aws, [plain]) == {main_address}
    assert egress(aws, [special]) == {other_address}
    assert egress(aws, [plain, special]) == {main_address, other_address}


def test_a_route_to_a_part_of_the_internet_makes_no_address_ours(network: Network, aws: Clients) -> None:
    subnet = network.subnet()
    gateway, _ = network.gateway()
    network.route(network.own(subnet), gateway, to="192.0.2.0/24")
    assert egress(aws, [subnet]) == frozenset()


def test_a_gateway_that_is_gone_is_not_ours_any_more(network: Network, aws: Clients) -> None:
    subnet = network.subnet()
    gateway, _ = network.gateway()
    network.route(network.own(subnet), gateway)
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert egress(aws, [subnet]) == frozenset()


def test_a_subnet_that_is_not_there_is_an_error_and_not_an_empty_answer(network: Network, aws: Clients) -> None:
    with pytest.raises(AwsError, match=r"InvalidSubnetID\.NotFound"):
        egress(aws, ["subnet-0aaaaaaaaaaaaaaaa"])


# ------------------------------------------------------------------------------------- what moto has none of, as EC2 says it

SUBNET, VPC, NAT = "subnet-0123456789abcdef0", "vpc-0123456789abcdef0", "nat-0123456789abcdef0"
WAY = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": NAT, "State": "active", "Origin": "CreateRoute"}
PRIMARY = {"PublicIp": "203.0.113.7", "PrivateIp": "10.0.1.5", "IsPrimary": True, "Status": "succeeded"}
SECONDARY = {"PublicIp": "203.0.113.8", "PrivateIp": "10.0.1.6", "IsPrimary": False, "Status": "succeeded"}


class Described:
    """EC2 with one subnet, one route and one NAT gateway."""

    def __init__(self, route: dict[str, Any], *addresses: dict[str, Any], **gateway: Any) -> None:
        table = {"VpcId": VPC, "Associations": [{"SubnetId": SUBNET}], "Routes": [route]}
        made = {"NatGatewayId": NAT, "State": "available", "ConnectivityType": "public"}
        self.answers = {
            "describe_route_tables": {"RouteTables": [table]},
            "describe_nat_gateways": {"NatGateways": [made | {"NatGatewayAddresses": list(addresses)} | gateway]},
        }

    def describe_subnets(self, **_: Any) -> Any:
        return {"Subnets": [{"SubnetId": SUBNET, "VpcId": VPC}]}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self.answers[operation]])


def ours(route: dict[str, Any], *addresses: dict[str, Any], **gateway: Any) -> frozenset[str]:
    aws: Any = SimpleNamespace(ec2=Described(route, *addresses, **gateway))
    return egress(aws, [SUBNET])


def test_all_public_addresses_of_a_gateway_are_ours_the_secondary_ones_as_well() -> None:
    assert ours(WAY, PRIMARY, SECONDARY) == {"203.0.113.7", "203.0.113.8"}


@pytest.mark.parametrize("status", ["assigning", "associating", "unassigning", "disassociating", "failed"])
def test_an_address_that_the_gateway_does_not_have_yet_or_any_more_is_not_ours(status: str) -> None:
    assert ours(WAY, PRIMARY, SECONDARY | {"Status": status}) == {"203.0.113.7"}


def test_a_route_into_a_black_hole_makes_no_address_ours() -> None:
    assert ours(WAY | {"State": "blackhole"}, PRIMARY) == frozenset()
    assert ours({key: value for key, value in WAY.items() if key != "State"}, PRIMARY) == {"203.0.113.7"}


def test_a_private_gateway_has_no_address_that_anybody_outside_sees() -> None:
    private = {key: value for key, value in PRIMARY.items() if key != "PublicIp"}
    assert ours(WAY, private, ConnectivityType="private") == frozenset()


@pytest.mark.parametrize("state", ["pending", "failed", "deleting", "deleted"])
def test_a_gateway_that_is_not_available_has_no_address_of_ours(state: str) -> None:
    assert ours(WAY, PRIMARY, State=state) == frozenset()


def test_a_route_to_an_internet_gateway_leads_through_nobody() -> None:
    assert ours({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}, PRIMARY) == frozenset()
