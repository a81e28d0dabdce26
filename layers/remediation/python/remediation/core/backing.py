"""Before an act that may lose data: a snapshot of the cache that is good for a restore, or the act is not made.

The rule of the domain (HAZARDS.md, 1.2, S5): a snapshot counts when it is available, complete and young; one that is being
taken does not. It is taken by snapshot-redis, as anybody would have it taken, after people have agreed to the act and before
it is admitted; and because that takes minutes, the world is looked at anew afterwards.
"""

from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from remediation.core.errors import StepFailedError
from remediation.core.gates import Refusal
from remediation.core.ports import Backup
from remediation.core.story import Story
from remediation.core.verdict import Act, Target

SNAPSHOT = "snapshot"
"""The gate."""
LOOK_EVERY = timedelta(seconds=30)
LONGEST = timedelta(minutes=30)
"""A snapshot that is not there by then holds its act back for good."""


def snapshot_first(story: Story, n: int, act: Act[Target]) -> Refusal | Literal["yes", "look again"]:
    """Tell whether an act may be made as far as snapshots go; one that is missing is asked for, and waited for."""
    cache, request = act.after_snapshot, f"{story.steps.run}-snapshot-{n}"
    if not cache:
        return "yes"
    try:
        backup = _look(story, f"read snapshot {n}", cache, request)
        if backup.snapshot:
            story.say(backup.at, "gate", backup.because)
            return "yes"
        asked_at = backup.at
        story.say(asked_at, "gate", f"{backup.because} snapshot-redis is asked for one.")
        story.steps.read(f"ask for snapshot {n}", lambda: story.world.backups.take(cache, request), None)
        for i in count(1):
            story.steps.wait(f"wait for snapshot {n}.{i}", LOOK_EVERY)
            backup = _look(story, f"read snapshot {n}.{i}", cache, request)
            if backup.snapshot or backup.ended or backup.at - asked_at >= LONGEST:
                break
    except StepFailedError as error:
        return _no(act, f"whether {cache} has a snapshot cannot be seen: {error}")
    if not backup.snapshot:
        return _no(act, backup.because)
    story.say(backup.at, "gate", backup.because)
    return "look again"


def _look(story: Story, step: str, cache: str, request: str) -> Backup:
    def look() -> Backup:
        now: datetime = story.world.clock()
        return story.world.backups.look(cache, request, now)

    return story.steps.read(step, look, Backup)


def _no(act: Act[Target], why: str) -> Refusal:
    return Refusal(gate=SNAPSHOT, because=f"{act.action} {act.target.id} is not done without a fresh snapshot: {why}")
