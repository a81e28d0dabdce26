"""The ingress rules of a security group, one by one, each with its id."""

from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SecurityGroupRuleTypeDef

    from remediation.adapters.clients import Clients


class Rule(Struct, frozen=True, kw_only=True):
    """Who may connect to which ports: exactly one of a group, a CIDR block and a prefix list."""

    id: str
    protocol: str
    from_port: int
    to_port: int
    group: str = ""
    cidr: str = ""
    prefix_list: str = ""
    description: str = ""


def ingress_rules(aws: "Clients", group: str) -> tuple[Rule, ...] | None:
    """Return the rules of a group, by their ids; None where there is no such group. Raises AwsError."""
    try:
        pages = aws.ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )
        found = [_rule(rule) for page in pages for rule in page["SecurityGroupRules"] if not rule.get("IsEgress")]
        if not found:
            aws.ec2.describe_security_groups(GroupIds=[group])  # a group without rules is not a group that is not there
    except AwsError as error:
        if error.code != "InvalidGroup.NotFound":
            raise
        return None
    return tuple(sorted(found, key=lambda rule: rule.id))


def _rule(rule: "SecurityGroupRuleTypeDef") -> Rule:
    return Rule(
        id=rule["SecurityGroupRuleId"],
        protocol=rule.get("IpProtocol", ""),
        from_port=rule.get("FromPort", -1),
        to_port=rule.get("ToPort", -1),
        group=rule.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        cidr=rule.get("CidrIpv4", "") or rule.get("CidrIpv6", ""),
        prefix_list=rule.get("PrefixListId", ""),
        description=rule.get("Description", ""),
    )
