"""The edges of a run: to the second, to the word, and what those who watch see of it meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from remediation.core.engine import carry_out
from remediation.core.errors import LeftAloneError
from remediation.core.verdict import Nothing, Target, Wait
from tests.support.steps import NIGHT, CrashError
from tests.support.toy import alarm_event, scripted
from tests.support.world import Stage, deployed


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_alarm_of_another_house_is_ignored_without_a_look(stage: Stage) -> None:
    outcome = stage.run(alarm_event(dimensions={"House": "prod-house"}))
    assert (outcome.status, outcome.gate) == ("ignored", "scope")
    assert "prod-house" in outcome.because
    assert (stage.house.looks, stage.alarms.asked) == (0, [])


@pytest.mark.parametrize(("for_", "waits"), [(timedelta(minutes=10), 1), (timedelta(minutes=10, seconds=1), 0)])
def test_a_wait_may_last_to_the_deadline_and_no_longer(stage: Stage, for_: timedelta, waits: int) -> None:
    stage.runbook = scripted(Wait(because="Warming.", for_=for_), Nothing(because="Lit."))
    assert stage.run().status == ("nothing-to-do" if waits else "escalated")
    assert len(stage.steps.waited) == waits


@pytest.mark.parametrize(("seconds", "waits"), [(60, []), (59, [("fresh invocation 1", timedelta(seconds=1))])])
def test_an_act_takes_a_minute_of_the_invocation_or_a_fresh_one(
    stage: Stage, seconds: int, waits: list[tuple[str, timedelta]]
) -> None:
    stage.remaining = timedelta(seconds=seconds)
    stage.run()
    assert [wait for wait in stage.steps.waited if not wait[0].startswith("settle")] == waits
    assert len(stage.house.done) == (0 if waits else 1)


@pytest.mark.parametrize(
    ("through", "left", "waits"),
    [("acting", 30, 0), ("acting", 29, 1), ("patient", 60, 0), ("patient", 59, 1)],
)
def test_a_call_is_begun_with_the_time_that_its_answer_may_take_or_in_a_fresh_invocation(
    stage: Stage, through: str, left: int, waits: int
) -> None:
    """An action may look for long before it calls: what is left then is what counts."""

    def looks_first(aws: Any, _: object, target: Target) -> str:
        stage.remaining = timedelta(seconds=left)
        receipt: str = getattr(aws, through).do("tap", target.id)
        return receipt

    stage.runbook = replace(stage.runbook, actions=dict(stage.runbook.actions) | {"tap": looks_first})
    stage.run()
    assert len([name for name, _ in stage.steps.waited if name.startswith("fresh invocation")]) == waits
    assert len(stage.house.done) == (0 if waits else 1)


def test_a_lease_outlives_the_run_and_a_run_that_dies_leaves_a_cooldown(stage: Stage) -> None:
    stage.ledger.down = {"confirm", "close"}
    stage.run()
    held = stage.ledger.resources["dev-house"]
    assert held.owner == "run-1"
    assert held.until == NIGHT + timedelta(minutes=10) + timedelta(minutes=5)
    assert held.cooldown_until == held.until + timedelta(minutes=15)


def test_only_a_plan_is_told_how_to_have_it_done(stage: Stage) -> None:
    stage.deployment = deployed("observe")
    assert stage.run().because == "lamp-1 is dark."
    assert Stage().run({"house": "dev-house"}).because == 'lamp-1 is dark. Say `"apply": true` to have it done.'


def test_the_gate_that_said_no_is_in_the_timeline(stage: Stage) -> None:
    stage.alarms.down = True
    outcome = stage.run()
    assert f"surroundings: {outcome.because}" in stage.said()
    assert stage.said()[-1] == f"refused: {outcome.because}"


def test_what_was_left_alone_is_in_the_timeline(stage: Stage) -> None:
    stage.house.fails["tap"] = LeftAloneError("lamp-1 is lit by now.")
    stage.house.on_look = lambda looks: stage.house.lamps.update({"lamp-1": "lit"} if looks == 2 else {})
    stage.run()
    assert "tap lamp-1: left alone. lamp-1 is lit by now." in stage.said()


def seen_before(step: str, stage: Stage) -> list[str]:
    """Return the kinds of the lines that the ledger shows when the process dies before a step."""
    stage.steps.crash_at(step, "before")
    with pytest.raises(CrashError):
        carry_out(stage.runbook, alarm_event(), stage.steps, stage.world)
    return [entry.kind for entry in stage.timeline()]


def test_those_who_watch_see_the_verdict_before_anything_is_done(stage: Stage) -> None:
    assert seen_before("admit 1", stage) == ["received", "gate", "facts", "verdict"]


def test_those_who_watch_see_the_act_while_it_settles(stage: Stage) -> None:
    assert seen_before("settle 1", stage)[-2:] == ["admitted", "act"]
