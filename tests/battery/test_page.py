"""docs/reliability.md tells of every trial as it is carried out; what does not hold is bold there, and nothing is."""

from pathlib import Path

import pytest

from battery.trial import Trial
from battery.trials import TRIALS

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.id)
def test_the_page_has_the_trial_in_full_with_what_it_shows_and_hides(trial: Trial) -> None:
    assert f"| {trial.id} | {trial.title} ({trial.full:,} {trial.unit}) |" in PAGE
    assert f"| {trial.id} | {trial.shows} | {trial.hides} |" in PAGE


def test_the_page_shows_nothing_that_does_not_hold() -> None:
    assert not [line for line in PAGE.splitlines() if line.startswith("|") and "| **" in line]
