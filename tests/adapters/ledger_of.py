"""Short words for what the ledger's tests do again and again."""

from datetime import datetime, timedelta
from typing import Any

from remediation.adapters.clients import Clients
from remediation.core.gates import Refusal
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.ports import Duplicate, Lease, Ledger
from tests.adapters.conftest import TABLE
from tests.support.steps import NIGHT

RUNBOOK, HOUSE = "light-the-lamps", "dev-house"
LEASE = timedelta(minutes=15)


def later(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def receive(ledger: Ledger, run: str, event: str = "an event", *, now: datetime = NIGHT) -> Duplicate | None:
    return ledger.receive(run=run, event=event, runbook=RUNBOOK, trigger="alarm dark-lamps (OK -> ALARM)", now=now)


def admit(
    ledger: Ledger, run: str, event: str, *, now: datetime = NIGHT, cooldown: timedelta = timedelta(0)
) -> Lease | Refusal:
    """Ask for a lease of 15 minutes; after it, the resource cools down for so long if the run dies."""
    until = now + LEASE
    return ledger.admit(
        run=run, event=event, runbook=RUNBOOK, resource=HOUSE, until=until, cooldown_until=until + cooldown, now=now
    )


def begin(ledger: Ledger, run: str, event: str = "an event", *, now: datetime = NIGHT) -> Lease:
    """Receive an event and be admitted."""
    assert receive(ledger, run, event, now=now) is None
    lease = admit(ledger, run, event, now=now)
    assert isinstance(lease, Lease), lease
    return lease


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


def close(ledger: Ledger, run: str, lease: Lease | None, *, cooldown_until: datetime = NIGHT, **more: Any) -> None:
    ledger.close(
        outcome=outcome(run, **more),
        timeline=(Entry(at=NIGHT, kind="outcome", text="healed: Every lamp is lit."),),
        lease=lease,
        cooldown_until=cooldown_until,
    )


def items(aws: Clients) -> dict[str, dict[str, Any]]:
    """Return everything in the table, plainly, by its key."""
    found = aws.acting.dynamodb.scan(TableName=TABLE)["Items"]
    plain: list[dict[str, Any]] = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
    return {item["pk"]: item for item in plain}


def put(aws: Clients, pk: str, **attributes: Any) -> None:
    aws.acting.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": pk}, **attributes})
