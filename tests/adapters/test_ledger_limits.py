"""Budgets, circuits and freezes as any ledger keeps them: the one on DynamoDB, and the one in memory."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease, Switch
from remediation.core.circuit import Circuit
from remediation.core.gates import Refusal
from remediation.core.limits import Breaker, Budgets, Limits
from remediation.core.ports import Ledger
from tests.adapters.ledger_of import (
    HOUSE,
    LEASE,
    RUNBOOK,
    admit,
    begin,
    close,
    confirm,
    gate,
    items,
    later,
    listed,
    put,
    receive,
)
from tests.support.steps import NIGHT
from tests.support.world import MemoryLedger

CAREFUL = Limits(breaker=Breaker(trial_after=timedelta(hours=1)))
BY_HAND = Limits()


@pytest.fixture(name="any_ledger", params=["dynamo", "memory"])
def _any_ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    ledger: DynamoLedger = request.getfixturevalue("ledger")
    return ledger


def whole_run(ledger: Ledger, n: int, at: datetime, **more: Any) -> None:
    """Let a run act on a resource and close at once."""
    resource = more.pop("resource", HOUSE)
    result = more.pop("result", "good")
    lease = begin(ledger, f"run-{n}", f"event {n}", now=at, resource=resource, **more)
    close(ledger, f"run-{n}", lease, cooldown_until=at, result=result, ended_at=at, limits=CAREFUL)


def asks(ledger: Ledger, n: int, at: datetime, **more: Any) -> Lease | Refusal:
    receive(ledger, f"run-{n}", f"event {n}", now=at)
    return admit(ledger, f"run-{n}", f"event {n}", now=at, **({"limits": CAREFUL} | more))


# ---------------------------------------------------------------------------------------------------------- budgets


def test_the_third_act_on_a_resource_within_an_hour_is_refused_with_the_numbers(any_ledger: Ledger) -> None:
    for n, seconds in enumerate((0, 1_000), 1):
        whole_run(any_ledger, n, later(seconds), limits=CAREFUL)
    assert asks(any_ledger, 3, later(3_599.999)) == Refusal(
        gate="budget",
        because="2 of 2 acts on dev-house used this hour; the next one is free at 04:40:00 UTC (another 1 s).",
    )
    assert isinstance(asks(any_ledger, 3, later(3_600)), Lease)


def test_the_budget_of_the_environment_counts_every_resource(any_ledger: Ledger) -> None:
    for n in (1, 2, 3):
        whole_run(any_ledger, n, later(n), resource=f"house-{n}", limits=CAREFUL)
    assert asks(any_ledger, 4, later(900.999), resource="house-4") == Refusal(
        gate="budget",
        because="3 of 3 acts in dev used these 15 minutes; the next one is free at 03:55:01 UTC (another 1 s).",
    )
    assert isinstance(asks(any_ledger, 4, later(901), resource="house-4"), Lease)


def test_a_refused_act_is_not_paid(any_ledger: Ledger) -> None:
    limits = Limits(budgets=Budgets(resource_hour=1))
    whole_run(any_ledger, 1, NIGHT, limits=limits)
    for n in range(2, 9):
        assert gate(asks(any_ledger, n, later(n), limits=limits)) == "budget"
    assert isinstance(asks(any_ledger, 9, later(3_600), limits=limits), Lease)


def test_every_act_of_one_run_is_paid_once_and_asking_again_is_free(any_ledger: Ledger) -> None:
    lease = begin(any_ledger, "first")
    for n in (2, 2, 2):
        assert admit(any_ledger, "first", "an event", n=n, now=later(60), limits=CAREFUL) == lease
    assert gate(admit(any_ledger, "first", "an event", n=3, now=later(120), limits=CAREFUL)) == "budget"
    assert confirm(any_ledger, "first", lease, now=later(120)) is None, "it keeps what it has"


def test_the_table_keeps_what_was_paid_for_an_hour_and_for_a_day(ledger: DynamoLedger, aws: Clients) -> None:
    whole_run(ledger, 1, NIGHT)
    whole_run(ledger, 2, later(3_600))
    assert listed(aws, f"RESOURCE#{HOUSE}") == [(3_600_000, "run-2/1")]
    assert listed(aws, "BUDGET#dev") == [(0, "run-1/1"), (3_600_000, "run-2/1")]
    whole_run(ledger, 3, later(86_400))
    assert listed(aws, "BUDGET#dev") == [(3_600_000, "run-2/1"), (86_400_000, "run-3/1")]


# ---------------------------------------------------------------------------------------------------------- circuit


def bad(ledger: Ledger, n: int, at: datetime) -> None:
    whole_run(ledger, n, at, result="bad")


def open_it(ledger: Ledger) -> None:
    for n in (1, 2, 3):
        bad(ledger, n, later(n))


def test_three_bad_runs_in_a_row_open_the_circuit(any_ledger: Ledger) -> None:
    bad(any_ledger, 1, later(1))
    bad(any_ledger, 2, later(2))
    assert isinstance(asks(any_ledger, 9, later(2)), Refusal), "the budget"
    bad(any_ledger, 3, later(3))
    assert asks(any_ledger, 4, later(4_000), limits=BY_HAND) == Refusal(
        gate="circuit",
        because="The circuit is open since 2026-11-23 03:40:03 UTC (3 runs in a row did not heal, the last one was run-3); "
        "a person closes it (remedy circuit close).",
    )


def test_a_good_run_in_between_starts_the_count_anew(any_ledger: Ledger) -> None:
    for n, result in enumerate(("bad", "bad", "good", "bad", "bad"), 1):
        whole_run(any_ledger, n, later(n), result=result)
    assert isinstance(asks(any_ledger, 6, later(4_000)), Lease)


def test_an_open_circuit_lets_exactly_one_run_try_after_an_hour(any_ledger: Ledger) -> None:
    open_it(any_ledger)
    free = later(3 + 3_600)
    before = free - timedelta(milliseconds=1)
    assert "one run may try from 04:40:03 UTC on" in refusal(asks(any_ledger, 4, before, resource="a"))
    assert isinstance(asks(any_ledger, 4, free, resource="a"), Lease)
    assert isinstance(asks(any_ledger, 4, free, resource="a"), Lease), "the trial may ask again"
    assert "run run-4 is its trial" in refusal(asks(any_ledger, 5, free, resource="b"))
    last = free + LEASE - timedelta(milliseconds=1)
    assert "run run-4 is its trial" in refusal(asks(any_ledger, 5, last, resource="b"))
    assert isinstance(asks(any_ledger, 5, free + LEASE, resource="b"), Lease), "the trial died"


@pytest.mark.parametrize(("result", "gate_after"), [("good", ""), ("bad", "circuit"), ("neutral", "")])
def test_a_trial_that_heals_closes_the_circuit_and_one_that_does_not_keeps_it_open(
    any_ledger: Ledger, result: str, gate_after: str
) -> None:
    open_it(any_ledger)
    at = later(4_000)
    whole_run(any_ledger, 4, at, result=result, resource="a", limits=CAREFUL)
    answer = asks(any_ledger, 5, at + timedelta(seconds=1), resource="b")
    assert (gate(answer) if gate_after else "") == gate_after
    if result == "good":
        assert isinstance(asks(any_ledger, 6, at + timedelta(seconds=2), resource="c"), Lease), "no more trials needed"
    if result == "neutral":
        assert gate(asks(any_ledger, 6, at + timedelta(seconds=2), resource="c")) == "circuit", "run-5 tries now"


def refusal(answer: Lease | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    assert answer.gate == "circuit"
    return answer.because


def flap(ledger: Ledger, n: int, at: datetime, **more: Any) -> Lease | Refusal:
    return asks(ledger, n, at, **({"alarm": "dark-lamps", "transition": at, "resource": HOUSE} | more))


def test_an_alarm_that_comes_back_a_third_time_within_an_hour_opens_the_circuit_for_all(any_ledger: Ledger) -> None:
    for n, seconds in ((1, 0), (2, 1_200)):
        lease = flap(any_ledger, n, later(seconds))
        assert isinstance(lease, Lease)
        close(any_ledger, f"run-{n}", lease, cooldown_until=later(seconds))
    assert flap(any_ledger, 3, later(2_400)) == Refusal(
        gate="circuit",
        because="The circuit opens now: the alarm dark-lamps came back 3 times within an hour, so what light-the-lamps does "
        "does not last.",
    )
    assert "the alarm dark-lamps came back" in refusal(asks(any_ledger, 4, later(2_500), resource="another"))
    close(any_ledger, "run-3", None, result="neutral")
    assert "the alarm dark-lamps came back" in refusal(asks(any_ledger, 5, later(2_600), resource="another"))


def test_transitions_are_counted_where_the_act_is_refused_too(ledger: DynamoLedger, aws: Clients) -> None:
    begin(ledger, "first")
    for n in (2, 3):
        assert gate(flap(ledger, n, later(n))) == "lease"
        assert gate(flap(ledger, n, later(n))) == "lease"
    assert listed(aws, f"RESOURCE#{HOUSE}", "asked") == [(2_000, "dark-lamps"), (3_000, "dark-lamps")]
    assert gate(flap(ledger, 4, later(4))) == "circuit"
    assert items(aws)[f"CIRCUIT#dev#{RUNBOOK}"]["state"] == "open"


def test_a_circuit_that_was_closed_by_hand_forgets_what_flapped_before(ledger: DynamoLedger, aws: Clients) -> None:
    begin(ledger, "first")
    for n in (2, 3, 4):
        flap(ledger, n, later(n))
    closed = {"state": {"S": "closed"}, "closed_at": {"N": str(round(later(5).timestamp() * 1000))}}
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", **closed)
    assert gate(flap(ledger, 5, later(6))) == "lease", "it counts one"
    assert listed(aws, f"RESOURCE#{HOUSE}", "asked") == [(6_000, "dark-lamps")]


@pytest.mark.parametrize("state", [{"S": "open"}, {"S": "OPEN"}, {"S": "half"}, {"N": "1"}, {"NULL": True}, None])
def test_a_circuit_that_is_anything_but_closed_lets_nobody_act(
    ledger: DynamoLedger, aws: Clients, state: dict[str, Any] | None
) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", **({"state": state} if state else {}))
    assert "The circuit is open (" in refusal(asks(ledger, 1, NIGHT))
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "closed"})
    assert isinstance(asks(ledger, 1, NIGHT), Lease)


def test_the_circuit_of_another_runbook_or_environment_does_not_matter(ledger: DynamoLedger, aws: Clients) -> None:
    put(aws, "CIRCUIT#dev#another-runbook", state={"S": "open"})
    put(aws, f"CIRCUIT#prod#{RUNBOOK}", state={"S": "open"})
    assert isinstance(asks(ledger, 1, NIGHT), Lease)


def test_a_circuit_that_opens_between_reading_and_writing_stops_the_admission(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = aws.dynamodb.transact_get_items

    def and_it_opens(**request: Any) -> Any:
        found = read(**request)
        put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, because={"S": "Ada opened it"})
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_it_opens)
    assert "Ada opened it" in refusal(asks(ledger, 1, NIGHT))
    assert f"RESOURCE#{HOUSE}" not in items(aws)


# ----------------------------------------------------------------------------------------------------------- freeze


def freeze(ledger: Ledger, aws: Clients | None, until: datetime | None) -> None:
    if isinstance(ledger, MemoryLedger):
        ledger.freeze = Switch(of="dev", says="freeze", until=until, because="Ada moves house.")
        return
    assert aws is not None
    ends = {"until": {"N": str(round(until.timestamp() * 1000))}} if until else {"until": {"S": "soon"}}
    put(aws, "FREEZE#dev", because={"S": "Ada moves house."}, **ends)


@pytest.mark.parametrize("until", [later(60), None])
def test_a_live_freeze_stops_admission_and_runs_in_flight_until_it_ends(
    any_ledger: Ledger, aws: Clients, until: datetime | None
) -> None:
    lease = begin(any_ledger, "first")
    freeze(any_ledger, aws, until)
    last, ends = later(59.999), " until 2026-11-23 03:41:00 UTC" if until else ""
    because = f"dev is frozen by hand{ends}: Ada moves house."
    assert confirm(any_ledger, "first", lease, now=last) == Refusal(gate="freeze", because=because)
    assert asks(any_ledger, 2, last, resource="b") == Refusal(gate="freeze", because=because)
    if until:
        assert confirm(any_ledger, "first", lease, now=until) is None
        assert isinstance(asks(any_ledger, 2, until, resource="b"), Lease)


@pytest.mark.parametrize("switch", ["MODE#dev", f"MODE#dev#{RUNBOOK}", "FREEZE#dev"])
def test_a_switch_that_is_set_between_reading_and_writing_stops_the_admission(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    read = aws.dynamodb.transact_get_items

    def and_somebody_sets_it(**request: Any) -> Any:
        found = read(**request)
        put(aws, switch, mode={"S": "off"}, until={"N": str(round(later(60).timestamp() * 1000))})
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_somebody_sets_it)
    assert gate(asks(ledger, 1, NIGHT)) == ("freeze" if switch == "FREEZE#dev" else "mode")
    assert f"RESOURCE#{HOUSE}" not in items(aws)


def test_what_a_person_wrote_into_a_switch_or_a_circuit_is_redacted(ledger: DynamoLedger, aws: Clients) -> None:
    secret = {"S": "mongodb+srv://app:hunter2@dev.mongodb.net"}
    for pk, more in (
        (f"CIRCUIT#dev#{RUNBOOK}", {"state": {"S": "open"}}),
        ("FREEZE#dev", {}),
        ("MODE#dev", {"mode": {"S": "off"}}),
    ):
        put(aws, pk, because=secret, **more)
        answer = asks(ledger, 1, NIGHT)
        assert "dev.mongodb.net" in msgspec.json.encode(answer).decode()
        assert "hunter2" not in msgspec.json.encode(answer).decode()


# ---------------------------------------------------------------------------------------------------------- closing


def test_closing_twice_counts_a_bad_run_once(any_ledger: Ledger) -> None:
    lease = begin(any_ledger, "first")
    for _ in range(5):
        close(any_ledger, "first", lease, result="bad", limits=CAREFUL)
    bad(any_ledger, 2, later(2))
    assert isinstance(asks(any_ledger, 3, later(4_000)), Lease), "two were bad, not six"


def test_a_run_that_could_not_be_received_counts_when_it_closes_as_others_do(
    ledger: DynamoLedger, aws: Clients
) -> None:
    for run in ("first", "second", "third"):
        close(ledger, run, None, result="bad", limits=CAREFUL)
    assert items(aws)[f"CIRCUIT#dev#{RUNBOOK}"] == {
        "pk": f"CIRCUIT#dev#{RUNBOOK}",
        "state": "open",
        "failures": "3",
        "because": "3 runs in a row did not heal, the last one was third",
        "opened_at": str(round(later(200).timestamp() * 1000)),
    }


def test_two_runs_that_close_at_once_are_both_counted(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = aws.dynamodb.transact_get_items, []

    def and_another_closes(**request: Any) -> Any:
        found = read(**request)
        calls.append(1)
        if len(calls) == 1:
            close(ledger, "second", None, result="bad", limits=CAREFUL)
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_another_closes)
    close(ledger, "first", None, result="bad", limits=CAREFUL)
    assert items(aws)[f"CIRCUIT#dev#{RUNBOOK}"]["failures"] == "2"


def test_a_closed_circuit_in_memory_is_the_one_that_core_knows() -> None:
    ledger = MemoryLedger()
    open_it(ledger)
    assert ledger.circuits[RUNBOOK] == Circuit(
        open=True,
        failures=3,
        because="3 runs in a row did not heal, the last one was run-3",
        opened_at=later(3),
    )
