"""What no runbook can heal: a team is paged, then who is on call, until somebody answers; and everybody hears that it is over."""

from collections.abc import Iterator

from remedy.lab.scenarios.scenario import (
    Cue,
    Line,
    Scenario,
    Stage,
    no_restart,
    paged,
    spoken,
    start,
    stop,
)

TEAM, ON_CALL = "infrastructure", "critical"
UNANSWERED = 15.0
"""Seconds of the lab: infrastructure's 15 minutes (`WAIT_FACTOR`)."""


def _nobody_answers(stage: Stage) -> bool:
    return len(stage.timeline.pages) >= 2


def _acknowledge(stage: Stage) -> Line:
    return spoken(stage, "grace", "ack", stage.timeline.outcomes[0].run)


def _acknowledged(stage: Stage) -> bool:
    return bool(stage.timeline.noticed("acknowledged"))


def _recovered(stage: Stage) -> bool:
    return bool(stage.timeline.noticed("recovered"))


def _answered_at_last(stage: Stage) -> Iterator[str]:
    yield from no_restart(stage)
    yield from paged(stage, TEAM, ON_CALL)
    if len(stage.timeline.pages) == 2:
        first, second = (page.at for page in stage.timeline.pages)
        if not UNANSWERED - 3 < second - first < UNANSWERED + 15:
            yield f"The second page came {second - first:.0f} s after the first one; the team has {UNANSWERED:.0f} s."
    if not _recovered(stage):
        yield "Nobody was told that it is over."
    for answer in stage.person("grace").answers:
        if answer.status != 0:
            yield f"grace could not acknowledge: {answer.text}"


ESCALATION = Scenario(
    name="escalation",
    summary="Redis is down and nobody answers: infrastructure is paged, then who is on call. Somebody does; then it is over.",
    harm=stop("redis"),
    then=(Cue(_nobody_answers, _acknowledge), Cue(_acknowledged, start("redis"))),
    expected=("escalated",),
    ended=_recovered,
    complaints=_answered_at_last,
    heals=True,
)
