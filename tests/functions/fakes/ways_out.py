"""EC2, as far as it says by which NAT gateways our subnets get out; and Secrets Manager with the secret of Atlas' reader."""

from collections.abc import Mapping
from typing import Any

from tests.functions.fakes.strict import Calls, Fake, Pages

VPC = "vpc-0123456789abcdef0"


class WaysOut(Fake):
    """`ways` are subnets with the address of the NAT gateway that each is routed to. `code` is how EC2 refuses, if it does."""

    service = "ec2"

    def __init__(self, ways: Mapping[str, str], calls: Calls) -> None:
        super().__init__(calls)
        self.ways = dict(ways)
        self.code = ""

    @property
    def addresses(self) -> frozenset[str]:
        """Return our own addresses."""
        return frozenset(self.ways.values())

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of an operation."""
        return Pages(getattr(self, operation))

    def describe_subnets(self, **asked: Any) -> Any:
        """Answer subnets, of which one that is not there is refused."""
        self._asked("DescribeSubnets", asked)
        if self.code:
            self._refuse("DescribeSubnets", self.code, "as the test says")
        for id_ in asked["SubnetIds"]:
            if id_ not in self.ways:
                self._refuse("DescribeSubnets", "InvalidSubnetID.NotFound", id_)
        return self._answered(
            "DescribeSubnets", {"Subnets": [{"SubnetId": id_, "VpcId": VPC} for id_ in asked["SubnetIds"]]}
        )

    def describe_route_tables(self, **asked: Any) -> Any:
        """Answer the route table of each subnet."""
        self._asked("DescribeRouteTables", asked)
        tables = [
            {
                "VpcId": VPC,
                "RouteTableId": f"rtb-{n}",
                "Associations": [{"SubnetId": subnet}],
                "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": f"nat-{address}", "State": "active"}]
                if address
                else [],
            }
            for n, (subnet, address) in enumerate(self.ways.items())
        ]
        return self._answered("DescribeRouteTables", {"RouteTables": tables})

    def describe_nat_gateways(self, **asked: Any) -> Any:
        """Answer the NAT gateways, also one that is another VPC's."""
        self._asked("DescribeNatGateways", asked)
        found = [
            {
                "NatGatewayId": f"nat-{address}",
                "State": "available",
                "NatGatewayAddresses": [{"PublicIp": address, "Status": "succeeded"}],
            }
            for address in (*sorted(self.addresses - {""}), "192.0.2.99")
        ]
        return self._answered("DescribeNatGateways", {"NatGateways": found})


class ReaderSecret(Fake):
    """Secrets Manager, with one secret. `code` is how it refuses, if it does."""

    service = "secretsmanager"

    def __init__(self, arn: str, text: str, calls: Calls) -> None:
        super().__init__(calls)
        self._arn, self._text = arn, text
        self.code = ""

    def get_secret_value(self, **asked: Any) -> Any:
        """Answer the one secret."""
        self._asked("GetSecretValue", asked)
        if self.code or asked["SecretId"] != self._arn:
            self._refuse("GetSecretValue", self.code or "ResourceNotFoundException", "as the test says")
        return self._answered("GetSecretValue", {"SecretString": self._text})
