"""The gates that have to read something of the world: each a step, and what cannot be read is a no."""

from datetime import datetime

from remediation.core.errors import StepFailedError
from remediation.core.freeze import frozen
from remediation.core.gates import LiveAlarm, Refusal, live_alarm
from remediation.core.story import Story
from remediation.core.surroundings import Around, stand_down


def still_in_alarm(story: Story, step: str) -> Refusal | None:
    """Ask CloudWatch whether the alarm that started the run still is in the transition that the event told of."""
    trigger = story.alarm
    if trigger is None:
        return None
    try:
        live = story.steps.read(step, lambda: story.world.alarms.read(trigger.alarm), LiveAlarm)
    except StepFailedError as error:
        return Refusal(gate="surroundings", because=f"The alarm {trigger.alarm!r} cannot be read: {error}")
    return live_alarm(trigger, live)


def around_it(story: Story, now: datetime, step: str) -> Refusal | None:
    """Look around, if the runbook yields to anything: what cannot be seen is taken for a reason."""
    runbook, deployment = story.runbook, story.world.deployment
    if not runbook.yields_to:
        return None
    deploys = "deploy" in runbook.yields_to
    try:
        around = story.steps.read(step, lambda: story.world.surroundings.around(deploys=deploys), Around)
    except StepFailedError as error:
        because = f"Whether a deploy or an outage is going on cannot be seen: {error}"
        return Refusal(gate="surroundings", because=because)
    own = story.alarm.alarm if story.alarm else ""
    return stand_down(
        around, deployment.watched, runbook.yields_to, own=own, environment=deployment.place.environment, now=now
    )


def switches(story: Story, n: int, now: datetime) -> Refusal | None:
    """Say whether people have switched acting off: nobody is asked to approve what would not be done."""
    try:
        return story.steps.read(
            f"read switches {n}", lambda: story.world.ledger.switched_off(story.runbook.name, now), Refusal | None
        )
    except StepFailedError as error:
        return Refusal(gate="ledger", because=f"The switches cannot be read: {error}")


def calendars(story: Story, n: int, now: datetime) -> Refusal | None:
    """Say whether the calendars allow changes now; a live freeze is the admission's to find."""
    if freeze := frozen(story.world.deployment.maintenance, now):
        because = f"Maintenance until {freeze.ends:%Y-%m-%d %H:%M} UTC: {freeze.because}"
        return Refusal(gate="freeze", because=because)
    if not story.world.deployment.watched.calendar:
        return None
    try:
        closed = story.steps.read(f"read calendar {n}", story.world.surroundings.closed, str)
    except StepFailedError as error:
        closed = f"The change calendar cannot be read, which counts as closed: {error}"
    return Refusal(gate="freeze", because=closed) if closed else None
