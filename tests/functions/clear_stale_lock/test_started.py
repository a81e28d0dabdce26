"""What starts it: the schedule, a person, and where it is configured an alarm on what CI says; always about every lock."""

import json
from typing import Any

import pytest
from msgspec import ValidationError, convert
from msgspec.structs import replace

from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Incident, Settings
from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.triggers import Ignored, Rejected
from stacks.catalog import CATALOG
from stacks.config import load
from stacks.patterns import rules
from tests.conftest import ROOT
from tests.functions.clear_stale_lock.locks import ID, SETTINGS
from tests.support.toy import PLACE

SAMPLES = ROOT / "events" / "clear-stale-lock"
SAID = replace(SETTINGS, ci_log_group="/aws/codebuild/terraform-apply")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def routed(event: Any, settings: Settings = SAID) -> Any:
    trigger = parse(event)
    assert not isinstance(trigger, Ignored | Rejected)
    return route(RUNBOOK, trigger, PLACE, settings)


@pytest.mark.parametrize("name", ["alarm", "schedule"])
def test_an_alarm_and_the_schedule_are_about_every_lock(name: str) -> None:
    assert routed(sample(name)) == Incident()


@pytest.mark.parametrize("lock", ["starttech", ID])
def test_a_person_names_a_state_or_an_id(lock: str) -> None:
    assert routed({"lock": lock}) == Incident(lock=lock)


def test_without_the_log_group_no_alarm_starts_it() -> None:
    answer = routed(sample("alarm"), SETTINGS)
    assert answer == Ignored(
        because="The metric Remediation/dev StateLockErrors is not one that clear-stale-lock answers."
    )


def test_the_alarm_of_another_environment_starts_nothing_here() -> None:
    event = sample("alarm")
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["namespace"] = "Remediation/prod"
    assert isinstance(routed(event), Ignored)


def test_a_rule_is_made_only_where_the_log_group_is_said() -> None:
    assert [rule.kind for rule in rules(RUNBOOK, PLACE, SETTINGS)] == ["schedule"]
    assert [rule.kind for rule in rules(RUNBOOK, PLACE, SAID)] == ["schedule", "alarm"]
    for environment in ("dev", "prod"):
        settings = load(environment, CATALOG).runbooks[RUNBOOK.name].settings
        assert [alarm.name for alarm in RUNBOOK.alarms_in(settings)] == []
    assert [alarm.name for alarm in RUNBOOK.alarms_in(SAID)] == ["state-lock-error"]


@pytest.mark.parametrize("group", ["/aws/codebuild/*", "a group", "x" * 513])
def test_a_log_group_is_a_name_of_one(group: str) -> None:
    with pytest.raises(ValidationError):
        convert({"ci_log_group": group}, Settings)
