"""Subnets: how many addresses are free, and which way leads out."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef

    from remediation.adapters.clients import Clients

Way: TypeAlias = Literal["nat", "internet", "other", "broken", "none"]
"""Where the default route leads: to a NAT gateway, an internet gateway, something else, nowhere any more; or there is none."""


class Subnet(Struct, frozen=True, kw_only=True):
    """A subnet."""

    id: str
    zone: str
    free: int
    way: Way


def subnets(aws: "Clients", ids: Iterable[str]) -> tuple[Subnet, ...]:
    """Return those of these subnets that exist. They are filtered, not listed: one that is gone would refuse the call."""
    wanted = sorted(ids)
    if not wanted:
        return ()
    found = aws.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": wanted}])["Subnets"]
    own = _tables(aws, "association.subnet-id", wanted)
    main = _tables(aws, "vpc-id", sorted({subnet["VpcId"] for subnet in found})) if found else []
    return tuple(
        Subnet(
            id=subnet["SubnetId"],
            zone=subnet["AvailabilityZone"],
            free=subnet["AvailableIpAddressCount"],
            way=_way(_table(subnet["SubnetId"], subnet["VpcId"], own, main)),
        )
        for subnet in sorted(found, key=lambda subnet: subnet["SubnetId"])
    )


def _tables(aws: "Clients", by: str, values: list[str]) -> "list[RouteTableTypeDef]":
    return aws.ec2.describe_route_tables(Filters=[{"Name": by, "Values": values}])["RouteTables"]


def _table(
    subnet: str, vpc: str, own: "list[RouteTableTypeDef]", all_: "list[RouteTableTypeDef]"
) -> "RouteTableTypeDef | None":
    """Return the table that a subnet uses: the one associated with it, else the main one of its VPC."""
    for table in own:
        if any(each.get("SubnetId") == subnet for each in table.get("Associations", ())):
            return table
    main = (
        table
        for table in all_
        if table.get("VpcId") == vpc and any(each.get("Main") for each in table.get("Associations", ()))
    )
    return next(main, None)


def _way(table: "RouteTableTypeDef | None") -> Way:
    for route in table.get("Routes", ()) if table else ():
        if route.get("DestinationCidrBlock") != "0.0.0.0/0":
            continue
        if route.get("State") == "blackhole":
            return "broken"
        if route.get("NatGatewayId"):
            return "nat"
        return "internet" if route.get("GatewayId", "").startswith("igw-") else "other"
    return "none"
