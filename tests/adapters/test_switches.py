"""Switches are read at one moment, and set from what was seen, together with the record of who set them."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.switches import Change, Live, Switches, record
from remediation.adapters.table import Table
from remediation.core.admission import Lease
from remediation.core.spec import Mode
from tests.adapters.ledger_of import RUNBOOK, admit, begin, close, confirm, gate, items, later, put, receive
from tests.support.steps import NIGHT

ADA, GRACE = "AROA1:ada", "AROA1:grace"
HOUR = timedelta(hours=1)


@pytest.fixture
def switches(aws: Clients, table: str) -> Switches:
    return Switches(aws, table=table, environment="dev")


def change(what: str = "a change", *, by: str = "ada", at: datetime = NIGHT, because: str = "it is broken") -> Change:
    return Change(what=what, by=f"arn:aws:sts::123456789012:assumed-role/operator/{by}", because=because, at=at)


def read(switches: Switches) -> Live:
    return switches.read([RUNBOOK])


def lowered(switches: Switches, mode: Mode = "observe", *, until: datetime | None = None, runbook: str = "") -> bool:
    return switches.set_mode(read(switches), runbook, mode, until, change(), user=ADA)


def audits(aws: Clients) -> list[dict[str, Any]]:
    return [item for pk, item in sorted(items(aws).items()) if pk.startswith("AUDIT#")]


# ---------------------------------------------------------------------------------------------------- what stands


def test_nothing_is_lowered_frozen_or_open_where_nobody_did_anything(switches: Switches) -> None:
    live = read(switches)
    assert live.mode("", NIGHT) is None
    assert live.mode(RUNBOOK, NIGHT) is None
    assert live.freeze(NIGHT) is None
    assert not live.circuit(RUNBOOK).open
    assert live.acts() == ()
    assert live.in_effect(RUNBOOK, "act", NIGHT) == "act"


def test_a_mode_is_told_with_who_why_and_until_when(switches: Switches) -> None:
    assert lowered(switches, until=NIGHT + HOUR)
    found = read(switches).mode("", NIGHT)
    assert found is not None
    assert (found.mode, found.until, found.because, found.at) == ("observe", NIGHT + HOUR, "it is broken", NIGHT)
    assert found.by.endswith("operator/ada")
    assert read(switches).mode("", NIGHT + HOUR) is None, "its end is not part of it"


@pytest.mark.parametrize(
    ("environment", "runbook", "deployed", "in_effect"),
    [
        ("act", "act", "act", "act"),
        ("observe", "act", "act", "observe"),
        ("act", "off", "act", "off"),
        ("observe", "off", "act", "off"),
        ("observe", "act", "off", "off"),
        ("act", "act", "observe", "observe"),
    ],
)
def test_the_lowest_of_all_modes_is_in_effect(
    switches: Switches, environment: Mode, runbook: Mode, deployed: Mode, in_effect: Mode
) -> None:
    assert lowered(switches, environment)
    assert lowered(switches, runbook, runbook=RUNBOOK)
    assert read(switches).in_effect(RUNBOOK, deployed, NIGHT) == in_effect


def test_what_is_no_mode_and_a_freeze_without_an_end_count_as_the_worst(aws: Clients, switches: Switches) -> None:
    put(aws, "MODE#dev", mode={"S": "transcend"})
    put(aws, "FREEZE#dev", until={"S": "soon"}, because={"S": "?"})
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "ajar"})
    live = read(switches)
    assert live.in_effect("", "act", NIGHT) == "off"
    found = live.freeze(later(10**9))
    assert found is not None
    assert found.until is None
    assert live.circuit(RUNBOOK).open


def test_the_budget_is_what_the_ledger_has_paid_for(ledger: DynamoLedger, switches: Switches) -> None:
    begin(ledger, "first")
    assert [(spent.at, spent.by) for spent in read(switches).acts()] == [(NIGHT, "first/1")]


def test_many_runbooks_are_read_as_well(switches: Switches) -> None:
    names = [f"runbook-{number}" for number in range(120)]
    live = switches.read(names)
    assert all(live.mode(name, NIGHT) is None and not live.circuit(name).open for name in names)


# ------------------------------------------------------------------------------------------- what the engine makes of it


def test_a_mode_that_is_lowered_stops_the_next_admission_and_the_act_that_was_admitted(
    ledger: DynamoLedger, switches: Switches
) -> None:
    lease = begin(ledger, "first")
    assert confirm(ledger, "first", lease) is None
    assert lowered(switches, "off", runbook=RUNBOOK)
    assert gate(confirm(ledger, "first", lease)) == "mode"
    receive(ledger, "second", "another")
    refusal = admit(ledger, "second", "another", resource="another-house")
    assert gate(refusal) == "mode"
    assert "it is broken" in str(refusal)
    assert lowered(switches, "act", runbook=RUNBOOK)
    assert isinstance(admit(ledger, "second", "another", resource="another-house"), Lease)


def test_a_freeze_holds_until_its_end_and_can_be_ended_at_once(ledger: DynamoLedger, switches: Switches) -> None:
    assert switches.set_freeze(read(switches), NIGHT + HOUR, change(), user=ADA)
    receive(ledger, "first")
    assert gate(admit(ledger, "first", "an event", now=NIGHT + HOUR - timedelta(seconds=1))) == "freeze"
    assert isinstance(admit(ledger, "first", "an event", now=NIGHT + HOUR), Lease)
    receive(ledger, "second", "another")
    assert gate(admit(ledger, "second", "another", resource="other")) == "freeze"
    assert switches.set_freeze(read(switches), NIGHT, change("thaw", at=later(1)), user=ADA)
    assert isinstance(admit(ledger, "second", "another", resource="other"), Lease)


def test_a_circuit_that_is_closed_lets_act_and_counts_anew(ledger: DynamoLedger, switches: Switches) -> None:
    for number in range(3):
        receive(ledger, f"bad-{number}", f"event {number}")
        close(ledger, f"bad-{number}", None, result="bad", status="failed")
    receive(ledger, "first")
    assert gate(admit(ledger, "first", "an event")) == "circuit"
    assert switches.close_circuit(read(switches), RUNBOOK, change(at=later(300)), user=ADA)
    circuit = read(switches).circuit(RUNBOOK)
    assert (circuit.open, circuit.failures, circuit.closed_at, circuit.because) == (False, 0, later(300), "")
    assert isinstance(admit(ledger, "first", "an event"), Lease)


# ------------------------------------------------------------------------------------------------------- who and why


def test_every_change_leaves_a_record_that_the_index_lists(aws: Clients, switches: Switches) -> None:
    assert lowered(switches)
    (audit,) = audits(aws)
    at = str(round(NIGHT.timestamp() * 1000))
    assert audit == {
        "pk": f"AUDIT#dev#{at}#{ADA}",
        "what": "a change",
        "by": "arn:aws:sts::123456789012:assumed-role/operator/ada",
        "because": "it is broken",
        "at": at,
        "environment": "dev/audit",
        "started_at": at,
    }


def test_changes_within_one_millisecond_each_leave_their_own(aws: Clients, switches: Switches) -> None:
    for mode in ("off", "observe", "off"):
        assert lowered(switches, mode)
    assert len(audits(aws)) == 3


def test_without_room_for_its_record_nothing_is_changed(aws: Clients, switches: Switches) -> None:
    at = round(NIGHT.timestamp() * 1000)
    for tick in range(at, at + 10):
        put(aws, f"AUDIT#dev#{tick}#{ADA}")
    assert not lowered(switches)
    assert read(switches).mode("", NIGHT) is None


def test_secrets_are_not_kept(aws: Clients, switches: Switches) -> None:
    told = change("mode of mongodb://root:hunter2@db", because="the password=hunter2 leaked")
    assert switches.set_mode(read(switches), "", "off", None, told, user=ADA)
    assert "hunter2" not in str(items(aws))
    assert "leaked" in str(items(aws)["MODE#dev"])


def test_where_a_guard_of_another_update_refuses_there_is_no_record(aws: Clients, table: str) -> None:
    ledger = Table(aws, table)
    refused = ledger.update("SAID#x#y", "SET says = :says", condition="attribute_exists(pk)", says="approve")
    assert not record(ledger, "dev", change(), user=ADA, updates={"word": refused})
    assert items(aws) == {}


# ------------------------------------------------------------------------------------------------------------- races


SETTERS: list[Callable[[Switches, Live, str], bool]] = [
    lambda switches, live, user: switches.set_mode(live, "", "off", None, change(user), user=user),
    lambda switches, live, user: switches.set_mode(live, RUNBOOK, "observe", NIGHT, change(user), user=user),
    lambda switches, live, user: switches.set_freeze(live, NIGHT + HOUR, change(user), user=user),
    lambda switches, live, user: switches.close_circuit(live, RUNBOOK, change(user), user=user),
]


@pytest.mark.parametrize("setter", SETTERS)
def test_of_two_people_who_saw_the_same_the_second_changes_nothing(
    aws: Clients, switches: Switches, setter: Callable[[Switches, Live, str], bool]
) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, failures={"N": "3"}, opened_at={"N": "1"})
    seen = read(switches)
    assert setter(switches, seen, ADA)
    before = items(aws)
    assert not setter(switches, seen, GRACE)
    assert items(aws) == before


@pytest.mark.parametrize("setter", SETTERS)
def test_of_twenty_people_at_once_exactly_one_changes_it(
    aws: Clients, switches: Switches, setter: Callable[[Switches, Live, str], bool]
) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, failures={"N": "3"}, opened_at={"N": "1"})
    seen = read(switches)
    with ThreadPoolExecutor(20) as pool:
        answers = Counter(pool.map(lambda number: setter(switches, seen, f"AROA1:person-{number}"), range(20)))
    assert answers == {True: 1, False: 19}
    assert len(audits(aws)) == 1


def test_a_circuit_that_opened_anew_is_not_closed_by_who_saw_the_old_one(aws: Clients, switches: Switches) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, failures={"N": "3"}, opened_at={"N": "1"})
    seen = read(switches)
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, failures={"N": "4"}, opened_at={"N": "2"})
    assert not switches.close_circuit(seen, RUNBOOK, change(), user=ADA)
    assert read(switches).circuit(RUNBOOK).open
