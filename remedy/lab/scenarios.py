"""What can be shown: something breaks, and what has to come of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from remediation.core.outcome import Status
from remedy.lab.lab import Lab
from remedy.lab.timeline import Timeline

FUNCTION = "dev-restart-unhealthy-targets:live"
RESTART = "dev-remediation-restart-container"


@dataclass(frozen=True)
class Scenario:
    """One thing that breaks."""

    name: str
    summary: str
    harm: Callable[[Lab], str]
    """Breaks it, and says what was done."""
    expected: tuple[Status, ...]
    """The outcomes, in any order."""
    complaints: Callable[[Lab, Timeline], Iterator[str]]
    """Yields what is not as it has to be in the end."""
    mode: str = "act"
    deliveries: int = 1
    """How often EventBridge delivers the alarm's event."""
    heals: bool = False
    """Whether every target has to be healthy in the end."""


def wedge(lab: Lab) -> str:
    """Deadlock the backend of one instance."""
    instance = lab.world("machines")[0]["id"]
    lab.world(f"machines/{instance}/wedge", {})
    return f"The backend on {instance} deadlocks: it runs and accepts connections, and answers nothing."


def stop_mongodb(lab: Lab) -> str:
    """Kill MongoDB."""
    lab.world("dependencies/mongodb/stop", {})
    return "MongoDB is down: every backend answers 503 from now on."


def deliver_again(lab: Lab, timeline: Timeline) -> str:
    """Deliver the alarm's event once more, as EventBridge may: it promises at least one delivery."""
    payload = json.dumps(next(event for event in timeline.events if event["detail"]["state"]["value"] == "ALARM"))
    lab.client("lambda").invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=payload)
    return "EventBridge delivers the same event once more."


def restarts(lab: Lab) -> list[str]:
    """Return the instances on which a restart was carried out."""
    done = [each for each in lab.world("commands") if each["document"] == RESTART and each["status"] == "Success"]
    return [each["instance"] for each in done]


def _one_restart(lab: Lab, timeline: Timeline) -> Iterator[str]:
    if len(restarts(lab)) != 1:
        yield f"{len(restarts(lab))} restarts were carried out instead of one."
    for outcome in timeline.outcomes:
        if outcome.status == "healed" and [done.result for done in outcome.acts] != ["done"]:
            yield f"The outcome tells of {len(outcome.acts)} acts instead of one that was done."


def _no_restart(lab: Lab, _timeline: Timeline) -> Iterator[str]:
    if restarts(lab):
        yield f"{', '.join(restarts(lab))} was restarted."


def _database_team_paged(lab: Lab, timeline: Timeline) -> Iterator[str]:
    yield from _no_restart(lab, timeline)
    if [team for team, _outcome in timeline.pages] != ["database"]:
        yield f"Paged: {[team for team, _outcome in timeline.pages]} instead of the database team."


def _one_act_two_runs(lab: Lab, timeline: Timeline) -> Iterator[str]:
    yield from _one_restart(lab, timeline)
    gates = [outcome.gate for outcome in timeline.outcomes if outcome.status == "refused"]
    if gates != ["duplicate"]:
        yield f"The second delivery was refused by {gates} instead of the duplicate gate."


SCENARIOS = (
    Scenario(
        name="unhealthy-target",
        summary="One target falls ill, and its container is restarted.",
        harm=wedge,
        expected=("healed",),
        complaints=_one_restart,
        heals=True,
    ),
    Scenario(
        name="mongodb-down",
        summary="MongoDB is down, so all targets are unhealthy: the database team is paged, and nothing is restarted.",
        harm=stop_mongodb,
        expected=("escalated",),
        complaints=_database_team_paged,
    ),
    Scenario(
        name="duplicate",
        summary="The same event is delivered twice: one run acts, the other one stands back.",
        harm=wedge,
        expected=("healed", "refused"),
        complaints=_one_act_two_runs,
        deliveries=2,
        heals=True,
    ),
    Scenario(
        name="observe",
        summary="Mode observe: it says what it would do, and does nothing.",
        harm=wedge,
        expected=("observed",),
        complaints=_no_restart,
        mode="observe",
    ),
)


def named(name: str) -> Scenario:
    """Return a scenario. Raises KeyError."""
    return {scenario.name: scenario for scenario in SCENARIOS}[name]
