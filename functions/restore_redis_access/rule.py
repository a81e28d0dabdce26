"""The one rule that this product can make: a port, TCP, from one security group. Nothing else has a way to be said here."""

from typing import TYPE_CHECKING

from remediation.aws.rules import Rule
from restore_redis_access.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef

DESCRIPTION = "Redis from the application (restored by remediation)"


def permission(settings: Settings) -> "IpPermissionTypeDef":
    """Return the rule as EC2 is asked for it."""
    return {
        "IpProtocol": "tcp",
        "FromPort": settings.port,
        "ToPort": settings.port,
        "UserIdGroupPairs": [{"GroupId": settings.source, "Description": DESCRIPTION}],
    }


def exact(rule: Rule, settings: Settings) -> bool:
    """Tell whether this is that rule: exactly the port, TCP, exactly that group, and nothing besides."""
    return (
        (rule.protocol, rule.from_port, rule.to_port, rule.group)
        == ("tcp", settings.port, settings.port, settings.source)
        and not rule.cidr
        and not rule.prefix_list
    )


def opens(rule: Rule, settings: Settings) -> bool:
    """Tell whether a rule lets the application in, be it wider than ours."""
    every = rule.protocol == "-1"
    ports = every or (rule.protocol == "tcp" and rule.from_port <= settings.port <= rule.to_port)
    return ports and rule.group == settings.source


def in_words(settings: Settings) -> str:
    """Return the rule as people say it."""
    return f"tcp {settings.port} from {settings.source} to {settings.group}"
