"""What the security group in front of the cache lets through: the rule that Terraform made, or nothing."""

from typing import Any

from remedy.lab.environment import CACHE_GROUP, CACHE_PORT, INSTANCE_GROUP


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
