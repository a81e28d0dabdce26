"""The sweep in simulated time: core/sweep.py on what a ledger in memory holds, for one alarm."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from remediation.core.deployment import Deployment
from remediation.core.spec import Place
from remediation.core.sweep import DescribedAlarm, Offer, RunSeen, Situation, SweepSettings, detail, offers
from remediation.core.triggers import ALARM_STATE_CHANGE, SWEEP
from tests.support.world import MemoryLedger

TICK = timedelta(minutes=5)


def offered(
    alarm: DescribedAlarm, ledger: MemoryLedger, deployment: Deployment, settings: SweepSettings, now: datetime
) -> dict[str, Any] | None:
    """Return the event that the sweep sends about an alarm at a tick, or nothing where it holds it back."""
    situation = Situation(
        now=now,
        runbooks=settings.runbooks,
        runs=tuple(_seen(ledger)),
        quiet=frozenset(deployment.watched.quiet_alarms),
    )
    (judged,) = offers([alarm], situation)
    if not isinstance(judged, Offer):
        return None
    return envelope(SWEEP, detail(alarm, f"tick-{now:%H%M}"), deployment.place, f"sweep-{now:%H%M}", now)


def envelope(source: str, told: dict[str, Any], place: Place, id_: str, now: datetime) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": id_,
        "detail-type": ALARM_STATE_CHANGE,
        "source": source,
        "account": place.account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": place.region,
        "resources": [],
        "detail": told,
    }


def _seen(ledger: MemoryLedger) -> Iterator[RunSeen]:
    for run, kept in ledger.runs.items():
        yield RunSeen(
            run=run,
            runbook=kept.runbook,
            alarm=kept.alarm,
            started_at=kept.received_at,
            transition=kept.transition,
            ended_at=kept.outcome.ended_at if kept.outcome else None,
            status=kept.outcome.status if kept.outcome else None,
            gate=kept.outcome.gate if kept.outcome else "",
        )
