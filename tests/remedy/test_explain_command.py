"""The command `remedy explain` on every sample that there is, for machines and for people."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from clear_stale_lock.settings import Settings as LockSettings
from remedy.cli import app
from remedy.environment import Environment
from remedy.explain import Explanation, explain_file
from stacks.catalog import CATALOG
from stacks.config import load
from stacks.permissions import ESCALATION, SWEEP

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "events").glob("*/*.json"))
OURS = [path for path in SAMPLES if path.parent.name not in {SWEEP, ESCALATION}]
SHARED = ROOT.parent / "shared" / "events"
INDEX: list[dict[str, str]] = json.loads((SHARED / "index.json").read_text())["events"] if SHARED.is_dir() else []
NOT_OURS = (
    "ok",
    "muted",
    "none",
    "in-place",
    "scale-in",
    "of-prod",
    "alarm-of-prod",
    "launch-of-another-group",
    "launch-of-prod",
    "over-a-cache",
)
"""How the names of samples begin that start nothing."""
ANOTHERS = {"alarm-of-mongodb": "restore-database-access", "alarm-of-redis": "restore-redis-access"}
"""Whose samples are that lie beside those of a runbook which must not take them."""


# ------------------------------------------------------------------------------------------------------ the samples


@pytest.fixture(scope="module")
def everything() -> Environment:
    """Return dev, where also what may be left out is configured."""
    config = load("dev", CATALOG)
    locks = config.runbooks["clear-stale-lock"]
    assert isinstance(locks.settings, LockSettings)
    told = replace(locks, settings=replace(locks.settings, ci_log_group="/aws/codebuild/terraform-apply"))
    return Environment(replace(config, runbooks={**config.runbooks, "clear-stale-lock": told}), CATALOG)


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_of_ours_is_routed_to_its_runbook_unless_its_name_says_why_not(
    path: Path, everything: Environment
) -> None:
    answer = explain_file(path, everything, None)
    fitting = re.search(r"The payload fits more than one runbook \((.+)\); only whom it is sent to", answer.because)
    if path.stem.startswith(NOT_OURS):
        assert answer.status == "ignored"
        assert answer.runbook is None
    elif fitting:  # `{"cache": ...}` is what several runbooks are asked
        assert path.parent.name in fitting[1].split(", ")
    else:
        assert (answer.status, answer.runbook) == ("routed", ANOTHERS.get(path.stem, path.parent.name))


def test_what_the_sweep_offers_is_routed_and_its_own_schedule_is_no_runbooks(dev: Environment) -> None:
    offer, tick = (
        explain_file(ROOT / "events" / "sweep-alarms" / f"{name}.json", dev, None) for name in ("offer", "tick")
    )
    assert (offer.status, offer.runbook) == ("routed", "restart-unhealthy-targets")
    assert (tick.status, tick.runbook) == ("ignored", None)


def test_what_the_follow_up_of_an_incident_is_sent_starts_no_runbook(dev: Environment) -> None:
    samples = [path for path in SAMPLES if path.parent.name == ESCALATION]
    assert samples
    for path in samples:
        answer = explain_file(path, dev, None)
        assert (answer.status, answer.runbook) == ("rejected", None), path


def test_shared_samples_are_answered_as_the_index_says_under_strict_scope(dev: Environment) -> None:
    for row in INDEX:
        answer = explain_file(SHARED / row["file"], dev, None)
        allowed = {"rejected"} if row["expect"].startswith("reject") else {"ignored"}
        if row["shape"] != "eventbridge":
            allowed.add("rejected")
        assert answer.status in allowed, row["file"]
        assert answer.runbook is None, row["file"]
        assert answer.because, row["file"]


def test_every_shared_sample_is_in_the_index_where_the_folder_exists() -> None:
    there = {path.name for path in SHARED.glob("*.json")} - {"index.json"}
    assert {row["file"] for row in INDEX} == there


# ---------------------------------------------------------------------------------------------------- the command


def invoked(runner: CliRunner, *arguments: str, **kwargs: Any) -> Any:
    return runner.invoke(app, ["explain", *arguments], **kwargs)


def test_json_is_exactly_the_three_fields_and_nothing_else(runner: CliRunner) -> None:
    result = invoked(runner, str(OURS[0]), "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert list(json.loads(result.stdout)) == ["status", "runbook", "because"]


def test_for_a_person_it_says_the_same_in_two_lines(runner: CliRunner) -> None:
    result = invoked(runner, str(ROOT / "events" / "restart-unhealthy-targets" / "plan.json"))
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first == "routed to restart-unhealthy-targets"
    assert second.startswith("A manual invocation (plan) starts")


def test_a_time_can_be_given(runner: CliRunner) -> None:
    alarm = str(ROOT / "events" / "restart-unhealthy-targets" / "alarm.json")
    assert "ignored" in invoked(runner, alarm, "--at", "2030-01-01T00:00:00Z").stdout
    assert "routed" in invoked(runner, alarm).stdout


def test_an_environment_can_be_given(runner: CliRunner) -> None:
    alarm = str(ROOT / "events" / "restart-unhealthy-targets" / "alarm.json")
    assert json.loads(invoked(runner, alarm, "--env", "prod", "--json").stdout)["status"] == "ignored"
    assert json.loads(invoked(runner, alarm, "--json", env={"REMEDY_ENV": "prod"}).stdout)["status"] == "ignored"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "--env", "qa"], "There is no environment 'qa' in config/; there are: dev, prod."),
        (["x", "--at", "noon"], "--at 'noon' is not a time with a time zone, such as 2026-11-23T03:40:00Z."),
        (["x", "--at", "2026-11-23T03:40:00"], "--at '2026-11-23T03:40:00' is not a time with a time zone"),
    ],
)
def test_a_mistake_is_one_sentence_on_standard_error(runner: CliRunner, arguments: list[str], sentence: str) -> None:
    result = invoked(runner, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_standard_input_can_be_explained(runner: CliRunner) -> None:
    assert "routed" in invoked(runner, "-", input='{"target_group": "dev-backend-tg-v2"}').stdout


def test_what_an_event_says_cannot_move_the_cursor(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "evil.json"
    path.write_text(json.dumps({"detail-type": "\x1b[2J\x1b]0;owned\x07\u202e[red]", "source": "x", "detail": {}}))
    result = invoked(runner, str(path))
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "[red]" in result.stdout


def test_explain_imports_neither_boto3_nor_the_cdk(tmp_path: Path) -> None:
    script = (
        "import sys; from remedy.cli import app\n"
        f"try: app(['explain', {str(OURS[0])!r}, '--json'])\n"
        "except SystemExit as left: assert not left.code\n"
        "loaded = {'boto3', 'botocore', 'aws_cdk', 'jsii', 'aws_lambda_powertools'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout, type=Explanation).status
