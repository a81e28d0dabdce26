"""One act of a run: a durable step that is made at most once, and asks at its very last moment whether it still may be.

The rule of the domain: between a yes and the call there is always time in which somebody throws a switch. So the question is
asked where the call is made, and whatever an action looks at comes before it.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, assert_never

from remediation.core.admission import Lease
from remediation.core.errors import AwsError, LeftAloneError, StepFailedError
from remediation.core.gates import Refusal
from remediation.core.outcome import Entry
from remediation.core.steps import Acted, Answer, Interrupted, LeftAlone, Made, NotActed, Postponed
from remediation.core.story import Story
from remediation.core.verdict import Act, Target

ENOUGH_TIME = timedelta(seconds=60)
"""An act is not begun with less than this left of the Lambda invocation: its own calls, and a margin."""
CALL_TIMES = {"acting": timedelta(seconds=30), "patient": timedelta(seconds=60)}
"""The call itself is not begun with less than this left: the longest that such clients wait, and a margin."""
FRESH = timedelta(seconds=1)
"""A durable wait of any length ends the invocation; what follows has a whole one."""

AGAIN = timedelta(seconds=30)
"""What was left alone costs nothing, so nothing but time bounds how often it is tried: it is not looked at again any sooner."""


def act_once(story: Story, n: int, act: Act[Target]) -> Refusal | None:
    """Make an act that was admitted, at most once, and let it settle. Returns why it may not be made any more, if so."""
    lease = story.lease
    assert lease is not None, "it was admitted"
    name = f"{act.action} {n}"
    answer: Answer = story.steps.act(name, lambda: _call(story, act, lease))
    if isinstance(answer, Postponed):
        story.wait(f"fresh invocation {n}", FRESH)
        answer = story.steps.act(f"{name} once more", lambda: _call(story, act, lease))
    story.left_alone, settle = "", act.settle
    match answer:
        case Refusal():
            _give_back(story, n, lease)
            return answer
        case Postponed(because=because):
            _give_back(story, n, lease)
            return Refusal(gate="time", because=because)
        case LeftAlone(because=because):
            story.say(story.now, "act", f"{act.action} {act.target.id}: left alone. {because}")
            _give_back(story, n, lease)
            story.left_alone, settle = because, max(settle, AGAIN)
        case Acted(receipt=receipt):
            story.attempt(act, "done", receipt)
        case NotActed(because=because):
            story.attempt(act, "failed", because)
            return None
        case Interrupted():
            story.attempt(act, "unknown", "It was interrupted; the next look says what is true.")
        case _:
            assert_never(answer)
    story.steps.read(f"note {n}", lambda: note(story, story.timeline), None)
    story.wait(f"settle {n}", settle)
    return None


def _give_back(story: Story, n: int, lease: Lease) -> None:
    """Give back what an act was paid with that was not made. Where that fails it stays paid, which is the safe side."""
    run, ledger = story.steps.run, story.world.ledger
    try:
        story.steps.read(f"give back {n}", lambda: ledger.give_back(run=run, n=n, resource=lease.resource), None)
    except StepFailedError as error:
        story.say(story.now, "act", f"It was not made, and stays charged to the budgets: {error}")


def _call(story: Story, act: Act[Target], lease: Lease) -> Made:
    """Make the mutating call, if at this very moment it still may be made."""
    world = story.world
    if world.remaining() < ENOUGH_TIME:
        return Postponed(because="Too little of the Lambda invocation is left to act.")
    asking = _Asking(world.aws, lambda needs: _still_may(story, lease, needs))
    try:
        return Acted(receipt=story.runbook.actions[act.action](asking, world.settings, act.target))
    except LeftAloneError as error:
        return LeftAlone(because=str(error))
    except NotNowError as error:
        return error.answer


class NotNowError(Exception):
    """An act that was admitted may not be made any more; nothing was done."""

    def __init__(self, answer: Refusal | Postponed) -> None:
        super().__init__(answer.because)
        self.answer = answer


class _Asking:
    """What an action is handed as `aws`: whoever reaches for the clients that act is asked first whether that still may be.

    So whatever the action looks at before, the question is the last thing before the call. It is asked once: an act that was
    begun is finished.
    """

    def __init__(self, aws: Any, ask: Callable[[timedelta], Refusal | Postponed | None]) -> None:  # noqa: ANN401 - the runbook's own
        self._aws, self._ask, self._yes = aws, ask, False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as of the runbook's own
        if name in CALL_TIMES and not self._yes:
            no = self._ask(CALL_TIMES[name])
            if no is not None:
                raise NotNowError(no)
            self._yes = True
        return getattr(self._aws, name)


def _still_may(story: Story, lease: Lease, needs: timedelta) -> Refusal | Postponed | None:
    """Return why an act may not be made any more, if so: the mode, a freeze, the lease, or the time that is left."""
    world = story.world
    try:
        refusal = world.ledger.confirm(run=story.steps.run, runbook=story.runbook.name, lease=lease, now=world.clock())
    except AwsError as error:
        refusal = unanswered(error)
    if refusal is None and world.remaining() < needs:
        return Postponed(because="Looking once more took too long to make the call now.")
    return refusal


def note(story: Story, timeline: list[Entry]) -> None:
    """Let those who watch see how far it is; watching fails open."""
    with suppress(AwsError):
        story.world.ledger.note(run=story.steps.run, timeline=tuple(timeline))


def unanswered(error: object) -> Refusal:
    """Return the no of a ledger that does not answer."""
    return Refusal(gate="ledger", because=f"The ledger cannot be asked: {error}")
