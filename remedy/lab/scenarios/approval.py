"""An act that asks first: the run waits for a person, who approves exactly one plan, once."""

import shlex
from collections.abc import Iterator

from remediation.core.notice import Notice
from remedy.lab.scenarios.scenario import RUNBOOK, Cue, Line, Scenario, Stage, one_restart, spoken, wedge


def asked(stage: Stage) -> bool:
    """Tell whether somebody was asked to approve."""
    return bool(stage.timeline.noticed("approval-wanted"))


def wanted(stage: Stage) -> Notice:
    """Return the message that asks."""
    return stage.timeline.noticed("approval-wanted")[0]


def _command(stage: Stage, verb: str) -> list[str]:
    """Return a command as the message tells it, without `remedy`; nothing where it does not."""
    said = (shlex.split(step) for step in wanted(stage).next_steps)
    return next((words[1:] for words in said if words[:2] == ["remedy", verb]), [verb])


def approve(stage: Stage) -> Line:
    """Have grace type the command of the message."""
    return spoken(stage, "grace", *_command(stage, "approve"))


def _approve_again(stage: Stage) -> Line:
    return spoken(stage, "ada", *_command(stage, "approve"))


def _healed(stage: Stage) -> bool:
    return bool(stage.timeline.outcomes)


def _approved_once(stage: Stage) -> Iterator[str]:
    yield from one_restart(stage)
    asking = [(topic, notice) for topic, notice in stage.timeline.notices if notice.kind == "approval-wanted"]
    if sorted(topic for topic, _ in asking) != ["infrastructure", "outcomes"]:
        yield f"An approval was asked for on {', '.join(topic for topic, _ in asking) or 'no topic'}."
    for _, notice in asking[:1]:
        told = " ".join((*notice.lines, *notice.next_steps))
        for wanted in ("Plan ", "--hash ", f"remedy approve {notice.run}", f"remedy reject {notice.run}"):
            if wanted not in told:
                yield f"The message does not tell {wanted!r}."
    for first in stage.person("grace").answers:
        if first.status != 0:
            yield f"grace could not approve: {first.text}"
    for second in stage.person("ada").answers:
        if second.status == 0:
            yield f"The second approval was taken: {second.text}"


APPROVAL = Scenario(
    name="approval",
    summary="A restart has to be approved here: the run waits for a person, and then heals. A second approval is refused.",
    harm=wedge,
    then=(Cue(asked, approve), Cue(_healed, _approve_again)),
    expected=("healed",),
    complaints=_approved_once,
    added={f"[runbooks.{RUNBOOK}]": 'ask_first = ["restart-container"]'},
    heals=True,
)
