"""T15: the mode is lowered by hand, before events and in the middle of runs."""

from collections.abc import Iterator

from battery.ground import Ground
from battery.grounds import GROUNDS, Named, cases
from battery.interference import Calls, When, interfering
from battery.trial import Effort, Figure, Trial, at_least, none
from battery.trial import told as figure
from remediation.core.spec import Mode

SAYS: tuple[Mode | None, ...] = ("off", "observe", None)
"""What the switch says; None is nothing that can be read."""
QUESTION = "confirm"
"""How the engine asks the ledger whether it still may act."""


def run(effort: Effort) -> Iterator[Figure]:
    """Try N events after the switch, and every call of every case as the moment of it."""
    grounds, after = list(GROUNDS.values()), 0
    for nth in range(effort.n):
        tried = grounds[nth % len(grounds)]
        ground = tried.ground()
        ground.ledger.mode = SAYS[nth % len(SAYS)]
        ground.carry(tried.event("alarm"))
        after += len(ground.aws.mutations)
        effort.advance()
    moments, acted, beyond, between = 0, 0, list[str](), list[str]()
    for case in cases("healed"):
        names, acts = _whole(case)
        acted += len(acts)
        for at in range(1, len(names) + 1):
            moments += 1
            ground = case.ground()
            thrown = _Switch(ground, at)
            with interfering(ground, Calls(thrown)):
                ground.carry(case.tried.event("alarm"))
            begun = len(ground.aws.mutations) - thrown.seen - _finished(at, names, acts)
            if begun > 0:
                asked = _asked_before(at, names, acts)
                (between if asked and begun == 1 else beyond).append(f"{case.name}: before {names[at - 1]}, call {at}")
    yield figure("moments at which it was thrown in the middle of a run", moments)
    yield at_least("acts without a switch, in the same cases", acted, 1)
    yield none("acts on events that come after it", after)
    yield none("acts begun although it was asked after it was thrown", len(beyond), tuple(beyond))
    yield none("acts begun because it was thrown between the last question and the act", len(between), tuple(between))


class _Switch:
    """Thrown right before a call; `seen` is how much had been changed by then."""

    def __init__(self, ground: Ground, at: int) -> None:
        self._aws, self._ledger, self._at, self.seen = ground.aws, ground.ledger, at, 0

    def __call__(self, nth: int, when: When) -> None:
        """Throw it, if this is the moment."""
        if (nth, when) == (self._at, "before"):
            self._ledger.mode = "off"
            self.seen = len(self._aws.mutations)


def _finished(at: int, names: list[str], acts: set[int]) -> int:
    """Return how many calls the act has left that is being made then: it is one thing, though it may take two stores."""
    if at not in acts:
        return 0
    asked = (nth for nth in range(at, len(names) + 1) if names[nth - 1] == QUESTION)
    end = next(asked, len(names) + 1)
    return sum(at <= nth < end for nth in acts)


def _asked_before(at: int, names: list[str], acts: set[int]) -> bool:
    """Tell whether the last question before the next act had been asked already when a call was about to be made."""
    act = min(nth for nth in acts if nth >= at)
    return max(nth for nth in range(1, act) if names[nth - 1] == QUESTION) < at


def _whole(case: Named) -> tuple[list[str], set[int]]:
    """Return the calls of a case, and which of them change something."""
    ground, acts, seen = case.ground(), set[int](), 0

    def count(nth: int, when: When) -> None:
        nonlocal seen
        if when == "before":
            seen = len(ground.aws.mutations)
        elif len(ground.aws.mutations) > seen:
            acts.add(nth)

    calls = Calls(count)
    with interfering(ground, calls):
        ground.carry(case.tried.event("alarm"))
    return calls.names, acts


TRIAL = Trial(
    id="T15",
    title="the mode is lowered by hand",
    unit="events",
    full=1_000,
    quick=12,
    run=run,
    shows="nothing is begun once the ledger was asked after the switch was thrown, whenever that is",
    hides="the milliseconds between the last question and the call, which no switch can reach into",
)
