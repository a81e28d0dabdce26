"""However a run ends, its outcome is recorded and told: as steps of their own, each of which is tried even if one fails."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from remediation.core.admission import LEASE
from remediation.core.approval import ASKED
from remediation.core.circuit import Result
from remediation.core.errors import StepFailedError
from remediation.core.incident import SAME_FIX_WITHIN, Raised, Recovery
from remediation.core.narration import clip, describe, told
from remediation.core.notice import Notice
from remediation.core.outcome import PAGED, Entry, Outcome
from remediation.core.ports import Closing
from remediation.core.spec import TEAMS
from remediation.core.story import Ending, Story
from remediation.core.triggers import Scheduled
from remediation.core.verdict import Tell


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
    lost = list(_tell(story, outcome, ending))
    if lost:
        raise OutcomeLostError(f"The outcome of run {outcome.run} could not be told ({'; '.join(lost)}).")
    return outcome


def _tell(story: Story, outcome: Outcome, ending: Ending) -> Iterator[str]:
    """Publish, page where the incident needs it, and see to it that somebody answers; yield what failed."""
    world, recovery = story.world, ending.recovery or Recovery.of(story.alarm.alarm if story.alarm else "")

    def step(name: str, work: Callable[[], None]) -> str:
        try:
            story.steps.read(name, work, None)
        except StepFailedError as error:
            return f"{name}: {error}"
        return ""

    if (tell := ending.tell) is not None and not outcome.plan:
        yield from filter(None, [step("notice", lambda: _notice(story, outcome, tell))])
    watching = isinstance(story.parsed, Scheduled) and outcome.status == "observed"
    if _goes_without_saying(story, outcome) or (watching and _told_already(story, outcome)):
        return  # every five minutes, for ever: it is on record
    yield from filter(None, [lost := step("publish", lambda: world.notifier.publish(outcome))])
    if watching and not lost:
        # If this fails, the next tick tells it again.
        step("told", lambda: world.incidents.keep_told(_what_would_be(outcome), outcome.run, outcome.ended_at))
    if outcome.status == "healed" and outcome.acts:
        # If this fails, the history of the execution says so; no more is lost.
        step("same fix", lambda: _again(story, outcome))
    if not outcome.paged:
        return
    try:
        raised = story.steps.read(
            "raise", lambda: world.incidents.raise_(outcome.incident, outcome, recovery, world.clock()), Raised
        )
    except StepFailedError as error:
        note = clip(f"The incident could not be recorded, so nobody watches whether somebody answers: {error}")
        yield from filter(None, [step("page", lambda: world.notifier.page(outcome, note=note))])
        return
    if raised.page:
        yield from filter(None, [step("page", lambda: world.notifier.page(outcome))])
    if raised.opened:
        yield from filter(None, [step("follow up", lambda: world.follow_up.start(outcome.incident, outcome, recovery))])


def _goes_without_saying(story: Story, outcome: Outcome) -> bool:
    """Tell whether a tick of the schedule found nothing, or another run at it: that one has asked and tells what comes of it."""
    if not isinstance(story.parsed, Scheduled):
        return False
    others = outcome.gate in {ASKED, LEASE} and not story.asked_for and not story.tried
    return outcome.status == "nothing-to-do" or (outcome.status == "refused" and others)


def _told_already(story: Story, outcome: Outcome) -> bool:
    """Tell whether an earlier tick has told that this would be done; where that cannot be read, it is told again."""
    try:
        return story.steps.read("told?", lambda: story.world.incidents.told(_what_would_be(outcome)), bool)
    except StepFailedError:
        return False


def _what_would_be(outcome: Outcome) -> str:
    return f"{outcome.incident}|would {outcome.would}"


def _notice(story: Story, outcome: Outcome, tell: Tell) -> None:
    """Tell the team of what was found, unless an earlier run did. It is kept once it was told: rather twice than never."""
    incidents, key = story.world.incidents, f"{outcome.incident}|{tell.id}"
    if incidents.told(key):
        return
    notice = Notice(
        kind="trouble",
        environment=outcome.environment,
        run=outcome.run,
        incident=outcome.incident,
        team=outcome.team,
        severity=tell.severity,
        title=tell.title,
        because=outcome.because,
        at=outcome.ended_at,
        lines=outcome.evidence,
        next_steps=outcome.next_steps,
    )
    story.world.notifier.notify(notice, outcome.team)
    incidents.keep_told(key, outcome.run, outcome.ended_at)


def _again(story: Story, outcome: Outcome) -> None:
    """Tell the team where the same is healed again and again: each time hides the cause a little longer."""
    times = story.world.incidents.healed(outcome.incident, outcome.run, outcome.ended_at)
    if not times:
        return
    where = outcome.environment
    notice = Notice(
        kind="trouble",
        environment=where,
        run=outcome.run,
        incident=outcome.incident,
        team=outcome.team,
        severity="warning",
        title=f"{outcome.runbook} heals the same again and again",
        because=f"It healed this {times} times in {SAME_FIX_WITHIN.days} days. The cause is still there: look for it by day.",
        at=outcome.ended_at,
        lines=tuple(f"{done.action} {done.target}: {done.receipt}" for done in outcome.acts),
        next_steps=(f"See when and what: remedy runs --runbook {outcome.runbook} --since 7d --env {where}",),
    )
    story.world.notifier.notify(notice, outcome.team)


def _record(story: Story, ending: Ending) -> Outcome:
    now = story.world.clock()
    outcome = _outcome(story, ending, now)
    last = Entry(at=now, kind="outcome", text=clip(f"{outcome.status}: {outcome.because}"))
    closing = Closing(
        outcome=outcome,
        timeline=(*story.timeline, last),
        lease=story.lease,
        cooldown_until=now + story.runbook.guardrails.cooldown if story.tried else now,
        result=_result(story, ending),
    )
    story.world.ledger.close(closing, story.world.deployment.limits)
    return outcome


def _result(story: Story, ending: Ending) -> Result:
    """Return what the run says about its runbook: to hand over without having acted says nothing."""
    match ending.status:
        case "healed":
            return "good"
        case "not-healed" | "failed":
            return "bad"
        case "escalated" if story.tried:
            return "bad"
        case _:
            return "neutral"


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
        incident=ending.incident or story.incident,
        drift=story.drift,
    )
