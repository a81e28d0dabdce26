"""CloudWatch in simulated time: the alarm as the runbook declares it (M of N datapoints), a minute late as metrics are."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from remediation.core.spec import Alarm
from remediation.core.triggers import AlarmState

LATE = 1
"""Datapoints that are not there yet when the alarm is evaluated."""


@dataclass
class Evaluator:
    """One alarm. Tell it the metric all the time; it says when it has changed its state."""

    alarm: Alarm
    state: AlarmState = "OK"
    transitioned_at: datetime | None = None
    previous: AlarmState = "OK"
    _minute: float = 0.0
    _points: list[float] = field(default_factory=list)
    _ends: datetime | None = None

    def tell(self, value: float, now: datetime) -> bool:
        """Take a value of the metric; answer whether the alarm has just changed its state."""
        self._minute = max(self._minute, value)
        if self._ends is None:
            self._ends = now + self.alarm.period
        if now < self._ends:
            return False
        self._points.append(self._minute)
        self._minute, self._ends = 0.0, self._ends + self.alarm.period
        known = self._points[: len(self._points) - LATE]
        seen = known[-self.alarm.evaluate :]
        breaching = sum(point >= self.alarm.threshold for point in seen)
        state: AlarmState = "ALARM" if breaching >= self.alarm.breach else "OK"
        if state == self.state:
            return False
        self.previous, self.state, self.transitioned_at = self.state, state, now
        return True


@dataclass
class Probe:
    """The alarm on a dependency: on and off two minutes after the dependency is down and up."""

    name: str
    since: datetime | None = None
    """When the alarm went into ALARM."""
    _changed: datetime | None = None

    def tell(self, *, up: bool, now: datetime) -> None:
        """Take whether the dependency can be used."""
        if up == (self.since is None):
            self._changed = None
            return
        if self._changed is None:
            self._changed = now
        if now >= self._changed + timedelta(minutes=2):
            self.since, self._changed = None if up else now, None
