"""The lab's own judgement, apart from its processes: what an alarm, a health check and a command come to."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remediation.core.outcome import Entry, Kind
from remedy.lab.configuration import MongoDB, Redis, coming_from, put, without
from remedy.lab.emulator import clock
from remedy.lab.emulator.alarms import counted, judge
from remedy.lab.emulator.clock import AHEAD, hurried
from remedy.lab.emulator.embedded import data
from remedy.lab.processes import LabError
from remedy.lab.timeline import _quiet
from remedy.lab.world.calendars import Calendar, parse
from remedy.lab.world.commands import SsmError, _checked, _substituted
from remedy.lab.world.docker import render
from remedy.lab.world.targets import matches
from tests.conftest import ROOT

CLOCK = Path(clock.__file__).with_name("ahead.py")
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
    ("found", "those"),
    [
        ([1.0, 1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0]),
        ([None, 1.0, 1.0, None, 1.0], [1.0, 1.0, 1.0]),
        ([None, 1.0, 1.0, None, None], [None, 1.0, 1.0]),
        ([None, None, None, None, None], [None, None, None]),
    ],
)
def test_an_alarm_looks_further_back_before_it_takes_a_datapoint_for_missing(
    found: list[float | None], those: list[float | None]
) -> None:
    assert counted(found, 3) == those


def test_what_is_logged_in_the_embedded_metric_format_is_a_metric() -> None:
    directive = {
        "Namespace": "Remediation",
        "Dimensions": [["environment", "dependency"]],
        "Metrics": [{"Name": "DependencyDown", "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]},
        "environment": "dev",
        "dependency": "redis",
        "DependencyDown": [1.0],
    }
    log = f'START RequestId: 1\n{{"message": "hello"}}\n{{"_aws" cut off\n{json.dumps(line)}\nEND RequestId: 1'
    dimensions = {"environment": "dev", "dependency": "redis"}
    assert list(data(log)) == [("Remediation", "DependencyDown", dimensions, 1.0, "Count")]


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


@pytest.mark.parametrize(("seconds", "in_the_lab"), [(30, 30), (59, 59), (60, 1), (900, 15), (1800, 30)])
def test_only_long_waits_pass_faster(seconds: float, in_the_lab: float) -> None:
    assert hurried(seconds, factor=60) == in_the_lab


@pytest.mark.parametrize(("ahead", "minutes"), [("1800", 30), ("", 0)])
def test_the_clock_of_a_function_is_ahead_by_what_its_waits_were_shortened(ahead: str, minutes: int) -> None:
    script = "\nfrom datetime import UTC, datetime\nassert type(datetime.now()) is datetime\nprint(datetime.now(UTC))"
    command = [sys.executable, "-S", "-c", CLOCK.read_text("utf-8") + script]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env={AHEAD: ahead}).stdout
    off = datetime.fromisoformat(told.strip()) - datetime.now(UTC) - timedelta(minutes=minutes)
    assert abs(off) < timedelta(seconds=30)


def test_a_scenario_adds_lines_to_a_table_or_a_table() -> None:
    assert put("[a]\nb = 1\n[c]\n", "[a]", "x = 2") == "[a]\nx = 2\nb = 1\n[c]\n"
    assert put("[a]\nb = 1\n", "[d]", "x = 2") == "[a]\nb = 1\n\n[d]\nx = 2\n"
    with pytest.raises(LabError):
        put("[a]\n[a]\n", "[a]", "x = 2")


DEV = (ROOT / "config" / "dev.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("probed", "dependencies", "writer"),
    [
        (None, set(), False),
        (Redis(host="127.0.0.1", port=1, group="sg-1", source="sg-2"), {"redis"}, False),
        (MongoDB(subnets=("subnet-1",), group="sg-2"), {"mongodb"}, True),
    ],
)
def test_the_lab_deploys_a_probe_of_what_a_scenario_is_about_and_the_writer_where_that_is_mongodb(
    probed: Redis | MongoDB | None, dependencies: set[str], writer: bool
) -> None:
    told = tomllib.loads(without(DEV, ["restore-database-access"], probed))
    assert set(told.get("dependencies", {})) == dependencies
    assert ("atlas" in told, told["runbooks"]["restore-database-access"]["settings"]["writer"]) == (writer, writer)
    assert set(told["runbooks"]) == {"restore-database-access"}


def test_where_mongodb_is_come_from_is_told_to_the_probe_and_to_the_runbook() -> None:
    mongodb = MongoDB(subnets=("subnet-1", "subnet-2"), group="sg-9")
    told = tomllib.loads(coming_from(DEV, mongodb))
    settings = told["runbooks"]["restore-database-access"]["settings"]
    assert told["network"] == {"subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-9"]}
    assert settings["subnets"] == ["subnet-1", "subnet-2"]


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALENDAR = """BEGIN:VCALENDAR
X-CALENDAR-TYPE:{kind}
BEGIN:VEVENT
DTSTART:20261123T110000Z
DTEND:20261123T120000Z
END:VEVENT
END:VCALENDAR
"""


def test_a_change_calendar_is_open_but_for_its_events_or_closed_but_for_them() -> None:
    usually_open, usually_closed = (parse(CALENDAR.format(kind=kind)) for kind in ("DEFAULT_OPEN", "DEFAULT_CLOSED"))
    assert usually_open == Calendar(usually_open=True, events=((NOON - HOUR, NOON),))
    for instant, inside in ((NOON - 2 * HOUR, False), (NOON - HOUR, True), (NOON, False)):
        assert (usually_open.open_at(instant), usually_closed.open_at(instant)) == (not inside, inside)
    changes = [usually_open.next_change(NOON + hours * HOUR) for hours in (-2, -1, 0)]
    assert changes == [NOON - HOUR, NOON, None]


def test_a_calendar_that_the_lab_cannot_read_is_refused() -> None:
    with pytest.raises(SsmError):
        parse(CALENDAR.format(kind="DEFAULT_OPEN") + "RRULE:FREQ=WEEKLY")


@pytest.mark.parametrize(
    ("trigger", "verdict", "quiet"),
    [
        ("the schedule", "Nothing to do: Nobody holds the lock of starttech.", True),
        ("the schedule", "clear-lock 0cfc0d6d: its build has ended.", False),
        ("a request", "Nothing to do: Nobody holds the lock of starttech.", False),
    ],
)
def test_of_the_schedule_only_those_runs_are_shown_that_find_something_to_do(
    trigger: str, verdict: str, quiet: bool
) -> None:
    lines: list[tuple[Kind, str]] = [("received", f"Received {trigger}."), ("facts", "Looked."), ("verdict", verdict)]
    assert _quiet([Entry(at=NOON, kind=kind, text=text) for kind, text in lines]) is quiet
