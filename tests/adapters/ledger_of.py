"""Short words for what the ledger's tests do again and again."""

import json
from datetime import datetime, timedelta
from typing import Any

from remediation.adapters.clients import Clients
from remediation.core.admission import Lease, Request
from remediation.core.circuit import Result
from remediation.core.gates import Refusal
from remediation.core.limits import Limits
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.ports import Closing, Duplicate, Ledger, Receipt
from tests.adapters.conftest import TABLE
from tests.support.steps import NIGHT
from tests.support.world import GENEROUS

RUNBOOK, HOUSE = "light-the-lamps", "dev-house"
LEASE = timedelta(minutes=15)


def later(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def receive(
    ledger: Ledger, run: str, event: str = "an event", *, now: datetime = NIGHT, **more: Any
) -> Duplicate | None:
    told: dict[str, Any] = {"runbook": RUNBOOK, "trigger": "alarm dark-lamps (OK -> ALARM)"}
    return ledger.receive(Receipt(run=run, event=event, now=now, **(told | more)))


def admit(
    ledger: Ledger,
    run: str,
    event: str,
    *,
    now: datetime = NIGHT,
    cooldown: timedelta = timedelta(0),
    limits: Limits = GENEROUS,
    **more: Any,
) -> Lease | Refusal:
    """Ask for a lease of 15 minutes; after it, the resource cools down for so long if the run dies."""
    until = now + LEASE
    asked: dict[str, Any] = {
        "n": 1,
        "runbook": RUNBOOK,
        "resource": HOUSE,
        "until": until,
        "cooldown_until": until + cooldown,
    }
    return ledger.admit(Request(run=run, event=event, now=now, **(asked | more)), limits)


def begin(ledger: Ledger, run: str, event: str = "an event", *, now: datetime = NIGHT, **more: Any) -> Lease:
    """Receive an event and be admitted."""
    assert receive(ledger, run, event, now=now) is None
    lease = admit(ledger, run, event, now=now, **more)
    assert isinstance(lease, Lease), lease
    return lease


def gate(answer: Lease | Refusal | None) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.gate


def confirm(ledger: Ledger, run: str, lease: Lease, *, now: datetime = NIGHT) -> Refusal | None:
    return ledger.confirm(run=run, runbook=RUNBOOK, lease=lease, now=now)


def outcome(run: str, status: Status = "healed", **more: Any) -> Outcome:
    told: dict[str, Any] = {
        "runbook": RUNBOOK,
        "environment": "dev",
        "account": "123456789012",
        "region": "us-east-1",
        "because": "Every lamp is lit.",
        "trigger": "alarm dark-lamps (OK -> ALARM)",
        "started_at": NIGHT,
        "ended_at": later(200),
        "team": "infrastructure",
    }
    return Outcome(run=run, status=status, **(told | more))


LIT = (Entry(at=NIGHT, kind="outcome", text="healed: Every lamp is lit."),)


def close(
    ledger: Ledger,
    run: str,
    lease: Lease | None,
    *,
    cooldown_until: datetime = NIGHT,
    result: Result = "good",
    limits: Limits = GENEROUS,
    timeline: tuple[Entry, ...] = LIT,
    **more: Any,
) -> None:
    closing = Closing(
        outcome=outcome(run, **more), timeline=timeline, lease=lease, cooldown_until=cooldown_until, result=result
    )
    ledger.close(closing, limits)


def items(aws: Clients) -> dict[str, dict[str, Any]]:
    """Return everything in the table, plainly, by its key."""
    pages = aws.acting.dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    found = [item for page in pages for item in page["Items"]]
    plain: list[dict[str, Any]] = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
    return {item["pk"]: item for item in plain}


def listed(aws: Clients, pk: str, name: str = "acts") -> list[tuple[int, str]]:
    """Return a list of instants and texts that an item keeps, in milliseconds after NIGHT."""
    start = round(NIGHT.timestamp() * 1000)
    return [(at - start, text) for at, text in json.loads(items(aws)[pk].get(name, "[]"))]


def put(aws: Clients, pk: str, **attributes: Any) -> None:
    aws.acting.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": pk}, **attributes})
