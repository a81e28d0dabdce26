"""The engine on the ledger in DynamoDB, and the process dies right before or after each of its calls to it.

Before a call DynamoDB has heard nothing, after it the answer is lost. Then the run is resumed. Nothing is done twice or
kept quiet, nothing stays leased, nothing is paid for twice.
"""

from typing import Any, Literal, TypeAlias

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.history import History
from remediation.adapters.ledger import DynamoLedger
from remediation.core.outcome import Outcome
from tests.adapters.conftest import TABLE
from tests.adapters.ledger_of import HOUSE, RUNBOOK, items, listed
from tests.support.steps import CrashError
from tests.support.toy import House
from tests.support.world import Stage

Moment: TypeAlias = Literal["before", "after"]
HEALING, NOT_HEALING = 9, 14
"""Calls of a run that heals with its first act, and of one that acts twice and gives up."""


class Mortal:
    """Lets the process die at its nth call to DynamoDB, once."""

    def __init__(self, aws: Clients, die_at: int, moment: Moment) -> None:
        self.calls: list[str] = []
        self.dead = False
        self._die_at, self._moment = die_at, moment
        for client in (aws.dynamodb, aws.repeatable.dynamodb):
            client.meta.events.register("before-call.dynamodb", self._before)
            client.meta.events.register("after-call.dynamodb", self._after)

    def _before(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        self._die("before")

    def _after(self, **_: object) -> None:
        self._die("after")

    def _die(self, moment: Moment) -> None:
        if len(self.calls) == self._die_at and moment == self._moment:
            self._die_at, self.dead = 0, True
            raise CrashError(f"{moment} call {len(self.calls)}, {self.calls[-1]}")


def carried_out(aws: Clients, ledger: DynamoLedger, house: House, die_at: int, moment: Moment) -> tuple[Mortal, Stage]:
    stage = Stage(house=house, ledger=ledger)  # type: ignore[arg-type]  # the real one
    mortal = Mortal(aws, die_at, moment)
    stage.run()
    return mortal, stage


def check(aws: Clients, stage: Stage, outcome: Outcome) -> None:
    done = stage.house.done
    assert len(done) == len(set(done)), "an act was repeated"
    assert set(done) <= {(act.action, act.target) for act in outcome.acts}, "an act was kept quiet"
    record = History(aws, TABLE).run(outcome.run)
    assert record is not None
    assert record.outcome == outcome
    house = items(aws)[f"RESOURCE#{HOUSE}"]
    assert "lease_owner" not in house
    assert house["fence"] == "1", "admitted once, however often it was asked"
    paid = listed(aws, "BUDGET#dev")
    assert len(paid) == len({by for _, by in paid}), "nothing is paid twice"
    assert len(paid) >= len(outcome.acts), "and nothing is free"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("die_at", range(1, HEALING + 1))
def test_a_run_that_heals_survives_dying_at_any_call(
    aws: Clients, ledger: DynamoLedger, die_at: int, moment: Moment
) -> None:
    house = House(cures={("tap", "lamp-1"), ("replace", "lamp-1")})
    mortal, stage = carried_out(aws, ledger, house, die_at, moment)
    assert mortal.dead
    (outcome,) = stage.notifier.published
    assert outcome.status == "healed"
    check(aws, stage, outcome)
    assert f"CIRCUIT#dev#{RUNBOOK}" not in items(aws), "nothing failed"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("die_at", range(1, NOT_HEALING + 1))
def test_a_run_that_does_not_heal_is_counted_once_whichever_call_it_dies_at(
    aws: Clients, ledger: DynamoLedger, die_at: int, moment: Moment
) -> None:
    mortal, stage = carried_out(aws, ledger, House(cures=set()), die_at, moment)
    assert mortal.dead
    (outcome,) = stage.notifier.published
    assert outcome.status == "escalated"
    check(aws, stage, outcome)
    circuit = items(aws)[f"CIRCUIT#dev#{RUNBOOK}"]
    assert (circuit["failures"], circuit["state"]) == ("1", "closed")


@pytest.mark.parametrize(("cures", "calls"), [({("tap", "lamp-1")}, HEALING), (set(), NOT_HEALING)])
def test_the_deaths_above_are_at_every_call(
    aws: Clients, ledger: DynamoLedger, cures: set[tuple[str, str]], calls: int
) -> None:
    mortal, _ = carried_out(aws, ledger, House(cures=cures), 0, "before")
    assert len(mortal.calls) == calls
    assert set(mortal.calls) == {"TransactWriteItems", "TransactGetItems", "UpdateItem"}
