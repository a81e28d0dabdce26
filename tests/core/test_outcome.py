"""How an outcome is told."""

from datetime import timedelta
from typing import get_args

import msgspec
import pytest

from remediation.core.outcome import PAGED, SEVERITIES, Done, Outcome, Status
from tests.support.steps import NIGHT

HEALED = Outcome(
    run="k3fa-9x2q-7bmd",
    runbook="restart-unhealthy-targets",
    environment="dev",
    account="123456789012",
    region="us-east-1",
    status="healed",
    because="2 of 2 targets are healthy.",
    trigger="alarm dark-lamps (OK -> ALARM)",
    started_at=NIGHT,
    ended_at=NIGHT + timedelta(seconds=95),
    team="infrastructure",
    acts=(Done(action="restart-container", target="i-1", at=NIGHT, result="done", receipt="Command 1."),),
    evidence=("It hung.",),
    next_steps=("aws ssm start-session --target i-1",),
)


def test_a_person_reads_what_happened_why_what_was_done_and_what_to_do() -> None:
    text = HEALED.text()
    for part in (
        "restart-unhealthy-targets in dev: healed",
        "2 of 2 targets are healthy.",
        "03:40:00 restart-container i-1: done. Command 1.",
        "It hung.",
        "aws ssm start-session --target i-1",
        "Started by alarm dark-lamps (OK -> ALARM) at 2026-11-23 03:40:00 UTC, took 95 s.",
        "remedy show k3fa-9x2q-7bmd --env dev",
    ):
        assert part in text


def test_the_text_answers_the_questions_in_the_order_in_which_they_are_asked_at_night() -> None:
    paged = msgspec.structs.replace(
        HEALED,
        status="not-healed",
        paged=True,
        note="Nobody answered for 15 minutes.",
        would="replace-instance i-1",
        drift=("desired_capacity of dev-backend-asg goes back to 2; change it in modules/compute/main.tf.",),
        incident="dev|restart-unhealthy-targets|dark-lamps",
    )
    text = paged.text()
    order = (
        "Nobody answered for 15 minutes.",
        "restart-unhealthy-targets in dev: not-healed",
        "2 of 2 targets are healthy.",
        "It hung.",
        "restart-container i-1: done.",
        "It would have done next: replace-instance i-1",
        "remedy ack k3fa-9x2q-7bmd --env dev",
        "aws ssm start-session --target i-1",
        "terraform apply",
        "change it in modules/compute/main.tf.",
        "Incident: dev|restart-unhealthy-targets|dark-lamps",
        "remedy show k3fa-9x2q-7bmd --env dev",
    )
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.startswith(paged.note)


def test_nobody_is_asked_to_take_on_what_nobody_was_paged_for() -> None:
    assert "remedy ack" not in HEALED.text()
    assert "remedy ack" not in HEALED.short()
    assert "Drift" not in HEALED.text()
    assert "Incident" not in HEALED.text()


def test_an_sms_is_one_part_with_the_command_whole() -> None:
    paged = msgspec.structs.replace(
        HEALED, status="escalated", paged=True, because="The backend cannot reach Redis. " * 9
    )
    line = paged.short()
    assert len(line) <= 160
    assert line.startswith("dev restart-unhealthy-targets: escalated. The backend cannot reach Redis.")
    assert line.endswith("remedy ack k3fa-9x2q-7bmd --env dev")
    assert line.isascii()
    assert line.isprintable()


def test_what_would_have_been_done_is_said() -> None:
    observed = msgspec.structs.replace(HEALED, status="observed", acts=(), would="restart-container i-1")
    assert "It would have done next: restart-container i-1" in observed.text()
    assert "What was done" not in observed.text()


def test_a_machine_reads_the_same_back() -> None:
    assert msgspec.json.decode(HEALED.json(), type=Outcome) == HEALED
    assert msgspec.json.decode(HEALED.json())["schema"] == 1


def test_the_subject_is_what_sns_takes() -> None:
    assert HEALED.subject() == "[dev] restart-unhealthy-targets: healed"
    odd = msgspec.structs.replace(HEALED, runbook="ü" * 300)
    assert len(odd.subject()) == 99
    assert odd.subject().isascii()


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_a_severity_and_the_critical_ones_page(status: Status) -> None:
    assert (SEVERITIES[status] == "critical") == (status in PAGED)


def test_a_plan_wakes_nobody_and_a_page_is_never_only_information() -> None:
    assert msgspec.structs.replace(HEALED, status="escalated").severity == "critical"
    assert msgspec.structs.replace(HEALED, status="escalated", plan=True).severity == "warning"
    assert msgspec.structs.replace(HEALED, status="refused").severity == "info"
    assert msgspec.structs.replace(HEALED, status="refused", paged=True).severity == "warning"
