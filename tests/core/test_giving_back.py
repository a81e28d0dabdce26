"""What an act was paid with is given back where it is known that it was not made; where nobody knows, it stays paid."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from remediation.core.admission import Spent, booked, given_back
from remediation.core.engine import carry_out
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.limits import Budgets, Limits
from remediation.core.verdict import Nothing
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import SETTLE, House, act, alarm_event, scripted
from tests.support.world import Stage, deployed

ALONE = LeftAloneError("lamp-1 is being changed by now.")


def paid(stage: Stage) -> list[str]:
    """Return what is booked, which is the same in every budget."""
    of_environment = [each.by for each in stage.ledger.acts]
    of_resource = [each.by for held in stage.ledger.resources.values() for each in held.acts]
    assert of_environment == of_resource
    return of_environment


def busy(times: int, **more: Any) -> Stage:
    """Return a stage on which AWS does not let the first so many acts be made."""
    house = House()
    do, left = house.do, iter(range(times))

    def refuses(action: str, lamp: str) -> str:
        if next(left, None) is not None:
            raise ALONE
        return do(action, lamp)

    house.do = refuses  # type: ignore[method-assign]
    return Stage(house=house, **more)


# ----------------------------------------------------------------------------------------------------------- the rule


def test_only_what_is_booked_so_is_given_back() -> None:
    acts = (Spent(at=NIGHT, by="run-1/1"), Spent(at=NIGHT, by="run-1/11"), Spent(at=NIGHT, by="run-11/1"))
    assert given_back(acts, booked("run-1", 1)) == acts[1:]
    assert given_back(acts, booked("run-1", 2)) == acts
    assert given_back((), booked("run-1", 1)) == ()


# --------------------------------------------------------------------------------------------------- what is not made


def test_an_act_that_was_left_alone_costs_nothing() -> None:
    stage = busy(1)
    outcome = stage.run()
    assert (outcome.status, stage.house.done) == ("healed", [("tap", "lamp-1")])
    assert paid(stage) == ["run-1/2"], "the one that was made"


def test_however_often_it_is_left_alone_what_may_be_done_may_still_be_done() -> None:
    limits = Limits(budgets=Budgets(resource_hour=1, environment_quarter=1, environment_day=1))
    stage = busy(5, deployment=deployed(limits=limits))
    assert stage.run().status == "healed"
    assert paid(stage) == ["run-1/6"]


def test_what_is_left_alone_is_not_tried_again_any_sooner_than_after_half_a_minute() -> None:
    stage = busy(99)
    stage.runbook = scripted(act(settle=timedelta(0)))
    outcome = stage.run()
    assert (outcome.status, outcome.acts, paid(stage)) == ("escalated", (), [])
    assert outcome.because == "Time is up: lamp-1 is dark. It was left alone until now: lamp-1 is being changed by now."
    assert {for_ for _, for_ in stage.steps.waited} == {timedelta(seconds=30)}
    assert len(stage.steps.waited) == 21, "in ten minutes"


def test_what_is_left_alone_settles_as_long_as_what_is_made_where_that_is_longer() -> None:
    stage = busy(1)
    stage.run()
    assert stage.steps.waited == [("settle 1", SETTLE), ("settle 2", SETTLE)]


@pytest.mark.parametrize("switch", ["mode", "lease"])
def test_an_act_that_may_not_be_made_any_more_costs_nothing(switch: str) -> None:
    stage = Stage()

    def meanwhile(aws: Any, _: Any, target: Any) -> str:
        if switch == "mode":
            stage.ledger.mode = "observe"
        else:
            stage.steps.now += timedelta(hours=3)
        receipt: str = aws.acting.do("tap", target.id)
        return receipt

    stage.runbook = replace(stage.runbook, actions=dict(stage.runbook.actions) | {"tap": meanwhile})
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("refused", switch, [])
    assert paid(stage) == []


def test_an_act_for_which_the_time_of_two_invocations_is_too_short_costs_nothing() -> None:
    stage = Stage(remaining=timedelta(seconds=59))
    assert stage.run().gate == "time"
    assert paid(stage) == []


# -------------------------------------------------------------------------------------------- what is or may be made


@pytest.mark.parametrize(
    ("fails", "result"),
    [
        (None, "done"),
        (AwsError("No.", operation="house:Do", code="AccessDenied"), "failed"),
        (AwsError("?", operation="house:Do", code="ReadTimeout"), "unknown"),
        (KeyError("?"), "unknown"),
    ],
)
def test_every_other_act_stays_paid(fails: Exception | None, result: str) -> None:
    """One that failed may have done a part of it before."""
    stage = Stage(runbook=scripted(act(), Nothing(because="Lit.")))
    stage.house.fails = {} if fails is None else {"tap": fails}
    outcome = stage.run()
    assert [each.result for each in outcome.acts] == [result]
    assert paid(stage) == ["run-1/1"]


# ------------------------------------------------------------------------------------------------- crashes and replays


def gives_back(stage: Stage) -> list[str]:
    """Return the budget before every time that something is given back."""
    seen: list[str] = []
    give_back = stage.ledger.give_back

    def watched(**asked: Any) -> None:
        seen.append(",".join(paid(stage)))
        give_back(**asked)

    stage.ledger.give_back = watched  # type: ignore[method-assign]
    return seen


def test_who_dies_before_it_is_known_that_it_was_left_alone_leaves_it_paid() -> None:
    stage = busy(1)
    stage.house.cures.add(("replace", "lamp-1"))
    given = gives_back(stage)
    stage.steps.crash_at("tap 1", "after")
    outcome = stage.run()
    assert [each.result for each in outcome.acts] == ["unknown", "done"]
    assert (given, paid(stage)) == ([], ["run-1/1", "run-1/2"])


@pytest.mark.parametrize(("moment", "given"), [("before", ["run-1/1"]), ("after", ["run-1/1", ""])])
def test_who_dies_around_the_giving_back_gives_back_once(moment: Any, given: list[str]) -> None:
    stage = busy(1)
    seen = gives_back(stage)
    stage.steps.crash_at("give back 1", moment)
    assert stage.run().status == "healed"
    assert (seen, paid(stage)) == (given, ["run-1/2"])


def test_who_dies_for_good_before_giving_back_leaves_it_paid() -> None:
    stage = busy(1)
    stage.steps.crash_at("give back 1", "before")
    with pytest.raises(CrashError):
        carry_out(stage.runbook, alarm_event(), stage.steps, stage.world)
    assert paid(stage) == ["run-1/1"]


def test_a_replay_gives_nothing_back() -> None:
    stage = busy(2)
    outcome, given = stage.run(), gives_back(stage)
    assert stage.run_again() == outcome
    assert given == []


@pytest.mark.parametrize("why", ["down", "broken"])
def test_what_cannot_be_given_back_stays_paid_and_the_run_goes_on_and_says_so(why: str) -> None:
    stage = busy(1)
    getattr(stage.ledger, why).add("give_back")
    assert stage.run().status == "healed"
    assert paid(stage) == ["run-1/1", "run-1/2"]
    (said,) = [text for text in stage.said() if "stays charged" in text]
    assert said.startswith("It was not made, and stays charged to the budgets: ")


def test_what_another_run_paid_for_is_never_given_back() -> None:
    first = Stage()
    first.run()
    second = busy(9, ledger=first.ledger, steps=InMemorySteps(run="run-2", now=NIGHT + timedelta(hours=1)))
    assert second.run({"house": "dev-house", "apply": True}).acts == ()
    assert [each.by for each in first.ledger.acts] == ["run-1/1"]
