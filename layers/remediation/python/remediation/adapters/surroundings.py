"""What goes on around the runbooks of an environment, read from AWS: alarms, deploys and the change calendar."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from remediation.aws import cloudwatch, deploys
from remediation.core.surroundings import ActiveAlarm, Around
from remediation.core.sweep import DescribedAlarm
from remediation.core.triggers import Metric
from remediation.core.watched import Watched

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


class AwsSurroundings:
    """One environment, as its configuration says where to look."""

    def __init__(self, aws: "Clients", watched: Watched, clock: Callable[[], datetime]) -> None:
        self._aws, self._watched, self._clock = aws, watched, clock

    def around(self, *, deploys: bool) -> Around:
        """Return the alarms of the environment that are in ALARM, and the deploys that are on if they matter."""
        return Around(alarms=self._alarms(), deploys=self._deploys() if deploys else ())

    def closed(self) -> str:
        """Say why the change calendar does not allow changes now; nothing if it does."""
        name = self._watched.calendar
        answer = self._aws.ssm.get_calendar_state(CalendarNames=[name])
        if answer["State"] == "OPEN":
            return ""
        until = answer.get("NextTransitionTime")
        return f"The change calendar {name} is {answer['State']}{f' until {until}' if until else ''}."

    def _alarms(self) -> tuple[ActiveAlarm, ...]:
        found = cloudwatch.alarms(self._aws, prefix=self._watched.alarm_prefix, state="ALARM")
        return tuple(map(active, found))

    def _deploys(self) -> tuple[str, ...]:
        found, where = [], self._watched.deploys
        found += [deploys.refresh(self._aws, asg) for asg in where.asgs]
        found += [deploys.update(self._aws, stack) for stack in where.stacks]
        found += [deploys.apply(self._aws, lock, self._clock()) for lock in where.locks]
        return tuple(filter(None, found))


def active(alarm: DescribedAlarm) -> ActiveAlarm:
    """Return what the surroundings are judged by."""
    metric = alarm.metric or Metric(namespace="", name="", dimensions={})
    return ActiveAlarm(
        name=alarm.name,
        since=alarm.transitioned_at or datetime.fromtimestamp(0, UTC),  # then it is no part of a storm that is on
        namespace=metric.namespace,
        metric=metric.name,
        dimensions=metric.dimensions,
    )
