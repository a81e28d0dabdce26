"""The demo's scenarios, through the real `cdk deploy` into the lab: what breaks is healed, or told, and nothing else."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from remedy.lab.lab import Lab
from remedy.lab.play import again, play, set_up
from remedy.lab.scenarios import SCENARIOS, named
from remedy.lab.scenarios.scenario import Stage
from remedy.lab.timeline import Moment

pytestmark = pytest.mark.e2e

LABS = (
    ("unhealthy-target", "frozen", "observe"),
    ("storm", "duplicate", "mongodb-down"),
    ("approval", "escalation", "terraform-lock"),
    ("redis-rule", "redis-snapshot"),
    ("database", "launch-failure", "high-cpu"),
    ("database-access",),
)
"""Scenarios that share one lab, one after the other: between them the environment is healthy and the ledger empty again.
There is one Atlas in a lab, and the two about it each want another.

The labs are played side by side, because most of what they do is to wait; three at a time, because some of it is not.
"""
AT_ONCE = 4
Played = dict[str, Future[str]]
"""What is not as it has to be, with the whole story, by scenario; nothing where all is well."""


def test_every_scenario_is_played() -> None:
    assert sorted(name for names in LABS for name in names) == sorted(scenario.name for scenario in SCENARIOS)


def test_scenarios_end_as_they_have_to(subtests: pytest.Subtests) -> None:
    labs, played = [Lab() for _ in LABS], {scenario.name: Future[str]() for scenario in SCENARIOS}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for lab, names in zip(labs, LABS, strict=True):
                pool.submit(_play, lab, names, played)
            for scenario in SCENARIOS:
                with subtests.test(scenario.name):
                    if missing := scenario.missing():
                        pytest.skip(missing)
                    complaints = played[scenario.name].result()
                    assert not complaints, complaints
        finally:
            for lab in labs:
                lab.close()


def _play(lab: Lab, names: tuple[str, ...], played: Played) -> None:
    """Play scenarios one after the other; what the lab fails at is told of all that come after it."""
    stage: Stage | None = None
    told: list[str] = []
    try:
        with lab:
            for scenario in map(named, names):
                if scenario.missing():
                    continue
                told.clear()
                stage = again(stage, scenario, told.append) if stage else set_up(lab, scenario, told.append)
                complaints = play(stage, scenario, partial(_note, told))
                played[scenario.name].set_result("\n".join([*complaints, *told]) if complaints else "")
    except BaseException as error:
        for left in (played[name] for name in names if not played[name].done()):
            left.set_exception(error)
        raise


def _note(told: list[str], moment: Moment) -> None:
    told.append(f"{moment.source}: {moment.text}")
