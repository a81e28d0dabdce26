"""Who gets to the dependencies: what the cache's security group lets through, and whom MongoDB Atlas lets in."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from remedy.lab.environment import CACHE_GROUP, CACHE_PORT, INSTANCE_GROUP

LISTED = "access-list"
"""The file in Atlas's directory with the blocks that it lets in, one a line."""


def allows(ec2: Any) -> bool:  # noqa: ANN401 - moto's backend
    """Tell whether the instances may connect to the cache; before the groups are made, everybody may."""
    groups = {group.name: group for by_vpc in ec2.groups.values() for group in by_vpc.values()}
    if CACHE_GROUP not in groups:
        return True
    return any(
        rule.ip_protocol == "tcp"
        and rule.from_port <= CACHE_PORT <= rule.to_port
        and rule.source_group.get("GroupId") == groups[INSTANCE_GROUP].id
        for rule in groups[CACHE_GROUP].ingress_rules
    )


def lets_in(ec2: Any, listed: Path) -> bool:  # noqa: ANN401 - moto's backend
    """Tell whether Atlas's list has the address by which the instances come; without a NAT gateway or Atlas, everybody may."""
    ours = [
        ip_address(address["publicIp"])
        for gateway in list(ec2.nat_gateways.values())
        if gateway.state == "available"
        for address in gateway.nat_gateway_addresses
    ]
    if not ours or not listed.exists():
        return True
    blocks = [ip_network(line) for line in listed.read_text("utf-8").splitlines()]
    return any(address in block for address in ours for block in blocks)
