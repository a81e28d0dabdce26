"""The addresses by which what stands in our subnets gets to the internet: those of the NAT gateways that they are routed to."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef

    from remediation.adapters.clients import Clients

ANYWHERE = "0.0.0.0/0"


def egress(aws: "Clients", subnets: Iterable[str]) -> frozenset[str]:
    """Return the public IPv4 addresses of the NAT gateways to which the default routes of these subnets lead. Raises AwsError."""
    described = aws.ec2.describe_subnets(SubnetIds=sorted(set(subnets)))["Subnets"]
    vpcs = sorted({subnet["VpcId"] for subnet in described})
    pages = aws.ec2.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": vpcs}])
    tables = [table for page in pages for table in page["RouteTables"]]
    used = {
        route["NatGatewayId"]
        for subnet in described
        for table in _of(tables, subnet["SubnetId"], subnet["VpcId"])
        for route in table.get("Routes", ())
        if route.get("DestinationCidrBlock") == ANYWHERE and route.get("State", "active") == "active"
        if "NatGatewayId" in route
    }
    return frozenset(
        address["PublicIp"]
        for page in aws.ec2.get_paginator("describe_nat_gateways").paginate()
        for gateway in page["NatGateways"]
        if gateway["NatGatewayId"] in used and gateway["State"] == "available"
        for address in gateway.get("NatGatewayAddresses", ())
        if address.get("PublicIp") and address.get("Status", "succeeded") == "succeeded"
    )


def _of(tables: "list[RouteTableTypeDef]", subnet: str, vpc: str) -> "list[RouteTableTypeDef]":
    """Return the table of a subnet: its own, or else the main one of its VPC."""
    own = [table for table in tables if any(each.get("SubnetId") == subnet for each in table.get("Associations", ()))]
    main = [
        table
        for table in tables
        if table.get("VpcId") == vpc and any(each.get("Main") for each in table.get("Associations", ()))
    ]
    return own or main
