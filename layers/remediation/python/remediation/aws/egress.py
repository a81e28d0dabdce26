"""The addresses by which what stands in our subnets gets to the internet: those of the NAT gateways of their VPC."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def egress(aws: "Clients", subnets: Iterable[str]) -> frozenset[str]:
    """Return the public IPv4 addresses of the NAT gateways that serve, in the VPC of these subnets. Raises AwsError."""
    described = aws.ec2.describe_subnets(SubnetIds=sorted(set(subnets)))["Subnets"]
    vpcs = {subnet["VpcId"] for subnet in described}
    return frozenset(
        address["PublicIp"]
        for page in aws.ec2.get_paginator("describe_nat_gateways").paginate()
        for gateway in page["NatGateways"]
        if gateway["VpcId"] in vpcs and gateway["State"] == "available"
        if gateway.get("ConnectivityType", "public") == "public"
        for address in gateway.get("NatGatewayAddresses", ())
        if address.get("PublicIp") and address.get("Status", "succeeded") == "succeeded"
    )
