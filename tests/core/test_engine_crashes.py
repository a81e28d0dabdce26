"""A process may die anywhere: no act is made twice, and the outcome is told and recorded all the same."""

import pytest

from remediation.core.closing import OutcomeLostError
from remediation.core.outcome import Outcome
from tests.support.steps import InMemorySteps, Moment
from tests.support.world import Stage


def steps_of_a_healing_run() -> list[tuple[str, str]]:
    stage = Stage()
    stage.run()
    return stage.steps.names


BOUNDARIES = [
    (name, moment)
    for name, kind in steps_of_a_healing_run()
    for moment in (("before", "started", "after") if kind == "act" else ("before", "after"))
]


def test_a_healing_run_has_these_steps() -> None:
    assert [name for name, _ in steps_of_a_healing_run()] == [
        "receive", "read alarm", "look 1", "admit 1", "tap 1", "note 1", "settle 1", "look 2", "close", "publish",
        "same fix",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "moment"), BOUNDARIES)
def test_a_crash_there_loses_no_outcome_and_repeats_no_act(name: str, moment: Moment) -> None:
    stage = Stage()
    stage.house.cures.add(("replace", "lamp-1"))  # the next rung, where the first act's end is not known
    stage.steps.crash_at(name, moment)
    outcome = stage.run()
    assert stage.steps.invocations == 2, "it died there"
    assert outcome.status == "healed"
    assert stage.house.done.count(("tap", "lamp-1")) <= 1
    assert len(stage.house.done) == len(set(stage.house.done))
    assert outcome in stage.notifier.published
    assert stage.ledger.runs["run-1"].outcome == outcome
    assert stage.ledger.owners() == {}
    assert stage.ledger.resources["dev-house"].fence == 1, "asked twice, admitted once"


@pytest.mark.parametrize(("moment", "done"), [("started", 0), ("after", 1)])
def test_an_interrupted_act_is_unknown_and_the_next_look_decides(moment: Moment, done: int) -> None:
    stage = Stage()
    stage.house.cures.add(("replace", "lamp-1"))
    stage.steps.crash_at("tap 1", moment)
    outcome = stage.run()
    assert outcome.acts[0].result == "unknown"
    assert stage.house.done.count(("tap", "lamp-1")) == done
    assert ("replace", "lamp-1") in stage.house.done or done == 1


def test_replay_tells_the_same_and_does_nothing() -> None:
    stage = Stage()
    outcome = stage.run()
    done, looks, published = list(stage.house.done), stage.house.looks, list(stage.notifier.published)
    assert stage.run_again() == outcome
    assert (stage.house.done, stage.house.looks, stage.notifier.published) == (done, looks, published)


@pytest.mark.parametrize("down", [{"publish"}, {"page"}, {"publish", "page"}])
def test_an_outcome_that_cannot_be_told_one_way_is_told_the_other_and_fails_the_run(down: set[str]) -> None:
    stage = Stage()
    stage.house.lamps["lamp-1"] = "no power"
    stage.notifier.down = down
    with pytest.raises(OutcomeLostError):
        stage.run()
    assert stage.notifier.asked == ["publish", "page"]
    recorded: Outcome | None = stage.ledger.runs["run-1"].outcome
    assert recorded is not None
    assert recorded.status == "escalated"


def test_two_runs_of_one_event_are_one_act() -> None:
    first, second = Stage(), Stage()
    second.house, second.ledger, second.steps = first.house, first.ledger, InMemorySteps(run="run-2")
    assert sorted([first.run().status, second.run().status]) == ["healed", "refused"]
    assert first.house.done == [("tap", "lamp-1")]
