"""Days of a fleet that are drawn from a seed and lived twice: with the runbook answering the alarm, and without it.

A day has a tide of load and some surges, perhaps a bad deploy, a policy that works, is deaf or is not there, and a database
that takes so many connections. What cannot be served is lost; where the database is full, everything is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import pi, sin
from random import Random
from typing import Any

import msgspec

from relieve_high_cpu.settings import Settings
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from tests.functions.fakes.fleet import MINUTE, Fleet, Watch, watches
from tests.functions.relieve_high_cpu.nights import MONGODB, again, night
from tests.support.steps import NIGHT

DAY = timedelta(days=1)
OFFERED_AGAIN = timedelta(minutes=30)
"""What the sweep does with an alarm that still is on (core/sweep.py)."""


@dataclass
class Lived:
    """What a day came to."""

    lost: float = 0.0
    """Requests that were not served, in minutes of the whole load."""
    hot: int = 0
    """Minutes in which the fleet was too busy."""
    drowned: int = 0
    """Minutes in which the database had more connections than it takes."""
    largest: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    sizes: list[tuple[datetime, int]] = field(default_factory=list)
    mutations: list[tuple[str, Any]] = field(default_factory=list)


def weather(seed: int) -> dict[str, Any]:
    """Draw a day: what a fleet is made with."""
    draw = Random(seed)
    usual, tide = draw.uniform(50, 90), draw.uniform(0, 40)
    surges = [
        (
            NIGHT + draw.uniform(0.5, 20) * timedelta(hours=1),
            draw.uniform(0.3, 3) * timedelta(hours=1),
            draw.uniform(60, 250),
        )
        for _ in range(draw.randint(1, 3))
    ]
    deployed_at = NIGHT + draw.uniform(1, 20) * timedelta(hours=1) if draw.random() < 0.3 else None

    def load(at: datetime) -> float:
        hours = (at - NIGHT) / timedelta(hours=24)
        more = sum(height for begin, length, height in surges if begin <= at < begin + length)
        return usual + tide * (1 + sin(2 * pi * hours)) / 2 + more

    def cost(at: datetime) -> float:
        return 2.5 if deployed_at and at >= deployed_at else 1.0

    policies: Callable[[], list[Watch]] = draw.choice([watches, _deaf, _only_alarms])
    return {
        "load": load,
        "cost": cost,
        "watches": policies(),
        "max_size": draw.choice([3, 4, 6, 8]),
        "mongodb_per_instance": draw.choice([50.0, 120.0, 180.0]),
    }


def _deaf() -> list[Watch]:
    made = watches()
    made[0].actions_enabled = False
    return made


def _only_alarms() -> list[Watch]:
    """Return an alarm that nothing follows: its policy is disabled, and there is none that makes the group smaller."""
    made = watches()[:1]
    made[0].enabled = False
    return made


def live(seed: int, *, relieved: bool, blind_to_the_database: bool = False) -> Lived:
    """Live a day."""
    tonight = night(**weather(seed))
    tonight.limits = Limits()
    if blind_to_the_database:
        easy = msgspec.structs.replace(MONGODB, full=1_000_000.0)
        settings = tonight.settings
        assert isinstance(settings, Settings)
        tonight.settings = msgspec.structs.replace(settings, databases=(easy,))
    lived = Lived()
    _count(tonight.fleet, lived)
    answered: datetime | None = None
    offered_at, runs = NIGHT, 0
    while tonight.steps.now < NIGHT + DAY:
        tonight.steps.now += MINUTE
        tonight.fleet.catch_up()
        alarm = tonight.fleet.watches[0]
        due = alarm.since != answered or tonight.steps.now >= offered_at
        if relieved and alarm.state == "ALARM" and due:
            runs, answered = runs + 1, alarm.since
            lived.outcomes.append(again(tonight, runs, tonight.steps.now))
            offered_at = tonight.steps.now + OFFERED_AGAIN
    lived.largest, lived.sizes, lived.mutations = tonight.fleet.largest, tonight.fleet.sizes, tonight.aws.mutations
    return lived


def _count(fleet: Fleet, lived: Lived) -> None:
    """Count what becomes of every minute of the day."""
    sample = fleet._sample

    def counted(times: int) -> None:
        sample(times)
        if not NIGHT <= fleet.now < NIGHT + DAY:
            return
        demand, supply = fleet.load(fleet.now) * fleet.cost(fleet.now), 100.0 * len(fleet.serving)
        full = fleet.mongodb > fleet.mongodb_full
        lived.drowned += full
        lived.lost += 1.0 if full else max(0.0, demand - supply) / demand
        lived.hot += demand / max(1.0, supply) >= 0.7

    fleet._sample = counted  # type: ignore[method-assign]
