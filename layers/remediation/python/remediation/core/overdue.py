"""Runs that have no outcome though their time is up: still open, or gone without a word. Pure.

A run always ends with an outcome, unless its execution died: stopped by a person, ended by Lambda at its time-out, or failed
while it closed. Whoever waits for that outcome waits in vain, and its lease blocks the resource; so the sweep asks for it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args

import msgspec

from remediation.core.circuit import Result
from remediation.core.outcome import Entry, Outcome
from remediation.core.record import RunRecord
from remediation.core.spec import Place
from remediation.core.sweep import RunSeen, Swept

UNKNOWN_LIMIT = timedelta(hours=12)
"""Of a runbook that is not deployed any more."""
LATE = timedelta(minutes=2)
"""After its limit, a run that Lambda has just ended may still be closing."""

Execution: TypeAlias = Literal[
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING", "PAUSING", "PAUSED", "UNKNOWN"
]
"""Lambda's own words; UNKNOWN where it does not know the execution (any more)."""
EXECUTIONS: tuple[Execution, ...] = get_args(Execution)
OPEN: frozenset[Execution] = frozenset({"RUNNING", "PAUSING", "PAUSED"})

_ENDED: dict[Execution, str] = {
    "SUCCEEDED": "Its execution succeeded, but no outcome was recorded.",
    "FAILED": "Its execution failed before an outcome was recorded.",
    "TIMED_OUT": "Lambda ended its execution at the time-out.",
    "STOPPED": "Somebody stopped its execution.",
    "DELETING": "Its execution is being deleted.",
    "UNKNOWN": "Lambda does not know its execution.",
}


def overdue(runs: Iterable[RunSeen], runbooks: Iterable[Swept], now: datetime) -> tuple[RunSeen, ...]:
    """Return the runs without an outcome that should have had one by now, the oldest first."""
    limits = {swept.runbook: swept.limit for swept in runbooks}
    late = (
        run
        for run in runs
        if run.status is None and now >= run.started_at + limits.get(run.runbook, UNKNOWN_LIMIT) + LATE
    )
    return tuple(sorted(late, key=lambda run: run.started_at))


def closing(
    run: RunRecord, execution: Execution, *, alarm: str, swept: Swept | None, place: Place, now: datetime
) -> Outcome:
    """Return the outcome that a run did not record itself: a failure, which is everybody's to know.

    `swept` is its runbook, if that still is deployed, and `alarm` what started it, if one did.
    """
    assert execution not in OPEN, "it is not over"
    last = run.timeline[-1] if run.timeline else None
    return Outcome(
        run=run.run,
        runbook=run.runbook,
        environment=place.environment,
        account=place.account,
        region=place.region,
        status="failed",
        because=f"The run ended without an outcome. {_ENDED[execution]} What it did last is not known for certain.",
        trigger=run.trigger,
        started_at=run.started_at,
        ended_at=now,
        team=swept.team if swept else "infrastructure",
        evidence=(f"The last that it recorded, at {last.at:%H:%M:%S} UTC: {last.text}",) if last else (),
        next_steps=(
            f"Look what it did: remedy show {run.run} --env {place.environment}",
            f"Look at its log: aws logs tail /aws/lambda/{place.environment}-{run.runbook} --since 1h",
        ),
        paged=True,
        incident="|".join(filter(None, (place.environment, run.runbook, alarm))),
    )


def answered(run: RunRecord, result: str) -> Outcome | None:
    """Return the outcome that a run answered, and so has told, though the ledger could not record it; None if it is none."""
    try:
        outcome = msgspec.json.decode(result, type=Outcome)
    except (msgspec.MsgspecError, ValueError):
        return None
    return outcome if outcome.run == run.run else None


def result_of(outcome: Outcome) -> Result:
    """Return what a run says about its runbook, as the engine does when it closes one."""
    match outcome.status:
        case "healed":
            return "good"
        case "not-healed" | "failed":
            return "bad"
        case "escalated" if outcome.acts:
            return "bad"
        case _:
            return "neutral"


def last_entry(outcome: Outcome) -> Entry:
    """Return the line that ends its timeline."""
    return Entry(at=outcome.ended_at, kind="outcome", text=f"{outcome.status}: {outcome.because}")
