"""How an Auto Scaling group gets its size: its policies, who asked for which size lately, and asking for one.

The rule of the domain (FACTS.md, section 3): SetDesiredCapacity is absolute and has no compare-and-set. So the size that was
judged is compared right before the call, and the call honours the group's cooldown, in which AWS itself refuses it.
"""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.aws.autoscaling import ACTIVE_REFRESH, ENDED, Activity, Group, Member, activity, group, latest_refresh
from remediation.aws.group_commands import count
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Target

if TYPE_CHECKING:
    from mypy_boto3_autoscaling.type_defs import ActivityTypeDef, ScalingPolicyTypeDef

    from remediation.adapters.clients import Clients

IN_SERVICE = "InService"
RESTING = frozenset({IN_SERVICE, "Standby"})
"""Lifecycle states of instances that their group is not about to change."""
OUT, IN = ("Launch", "AddToLoadBalancer"), ("Terminate",)
"""Processes that a group needs to be made larger and have the new instances serve, or smaller."""
BUSY = "ScalingActivityInProgress"
"""AWS's code where a group is in its cooldown, or busy."""
_AT = r"At (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),? "
_CHANGING = r"changing the desired capacity from (?P<from_>\d+) to (?P<to>\d+)"
_ASKED = re.compile(
    rf"{_AT}a user request (?:explicitly set group desired capacity|update of AutoScalingGroup constraints to [^.]*?) {_CHANGING}"
)
"""How AWS tells that somebody called SetDesiredCapacity, or UpdateAutoScalingGroup as Terraform does."""
_RESIZED = re.compile(_CHANGING)
"""How AWS tells that an activity follows from another size: a policy's, a person's or a schedule's. A replacement has none."""


class Policy(Struct, frozen=True, kw_only=True):
    """A scaling policy. `kind` and `adjustment_type` are AWS's own words."""

    name: str
    kind: str
    enabled: bool
    alarms: tuple[str, ...] = ()
    """The alarms on which it makes the group larger or smaller; of a target tracking policy only those of high load."""
    lows: tuple[str, ...] = ()
    """A target tracking policy's alarms of low load, on which it makes the group smaller."""
    adjustment_type: str = "ChangeInCapacity"
    adjustment: int | None = None
    """Of a simple policy, in the unit of its adjustment type."""
    steps: tuple[int, ...] = ()
    """The adjustments of a step policy."""
    least: int = 0
    """How many instances a percentage changes at least."""

    @property
    def tracks(self) -> bool:
        """Tell whether it follows a target by alarms of its own."""
        return self.kind == "TargetTrackingScaling"

    def adds_to(self, size: int) -> bool:
        """Tell whether it can make a group of this size larger."""
        return self.tracks or any(to > size for to in self._sizes(size))

    def takes_from(self, size: int) -> bool:
        """Tell whether it can make a group of this size smaller."""
        return bool(self.lows) if self.tracks else any(to < size for to in self._sizes(size))

    def _sizes(self, size: int) -> tuple[int, ...]:
        changes = self.steps if self.adjustment is None else (self.adjustment,)
        return tuple(self._after(size, change) for change in changes)

    def _after(self, size: int, change: int) -> int:
        """Return the size after an adjustment, as AWS reckons it: a share of an instance is at least one, else cut off."""
        match self.adjustment_type:
            case "ExactCapacity":
                return change
            case "PercentChangeInCapacity":
                number = max(abs(size * change) // 100, self.least, min(size, 1)) if change else 0
                return size + number if change > 0 else size - number
            case _:
                return size + change


class Asked(Struct, frozen=True, kw_only=True):
    """Somebody (a person, Terraform, or we) asked for a size, and the group began to change.

    `at` is when it was asked for, by AWS's clock: it tells two requests for the same size apart, while several instances that
    one request launched tell of one time.
    """

    from_: int
    to: int
    at: datetime


class History(Struct, frozen=True, kw_only=True):
    """What a group did lately: what has not ended, how it grew, and the sizes that were asked for."""

    unfinished: tuple[Activity, ...] = ()
    launches: tuple[Activity, ...] = ()
    """Those that a policy or another change of the size began, and that have not failed; none that replaced an instance."""
    asked: tuple[Asked, ...] = ()
    """Oldest first, each request once."""


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
    alarms = sorted(alarm.get("AlarmName", "") for alarm in found.get("Alarms", ()))
    tracking = found.get("TargetTrackingConfiguration", {})
    lows = [alarm for alarm in alarms if "-AlarmLow-" in alarm] if kind == "TargetTrackingScaling" else []
    return Policy(
        name=found.get("PolicyName", ""),
        kind=kind,
        enabled=found.get("Enabled", True),
        alarms=tuple(alarm for alarm in alarms if alarm not in lows),
        lows=() if tracking.get("DisableScaleIn") else tuple(lows),
        adjustment_type=found.get("AdjustmentType", "ChangeInCapacity"),
        adjustment=found.get("ScalingAdjustment"),
        steps=tuple(step["ScalingAdjustment"] for step in found.get("StepAdjustments", ())),
        least=found.get("MinAdjustmentMagnitude", 0),
    )


def history(aws: "Clients", name: str, since: datetime) -> History:
    """Return what a group has done since then, and what it has not finished, among its 100 newest activities."""
    answer = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=100)
    recent = [found for found in answer["Activities"] if found["StartTime"] >= since]
    asked = {asked for found in recent for asked in _asked(found["Cause"])}
    return History(
        unfinished=tuple(activity(found) for found in answer["Activities"] if found["StatusCode"] not in ENDED),
        launches=tuple(activity(found) for found in recent if _grew(found)),
        asked=tuple(sorted(asked, key=lambda each: (each.at, each.from_, each.to))),
    )


def _asked(cause: str) -> tuple[Asked, ...]:
    return tuple(
        Asked(from_=int(said["from_"]), to=int(said["to"]), at=datetime.fromisoformat(said["at"]))
        for said in _ASKED.finditer(cause)
    )


def _grew(found: "ActivityTypeDef") -> bool:
    went_on = found["StatusCode"] not in {"Failed", "Cancelled"}
    return went_on and activity(found).launch and _RESIZED.search(found["Cause"]) is not None


def at_work(found: Group, unfinished: tuple[Activity, ...]) -> tuple[str, ...]:
    """Say what a group is doing, by instance and by activity, and what it is about to do; nothing if it rests."""
    moving = [f"{member.id} is {member.lifecycle}" for member in found.members if member.lifecycle not in RESTING]
    doing = [f"{activity.description or 'an activity'} ({activity.status})" for activity in unfinished]
    return (*moving, *doing, *_leaving(found))


def free(found: Group) -> tuple[Member, ...]:
    """Return the instances in service that may go when a group is made smaller."""
    return tuple(member for member in found.members if member.lifecycle == IN_SERVICE and not member.protected)


def _leaving(found: Group) -> tuple[str, ...]:
    """Say how many instances are about to leave: a smaller size holds from when it is set, and the first one goes later."""
    serving = sum(member.lifecycle == IN_SERVICE for member in found.members)
    number = min(serving - found.desired, len(free(found)))
    if number <= 0 or any(process in found.suspended for process in IN):
        return ()
    return (f"{count(number)} about to leave, for it wants {found.desired} and {serving} are in service",)


def resize(aws: "Clients", wanted: Size) -> str:
    """Ask for a size, if the group rests and still has the size that was judged. Answers the receipt.

    Whatever made it larger or smaller since then knew more than the judgement did, and is not overridden. AWS has no
    compare-and-set for this, so what happens between the look and the call cannot be excluded: that is the last question
    whether we may still act, some milliseconds, and AWS's own cooldown where the policy has one.
    """
    try:
        refresh = latest_refresh(aws, wanted.group)
    except AwsError as error:  # it knows no refreshes of a group that is gone
        if group(aws, wanted.group) is None:
            raise LeftAloneError(_gone(wanted)) from error
        raise
    if refresh and refresh.status in ACTIVE_REFRESH:
        raise LeftAloneError(f"An instance refresh of {wanted.group} is {refresh.status} by now.")
    now = group(aws, wanted.group)  # after everything else: the less there is between it and the call, the better
    if now is None:
        raise LeftAloneError(_gone(wanted))
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


def _gone(wanted: Size) -> str:
    return f"There is no Auto Scaling group {wanted.group} any more."


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
