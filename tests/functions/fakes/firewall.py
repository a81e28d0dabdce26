"""Fakes of what restore-redis-access asks besides ElastiCache: rules of a security group, CloudTrail, and the probe."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from remediation.core.probed import Probed
from tests.functions.fakes.strict import Calls, Fake, Pages

ACCOUNT = "123456789012"


@dataclass
class Firewall:
    """One security group. `meanwhile` is called when a rule is authorised: what others do at the same moment."""

    group: str
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    exists: bool = True
    meanwhile: Callable[["Firewall"], None] = lambda _: None
    made: int = 0

    def add(self, port: int, *, group: str = "", cidr: str = "", to: int = 0, protocol: str = "tcp") -> str:
        """Add a rule and return its id."""
        self.made += 1
        id_ = f"sgr-{self.made:017x}"
        source = {"ReferencedGroupInfo": {"GroupId": group, "UserId": ACCOUNT}} if group else {"CidrIpv4": cidr}
        self.rules[id_] = {
            "SecurityGroupRuleId": id_,
            "GroupId": self.group,
            "GroupOwnerId": ACCOUNT,
            "IsEgress": False,
            "IpProtocol": protocol,
            "FromPort": port,
            "ToPort": to or port,
            **source,
        }
        return id_


class SecurityGroups(Fake):
    """EC2, as far as it is about one security group. It takes rules as AWS does: the same one twice is refused."""

    service = "ec2"

    def __init__(self, firewall: Firewall, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._firewall = firewall

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of the rules."""
        assert operation == "describe_security_group_rules"
        return Pages(self.describe_security_group_rules)

    def describe_security_group_rules(self, **asked: Any) -> Any:
        """List the rules of the group."""
        self._asked("DescribeSecurityGroupRules", asked)
        (by_group,) = asked["Filters"]
        assert by_group["Name"] == "group-id"
        egress = {"SecurityGroupRuleId": "sgr-0e", "IsEgress": True, "IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"}
        ours = by_group["Values"] == [self._firewall.group] and self._firewall.exists
        listed = [egress, *self._firewall.rules.values()] if ours else []
        return self._answered("DescribeSecurityGroupRules", {"SecurityGroupRules": listed})

    def describe_security_groups(self, **asked: Any) -> Any:
        """Answer whether there is the group."""
        self._asked("DescribeSecurityGroups", asked)
        self._there("DescribeSecurityGroups", *asked["GroupIds"])
        return self._answered("DescribeSecurityGroups", {"SecurityGroups": [{"GroupId": self._firewall.group}]})

    def authorize_security_group_ingress(self, **asked: Any) -> Any:
        """Add a rule, unless it is there."""
        assert self._acting
        self._asked("AuthorizeSecurityGroupIngress", asked)
        self._there("AuthorizeSecurityGroupIngress", asked["GroupId"])
        (wanted,) = asked["IpPermissions"]
        (pair,) = wanted["UserIdGroupPairs"]
        assert not {"IpRanges", "Ipv6Ranges", "PrefixListIds"} & wanted.keys()
        self._firewall.meanwhile(self._firewall)
        same = (wanted["IpProtocol"], wanted["FromPort"], wanted["ToPort"], pair["GroupId"])
        for rule in self._firewall.rules.values():
            group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
            if (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], group) == same:
                self._refuse("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate", "it exists")
        id_ = self._firewall.add(wanted["FromPort"], group=pair["GroupId"])
        self._firewall.rules[id_]["Description"] = pair["Description"]
        made = {"Return": True, "SecurityGroupRules": [self._firewall.rules[id_]]}
        return self._answered("AuthorizeSecurityGroupIngress", made)

    def revoke_security_group_ingress(self, **asked: Any) -> Any:
        """Take a rule away by its id."""
        assert self._acting
        self._asked("RevokeSecurityGroupIngress", asked)
        self._there("RevokeSecurityGroupIngress", asked["GroupId"])
        for id_ in asked["SecurityGroupRuleIds"]:
            if id_ not in self._firewall.rules:
                self._refuse("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound", id_)
            del self._firewall.rules[id_]
        return self._answered("RevokeSecurityGroupIngress", {"Return": True})

    def _there(self, operation: str, group: str) -> None:
        if group != self._firewall.group or not self._firewall.exists:
            self._refuse(operation, "InvalidGroup.NotFound", group)


class CloudTrail(Fake):
    """CloudTrail: what changed a thing, newest first, as far as it knows by now."""

    service = "cloudtrail"

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.events: list[dict[str, Any]] = []
        self.code = ""

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of the look-up."""
        assert operation == "lookup_events"
        return Pages(self.lookup_events)

    def lookup_events(self, **asked: Any) -> Any:
        """Answer what it knows of one resource since some time."""
        asked.pop("PaginationConfig", None)
        self._asked("LookupEvents", asked)
        if self.code:
            self._refuse("LookupEvents", self.code, "as the test says")
        known = [event for event in self.events if event["EventTime"] >= asked["StartTime"]]
        return self._answered("LookupEvents", {"Events": sorted(known, key=lambda e: e["EventTime"], reverse=True)})

    def tell(
        self, call: str, at: datetime, *, role: str = "", user: str = "", error: str = "", type_: str = "AssumedRole"
    ) -> None:
        """Let it know of a call. `type_` is what CloudTrail calls whoever comes by a role."""
        who: dict[str, Any] = {"type": "IAMUser", "userName": user} if user else {"type": "Root"}
        if role:
            who = {"type": type_, "sessionContext": {"sessionIssuer": {"userName": role}}}
        event = {"eventSource": "ec2.amazonaws.com", "eventName": call, "userIdentity": who, "errorCode": error}
        self.events.append({"EventName": call, "EventTime": at, "CloudTrailEvent": json.dumps(event)})


class ProbeFunction:
    """Lambda, with the probe in it: it answers what `look` says."""

    def __init__(self, look: Callable[[], Probed | str], dependency: str = "redis") -> None:
        self._look, self._dependency = look, dependency
        self.asked = 0

    def invoke(self, **asked: Any) -> Any:
        """Answer a look, or nonsense where that is a text."""
        assert asked["FunctionName"] == "dev-probe-dependencies:live"
        assert json.loads(asked["Payload"])["probe"] == self._dependency
        self.asked += 1
        found = self._look()
        body = found.encode() if isinstance(found, str) else msgspec.json.encode(found)
        failed = {"FunctionError": "Unhandled"} if isinstance(found, str) else {}
        return {"StatusCode": 200, "Payload": io.BytesIO(body), **failed}


class MemorySightings:
    """Sightings in a dict."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.seen: dict[str, tuple[str, datetime]] = {}
        self.looked: dict[str, datetime] = {}
        self.texts: dict[str, str] = {}

    def see(self, subject: str, id_: str, _: str, *, within: timedelta | None = None) -> Any:
        """Return since when this is seen, and has been watched."""
        from remediation.adapters.sightings import Seen  # noqa: PLC0415 - only its shape

        known, at = self.seen.get(subject, ("", self._now()))
        watched = within is None or self._now() - self.looked.get(subject, datetime.min.replace(tzinfo=UTC)) <= within
        if known != id_ or not watched:
            at = self._now()
        self.seen[subject], self.looked[subject] = (id_, at), self._now()
        return Seen(at=at, moved_at=at, now=self._now())

    def keep(self, subject: str, text: str) -> None:
        """Keep a text."""
        self.texts[subject] = text

    def kept(self, subject: str) -> str:
        """Return it."""
        return self.texts.get(subject, "")
