"""The shapes that events have on the wire: EventBridge's envelopes, CloudWatch's and Auto Scaling's details, alarms by SNS.

Only what is used of them; whatever else they carry is left alone.
"""

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from remediation.core.triggers import AlarmState

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]
Account: TypeAlias = Annotated[str, Meta(pattern=r"\A\d{12}\Z")]
Region: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z]{2}(-[a-z]+)+-\d\Z")]


class MetricStat(Struct):
    """Which metric a query reads."""

    class _Metric(Struct):
        namespace: Text
        name: Text
        dimensions: dict[str, str] = {}

    metric: _Metric


class MetricQuery(Struct, rename="camel"):
    """One query of an alarm: a metric, or an expression over others."""

    metric_stat: MetricStat | None = None
    expression: str | None = None


class Configuration(Struct):
    """What an alarm watches."""

    metrics: list[MetricQuery] = []


class State(Struct, rename="camel"):
    """What an alarm says, and since when."""

    value: AlarmState
    timestamp: str
    actions_suppressed_by: str | None = None


class PreviousState(Struct):
    """What it said before."""

    value: AlarmState


class Sweep(Struct):
    """Which tick of the sweep offers the alarm again."""

    tick: Text


class AlarmDetail(Struct, rename="camel"):
    """The detail of CloudWatch's event."""

    alarm_name: Text
    state: State
    previous_state: PreviousState | None = None
    configuration: Configuration = msgspec.field(default_factory=Configuration)
    mute_detail: Any = None
    sweep: Sweep | None = None


class AsgDetail(Struct, rename="pascal"):
    """The detail of Auto Scaling's events."""

    auto_scaling_group_name: Text
    e_c2_instance_id: str = msgspec.field(default="", name="EC2InstanceId")
    activity_id: str = ""


class Envelope(Struct, rename="kebab"):
    """What EventBridge puts every event into."""

    id: Text
    detail_type: Text
    source: Text
    account: Account
    region: Region
    time: str
    detail: dict[str, Any]
    replay_name: str = ""


class SnsMessage(Struct, rename="pascal"):
    """What SNS puts every message into."""

    message: str


class SnsDimension(Struct):
    """One dimension of a metric."""

    name: str
    value: str


class SnsTrigger(Struct, rename="pascal"):
    """What an alarm watches, as SNS tells it."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: list[SnsDimension] = []


class SnsAlarm(Struct, rename="pascal"):
    """An alarm, as SNS tells it."""

    alarm_name: Text
    new_state_value: AlarmState
    state_change_time: str
    alarm_arn: str = ""
    old_state_value: AlarmState | None = None
    trigger: SnsTrigger | None = None
