"""What any ledger does: the one on DynamoDB, and the one in memory that the engine's tests are run on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from remediation.adapters import ledger
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease
from remediation.core.errors import AwsError
from remediation.core.ports import Duplicate, Ledger
from tests.adapters.ledger_of import HOUSE, LEASE, admit, begin, close, confirm, gate, later, receive
from tests.support.steps import NIGHT
from tests.support.world import MemoryLedger

MINUTES = timedelta(minutes=10)


@pytest.fixture(name="any_ledger", params=["dynamo", "memory"])
def _any_ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    ledger: DynamoLedger = request.getfixturevalue("ledger")
    return ledger


@pytest.fixture
def lose(any_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes it impossible to keep the outcome of a run."""

    def fail(*_: Any) -> NoReturn:
        raise AwsError("It is too large.", operation="DynamoDB:UpdateItem", code="ValidationException")

    def lose(run: str) -> None:
        if isinstance(any_ledger, MemoryLedger):
            del any_ledger.runs[run]
        else:
            monkeypatch.setattr(ledger, "kept", fail)

    return lose


def test_one_run_has_an_event_however_often_it_is_asked(any_ledger: Ledger) -> None:
    assert receive(any_ledger, "first") is None
    assert receive(any_ledger, "first", now=later(3)) is None
    for _ in range(2):
        assert receive(any_ledger, "second") == Duplicate(run="first")
    assert receive(any_ledger, "third", "another event") is None


def test_what_has_no_key_is_nobodys_duplicate(any_ledger: Ledger) -> None:
    assert receive(any_ledger, "first", "") is None
    assert receive(any_ledger, "second", "") is None
    assert isinstance(admit(any_ledger, "second", ""), Lease)


def test_a_duplicate_is_not_admitted(any_ledger: Ledger) -> None:
    receive(any_ledger, "first")
    receive(any_ledger, "second")
    assert gate(admit(any_ledger, "second", "an event")) == "duplicate"


def test_one_run_at_a_time_has_the_resource(any_ledger: Ledger) -> None:
    assert begin(any_ledger, "first") == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)
    receive(any_ledger, "second", "another event")
    last = NIGHT + LEASE - timedelta(milliseconds=1)
    assert gate(admit(any_ledger, "second", "another event", now=last)) == "lease"


def test_an_admitted_run_that_asks_again_is_given_the_same_lease(any_ledger: Ledger) -> None:
    receive(any_ledger, "first")
    lease = admit(any_ledger, "first", "an event", cooldown=MINUTES)
    assert isinstance(lease, Lease)
    assert admit(any_ledger, "first", "an event", now=later(5), cooldown=MINUTES) == lease
    assert confirm(any_ledger, "first", lease, now=later(5)) is None


def test_every_lease_has_a_higher_fence_than_those_before(any_ledger: Ledger) -> None:
    first = begin(any_ledger, "first")
    over = begin(any_ledger, "second", "another event", now=NIGHT + LEASE)
    close(any_ledger, "second", over, cooldown_until=NIGHT + LEASE)
    back = begin(any_ledger, "third", "a third event", now=NIGHT + LEASE)
    own = admit(any_ledger, "third", "a third event", now=NIGHT + 2 * LEASE)
    assert isinstance(own, Lease)
    assert [lease.fence for lease in (first, over, back, own)] == [1, 2, 3, 4]


def test_a_resource_cools_down_until_the_run_that_closed_said(any_ledger: Ledger) -> None:
    close(any_ledger, "first", begin(any_ledger, "first"), cooldown_until=NIGHT + 3 * LEASE)
    receive(any_ledger, "second", "another event")
    last = NIGHT + 3 * LEASE - timedelta(milliseconds=1)
    assert gate(admit(any_ledger, "second", "another event", now=last)) == "cooldown"
    assert isinstance(admit(any_ledger, "second", "another event", now=NIGHT + 3 * LEASE), Lease)


def test_the_cooldown_of_closing_replaces_that_of_the_admission(any_ledger: Ledger) -> None:
    receive(any_ledger, "first")
    lease = admit(any_ledger, "first", "an event", cooldown=MINUTES)
    assert isinstance(lease, Lease)
    close(any_ledger, "first", lease, cooldown_until=later(5))
    receive(any_ledger, "second", "another event")
    assert gate(admit(any_ledger, "second", "another event", now=later(4))) == "cooldown"
    assert isinstance(admit(any_ledger, "second", "another event", now=later(5)), Lease)


def test_after_a_run_that_died_the_resource_cools_down_all_the_same(any_ledger: Ledger) -> None:
    receive(any_ledger, "dead")
    admit(any_ledger, "dead", "an event", cooldown=MINUTES)
    free = NIGHT + LEASE + MINUTES
    receive(any_ledger, "second", "another event")
    assert gate(admit(any_ledger, "second", "another event", now=NIGHT + LEASE)) == "cooldown"
    assert gate(admit(any_ledger, "second", "another event", now=free - timedelta(milliseconds=1))) == "cooldown"
    assert isinstance(admit(any_ledger, "second", "another event", now=free), Lease)


def test_a_run_whose_lease_has_ended_leases_anew_if_nobody_else_has(any_ledger: Ledger) -> None:
    first = begin(any_ledger, "first", cooldown=MINUTES)
    again = admit(any_ledger, "first", "an event", now=NIGHT + LEASE, cooldown=MINUTES)
    assert isinstance(again, Lease), again
    assert again.fence == first.fence + 1
    assert confirm(any_ledger, "first", again, now=NIGHT + LEASE) is None
    assert gate(confirm(any_ledger, "first", first, now=NIGHT + LEASE)) == "lease", "the old one stays lost"


def test_a_lease_is_confirmed_until_it_ends(any_ledger: Ledger) -> None:
    lease = begin(any_ledger, "first")
    for now in (NIGHT, NIGHT + LEASE - timedelta(milliseconds=1)):
        assert confirm(any_ledger, "first", lease, now=now) is None
    assert gate(confirm(any_ledger, "first", lease, now=NIGHT + LEASE)) == "lease"


def test_a_lease_that_was_lost_or_given_back_is_not_confirmed(any_ledger: Ledger) -> None:
    old = begin(any_ledger, "zombie")
    new = begin(any_ledger, "second", "another event", now=NIGHT + LEASE)
    assert gate(confirm(any_ledger, "zombie", old, now=NIGHT + LEASE)) == "lease"
    assert confirm(any_ledger, "second", new, now=NIGHT + LEASE) is None
    close(any_ledger, "second", new)
    assert gate(confirm(any_ledger, "second", new, now=NIGHT + LEASE)) == "lease"


def test_an_older_lease_of_the_same_run_is_not_confirmed(any_ledger: Ledger) -> None:
    old = begin(any_ledger, "first")
    new = admit(any_ledger, "first", "an event", now=NIGHT + LEASE)
    assert isinstance(new, Lease)
    assert confirm(any_ledger, "first", new, now=NIGHT + LEASE) is None
    assert gate(confirm(any_ledger, "first", old, now=NIGHT + LEASE)) == "lease"


def test_a_run_that_lost_its_lease_leaves_the_new_owner_alone_when_it_closes(any_ledger: Ledger) -> None:
    old = begin(any_ledger, "zombie")
    new = begin(any_ledger, "second", "another event", now=NIGHT + LEASE)
    close(any_ledger, "zombie", old, cooldown_until=later(90_000))
    assert confirm(any_ledger, "second", new, now=NIGHT + LEASE) is None
    receive(any_ledger, "third", "a third event")
    assert isinstance(admit(any_ledger, "third", "a third event", now=NIGHT + 2 * LEASE), Lease)


@pytest.mark.parametrize("knows", [True, False])
def test_the_lease_is_given_back_when_the_run_closes_whether_it_knows_of_it_or_not(
    any_ledger: Ledger, knows: bool
) -> None:
    lease = begin(any_ledger, "first")
    close(any_ledger, "first", lease if knows else None, cooldown_until=NIGHT)
    assert begin(any_ledger, "second", "another event").fence == 2


def test_a_run_that_was_never_admitted_gives_nothing_back_when_it_closes(any_ledger: Ledger) -> None:
    lease = begin(any_ledger, "first")
    receive(any_ledger, "second", "another event")
    assert gate(admit(any_ledger, "second", "another event")) == "lease"
    close(any_ledger, "second", None)
    assert confirm(any_ledger, "first", lease) is None


@pytest.mark.parametrize("knows", [True, False])
def test_the_lease_is_given_back_even_where_the_outcome_cannot_be_kept(
    any_ledger: Ledger, lose: Callable[[str], None], knows: bool
) -> None:
    lease = begin(any_ledger, "first")
    lose("first")
    with pytest.raises((AwsError, KeyError)):
        close(any_ledger, "first", lease if knows else None, cooldown_until=NIGHT)
    assert begin(any_ledger, "second", "another event").fence == 2


def test_closing_twice_is_closing_once(any_ledger: Ledger) -> None:
    lease = begin(any_ledger, "first")
    close(any_ledger, "first", lease, cooldown_until=later(5))
    close(any_ledger, "first", lease, cooldown_until=later(90))
    assert begin(any_ledger, "second", "another event", now=later(5)).fence == 2
