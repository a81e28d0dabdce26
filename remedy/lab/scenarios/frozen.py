"""A freeze: nothing is changed while it lasts, what would have been done is told, and then the sweep comes back to it."""

from collections.abc import Iterator

from remedy.lab.scenarios.scenario import (
    Cue,
    Line,
    Scenario,
    Stage,
    gates,
    healed,
    one_restart,
    spoken,
    sweep,
    wedge,
)

BECAUSE = "the quarterly report is being generated"
DONE = "the quarterly report is done"
PATIENT = 600.0
"""Seconds that Auto Scaling leaves the target to itself, so that it is seen who heals it."""


def _freeze(stage: Stage) -> Line:
    return spoken(stage, "ada", "freeze", "--until", "4h", "--because", BECAUSE)


def _wedge(stage: Stage) -> Line:
    stage.lab.world("groups", {"notices_after": PATIENT})
    return wedge(stage)


def _look(stage: Stage) -> Line:
    return spoken(stage, "ada", "status")


def _thaw(stage: Stage) -> Line:
    return spoken(stage, "grace", "thaw", "--because", DONE)


def _refused_then_healed(stage: Stage) -> Iterator[str]:
    yield from one_restart(stage)
    if set(gates(stage)) != {"freeze"}:
        yield f"Refused by {', '.join(gates(stage)) or 'nothing'} instead of the freeze."
    for outcome in stage.timeline.outcomes:
        if outcome.status != "refused":
            continue
        for told in (BECAUSE, "until 20"):
            if told not in outcome.because:
                yield f"The refusal does not say {told!r}: {outcome.because}"
        if "restart-container" not in outcome.would:
            yield f"The refusal does not say what would have been done: {outcome.would!r}"
    if not any("frozen by ada until 20" in answer.text for answer in stage.person("ada").answers):
        yield "`remedy status` does not tell who has frozen the environment."
    for person in stage.people.values():
        for answer in person.answers:
            if answer.status != 0:
                yield f"{person.name} could not {answer.command}: {answer.text}"


FROZEN = Scenario(
    name="frozen",
    summary="Nothing is changed in a freeze. When it is over, the sweep offers the alarm again, and it is healed.",
    harm=_freeze,
    then=(
        Cue(lambda _: True, _wedge),
        Cue(lambda stage: bool(gates(stage)), _look),
        Cue(lambda _: True, _thaw),
        Cue(lambda _: True, sweep),
    ),
    expected=("refused", "healed"),
    repeats=True,
    ended=healed,
    complaints=_refused_then_healed,
    heals=True,
)
