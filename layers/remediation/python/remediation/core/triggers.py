"""What may start a run: four triggers, and two ways for an event to be none."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

ALARM_STATE_CHANGE = "CloudWatch Alarm State Change"
DRILL = "starttech.drill"
"""The source of rehearsed events: PutEvents refuses sources that start with `aws.`."""
SWEEP = "starttech.sweep"
"""The source of alarms that the sweep offers again, because they are still in ALARM and nobody works on them."""
ASG_EVENTS = frozenset(
    {
        "EC2 Instance Launch Unsuccessful",
        "EC2 Instance Terminate Unsuccessful",
        "EC2 Auto Scaling Instance Refresh Failed",
        "EC2 Auto Scaling Instance Refresh Rollback Failed",
    }
)

AlarmState: TypeAlias = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


class Metric(Struct, frozen=True, kw_only=True):
    """The plain metric that an alarm watches."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


class AlarmRaised(Struct, frozen=True, kw_only=True, tag="alarm"):
    """A CloudWatch alarm changed its state (to any state; the gates choose)."""

    account: str
    """Empty, like the region, where a message by SNS does not name its alarm's ARN: in no environment's scope."""
    region: str
    alarm: str
    state: AlarmState
    previous_state: AlarmState | None
    transitioned_at: datetime
    sent_at: datetime | None
    metric: Metric | None
    """None where the alarm is composite, uses metric math, or the event does not say."""
    muted: bool = False
    suppressed: bool = False
    replay: str = ""
    drill: bool = False
    tick: str = ""
    """The tick of the sweep that offers it again; empty where the alarm itself went to this state just now."""

    @property
    def swept(self) -> bool:
        """Tell whether the sweep offers it again."""
        return bool(self.tick)

    @property
    def key(self) -> str:
        """Return what is the same in every delivery of this transition; each tick of the sweep is an event of its own."""
        kind, when = "drill" if self.drill else "alarm", self.transitioned_at.isoformat(timespec="milliseconds")
        what = f"{self.account}|{self.region}|{self.alarm}|{self.state}|{when}"
        return f"sweep|{what}|{self.tick}" if self.swept else f"{kind}|{what}"


class AsgEvent(Struct, frozen=True, kw_only=True, tag="asg"):
    """Auto Scaling failed to launch, terminate or refresh."""

    account: str
    region: str
    id: str
    detail_type: str
    group: str
    instance: str
    activity: str
    sent_at: datetime | None
    replay: str = ""
    drill: bool = False

    @property
    def key(self) -> str:
        """Return what is the same in every delivery of this event."""
        kind, which = "asg-drill" if self.drill else "asg", self.activity or self.id
        return f"{kind}|{self.account}|{self.region}|{self.group}|{self.detail_type}|{which}"


class Scheduled(Struct, frozen=True, kw_only=True, tag="schedule"):
    """A schedule of ours ticked."""

    account: str
    region: str
    id: str
    sent_at: datetime | None
    replay: str = ""

    @property
    def key(self) -> str:
        """Return what is the same in every delivery of this tick."""
        return f"schedule|{self.account}|{self.region}|{self.id}"


class Invoked(Struct, frozen=True, kw_only=True, tag="manual"):
    """A person started the function. Without `apply` they want the plan."""

    payload: Mapping[str, Any]
    apply: bool = False
    because: str = ""
    request: str = ""
    """A request id of the caller's: the same one twice is one run. Empty: every invocation is its own."""
    by: str = ""
    """The AWS user id that the caller claims; the record of their request proves it (core/spoken.py)."""

    @property
    def key(self) -> str:
        """Return what makes a repeated request the same request, or nothing."""
        body = json.dumps(self.payload, sort_keys=True, default=str)
        return f"manual|{self.request}|{self.apply}|{body}" if self.request else ""


Trigger: TypeAlias = AlarmRaised | AsgEvent | Scheduled | Invoked


class Ignored(Struct, frozen=True, kw_only=True, tag="ignored"):
    """A well-formed event that is not for us."""

    because: str


class Rejected(Struct, frozen=True, kw_only=True, tag="rejected"):
    """Not a shape we accept."""

    because: str


Parsed: TypeAlias = Trigger | Ignored | Rejected
