"""Every sample event is one: it parses, and what is meant to start a runbook is let through by its deployed pattern."""

import json
from pathlib import Path
from typing import Any

import pytest

from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spec import AnyRunbook, Manual
from remediation.core.triggers import AlarmRaised, AsgEvent, Ignored, Invoked, Rejected
from remedy.patterns import matches
from stacks.catalog import CATALOG
from stacks.config import environments, load
from stacks.patterns import event_patterns
from stacks.permissions import ESCALATION, SWEEP
from tests.conftest import ROOT

EVENTS = ROOT / "events"
SAMPLES = [path for path in sorted(EVENTS.glob("*/*.json")) if path.parent.name not in {SWEEP, ESCALATION}]
"""Of the runbooks; those of the functions that belong to none have tests of their own (tests/stacks/test_system_functions.py)."""
SAMPLE = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
SEEN_BY_RULES = [
    path for path in SAMPLES if "Scheduled" not in json.loads(path.read_text()).get("detail-type", "Scheduled")
]
BY_NAME = {runbook.name: runbook for runbook in CATALOG}


def test_every_runbook_has_samples_and_every_sample_a_runbook() -> None:
    assert {path.parent.name for path in SAMPLES} == set(BY_NAME)


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_every_way_in_has_a_sample(runbook: AnyRunbook) -> None:
    parsed = [parse(json.loads(path.read_text())) for path in SAMPLES if path.parent.name == runbook.name]
    for trigger in runbook.triggers:
        kinds = {"OnAlarm": AlarmRaised, "OnAsgEvent": AsgEvent, "Manual": Invoked}
        kind = kinds.get(type(trigger).__name__)
        assert kind is None or any(isinstance(found, kind) for found in parsed), f"no sample of {trigger}"


@SAMPLE
def test_a_sample_parses(path: Path) -> None:
    assert not isinstance(parse(json.loads(path.read_text())), Rejected)


@pytest.mark.parametrize("path", SEEN_BY_RULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_pattern_lets_through_exactly_the_alarms_that_the_runbook_answers(path: Path) -> None:
    event: dict[str, Any] = json.loads(path.read_text())
    parsed, runbook = parse(event), BY_NAME[path.parent.name]
    assert isinstance(parsed, AlarmRaised | AsgEvent)
    for environment in environments():
        config = load(environment, CATALOG)
        settings = config.runbooks[runbook.name].settings
        passes = any(matches(pattern, event) for pattern in event_patterns(runbook, config.place, settings))
        here = (parsed.account, parsed.region) == (config.account, config.region)
        raised = not isinstance(parsed, AlarmRaised) or parsed.state == "ALARM"
        answers = not isinstance(route(runbook, parsed, config.place, settings), Ignored | Rejected)
        assert passes == (here and raised and answers), f"in {environment}"


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_the_example_of_a_manual_invocation_is_one(runbook: AnyRunbook) -> None:
    config = load("dev", CATALOG)
    for trigger in runbook.triggers:
        if isinstance(trigger, Manual):
            parsed = parse(dict(trigger.example))
            assert isinstance(parsed, Invoked)
            assert not parsed.apply
            answer = route(runbook, parsed, config.place, config.runbooks[runbook.name].settings)
            assert isinstance(answer, runbook.incident)
