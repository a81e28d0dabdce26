"""Nights of relieve-high-cpu: a fleet that is hot, for one reason or another, and who would make it larger."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from relieve_high_cpu.runbook import RUNBOOK
from relieve_high_cpu.settings import Dependency, Settings
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from tests.functions.fakes.fleet import Watch, watches
from tests.functions.fakes.fleet_night import ALARM, FleetNight
from tests.support.steps import NIGHT, InMemorySteps

MINUTE = timedelta(minutes=1)
MONGODB = Dependency(
    name="MongoDB connections",
    namespace="StartTech",
    metric="MongoConnections",
    dimensions={"Environment": "dev"},
    full=500,
)
REDIS = Dependency(
    name="Redis connections",
    namespace="AWS/ElastiCache",
    metric="CurrConnections",
    dimensions={"CacheClusterId": "dev-redis"},
    full=65000,
)
SETTINGS = Settings(
    databases=(MONGODB,), caches=(REDIS,), answer_within=timedelta(0), hourly=0.0416, next_hourly=0.0832
)


def surge(to: float, *, usual: float = 80.0, since: timedelta = 25 * MINUTE) -> Callable[[datetime], float]:
    """Return a load that is usual, and much higher from some time before the night on."""
    return lambda at: to if at >= NIGHT - since else usual


def no_policy() -> list[Watch]:
    return []


def lame() -> list[Watch]:
    """Return policies whose alarms have their actions disabled."""
    made = watches()
    for watch in made:
        watch.actions_enabled = False
    return made


def night(**of: Any) -> FleetNight:
    """Return a night on which two instances are hot with load, and no policy makes them more."""
    return FleetNight(
        runbook=RUNBOOK, settings=SETTINGS, of={"load": surge(170), "watches": no_policy(), "max_size": 6} | of
    )


def again(tonight: FleetNight, run: int, at: datetime) -> Outcome:
    """Let the alarm go off once more, and be answered."""
    tonight.steps = InMemorySteps(run=f"run-{run}", now=max(at, tonight.steps.now))
    event: Any = tonight.event("alarm")
    event["time"] = f"{tonight.steps.now:%Y-%m-%dT%H:%M:%SZ}"
    event["detail"]["state"]["timestamp"] = f"{tonight.steps.now:%Y-%m-%dT%H:%M:%S.000+0000}"
    tonight.alarms.alarms[ALARM] = LiveAlarm(
        exists=True, state="ALARM", transitioned_at=tonight.steps.now, actions_enabled=True
    )
    return tonight.run(event)
