"""Every trial of the battery holds in its quick size; `make battery` carries them out in full."""

import pytest

from battery.grounds import GROUNDS, Named, cases
from battery.interference import Calls, interfering
from battery.trial import Effort, Trial, carry_out
from battery.trials import TRIALS
from remediation.core.spec import Manual
from stacks.catalog import CATALOG

QUICK = [trial for trial in TRIALS if trial.quick]


@pytest.mark.parametrize("trial", QUICK, ids=lambda trial: trial.id)
def test_it_holds(trial: Trial) -> None:
    result = carry_out(trial, Effort(trial.quick), lambda: 0.0)
    missed = {figure.what: f"{figure.value}, not {figure.goal}" for figure in result.figures if not figure.holds}
    assert not missed
    assert any(figure.goal for figure in result.figures)


def test_what_has_no_quick_size_is_in_ci_by_itself() -> None:
    assert {trial.id for trial in TRIALS} - {trial.id for trial in QUICK} == {"T8, T9", "T12"}


def test_every_runbook_that_acts_by_itself_has_a_ground() -> None:
    by_itself = [each for each in CATALOG if not all(isinstance(trigger, Manual) for trigger in each.triggers)]
    missing = {runbook.name for runbook in by_itself if runbook.actions} - GROUNDS.keys()
    assert not missing, f"battery/grounds does not know {', '.join(sorted(missing))}"
    assert not GROUNDS.keys() - {runbook.name for runbook in CATALOG}


@pytest.mark.parametrize("name", GROUNDS)
def test_the_first_case_is_healed_by_one_act_on_what_is_sick(name: str) -> None:
    tried = GROUNDS[name]
    ground = tried.ground()
    outcome = ground.carry(tried.event("alarm"))
    assert outcome.status == tried.cases[0].ends == "healed"
    assert [target for _, target in ground.aws.mutations] == [ground.sick]


@pytest.mark.parametrize("name", GROUNDS)
def test_every_action_of_a_runbook_is_made_in_one_of_its_cases(name: str) -> None:
    tried = GROUNDS[name]
    outcomes = [case.ground().carry(tried.event("alarm")) for case in tried.cases]
    assert {act.action for outcome in outcomes for act in outcome.acts} == set(tried.runbook.actions)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_call_that_begins_ends_and_changes_are_calls_of_their_own(case: Named) -> None:
    ground, calls = case.ground(), Calls()
    with interfering(ground, calls):
        outcome = ground.carry(case.tried.event("alarm"))
    assert outcome.status == case.case.ends
    assert calls.made == calls.ended == len(calls.names)
    assert calls.made > len(ground.aws.calls.made), "the ports are called as well"


@pytest.mark.parametrize("id_", ["T1", "T7", "T14"])
def test_chance_is_the_seeds_alone(id_: str) -> None:
    (trial,) = (trial for trial in TRIALS if trial.id == id_)
    n = {"T14": 1, "T1": 100}.get(id_, 40)
    first, again, other = (tuple(trial.run(Effort(n, seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other
