"""Giving back what an act was paid with, in any ledger: this act's, once, whoever else pays at the same moment."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import ROUNDS, DynamoLedger
from remediation.core.admission import Lease
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.limits import Budgets, Limits
from remediation.core.ports import Ledger
from tests.adapters.ledger_of import HOUSE, admit, begin, close, confirm, gate, items, later, listed, receive
from tests.adapters.test_ledger_crashes import Moment, Mortal
from tests.core.test_giving_back import busy
from tests.support.steps import NIGHT
from tests.support.world import MemoryLedger, Stage

CAREFUL = Limits()


@pytest.fixture(name="any_ledger", params=["dynamo", "memory"])
def _any_ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    ledger: DynamoLedger = request.getfixturevalue("ledger")
    return ledger


def again(ledger: Ledger, run: str, n: int, **more: Any) -> Lease | Refusal:
    return admit(ledger, run, f"event of {run}", n=n, limits=CAREFUL, **more)


def leased(ledger: Ledger, run: str, **more: Any) -> Lease:
    return begin(ledger, run, f"event of {run}", limits=CAREFUL, **more)


# ---------------------------------------------------------------------------------------------------------- any ledger


def test_what_is_given_back_may_be_spent_again(any_ledger: Ledger) -> None:
    leased(any_ledger, "first")
    for n in range(1, 9):
        any_ledger.give_back(run="first", n=n, resource=HOUSE)
        assert isinstance(again(any_ledger, "first", n + 1), Lease)
    assert isinstance(again(any_ledger, "first", 10), Lease), "this one is the second"
    assert gate(again(any_ledger, "first", 11)) == "budget"


def test_twice_is_once(any_ledger: Ledger) -> None:
    leased(any_ledger, "first")
    again(any_ledger, "first", 2)
    for _ in range(3):
        any_ledger.give_back(run="first", n=1, resource=HOUSE)
    assert isinstance(again(any_ledger, "first", 3), Lease)
    assert gate(again(any_ledger, "first", 4)) == "budget", "2 and 3 are paid"


@pytest.mark.parametrize(("run", "n"), [("first", 2), ("first", 11), ("second", 1), ("first/1", 1), ("", 1)])
def test_what_this_act_did_not_pay_is_not_given_back(any_ledger: Ledger, run: str, n: int) -> None:
    lease = leased(any_ledger, "first")
    again(any_ledger, "first", 7)
    receive(any_ledger, run, f"event of {run}")
    any_ledger.give_back(run=run, n=n, resource=HOUSE)
    assert gate(again(any_ledger, "first", 8)) == "budget"
    assert confirm(any_ledger, "first", lease) is None


def test_nothing_is_given_back_where_nothing_was_paid(any_ledger: Ledger) -> None:
    lease = leased(any_ledger, "first")
    for _ in range(3):
        any_ledger.give_back(run="first", n=1, resource=HOUSE)
    for n in (2, 3):
        assert again(any_ledger, "first", n) == lease
    assert gate(again(any_ledger, "first", 4)) == "budget", "nobody is below zero"


def test_the_budget_of_the_environment_is_given_back_too(any_ledger: Ledger) -> None:
    for n in range(1, 4):
        leased(any_ledger, f"run-{n}", resource=f"house-{n}")
    receive(any_ledger, "run-4", "event of run-4")
    assert gate(again(any_ledger, "run-4", 1, resource="house-4")) == "budget"
    any_ledger.give_back(run="run-2", n=1, resource="house-2")
    assert isinstance(again(any_ledger, "run-4", 1, resource="house-4"), Lease)
    receive(any_ledger, "run-5", "event of run-5")
    assert gate(again(any_ledger, "run-5", 1, resource="house-5")) == "budget"


def test_the_lease_and_its_fence_are_not_given_back(any_ledger: Ledger) -> None:
    lease = leased(any_ledger, "first")
    any_ledger.give_back(run="first", n=1, resource=HOUSE)
    assert confirm(any_ledger, "first", lease) is None
    assert again(any_ledger, "first", 2) == lease
    receive(any_ledger, "second", "event of second")
    assert gate(again(any_ledger, "second", 1)) == "lease"


def test_who_has_lost_the_lease_gives_back_its_own_and_leaves_the_new_owner_alone(any_ledger: Ledger) -> None:
    leased(any_ledger, "zombie")
    at = later(900)
    new = leased(any_ledger, "second", now=at)
    any_ledger.give_back(run="zombie", n=1, resource=HOUSE)
    assert confirm(any_ledger, "second", new, now=at) is None
    assert isinstance(again(any_ledger, "second", 2, now=at), Lease)
    assert gate(again(any_ledger, "second", 3, now=at)) == "budget", "its own two"


def test_a_run_that_is_closed_may_still_have_given_back_what_it_paid(any_ledger: Ledger) -> None:
    """The answer of the last call was lost, and it arrives late."""
    close(any_ledger, "first", leased(any_ledger, "first"), cooldown_until=NIGHT)
    any_ledger.give_back(run="first", n=1, resource=HOUSE)
    leased(any_ledger, "second")
    assert isinstance(again(any_ledger, "second", 2), Lease)


# ------------------------------------------------------------------------------------------------------ of DynamoDB


def paid(aws: Clients) -> list[tuple[int, str]]:
    """Return what both budgets say, which is the same."""
    of_environment = listed(aws, "BUDGET#dev")
    assert of_environment == listed(aws, f"RESOURCE#{HOUSE}")
    return of_environment


def test_a_budget_that_is_not_used_any_more_keeps_nothing(ledger: DynamoLedger, aws: Clients) -> None:
    leased(ledger, "first")
    before = items(aws)
    ledger.give_back(run="first", n=1, resource=HOUSE)
    after = items(aws)
    assert (after.pop("BUDGET#dev"), before.pop("BUDGET#dev")["pk"]) == ({"pk": "BUDGET#dev"}, "BUDGET#dev")
    del before[f"RESOURCE#{HOUSE}"]["acts"]
    assert after == before, "nothing else is touched"


@pytest.mark.parametrize("again_", [False, True])
def test_who_pays_between_the_reading_and_the_writing_is_not_forgotten(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch, again_: bool
) -> None:
    leased(ledger, "first")
    receive(ledger, "second", "event of second")
    meanwhile(aws, monkeypatch, lambda: again(ledger, "second", 1, resource="another"))
    ledger.give_back(run="first", n=1, resource=HOUSE)
    if again_:
        ledger.give_back(run="first", n=1, resource=HOUSE)
    assert listed(aws, "BUDGET#dev") == [(0, "second/1")]
    assert listed(aws, f"RESOURCE#{HOUSE}") == []


def test_what_is_given_back_while_another_pays_is_free_for_the_next_one_and_once(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(budgets=Budgets(resource_hour=9, environment_quarter=1, environment_day=1))
    leased(ledger, "first")
    receive(ledger, "second", "event of second")
    meanwhile(aws, monkeypatch, lambda: ledger.give_back(run="first", n=1, resource=HOUSE))
    answer = admit(ledger, "second", "event of second", resource="another", limits=limits)
    assert gate(answer) == "budget", "it is refused by what stood when it was read"
    assert listed(aws, "BUDGET#dev") == []
    assert isinstance(admit(ledger, "second", "event of second", resource="another", limits=limits), Lease)
    receive(ledger, "third", "event of third")
    assert gate(admit(ledger, "third", "event of third", resource="a third", limits=limits)) == "budget"


def meanwhile(aws: Clients, monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Do something right after the next reading, before what follows from it is written."""
    read = aws.dynamodb.transact_get_items

    def and_then(**request: Any) -> Any:
        found = read(**request)
        monkeypatch.setattr(aws.dynamodb, "transact_get_items", read)
        do()
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_then)


def test_of_fifty_at_once_that_pay_and_give_back_exactly_what_was_made_stays_paid(
    ledger: DynamoLedger, aws: Clients
) -> None:
    """Each has a resource of its own; every second one is left alone, and gives back twice."""
    limits = Limits(budgets=Budgets(resource_hour=1, environment_quarter=99, environment_day=99))

    def patiently(do: Callable[[], Any]) -> Any:
        """Ask again as a step does, where others were faster."""
        while True:
            try:
                answer = do()
            except AwsError as error:
                if error.code != "TransactionConflict":
                    raise
            else:
                if not isinstance(answer, Refusal) or answer.gate != "ledger":
                    return answer

    def one(n: int) -> None:
        run, resource = f"run-{n}", f"house-{n}"
        receive(ledger, run, f"event of {run}")
        answer = patiently(lambda: admit(ledger, run, f"event of {run}", resource=resource, limits=limits))
        assert isinstance(answer, Lease), answer
        for _ in range(2 if n % 2 else 0):
            patiently(lambda: ledger.give_back(run=run, n=1, resource=resource))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))
    made = Counter(f"run-{n}/1" for n in range(0, 50, 2))
    assert Counter(by for _, by in listed(aws, "BUDGET#dev")) == made
    assert Counter(by for n in range(50) for _, by in listed(aws, f"RESOURCE#house-{n}")) == made


def test_who_is_never_faster_than_others_says_so_and_may_ask_again(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    leased(ledger, "first")
    read, others = aws.dynamodb.transact_get_items, iter(range(2, 99))

    def and_another_pays(**request: Any) -> Any:
        found = read(**request)
        with monkeypatch.context() as patch:
            patch.setattr(aws.dynamodb, "transact_get_items", read)
            assert isinstance(admit(ledger, "first", "event of first", n=next(others)), Lease)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(aws.dynamodb, "transact_get_items", and_another_pays)
        with pytest.raises(AwsError, match="5 times out of 5") as raised:
            ledger.give_back(run="first", n=1, resource=HOUSE)
    assert raised.value.code == "TransactionConflict", "which a step is tried again for"
    assert len(paid(aws)) == 1 + ROUNDS
    ledger.give_back(run="first", n=1, resource=HOUSE)
    assert len(paid(aws)) == ROUNDS


# ----------------------------------------------------------------------------------------------- the engine on DynamoDB

CALLS = 16
"""Of a run that is left alone once and heals with its second act."""


def on(ledger: DynamoLedger) -> Stage:
    stage = busy(1, ledger=ledger)
    stage.house.cures.add(("replace", "lamp-1"))
    return stage


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("die_at", range(1, CALLS + 1))
def test_wherever_it_dies_what_was_made_is_paid_and_what_was_left_alone_is_not_but_where_nobody_knows(
    aws: Clients, ledger: DynamoLedger, die_at: int, moment: Moment
) -> None:
    stage, mortal = on(ledger), Mortal(aws, die_at, moment)
    outcome = stage.run()
    assert mortal.dead
    assert outcome.status == "healed"
    assert len(stage.house.done) == 1
    by = [by for _, by in paid(aws)]
    assert len(by) == len(set(by)) == len(outcome.acts), "also of an act that counts as unknown"


def test_the_deaths_above_are_at_every_call(aws: Clients, ledger: DynamoLedger) -> None:
    stage, mortal = on(ledger), Mortal(aws, 0, "before")
    stage.run()
    assert len(mortal.calls) == CALLS
    assert paid(aws) == [(90_000, "run-1/2")]
