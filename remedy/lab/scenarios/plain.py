"""One alarm, one run: what the remediation does by itself."""

import json
from collections.abc import Iterator
from typing import Any

from remedy.lab.scenarios.scenario import (
    FUNCTION,
    Cue,
    Line,
    Scenario,
    Stage,
    gates,
    no_restart,
    one_restart,
    paged,
    stop,
    wedge,
)
from remedy.lab.timeline import ALARM


def _alarms(stage: Stage) -> list[dict[str, Any]]:
    """Return the events of the product's own alarm going into ALARM."""
    wanted = (ALARM, "ALARM")
    details = ((event, event["detail"]) for event in stage.timeline.events)
    return [event for event, detail in details if (detail["alarmName"], detail["state"]["value"]) == wanted]


def _deliver_again(stage: Stage) -> Line:
    """Deliver the alarm's event once more, as EventBridge may: it promises at least one delivery."""
    (event, *_) = _alarms(stage)
    stage.lab.client("lambda").invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(event))
    return Line("lab", "EventBridge delivers the same event once more.")


def _database_team_paged(stage: Stage) -> Iterator[str]:
    yield from no_restart(stage)
    yield from paged(stage, "database")


def _one_act_two_runs(stage: Stage) -> Iterator[str]:
    yield from one_restart(stage)
    if gates(stage) != ["duplicate"]:
        yield f"The second delivery was refused by {gates(stage)} instead of the duplicate gate."


PLAIN = (
    Scenario(
        name="unhealthy-target",
        summary="One target falls ill, and its container is restarted.",
        harm=wedge,
        expected=("healed",),
        complaints=one_restart,
        heals=True,
    ),
    Scenario(
        name="mongodb-down",
        summary="MongoDB is down, so all targets are unhealthy: the database team is paged, and nothing is restarted.",
        harm=stop("mongodb"),
        expected=("escalated",),
        complaints=_database_team_paged,
    ),
    Scenario(
        name="duplicate",
        summary="The same event is delivered twice: one run acts, the other one stands back.",
        harm=wedge,
        then=(Cue(lambda stage: bool(_alarms(stage)), _deliver_again),),
        expected=("healed", "refused"),
        complaints=_one_act_two_runs,
        heals=True,
    ),
    Scenario(
        name="observe",
        summary="Mode observe: it says what it would do, and does nothing.",
        harm=wedge,
        expected=("observed",),
        complaints=no_restart,
        mode="observe",
    ),
)
