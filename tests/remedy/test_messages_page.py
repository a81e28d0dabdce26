"""The examples in docs/messages.md are what is really sent."""

import json
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from remediation.core.chat import notification
from remediation.core.outcome import Done, Outcome
from remedy.schema import ROOT, pages
from tests.support.steps import NIGHT

PAGE = ROOT / "docs" / "messages.md"

EXAMPLE = Outcome(
    run="k3fa-9x2q-7bmd",
    runbook="restart-unhealthy-targets",
    environment="dev",
    account="123456789012",
    region="us-east-1",
    status="not-healed",
    because="i-0a1b is still unhealthy 4 minutes after its container was restarted.",
    trigger="alarm dev-remediation-unhealthy-targets (OK -> ALARM)",
    started_at=NIGHT,
    ended_at=NIGHT + timedelta(minutes=5),
    team="infrastructure",
    acts=(
        Done(
            action="restart-container",
            target="i-0a1b",
            at=NIGHT + timedelta(seconds=20),
            result="done",
            receipt="Command 7c6f succeeded.",
        ),
    ),
    evidence=(
        "i-0a1b:8080 is unhealthy, Target.Timeout: Request timed out",
        "i-0a1b log: connecting to redis://***@dev-redis:6379",
    ),
    next_steps=("aws ssm start-session --target i-0a1b --region us-east-1",),
    paged=True,
    incident="dev|restart-unhealthy-targets|dev-remediation-unhealthy-targets",
    drift=("dev-backend-asg has 3 instances, Terraform says 2: desired_capacity in modules/compute/main.tf.",),
)


def example(heading: str) -> str:
    """Return the first block of code below a heading of the page."""
    found = re.search(rf"^## {heading}\n.*?^```\w*\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1].rstrip("\n")


def test_the_text() -> None:
    assert example("E-mail") == EXAMPLE.text()


def test_the_sms() -> None:
    assert example("SMS") == EXAMPLE.short()


def test_the_notification_of_a_channel() -> None:
    assert json.loads(example("Amazon Q Developer")) == json.loads(msgspec.json.encode(notification(EXAMPLE)))


def test_the_json() -> None:
    assert json.loads(example("JSON")) == json.loads(EXAMPLE.json())


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_every_schema_is_named(path: Path) -> None:
    assert f"schema/{path.name}" in PAGE.read_text()
