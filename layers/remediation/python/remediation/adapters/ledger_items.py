"""Single items of the ledger: their keys, and how a run is kept and a lease given back. adapters/ledger.py has the whole table."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from remediation.adapters.table import Item, Table, milliseconds, seconds
from remediation.core.admission import Lease
from remediation.core.outcome import Entry, Outcome
from remediation.core.record import bounded_outcome, bounded_timeline
from remediation.core.redact import redacted

RUN_KEPT = timedelta(days=400)


def event_key(key: str) -> str:
    """Return the key of who has an event."""
    return f"EVENT#{sha256(key.encode()).hexdigest()}"


def resource_key(name: str) -> str:
    """Return the key of a resource."""
    return f"RESOURCE#{name}"


def circuit_key(environment: str, runbook: str) -> str:
    """Return the key of a runbook's circuit."""
    return f"CIRCUIT#{environment}#{runbook}"


def budget_key(environment: str) -> str:
    """Return the key of an environment's budget."""
    return f"BUDGET#{environment}"


def freeze_key(environment: str) -> str:
    """Return the key of an environment's live freeze."""
    return f"FREEZE#{environment}"


def kept(table: Table, environment: str, outcome: Outcome, timeline: tuple[Entry, ...]) -> dict[str, Any]:
    """Return the update that keeps an outcome, unless there is one already."""
    known = bounded_outcome(msgspec.convert(redacted(msgspec.to_builtins(outcome)), Outcome))
    return table.update(
        f"RUN#{outcome.run}",
        "SET run = :run, runbook = :runbook, environment = :environment, #trigger = :trigger,"
        " started_at = if_not_exists(started_at, :started), ended_at = :ended, #status = :status,"
        " because = :because, gate = :gate, outcome = :outcome, timeline = :timeline, expires_at = :expires",
        condition="attribute_not_exists(outcome)",
        reserved=("trigger", "status"),
        run=outcome.run,
        runbook=known.runbook,
        environment=environment,
        trigger=known.trigger,
        started=milliseconds(outcome.started_at),
        ended=milliseconds(outcome.ended_at),
        status=known.status,
        because=known.because,
        gate=known.gate,
        outcome=known.json(),
        timeline=told(timeline),
        expires=seconds(outcome.ended_at + RUN_KEPT),
    )


def released(table: Table, run: str, resource: str, cooldown_until: datetime) -> dict[str, Any]:
    """Return the update that gives a lease back, if it still is the run's."""
    return table.update(
        resource_key(resource),
        "SET cooldown_until = :until REMOVE lease_owner, lease_until",
        condition="lease_owner = :run",
        until=milliseconds(cooldown_until),
        run=run,
    )


def told(timeline: tuple[Entry, ...]) -> str:
    """Return a timeline as it is kept: without secrets, and not too long."""
    without = msgspec.convert(redacted(msgspec.to_builtins(timeline)), tuple[Entry, ...])
    return msgspec.json.encode(bounded_timeline(without)).decode()


def lost(lease: Lease, run: str, found: Item) -> str:
    """Say why a lease is not the run's any more."""
    owner, fence = found.text("lease_owner"), found.number("fence")
    if (owner, fence) == (run, lease.fence):
        return f"The lease on {lease.resource} ended at {lease.until:%H:%M:%S} UTC."
    taken = f"run {owner} has it" if owner else "it was given back"
    return f"The lease on {lease.resource} is lost: {taken}, and the fence is {fence} instead of {lease.fence}."
