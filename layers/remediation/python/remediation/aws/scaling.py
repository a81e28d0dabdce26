"""How an Auto Scaling group gets its size: its policies, who asked for which size lately, and asking for one.

The rule of the domain (FACTS.md, section 3): SetDesiredCapacity is absolute and has no compare-and-set. So the size that was
judged is compared right before the call, and the call honours the group's cooldown, in which AWS itself refuses it.
"""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.aws.autoscaling import ACTIVE_REFRESH, ENDED, Activity, Group, group, latest_refresh
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Target

if TYPE_CHECKING:
    from mypy_boto3_autoscaling.type_defs import ActivityTypeDef, ScalingPolicyTypeDef

    from remediation.adapters.clients import Clients

IN_SERVICE = "InService"
RESTING = frozenset({IN_SERVICE, "Standby"})
"""Lifecycle states of instances that their group is not about to change."""
BUSY = "ScalingActivityInProgress"
"""AWS's code where a group is in its cooldown, or busy."""
_ASKED = re.compile(
    r"explicitly set group desired capacity changing the desired capacity from (?P<from_>\d+) to (?P<to>\d+)"
)
"""How AWS tells that somebody called SetDesiredCapacity."""


class Policy(Struct, frozen=True, kw_only=True):
    """A scaling policy. `kind` is AWS's own word; `adds` says whether it can make the group larger."""

    name: str
    kind: str
    enabled: bool
    adds: bool
    alarms: tuple[str, ...] = ()
    """The alarms on which it makes the group larger or smaller; of a target tracking policy only those of high load."""
    adjustment: int | None = None
    """Of a simple policy."""


class Asked(Struct, frozen=True, kw_only=True):
    """Somebody (a person, or we) asked for a size, and the group began to change."""

    from_: int
    to: int
    at: datetime


class History(Struct, frozen=True, kw_only=True):
    """What a group did lately: what has not ended, the launches that were begun, and the sizes that were asked for."""

    unfinished: tuple[Activity, ...] = ()
    launches: tuple[Activity, ...] = ()
    asked: tuple[Asked, ...] = ()


class Size(Target, frozen=True, kw_only=True):
    """The size that a group is to have, and the one that it had when that was judged."""

    group: str
    from_: int
    to: int


def size(name: str, *, from_: int, to: int) -> Size:
    """Return the size that a group is to have."""
    return Size(id=f"{name} from {from_} to {to}", group=name, from_=from_, to=to)


def policies(aws: "Clients", name: str) -> tuple[Policy, ...]:
    """Return the scaling policies of a group, by name."""
    pages = aws.autoscaling.get_paginator("describe_policies").paginate(AutoScalingGroupName=name)
    found = [_policy(policy) for page in pages for policy in page["ScalingPolicies"]]
    return tuple(sorted(found, key=lambda policy: policy.name))


def _policy(found: "ScalingPolicyTypeDef") -> Policy:
    kind = found.get("PolicyType", "SimpleScaling")
    steps = [step["ScalingAdjustment"] for step in found.get("StepAdjustments", ())]
    adjustment = found.get("ScalingAdjustment")
    alarms = tuple(alarm.get("AlarmName", "") for alarm in found.get("Alarms", ()))
    tracks = kind == "TargetTrackingScaling"
    return Policy(
        name=found.get("PolicyName", ""),
        kind=kind,
        enabled=found.get("Enabled", True),
        adds=tracks or any(change > 0 for change in (*steps, adjustment or 0)),
        alarms=tuple(sorted(alarm for alarm in alarms if not (tracks and "-AlarmLow-" in alarm))),
        adjustment=adjustment,
    )


def history(aws: "Clients", name: str, since: datetime) -> History:
    """Return what a group has done since then, and what it has not finished, among its 100 newest activities."""
    answer = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=100)
    recent = [found for found in answer["Activities"] if found["StartTime"] >= since]
    asked = {
        (int(said["from_"]), int(said["to"])): found["StartTime"]
        for found in reversed(recent)
        if (said := _ASKED.search(found["Cause"]))
    }
    return History(
        unfinished=tuple(_activity(found) for found in answer["Activities"] if found["StatusCode"] not in ENDED),
        launches=tuple(activity for activity in map(_activity, recent) if activity.launch),
        asked=tuple(Asked(from_=from_, to=to, at=at) for (from_, to), at in asked.items()),
    )


def _activity(found: "ActivityTypeDef") -> Activity:
    return Activity(
        description=found.get("Description", ""),
        status=found["StatusCode"],
        started_at=found["StartTime"],
        message=found.get("StatusMessage", ""),
    )


class Leaving(Struct, frozen=True, kw_only=True):
    """What decides which instance goes when a group is made smaller: AWS's own words, and who cannot go."""

    policies: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()


def leaving(aws: "Clients", name: str) -> Leaving:
    """Return what decides which instance of a group goes."""
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    members = [member for group_ in found for member in group_.get("Instances", ())]
    return Leaving(
        policies=tuple(policy for group_ in found for policy in group_.get("TerminationPolicies", ())),
        protected=tuple(sorted(member["InstanceId"] for member in members if member.get("ProtectedFromScaleIn"))),
    )


def at_work(found: Group, unfinished: tuple[Activity, ...]) -> tuple[str, ...]:
    """Say what a group is doing, instance by instance, then activity by activity; nothing if it rests."""
    moving = [f"{member.id} is {member.lifecycle}" for member in found.members if member.lifecycle not in RESTING]
    doing = [f"{activity.description or 'an activity'} ({activity.status})" for activity in unfinished]
    return (*moving, *doing)


def resize(aws: "Clients", wanted: Size) -> str:
    """Ask for a size, if the group rests and still has the size that was judged. Answers the receipt.

    Whatever made it larger or smaller since then knew more than the judgement did, and is not overridden. AWS has no
    compare-and-set for this, so what happens between the look and the call cannot be excluded: that is the last question
    whether we may still act, some milliseconds, and AWS's own cooldown where the policy has one.
    """
    refresh = latest_refresh(aws, wanted.group)
    if refresh and refresh.status in ACTIVE_REFRESH:
        raise LeftAloneError(f"An instance refresh of {wanted.group} is {refresh.status} by now.")
    now = group(aws, wanted.group)
    if now is None:
        raise LeftAloneError(f"There is no Auto Scaling group {wanted.group} any more.")
    if now.desired != wanted.from_:
        raise LeftAloneError(
            f"{wanted.group} wants {now.desired} instances by now, and {wanted.from_} when it was judged: "
            "somebody else has scaled it."
        )
    if doing := at_work(now, ()):
        raise LeftAloneError(f"{wanted.group} is at work by now: {'; '.join(doing)}.")
    if not now.min_size <= wanted.to <= now.max_size:
        raise LeftAloneError(
            f"{wanted.group} may have {now.min_size} to {now.max_size} instances by now, not {wanted.to}."
        )
    try:
        aws.acting.autoscaling.set_desired_capacity(
            AutoScalingGroupName=wanted.group, DesiredCapacity=wanted.to, HonorCooldown=True
        )
    except AwsError as error:
        if error.code != BUSY:
            raise
        raise LeftAloneError(f"AWS refused: {wanted.group} is in its cooldown. {error}") from error
    return f"{wanted.group} was asked for {wanted.to} instances instead of {wanted.from_}."


def settled(found: Group, healthy: frozenset[str]) -> str:
    """Say what a group lacks until as many instances as it wants are in service and healthy; nothing if it is complete."""
    serving = [member.id for member in found.members if member.lifecycle == IN_SERVICE]
    well = [id_ for id_ in serving if id_ in healthy]
    if doing := at_work(found, ()):
        return "; ".join(doing)
    if len(serving) != found.desired:
        return f"{len(serving)} of {found.desired} instances are in service"
    return "" if len(well) == len(serving) else f"{len(well)} of {len(serving)} instances are healthy targets"


UNTIL_SETTLED = timedelta(seconds=30)
"""How soon to look again at a group that is at work."""
