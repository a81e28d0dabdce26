"""Offer alarms that are still in ALARM to their runbooks again: as events, so that the deployed rules route them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from remediation.adapters.sweep_records import Wanted
from remediation.core.errors import AwsError
from remediation.core.redact import redact
from remediation.core.sweep import DescribedAlarm, Offer, Swept, answering, detail
from remediation.core.triggers import ALARM_STATE_CHANGE, SWEEP

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from remediation.adapters.clients import Clients

AT_ONCE = 10
"""Events that one call takes."""


def wanted(alarms: Iterable[DescribedAlarm], runbooks: tuple[Swept, ...]) -> Iterator[Wanted]:
    """Yield which runbook's last run on which alarm has to be known to judge these alarms."""
    for alarm in alarms:
        if alarm.transitioned_at is not None:
            for swept in answering(alarm, runbooks):
                yield Wanted(runbook=swept.runbook, alarm=redact(alarm.name), since=alarm.transitioned_at)


def send(aws: "Clients", offers: Sequence[Offer], tick: str, now: datetime) -> Iterator[tuple[Offer, str]]:
    """Put the events of the alarms that are offered on the default bus; yield each, and why it was not taken if so.

    Each call is made once: whatever is lost is offered again by the next tick.
    """
    for at in range(0, len(offers), AT_ONCE):
        batch = offers[at : at + AT_ONCE]
        try:
            answer = aws.acting.events.put_events(Entries=[_entry(offer.alarm, tick, now) for offer in batch])
        except AwsError as error:
            yield from ((offer, str(error)) for offer in batch)
            continue
        for offer, taken in zip(batch, answer["Entries"], strict=True):
            code = taken.get("ErrorCode")
            yield offer, f"{code}: {taken.get('ErrorMessage') or 'EventBridge gave no reason'}" if code else ""


def _entry(alarm: DescribedAlarm, tick: str, now: datetime) -> "PutEventsRequestEntryTypeDef":
    return {
        "Time": now,
        "Source": SWEEP,
        "DetailType": ALARM_STATE_CHANGE,
        "Resources": [alarm.arn] if alarm.arn else [],
        "Detail": json.dumps(detail(alarm, tick)),
    }
