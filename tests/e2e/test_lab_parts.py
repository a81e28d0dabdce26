"""The lab's own judgement, apart from its processes: what an alarm, a health check and a command come to."""

from collections.abc import Mapping
from typing import Any

import pytest

from remedy.lab.emulator.alarms import judge
from remedy.lab.world.commands import SsmError, _checked, _substituted
from remedy.lab.world.docker import render
from remedy.lab.world.targets import matches

ALARM = {"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "EvaluationPeriods": 3}


@pytest.mark.parametrize(
    ("more", "datapoints", "state"),
    [
        ({}, [1.0, 1.0, 1.0], "ALARM"),
        ({}, [1.0, 0.0, 1.0], "OK"),
        ({"DatapointsToAlarm": 2}, [1.0, 0.0, 1.0], "ALARM"),
        ({"DatapointsToAlarm": 2}, [1.0, None, 0.0], "OK"),
        ({}, [None, None, None], "INSUFFICIENT_DATA"),
        ({"TreatMissingData": "notBreaching"}, [None, None, None], "OK"),
        ({"TreatMissingData": "notBreaching", "DatapointsToAlarm": 1}, [1.0, None, None], "ALARM"),
        ({"TreatMissingData": "breaching"}, [None, None, None], "ALARM"),
        ({"TreatMissingData": "ignore"}, [None, None, None], None),
    ],
)
def test_an_alarm_is_judged_by_m_of_n_and_its_treatment_of_missing_data(
    more: Mapping[str, Any], datapoints: list[float | None], state: str | None
) -> None:
    assert judge({**ALARM, **more}, datapoints)[0] == state


@pytest.mark.parametrize(
    ("matcher", "status", "matched"),
    [("200", 200, True), ("200", 503, False), ("200,202", 202, True), ("200-299", 250, True), ("200-299", 300, False)],
)
def test_a_matcher_lists_codes_and_ranges(matcher: str, status: int, matched: bool) -> None:
    assert matches(status, matcher) is matched


def test_docker_fills_in_a_template_of_fields() -> None:
    state = {"State": {"Status": "running", "Running": True}, "RestartCount": 3}
    assert render("{{.State.Status}} {{ .RestartCount }} {{json .State.Status}}", state) == 'running 3 "running"'
    assert render("{{.State.Running}}", state) == "true"


DOCUMENT = {"parameters": {"Name": {"allowedPattern": "^[a-z]+$"}, "Port": {"default": "8080"}}}


def test_a_command_takes_what_its_document_admits_and_defaults() -> None:
    assert _checked(DOCUMENT, {"Name": ["backend"]}) == {"Name": "backend", "Port": "8080"}


@pytest.mark.parametrize("given", [{}, {"Name": ["$(reboot)"]}, {"Name": ["backend"], "Other": ["x"]}])
def test_a_command_refuses_what_its_document_does_not_admit(given: dict[str, list[str]]) -> None:
    with pytest.raises(SsmError) as refused:
        _checked(DOCUMENT, given)
    assert refused.value.code == "InvalidParameters"


def test_a_script_keeps_braces_that_are_no_parameter() -> None:
    assert (
        _substituted("docker inspect {{ Name }} {{.State}}", {"Name": "backend"}) == "docker inspect backend {{.State}}"
    )
