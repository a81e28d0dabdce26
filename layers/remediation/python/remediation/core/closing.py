"""However a run ends, its outcome is recorded and told: as steps of their own, each of which is tried even if one fails."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from remediation.core.errors import StepFailedError
from remediation.core.narration import clip, describe, told
from remediation.core.outcome import PAGED, Entry, Outcome
from remediation.core.spec import TEAMS
from remediation.core.story import Ending, Story


class OutcomeLostError(Exception):
    """The outcome could not be told; the execution fails, which has an alarm, and its event goes to the dead letters."""


def close(story: Story, ending: Ending) -> Outcome:
    """Record and tell how a run ended, give its lease back, and return the outcome. Raises OutcomeLostError."""
    try:
        outcome = story.steps.read("close", lambda: _record(story, ending), Outcome)
    except StepFailedError as error:
        line = clip(f"The ledger could not record this outcome: {error}")
        outcome = _outcome(story, ending, story.now)
        outcome = msgspec.structs.replace(outcome, evidence=(*outcome.evidence, line))
    ways: list[tuple[str, Callable[[Outcome], None]]] = [("publish", story.world.notifier.publish)]
    if outcome.paged:
        ways.append(("page", story.world.notifier.page))
    lost: list[str] = []
    for name, tell in ways:
        try:
            story.steps.read(name, lambda tell=tell: tell(outcome), None)  # type: ignore[misc]
        except StepFailedError as error:
            lost.append(f"{name}: {error}")
    if lost:
        raise OutcomeLostError(f"The outcome of run {outcome.run} could not be told ({'; '.join(lost)}).")
    return outcome


def _record(story: Story, ending: Ending) -> Outcome:
    now = story.world.clock()
    outcome = _outcome(story, ending, now)
    last = Entry(at=now, kind="outcome", text=clip(f"{outcome.status}: {outcome.because}"))
    story.world.ledger.close(
        outcome=outcome,
        timeline=(*story.timeline, last),
        lease=story.lease,
        cooldown_until=now + story.runbook.guardrails.cooldown if story.tried else now,
    )
    return outcome


def _outcome(story: Story, ending: Ending, now: datetime) -> Outcome:
    place = story.world.deployment.place
    return Outcome(
        run=story.steps.run,
        runbook=story.runbook.name,
        environment=place.environment,
        account=place.account,
        region=place.region,
        status=ending.status,
        because=clip(ending.because),
        trigger=describe(story.parsed),
        started_at=story.started,
        ended_at=now,
        team=next((team for team in TEAMS if team == ending.team), story.runbook.team),
        acts=tuple(told(story.tried)),
        would=ending.would,
        gate=ending.gate,
        evidence=ending.evidence,
        next_steps=ending.next_steps,
        plan=story.plan,
        paged=not story.plan and (ending.call or ending.status in PAGED),
    )
