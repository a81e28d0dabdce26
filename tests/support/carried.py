"""A runbook carried out once by the real engine, on whatever the test hands in as `aws`."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from remediation.core.approval import plan_hash
from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import AnyRunbook, Mode
from remediation.core.spoken import Says, Spoken, request_hash
from remediation.core.verdict import Act
from tests.support.steps import CrashError, InMemorySteps, Moment
from tests.support.toy import PLACE
from tests.support.world import Stage, deployed

MINUTE = timedelta(minutes=1)
ADA, GRACE = "AROAOPERATOR:ada", "AROAOPERATOR:grace"
BY_ADA = {"by": ADA, "request": "remedy-1"}
"""What the console adds to a payload, so that it is known who asked."""


def carried(
    runbook: AnyRunbook,
    aws: Any,
    settings: Struct,
    event: Any,
    steps: InMemorySteps,
    *,
    stage: Stage | None = None,
    mode: Mode = "act",
    crash: tuple[str, Moment] | None = None,
) -> Outcome:
    """Carry it out, through a crash if there is one."""
    stage = stage or Stage()
    stage.steps = steps
    if crash:
        steps.crash_at(*crash)
    world = World(
        deployment=deployed(mode),
        settings=settings,
        aws=aws,
        ledger=stage.ledger,
        notifier=stage.notifier,
        alarms=stage.alarms,
        incidents=stage.incidents,
        follow_up=stage.follow_up,
        approvals=stage.approvals,
        surroundings=stage.surroundings,
        backups=stage.backups,
        clock=steps.clock,
        remaining=lambda: timedelta(minutes=2),
    )
    while True:
        try:
            return carry_out(runbook, event, steps, world)
        except CrashError:
            steps.resume()


def requested(stage: Stage, steps: InMemorySteps, runbook: AnyRunbook, payload: Mapping[str, Any]) -> None:
    """Let it be known that ada has asked for exactly this."""
    hash_ = request_hash(runbook.name, payload)
    stage.approvals.spoken[ADA, "remedy-1"] = Spoken(says="request", about="remedy-1", by=ADA, at=steps.now, hash=hash_)


def approved(
    stage: Stage, steps: InMemorySteps, runbook: AnyRunbook, act: Act[Any], *, says: Says = "approve", n: int = 1
) -> None:
    """Let grace answer the nth question, which is about this act, a minute after it is asked."""
    hash_ = plan_hash(steps.run, runbook.name, act, PLACE)
    spoken = Spoken(says=says, about=steps.run, by=GRACE, at=steps.now + MINUTE, hash=hash_)
    stage.approvals.spoken[GRACE, steps.run] = spoken
    steps.replies[f"approval {n}"] = (MINUTE, json.dumps({"by": GRACE}))
