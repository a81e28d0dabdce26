"""The demo's scenarios, through the real `cdk deploy` into the lab: what breaks is healed, or told, and nothing else."""

import pytest

from remedy.lab.lab import Lab
from remedy.lab.play import play, set_up
from remedy.lab.scenarios import SCENARIOS, Scenario

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_ends_as_it_has_to(scenario: Scenario) -> None:
    told: list[str] = []
    with Lab() as lab:
        timeline = set_up(lab, scenario.mode, told.append)
        complaints = play(lab, scenario, timeline, lambda moment: told.append(f"{moment.source}: {moment.text}"))
    assert complaints == [], "\n".join(told)
