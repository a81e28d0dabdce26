"""Let the minutes of a `rate(...)` pass as fast as those of an alarm.

So a sweep every five minutes and the alarm on its silence fit each other: both are divided by `LAB_TIME_FACTOR`.
"""

from remedy.lab.emulator.alarms import TIME_FACTOR
from remedy.lab.emulator.ministack import service

TICK = 1
"""Seconds between two looks at the schedules; stock ministack looks every ten."""


def install() -> None:
    """Hurry ministack's own clock of schedules."""
    events = service("eventbridge")
    stock = events._parse_rate_seconds

    def hurried(expression: str) -> float | None:
        seconds: int | None = stock(expression)
        return None if seconds is None else seconds / TIME_FACTOR

    events._parse_rate_seconds = hurried
    events._SCHEDULER_TICK_INTERVAL = TICK
