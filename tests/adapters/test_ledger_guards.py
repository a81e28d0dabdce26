"""What stops an admission, and a run in flight right before it acts: the live switch, and a lease that was lost."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.gates import Refusal
from tests.adapters.ledger_of import LEASE, RUNBOOK, admit, begin, close, confirm, items, later, put, receive
from tests.support.steps import NIGHT

# -------------------------------------------------------------------------------------------------- the live switch

SWITCHES = ("MODE#dev", f"MODE#dev#{RUNBOOK}")


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize(
    "mode", [{"S": "off"}, {"S": "observe"}, {"S": "ACT"}, {"S": "on"}, {"N": "1"}, {"NULL": True}]
)
def test_any_switch_that_does_not_say_act_stops_admission_and_runs_in_flight(
    ledger: DynamoLedger, aws: Clients, switch: str, mode: dict[str, Any]
) -> None:
    lease = begin(ledger, "first")
    put(aws, switch, mode=mode)
    receive(ledger, "second", "another event")
    for refusal in (admit(ledger, "second", "another event", now=NIGHT + LEASE), confirm(ledger, "first", lease)):
        assert isinstance(refusal, Refusal)
        assert refusal.gate == "mode"


def test_a_switch_without_a_mode_stops_everything(ledger: DynamoLedger, aws: Clients) -> None:
    put(aws, "MODE#dev")
    receive(ledger, "first")
    assert admit(ledger, "first", "an event") == Refusal(
        gate="mode", because="The live switch of dev says 'nothing readable'."
    )


def test_the_switch_says_who_or_what_for_and_until_when(ledger: DynamoLedger, aws: Clients) -> None:
    until = str(round(later(3600).timestamp() * 1000))
    put(aws, SWITCHES[1], mode={"S": "off"}, until={"N": until}, because={"S": "Ada migrates the lamps."})
    receive(ledger, "first")
    assert admit(ledger, "first", "an event") == Refusal(
        gate="mode",
        because="The live switch of light-the-lamps in dev says 'off' until 2026-11-23 04:40:00 UTC: "
        "Ada migrates the lamps.",
    )


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_that_says_act_or_has_expired_lets_pass(ledger: DynamoLedger, aws: Clients, switch: str) -> None:
    put(aws, switch, mode={"S": "act"})
    lease = begin(ledger, "first")
    put(aws, switch, mode={"S": "off"}, until={"N": str(round(NIGHT.timestamp() * 1000))})
    assert confirm(ledger, "first", lease) is None


@pytest.mark.parametrize("until", [{"S": "2020-01-01"}, {"N": "9" * 30}, {"N": "1.79e15"}])
def test_a_switch_whose_end_cannot_be_read_or_is_far_away_stays_on(
    ledger: DynamoLedger, aws: Clients, until: dict[str, str]
) -> None:
    put(aws, "MODE#dev", mode={"S": "off"}, until=until)
    receive(ledger, "first")
    refusal = admit(ledger, "first", "an event")
    assert isinstance(refusal, Refusal)
    assert refusal.gate == "mode"


def test_the_switch_of_another_environment_or_runbook_does_not_matter(ledger: DynamoLedger, aws: Clients) -> None:
    put(aws, "MODE#prod", mode={"S": "off"})
    put(aws, "MODE#dev#another-runbook", mode={"S": "off"})
    assert confirm(ledger, "first", begin(ledger, "first")) is None


# ---------------------------------------------------------------------------------------------------------- confirm


def test_a_lease_is_confirmed_as_often_as_asked_until_it_ends(ledger: DynamoLedger) -> None:
    lease = begin(ledger, "first")
    assert confirm(ledger, "first", lease) is None
    assert confirm(ledger, "first", lease, now=NIGHT + LEASE - timedelta(milliseconds=1)) is None
    assert confirm(ledger, "first", lease, now=NIGHT + LEASE) == Refusal(
        gate="lease", because="The lease on dev-house ended at 03:55:00 UTC."
    )


def test_a_zombie_with_an_old_fence_is_refused(ledger: DynamoLedger) -> None:
    old = begin(ledger, "zombie")
    begin(ledger, "second", "another event", now=NIGHT + LEASE)
    assert confirm(ledger, "zombie", old, now=NIGHT + LEASE) == Refusal(
        gate="lease", because="The lease on dev-house is lost: run second has it, and the fence is 2 instead of 1."
    )


def test_a_lease_that_was_given_back_is_not_confirmed(ledger: DynamoLedger) -> None:
    lease = begin(ledger, "first")
    close(ledger, "first", lease)
    refusal = confirm(ledger, "first", lease)
    assert refusal is not None
    assert "it was given back" in refusal.because


def test_confirming_changes_nothing(ledger: DynamoLedger, aws: Clients) -> None:
    lease = begin(ledger, "first")
    before = items(aws)
    confirm(ledger, "first", lease)
    assert items(aws) == before
