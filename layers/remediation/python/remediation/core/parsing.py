"""Turn whatever arrives into one of four triggers, or say why not. Never raises, whatever the input.

An event is a nudge, not evidence: only ids, states and times are taken from it, and everything is looked up again
before anything is done. Shapes: EventBridge envelopes, CloudWatch alarms wrapped by SNS (in a Lambda event, as an HTTP
notification or as the bare message), and payloads of a manual invocation.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from remediation.core.triggers import (
    ALARM_STATE_CHANGE,
    ASG_EVENTS,
    DRILL,
    SWEEP,
    AlarmRaised,
    AsgEvent,
    Ignored,
    Invoked,
    Metric,
    Parsed,
    Rejected,
    Scheduled,
)
from remediation.core.wire import AlarmDetail, AsgDetail, Envelope, MetricQuery, SnsAlarm, SnsMessage

LARGEST_EVENT = 256 * 1024
"""Bytes. EventBridge and SNS deliver no more than this, so anything larger is not an event."""

_ALARM_ARN = re.compile(r"\Aarn:aws[a-z-]*:cloudwatch:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):alarm:.+\Z", re.DOTALL)
_AWS_SERVICE = re.compile(r"\Aaws\.[a-z][a-z0-9-]*\Z")


# ------------------------------------------------------------------------------------------------------------ parsing


def parse(event: object) -> Parsed:
    """Return the trigger in an event as Lambda hands it over (parsed JSON), or why there is none."""
    if not isinstance(event, dict):
        return Rejected(because=f"The event is a JSON {_kind(event)}; expected an object.")
    try:
        if len(json.dumps(event, ensure_ascii=False).encode()) > LARGEST_EVENT:
            return Rejected(because=f"The event is larger than {LARGEST_EVENT} bytes.")
        return _parse_object(event)
    except msgspec.ValidationError as error:
        return Rejected(because=f"The event is malformed: {error}.")
    except (RecursionError, TypeError, ValueError) as error:
        return Rejected(because=f"The event cannot be read: {error}.")


def _parse_object(event: dict[str, Any]) -> Parsed:
    if "detail-type" in event or ("source" in event and "detail" in event):
        return _from_envelope(event)
    if "Records" in event:
        return _from_records(event["Records"])
    if event.get("Type") == "Notification" and "Message" in event:
        return _from_sns(msgspec.convert(event, SnsMessage).message)
    if "AlarmName" in event and "NewStateValue" in event:
        return _from_sns_alarm(event)
    if "alarmData" in event:
        return Rejected(
            because="A direct Lambda action of an alarm is not supported; let the alarm's EventBridge event "
            "or an SNS topic start the function."
        )
    return _from_payload(event)


def _from_envelope(event: dict[str, Any]) -> Parsed:
    source, kind = event.get("source"), event.get("detail-type")
    if not isinstance(source, str) or not isinstance(kind, str):
        return Rejected(because="The event's `source` and `detail-type` have to be strings.")
    if kind.startswith("CloudWatch Alarm ") and kind != ALARM_STATE_CHANGE:
        return Rejected(because=f"{kind!r} is not an alarm state change.")
    if kind == ALARM_STATE_CHANGE and source not in {"aws.cloudwatch", DRILL, SWEEP}:
        return Rejected(because=f"The source of an alarm state change has to be aws.cloudwatch, not {source!r}.")
    if source.startswith("aws.") and not _AWS_SERVICE.match(source):
        return Rejected(because=f"The source {source!r} is not an AWS service.")
    if kind in ASG_EVENTS and source not in {"aws.autoscaling", DRILL}:
        return Rejected(because=f"The source of {kind!r} has to be aws.autoscaling, not {source!r}.")
    if kind not in ASG_EVENTS | {ALARM_STATE_CHANGE} and not (kind == "Scheduled Event" and source == "aws.events"):
        return Ignored(because=f"No runbook is started by {kind!r} from {source}.")
    envelope = msgspec.convert(event, Envelope)
    if kind == "Scheduled Event":
        return Scheduled(
            account=envelope.account,
            region=envelope.region,
            id=envelope.id,
            sent_at=_sent(envelope.time),
            replay=envelope.replay_name,
        )
    return _alarm_event(envelope) if kind == ALARM_STATE_CHANGE else _asg_event(envelope)


def _alarm_event(envelope: Envelope) -> Parsed:
    detail = msgspec.convert(envelope.detail, AlarmDetail)
    if (detail.sweep is None) == (envelope.source == SWEEP):
        return Rejected(
            because=f"An event has to name its tick (`detail.sweep.tick`) if, and only if, {SWEEP} sent it."
        )
    return AlarmRaised(
        account=envelope.account,
        region=envelope.region,
        alarm=detail.alarm_name,
        state=detail.state.value,
        previous_state=detail.previous_state.value if detail.previous_state else None,
        transitioned_at=_instant(detail.state.timestamp, "detail.state.timestamp"),
        sent_at=_sent(envelope.time),
        metric=_plain_metric(detail.configuration.metrics),
        muted=detail.mute_detail is not None,
        suppressed=bool(detail.state.actions_suppressed_by),
        replay=envelope.replay_name,
        drill=envelope.source == DRILL,
        tick=detail.sweep.tick if detail.sweep else "",
    )


def _asg_event(envelope: Envelope) -> Parsed:
    detail = msgspec.convert(envelope.detail, AsgDetail)
    return AsgEvent(
        account=envelope.account,
        region=envelope.region,
        id=envelope.id,
        detail_type=envelope.detail_type,
        group=detail.auto_scaling_group_name,
        instance=detail.e_c2_instance_id,
        activity=detail.activity_id,
        sent_at=_sent(envelope.time),
        replay=envelope.replay_name,
        drill=envelope.source == DRILL,
    )


def _plain_metric(queries: list[MetricQuery]) -> Metric | None:
    if len(queries) != 1 or queries[0].metric_stat is None or queries[0].expression is not None:
        return None
    metric = queries[0].metric_stat.metric
    return Metric(namespace=metric.namespace, name=metric.name, dimensions=metric.dimensions)


def _from_records(records: object) -> Parsed:
    if not isinstance(records, list) or len(records) != 1 or not isinstance(records[0], dict):
        return Rejected(because="`Records` has to hold exactly one SNS record.")
    if "Sns" not in records[0]:
        return Rejected(because="The record is not from SNS.")
    return _from_sns(msgspec.convert(records[0]["Sns"], SnsMessage).message)


def _from_sns(message: str) -> Parsed:
    try:
        body = json.loads(message)
        json.dumps(body, ensure_ascii=False).encode()  # an escaped half of a character only shows here
    except ValueError:
        return Rejected(because="The SNS message is not JSON.")
    if isinstance(body, dict) and "AlarmName" in body and "NewStateValue" in body:
        return _from_sns_alarm(body)
    if isinstance(body, dict) and "detail-type" in body:
        return _from_envelope(body)
    return Ignored(because="The SNS message is not about an alarm.")


def _from_sns_alarm(body: dict[str, Any]) -> Parsed:
    alarm = msgspec.convert(body, SnsAlarm)
    arn = _ALARM_ARN.match(alarm.alarm_arn)
    changed = _instant(alarm.state_change_time, "StateChangeTime")
    plain = alarm.trigger and alarm.trigger.namespace and alarm.trigger.metric_name
    return AlarmRaised(
        account=arn["account"] if arn else "",
        region=arn["region"] if arn else "",
        alarm=alarm.alarm_name,
        state=alarm.new_state_value,
        previous_state=alarm.old_state_value,
        transitioned_at=changed,
        sent_at=changed,
        metric=Metric(
            namespace=alarm.trigger.namespace,
            name=alarm.trigger.metric_name,
            dimensions={dimension.name: dimension.value for dimension in alarm.trigger.dimensions},
        )
        if alarm.trigger and plain
        else None,
    )


class _Request(Struct, forbid_unknown_fields=False):
    apply: bool = False
    because: Annotated[str, Meta(max_length=500)] = ""
    request: Annotated[str, Meta(max_length=64)] = ""
    by: Annotated[str, Meta(max_length=128)] = ""


def _from_payload(event: dict[str, Any]) -> Parsed:
    request = msgspec.convert(event, _Request)
    payload = {key: value for key, value in event.items() if key not in _Request.__struct_fields__}
    return Invoked(
        payload=payload, apply=request.apply, because=request.because, request=request.request, by=request.by
    )


def _instant(text: str, field: str) -> datetime:
    """Read CloudWatch's instants: `+0000` (which RFC 3339 does not know), `Z` or `+00:00`."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is not an instant with a time zone - at `$.{field}`")


def _sent(text: str) -> datetime | None:
    """Read when an event was sent; None, which no freshness gate lets pass, where it does not say."""
    try:
        return _instant(text, "time")
    except ValueError:
        return None


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "array"
