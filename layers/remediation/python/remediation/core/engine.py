"""The loop that every runbook is carried out by: diagnose, decide, and act until there is nothing left to do.

The order of the guards matters: cheap refusals first, what only concerns acts (freezes, approval) where there is one, the
admission right before every act, and once more, inside the step that acts, whether all that still holds. Verification is the same diagnosis asked again.
"""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Generic, assert_never

from msgspec import Struct

from remediation.core.acting import act_once, note, unanswered
from remediation.core.admission import Lease, Request
from remediation.core.approval import ASKED, REJECTED
from remediation.core.asking import agreed, asked_first, why_asked
from remediation.core.backing import snapshot_first
from remediation.core.checks import around_it, calendars, still_in_alarm
from remediation.core.closing import close
from remediation.core.errors import StepFailedError
from remediation.core.gates import Refusal, before_looking, effective_mode
from remediation.core.incident import Recovery
from remediation.core.narration import describe, facts_entry, verdict_entry
from remediation.core.outcome import Outcome, Status
from remediation.core.parsing import parse
from remediation.core.ports import Receipt, World
from remediation.core.routing import route
from remediation.core.spec import AnyRunbook, F
from remediation.core.steps import Steps
from remediation.core.story import Ending, Story
from remediation.core.triggers import AlarmRaised, Ignored, Parsed, Rejected, Trigger
from remediation.core.verdict import Act, Escalate, Nothing, Target, Verdict, Wait

LEASE_MARGIN = timedelta(minutes=5)
"""A lease outlives its run's deadline by this."""
SECOND_LOOK = timedelta(seconds=60)
"""Where the alarm was not OK before, an act is found necessary twice, so far apart, before it is made."""


class Received(Struct, frozen=True, kw_only=True):
    """The event is recorded, and perhaps another run's. `unrecorded` says why the ledger could not."""

    at: datetime
    duplicate_of: str = ""
    unrecorded: str = ""


class Look(Struct, Generic[F], frozen=True, kw_only=True):
    """The facts, and when they were true."""

    at: datetime
    facts: F


def carry_out(runbook: AnyRunbook, event: object, steps: Steps, world: World) -> Outcome:
    """Carry out a runbook on an event, whatever it is, and return its recorded and published outcome."""
    parsed = parse(event)
    received = _receive(runbook, parsed, steps, world)
    story = Story(runbook=runbook, steps=steps, world=world, parsed=parsed, started=received.at)
    story.say(received.at, "received", f"Received {describe(parsed)}.")
    try:
        ending = _handle(story, received)
    except StepFailedError as error:
        ending = Ending(status="failed", because=f"The run could not go on: {error}")
    return close(story, ending)


def _receive(runbook: AnyRunbook, parsed: Parsed, steps: Steps, world: World) -> Received:
    def receive() -> Received:
        at = world.clock()
        receipt = Receipt(
            run=steps.run,
            event="" if isinstance(parsed, Ignored | Rejected) else parsed.key,
            runbook=runbook.name,
            trigger=describe(parsed),
            now=at,
            execution=steps.execution,
            alarm=parsed.alarm if isinstance(parsed, AlarmRaised) else "",
            transition=parsed.transitioned_at if isinstance(parsed, AlarmRaised) else None,
        )
        duplicate = world.ledger.receive(receipt)
        return Received(at=at, duplicate_of=duplicate.run if duplicate else "")

    try:
        return steps.read("receive", receive, Received)
    except StepFailedError as error:
        return Received(at=steps.read("read clock", world.clock, datetime), unrecorded=str(error))


def _handle(story: Story, received: Received) -> Ending:
    """Ask every gate that comes before looking; then go on."""
    deployment, trigger = story.world.deployment, story.parsed
    if isinstance(trigger, Ignored):
        return Ending(status="ignored", because=trigger.because)
    if isinstance(trigger, Rejected):
        return Ending(status="rejected", because=trigger.because)
    if received.duplicate_of:
        return _no(story, Refusal(gate="duplicate", because=f"Run {received.duplicate_of} has this event already."))
    if refusal := before_looking(trigger, deployment, received.at):
        return _no(story, refusal)
    incident = route(story.runbook, trigger, deployment.place, story.world.settings)
    if isinstance(incident, Ignored):
        return Ending(status="ignored", because=incident.because, gate="scope")
    if isinstance(incident, Rejected):
        return Ending(status="rejected", because=incident.because)
    if received.unrecorded:
        return _no(story, unanswered(received.unrecorded))
    if refusal := still_in_alarm(story, "read alarm") or around_it(story, received.at, "look around"):
        return _no(story, refusal)
    story.say(received.at, "gate", "Every gate let it pass.")
    return _reconcile(story, trigger, incident)


# ------------------------------------------------------------------------------------------------------------ the loop


def _reconcile(story: Story, trigger: Trigger, incident: Struct) -> Ending:
    unsure = story.unsure
    for n in count(1):
        look = _look(story, n, incident)
        verdict: Verdict[Target] = story.runbook.decide(look.facts, story.world.settings, story.tried, look.at)
        story.looked(look.at, look.facts, verdict)
        match verdict:
            case Nothing():
                return _nothing(story, verdict)
            case Escalate():
                return Ending(
                    status="escalated",
                    because=verdict.because,
                    evidence=verdict.evidence,
                    next_steps=verdict.next_steps,
                    team=verdict.team,
                    incident=story.about(verdict.about) if verdict.about else "",
                    recovery=Recovery() if verdict.about else None,
                )
            case Wait():
                if ending := _cannot_wait(story, verdict, look.at):
                    return ending
                story.wait(f"wait {n}", verdict.for_)
            case Act():
                if ending := _out_of_bounds(story, verdict, look.at) or _only_looking(story, trigger, verdict):
                    return ending
                if unsure:
                    unsure = False
                    story.wait("look twice", SECOND_LOOK)
                    continue
                if refusal := _go(story, n, verdict, look.at):
                    return _no(story, refusal, verdict)
            case _:
                assert_never(verdict)
    raise AssertionError("the loop ends by returning")


def _nothing(story: Story, verdict: Nothing) -> Ending:
    """End the run where nothing is left to do, or where what was asked for cannot be done."""
    acted = any(attempt.result != "failed" for attempt in story.tried)
    if verdict.refused:
        status: Status = "not-healed" if acted else "refused"
    else:
        status = "healed" if acted else "nothing-to-do"
    return Ending(
        status=status,
        because=verdict.because,
        gate="request" if verdict.refused else "",
        evidence=verdict.evidence,
        next_steps=verdict.next_steps,
        tell=verdict.tell,
    )


def _go(story: Story, n: int, act: Act[Target], now: datetime) -> Refusal | None:
    """Act, if it is not frozen, people agree, what it may lose is saved and it is admitted.

    After people have agreed, and after a snapshot, another look comes first.
    """
    if refusal := calendars(story, n, now):
        return refusal
    if story.approved or not asked_first(story, act):
        match snapshot_first(story, n, act):
            case Refusal() as refusal:
                return refusal
            case "look again":
                return None
            case "yes":
                pass
    match agreed(story, n, act, now):
        case Refusal() as refusal:
            return refusal
        case "look again":
            return None
        case "yes":
            return _admit(story, n, act) or act_once(story, n, act)


def _look(story: Story, n: int, incident: Struct) -> Look[Any]:
    runbook, world = story.runbook, story.world

    def look() -> Look[Any]:
        facts = runbook.diagnose(world.aws, world.settings, incident)
        at = world.clock()
        verdict = runbook.decide(facts, world.settings, story.tried, at)
        note(story, [*story.timeline, facts_entry(at, facts), verdict_entry(at, verdict)])
        return Look(at=at, facts=facts)

    answer: Look[Any] = story.steps.read(f"look {n}", look, Look[runbook.facts])  # type: ignore[name-defined]
    return answer


def _cannot_wait(story: Story, wait: Wait, now: datetime) -> Ending | None:
    """End the run where it was only asked for a plan, or where there is no time left to wait."""
    if story.plan:
        return Ending(status="nothing-to-do", because=f"Not now: {wait.because}", evidence=wait.evidence)
    if now + wait.for_ <= story.deadline:
        return None
    if wait.stand_down and not story.tried:
        return Ending(status="refused", because=wait.because, gate="stand down", evidence=wait.evidence)
    return story.give_up(f"Time is up: {wait.because}", wait)


def _out_of_bounds(story: Story, act: Act[Target], now: datetime) -> Ending | None:
    """End the run where the act is beyond its bounds: no repetition, one resource, so many acts, so much time."""
    limit = story.runbook.guardrails.max_acts
    if any((tried.action, tried.target.id) == (act.action, act.target.id) for tried in story.tried):
        because = f"{act.action} of {act.target.id} was tried in this run already, and is not repeated."
    elif story.lease is not None and story.lease.resource != act.resource:
        because = f"This run has leased {story.lease.resource}; it does not work on {act.resource} as well."
    elif len(story.tried) >= limit:
        because = f"{limit} of {limit} acts of this run are used, and it still is not healed: {act.because}"
    elif now + act.settle > story.deadline:
        left = f" It was left alone until now: {story.left_alone}" if story.left_alone else ""
        because = f"Time is up: {act.because}{left}"
    else:
        return None
    return story.give_up(because, act)


def _only_looking(story: Story, trigger: Trigger, act: Act[Target]) -> Ending | None:
    """End the run where the mode is to observe, or where a plan was asked for: say what would be done."""
    if not story.plan and effective_mode(trigger, story.world.deployment) == "act":
        return None
    how = ' Say `"apply": true` to have it done.' if story.plan else ""
    would = f"{act.action} {act.target.id}"
    asks = why_asked(story, act)
    seen = (*act.evidence, act.drift) if act.drift else act.evidence
    return Ending(status="observed", because=f"{act.because}{how}", would=would, asks=asks, evidence=seen)


def _admit(story: Story, n: int, act: Act[Target]) -> Refusal | None:
    """Have the act admitted; after any waiting the alarm still has to be what it was, and nothing else may have begun."""
    trigger, alarm = story.parsed, story.alarm
    assert not isinstance(trigger, Ignored | Rejected), "it was handled"
    first = story.lease is None
    if first and n > 1 and (refusal := still_in_alarm(story, "read alarm again")):
        return refusal
    if n > 1 and (refusal := around_it(story, story.now, f"look around {n}")):
        return refusal
    until = story.deadline + LEASE_MARGIN
    limits = story.world.deployment.limits

    def admit() -> Lease | Refusal:
        request = Request(
            run=story.steps.run,
            n=n,
            event=trigger.key,
            runbook=story.runbook.name,
            resource=act.resource,
            until=until,
            cooldown_until=until + story.runbook.guardrails.cooldown,
            now=story.world.clock(),
            alarm=alarm.alarm if alarm else "",
            transition=alarm.transitioned_at if alarm else None,
        )
        return story.world.ledger.admit(request, limits)

    try:
        answer = story.steps.read(f"admit {n}", admit, Lease | Refusal)
    except StepFailedError as error:
        return unanswered(error)
    if isinstance(answer, Refusal):
        return answer
    story.lease = answer
    if first:
        story.say(story.now, "admitted", f"Admitted to work on {answer.resource} (fence {answer.fence}).")
    return None


def _no(story: Story, refusal: Refusal, act: Act[Target] | None = None) -> Ending:
    """End the run at a gate. If it had to act, a person is told, unless people themselves switched it off."""
    story.say(story.now, "gate", f"{refusal.gate}: {refusal.because}")
    return Ending(
        status="not-healed" if story.tried else refusal.status,
        because=refusal.because,
        gate=refusal.gate,
        would=f"{act.action} {act.target.id}" if act else "",
        evidence=(act.because, *act.evidence) if act else (),
        next_steps=act.next_steps if act else (),
        call=refusal.gate in _TOLD or (act is not None and refusal.gate not in _KNOWN),
        team=refusal.team,
        incident=refusal.incident,
        recovery=refusal.recovery,
    )


_KNOWN = frozenset({"duplicate", "lease", "mode", "freeze", ASKED, REJECTED, "live alarm", "actions disabled"})
"""Gates behind which somebody else has the event or the resource, the alarm is over, or people have said no."""
_TOLD = frozenset({"ledger", "shared cause", "storm", "surroundings"})
"""Gates that are asked before looking, and behind which somebody has to look: for the cause, or because this cannot."""
