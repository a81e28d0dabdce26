"""T1: events as EventBridge may deliver them: twice, late, out of order, of others, and broken."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from battery.deployed import as_deployed
from battery.ground import Ground, Tried, doubled
from battery.grounds import GROUNDS
from battery.offered import TICK, offered
from battery.runs import Runs
from battery.trial import Effort, Figure, Trial, exactly, none
from battery.trial import told as figure
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.parsing import parse
from remediation.core.sweep import DescribedAlarm
from remediation.core.triggers import AlarmRaised
from tests.support.steps import NIGHT, InMemorySteps

EACH = 10
"""Events about one transition of the alarm: one is good, the others are what comes with it."""
SWEEPS = 12
"""Ticks for which the sweep may hold an alarm back."""
SECOND = timedelta(seconds=1)
HEALS = frozenset({"good", "twice", "again"})
"""Kinds that tell the truth about the transition, so the first of them may act."""


class Delivered:
    """What came of all deliveries."""

    def __init__(self) -> None:
        self.records, self.swept = 0, list[timedelta]()
        self.escaped, self.twice, self.wrong, self.unhealed = list[str](), list[str](), list[str](), list[str]()


def run(effort: Effort) -> Iterator[Figure]:
    """Deliver N events, ten about each transition, in turn to every runbook."""
    chance, delivered = effort.chance("events"), Delivered()
    grounds = list(GROUNDS.values())
    transitions = effort.n // EACH
    for batch in range(transitions):
        _deliver(grounds[batch % len(grounds)], batch, chance, delivered, effort)
    yield figure("transitions of alarms", transitions)
    yield exactly("records", delivered.records, transitions * EACH)
    yield none("errors that escaped", len(delivered.escaped), tuple(delivered.escaped))
    yield none("transitions acted on twice", len(delivered.twice), tuple(delivered.twice))
    yield none("acts on what was late, of others, or broken", len(delivered.wrong), tuple(delivered.wrong))
    yield figure("transitions acted on when their own event came", transitions - len(delivered.swept))
    late = max(delivered.swept, default=timedelta(0)) // timedelta(minutes=1)
    yield figure(
        "and after the sweep had offered the alarm again, for a muted or replayed copy had come first",
        f"{len(delivered.swept):,}, {late} min after the alarm at most",
    )
    yield none(
        "transitions lost: nothing done, not even after the sweep", len(delivered.unhealed), tuple(delivered.unhealed)
    )


def _deliver(tried: Tried, batch: int, chance: Random, delivered: Delivered, effort: Effort) -> None:
    """Deliver what comes with one transition, a second apart: most of it arrives while the first run still waits.

    Every third time of each runbook what is ill stays ill, whatever is done.
    """
    stubborn = next((case for case in tried.cases if case.ends == "not-healed"), tried.cases[0])
    ground = stubborn.ground() if batch // len(GROUNDS) % 3 == 0 else tried.ground()
    good, runs, kinds = tried.event("alarm"), Runs(), dict[str, str]()
    ground.alarms.alarms[tried.alarm] = LiveAlarm(
        exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True
    )
    events = [("good", good), *(_other(chance, good) for _ in range(EACH - 1))]
    chance.shuffle(events)
    now = NIGHT
    for kind, event in events:
        now += SECOND
        runs.go_on(now)
        kinds[f"run-{runs.begun + 1}"] = kind
        runs.begin(partial(_carry, ground, event), now)
        effort.advance()
    runs.finish()
    delivered.escaped += runs.unhandled
    delivered.records += sum(run.outcome is not None for run in ground.ledger.runs.values())
    acted = [f"{kinds[told.run]}: {told.status}" for told in runs.ended if told.acts]
    delivered.wrong += [told for told in acted if told.partition(":")[0] not in HEALS]
    if len(acted) > 1 or doubled(ground.aws.mutations):
        delivered.twice.append(f"batch {batch}: {', '.join(acted)}")
    if not acted:
        _sweep(ground, tried, batch, good, delivered)


def _carry(ground: Ground, event: object, steps: InMemorySteps) -> Outcome:
    ground.steps = steps
    return ground.carry(event)


def _sweep(ground: Ground, tried: Tried, batch: int, good: dict[str, Any], delivered: Delivered) -> None:
    """Let the sweep tick until it offers the alarm again, for an hour at most."""
    deployment, settings = as_deployed(tried.runbook)
    raised = parse(good)
    assert isinstance(raised, AlarmRaised), "the sample is an alarm's"
    described = DescribedAlarm(
        name=raised.alarm,
        arn=f"arn:aws:cloudwatch:{raised.region}:{raised.account}:alarm:{raised.alarm}",
        state=raised.state,
        transitioned_at=raised.transitioned_at,
        actions_enabled=True,
        actions=0,
        metric=raised.metric,
    )
    now = ground.steps.now
    for _ in range(SWEEPS):
        now += TICK
        event = offered(described, ground.ledger, deployment, settings, now)
        if event is not None:
            ground.steps = InMemorySteps(run=f"run-{batch}-swept", now=now)
            told = ground.carry(event)
            delivered.swept.append(now - NIGHT)
            if not (told.acts or told.status == "nothing-to-do"):  # the group may have replaced it by then
                delivered.unhealed.append(f"batch {batch}: {told.status}, {told.because}"[:300])
            return
    delivered.unhealed.append(f"batch {batch}: the sweep held it back")


def _other(chance: Random, good: dict[str, Any]) -> tuple[str, Any]:
    """Return an event that comes with the good one, and what it is."""
    kind = chance.choice(
        ("twice", "again", "late", "early", "ok", "older", "account", "region", "muted", "replayed", "broken", "bytes")
    )
    told = deepcopy(good)
    match kind:
        case "again":
            told["id"] = f"{chance.getrandbits(64):016x}"
        case "late":
            _move(told, NIGHT - timedelta(seconds=chance.randint(301, 100_000)))
        case "early":
            _move(told, NIGHT + timedelta(seconds=chance.randint(200, 100_000)))
        case "ok":
            told["detail"]["state"]["value"], told["detail"]["previousState"]["value"] = "OK", "ALARM"
        case "older":  # another transition than the one that the alarm is in by now
            _move(told, NIGHT - timedelta(seconds=chance.randint(1, 200)))
        case "account":
            told["account"] = "999999999999"
        case "region":
            told["region"] = "eu-west-1"
        case "muted":
            told["detail"]["muteDetail"] = {"mutedBy": "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:x"}
        case "replayed":
            told["replay-name"] = "yesterday"
        case "broken":
            _break(chance, told)
        case "bytes":
            return kind, _bytes(chance, told)
        case _:
            pass
    return kind, told


def _move(told: dict[str, Any], at: datetime) -> None:
    told["time"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    told["detail"]["state"]["timestamp"] = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _break(chance: Random, told: dict[str, Any]) -> None:
    """Take something away that no event may be without."""
    where, key = chance.choice(
        [(told, "detail"), (told, "detail-type"), (told["detail"], "state"), (told["detail"], "alarmName")]
    )
    where[key] = chance.choice([None, 7, [], {}, "?"])


def _bytes(chance: Random, told: dict[str, Any]) -> Any:
    """Return what is left of an event that was cut: text, for it is no JSON any more."""
    text = json.dumps(told)
    return text[: chance.randrange(len(text) - 1)]


TRIAL = Trial(
    id="T1",
    title="events twice, late, out of order, of others, and broken",
    unit="events",
    full=10_000,
    quick=200,
    run=run,
    shows="every event leaves a record, each transition is acted on once and only by its own event, and none is lost",
    hides="EventBridge and Lambda's queue themselves",
)
