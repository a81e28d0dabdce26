"""The engine's way to an approval: suspend the run, hear what a person says, and look again before anything is done.

Nothing is leased meanwhile. Whatever the answer, the world may have changed while people thought, so the run diagnoses
anew; only if that comes to the very plan that was approved is it done.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from remediation.core.approval import ASKED, REJECTED, Decided, Wanted, changed, judge, nobody_to_ask, speaker, wanted
from remediation.core.checks import switches
from remediation.core.errors import StepFailedError
from remediation.core.gates import Refusal
from remediation.core.notice import Notice
from remediation.core.spoken import REQUEST_HOLDS, Spoken, request_hash
from remediation.core.steps import Expired, Reply
from remediation.core.story import Story
from remediation.core.triggers import Invoked
from remediation.core.verdict import Act, Approval, Target


class Heard(Struct, frozen=True, kw_only=True):
    """What came of asking, and when."""

    at: datetime
    spoken: Spoken | None = None


def asked_first(story: Story, act: Act[Target]) -> Approval | None:
    """Return what has to be approved before an act: because it says so, or because this environment asks first."""
    return act.approval or (Approval() if act.action in story.world.deployment.ask_first else None)


def why_asked(story: Story, act: Act[Target]) -> str:
    """Say why people would be asked before an act; nothing where nobody would be."""
    if (approval := asked_first(story, act)) is None:
        return ""
    because = approval.because or f"{act.action} is asked for first here."
    return f"{because} Two people have to agree." if approval.people == 2 else because


def agreed(story: Story, n: int, act: Act[Target], now: datetime) -> Refusal | Literal["yes", "look again"]:
    """Tell whether people agree to an act: at once where nobody has to be asked, else after another look."""
    approval = asked_first(story, act)
    if approval is None:
        return "yes"
    asked = wanted(
        act,
        approval,
        run=story.steps.run,
        runbook=story.runbook.name,
        place=story.world.deployment.place,
        requested_by=_claimed(story),
        now=now,
    )
    if story.approved:
        refusal = changed(story.approved, asked)
        story.approved = ""  # it was for one act
        return refusal or "yes"
    if refusal := switches(story, n, now):
        return refusal
    if approval.people == 2 and (refusal := _unknown_requester(story, n, asked)):
        return refusal
    return _ask(story, n, asked, now)


def _ask(story: Story, n: int, asked: Wanted, now: datetime) -> Refusal | Literal["look again"]:
    world, team = story.world, story.runbook.team
    try:
        asked_already = story.steps.read(f"claim {n}", lambda: world.approvals.claim(asked, world.clock()), str)
    except StepFailedError as error:
        return nobody_to_ask(f"Whether {asked.plan} is being asked already cannot be read: {error}")
    if asked_already:
        return Refusal(gate=ASKED, because=asked_already)
    story.say(
        now, "approval", f"Asked to approve: {asked.plan}, plan {asked.hash[:12]}, until {asked.expires:%H:%M:%S} UTC."
    )

    def tell(callback: str) -> None:
        world.approvals.ask(asked, callback, world.clock())
        world.notifier.notify(_notice(story, asked, now), team)

    try:
        reply = story.steps.ask(f"approval {n}", tell, asked.expires - now)
        heard = story.steps.read(f"approval {n} heard", lambda: _heard(story, asked, reply), Heard)
    except StepFailedError as error:
        return nobody_to_ask(f"Nobody could be asked to approve {asked.plan}: {error}")
    refusal = judge(asked, reply, heard.spoken, heard.at)
    story.asked_for += heard.at - now
    who = heard.spoken.who if heard.spoken else "nobody"
    story.say(heard.at, "approval", refusal.because if refusal else f"{who} approved {asked.plan}.")
    if refusal is not None:
        return refusal
    story.approved = asked.hash
    return "look again"


def _heard(story: Story, asked: Wanted, reply: Reply) -> Heard:
    world = story.world
    now = world.clock()
    spoken = None if isinstance(reply, Expired) else world.approvals.said(speaker(reply.payload), asked.run)
    refusal = judge(asked, reply, spoken, now)
    world.approvals.end(asked, _decided(reply, refusal), now)
    return Heard(at=now, spoken=spoken)


def _decided(reply: Reply, refusal: Refusal | None) -> Decided:
    if isinstance(reply, Expired):
        return "expired"
    if refusal is None:
        return "approved"
    return "rejected" if refusal.gate == REJECTED else "refused"


def _notice(story: Story, asked: Wanted, now: datetime) -> Notice:
    environment = story.world.deployment.place.environment
    minutes = round((asked.expires - now).total_seconds() / 60)
    somebody = "somebody else than who asked for it" if asked.people == 2 else "somebody"
    return Notice(
        kind="approval-wanted",
        environment=environment,
        run=asked.run,
        incident=story.incident,
        team=story.runbook.team,
        severity="critical",
        title=f"{asked.runbook} in {environment} asks: {asked.plan}?",
        because=asked.because,
        at=now,
        lines=(
            f"Plan {asked.hash}",
            f"It expires at {asked.expires:%Y-%m-%d %H:%M:%S} UTC (in {minutes} min), and is not done unless {somebody} approves.",
        ),
        next_steps=(
            f"remedy show {asked.run} --env {environment}",
            f"remedy approve {asked.run} --hash {asked.hash[:12]} --env {environment}",
            f'remedy reject {asked.run} --because "..." --env {environment}',
        ),
    )


def _claimed(story: Story) -> str:
    return story.parsed.by if isinstance(story.parsed, Invoked) else ""


def _unknown_requester(story: Story, n: int, asked: Wanted) -> Refusal | None:
    """Insist on knowing who asked for the run where the one who approves has to be somebody else."""
    trigger, approvals = story.parsed, story.world.approvals
    if not isinstance(trigger, Invoked):
        return None
    try:
        spoken = story.steps.read(f"requester {n}", lambda: approvals.said(trigger.by, trigger.request), Spoken | None)
    except StepFailedError as error:
        return nobody_to_ask(f"Who asked for this run cannot be read: {error}")
    wanted_this = request_hash(story.runbook.name, trigger.payload)
    said_this = spoken is not None and (spoken.says, spoken.hash) == ("request", wanted_this)
    if spoken is not None and said_this and abs(story.started - spoken.at) <= REQUEST_HOLDS:
        return None
    return nobody_to_ask(
        f"{asked.plan} needs two people, and who asked for this run is not known; start it with `remedy invoke`."
    )
