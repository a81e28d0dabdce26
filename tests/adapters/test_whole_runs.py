"""Whole runs of the engine as durable executions: they wait, die anywhere, resume, and come to one told outcome."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.steps import Steps
from tests.adapters.executions import Execution, Moment, answered
from tests.support.steps import NIGHT, CrashError
from tests.support.toy import House, alarm_event
from tests.support.world import Stage


class Run:
    """A durable run of the toy runbook at night, with a ladder of two rungs that both help."""

    def __init__(self, stage: Stage | None = None, **die: Any) -> None:
        self.stage = stage or Stage(house=House(cures={("tap", "lamp-1"), ("replace", "lamp-1")}))
        self.execution = Execution(self.carry, **die)

    def carry(self, event: object, steps: Steps) -> str:
        world: World = replace(self.stage.world, clock=lambda: NIGHT)
        return carry_out(self.stage.runbook, event, steps, world).status

    def status(self) -> str:
        status: str = self.execution.answer(alarm_event())
        return status

    @property
    def told(self) -> Outcome:
        """The outcome that was published, which is the one on record."""
        last = self.stage.notifier.published[-1]
        (record,) = self.stage.ledger.runs.values()
        assert record.outcome == last
        return last


def test_a_run_acts_waits_and_resumes_to_see_that_it_has_healed() -> None:
    run = Run()
    assert run.status() == "healed"
    assert run.execution.invocations == 2, "it was suspended while the lamp settled"
    assert run.stage.house.done == [("tap", "lamp-1")]
    assert run.stage.house.looks == 2, "what was seen before the wait is not looked at again"
    assert run.told.status == "healed"
    assert run.stage.ledger.owners() == {}


def test_the_history_of_an_execution_reads_like_the_run() -> None:
    run = Run()
    result = run.execution.run(alarm_event())
    assert answered(result) == "healed"
    assert [operation.name for operation in result.operations] == [
        "receive",
        "read alarm",
        "look 1",
        "admit 1",
        "tap 1",
        "note 1",
        "settle 1",
        "look 2",
        "close",
        "publish",
        "same fix",
    ]


def test_an_interrupted_act_counts_as_unknown_and_is_not_repeated() -> None:
    stage = Stage(house=House(cures={("replace", "lamp-1")}))
    stage.house.fails["tap"] = CrashError()  # type: ignore[assignment]  # the process dies in the call
    run = Run(stage)
    assert run.status() == "healed"
    assert run.stage.house.done == [("replace", "lamp-1")], "the next rung, after another look"
    assert [(act.action, act.result) for act in run.told.acts] == [("tap", "unknown"), ("replace", "done")]


def test_an_interrupted_act_that_helped_all_the_same_is_seen_by_the_next_look() -> None:
    house = House()
    do = house.do

    def act_and_die(action: str, lamp: str) -> str:
        do(action, lamp)
        raise CrashError

    house.do = act_and_die  # type: ignore[method-assign]
    run = Run(Stage(house=house))
    assert run.status() == "healed"
    assert house.done == [("tap", "lamp-1")]
    assert [(act.action, act.result) for act in run.told.acts] == [("tap", "unknown")]


MOMENTS: tuple[Moment, ...] = ("before", "after")
DEATHS = [(at, moment) for at in range(1, 22) for moment in MOMENTS]
"""Every checkpoint of a run that is not interrupted, and a few more."""


@pytest.mark.parametrize(("die_at", "moment"), DEATHS)
def test_dying_at_any_checkpoint_neither_repeats_an_act_nor_loses_the_outcome(die_at: int, moment: Moment) -> None:
    run = Run(die_at=die_at, moment=moment)
    assert run.status() == "healed"
    done = run.stage.house.done
    assert len(done) == len(set(done)), "an act was repeated"
    assert 1 <= len(done) <= 2
    assert run.told.status == "healed"
    assert {(act.action, act.target) for act in run.told.acts if act.result == "done"} <= set(done)
    assert run.stage.ledger.owners() == {}, "the lease was given back"


def test_the_deaths_above_reach_every_checkpoint() -> None:
    run = Run()
    run.status()
    assert run.execution.service.checkpoints <= DEATHS[-1][0]


def test_a_run_that_dies_over_and_over_still_acts_once() -> None:
    run = Run()
    looks = count(1)

    def die(_: int) -> None:
        if next(looks) % 2:
            raise CrashError

    run.stage.house.on_look = die
    assert run.status() == "healed"
    assert run.stage.house.done == [("tap", "lamp-1")]


def test_an_outcome_that_nobody_could_be_told_fails_the_execution() -> None:
    run = Run()
    run.stage.notifier.down = {"publish"}
    result = run.execution.run(alarm_event())
    assert result.error is not None
    assert "could not be told" in str(result.error.message)
    assert run.stage.notifier.asked == ["publish"] * 3, "SNS was asked three times"
    (record,) = run.stage.ledger.runs.values()
    assert record.outcome is not None, "it is on record"
