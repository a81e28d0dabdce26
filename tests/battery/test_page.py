"""docs/reliability.md tells of every trial as it is carried out, and hides nothing that does not hold."""

from pathlib import Path

import pytest

from battery.trial import Trial
from battery.trials import TRIALS
from tests.battery.test_trials import KNOWN

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.id)
def test_the_page_has_the_trial_in_full_with_what_it_shows_and_hides(trial: Trial) -> None:
    assert f"| {trial.id} | {trial.title} ({trial.full:,} {trial.unit}) |" in PAGE
    assert f"| {trial.id} | {trial.shows} | {trial.hides} |" in PAGE


@pytest.mark.parametrize("figure", [figure for figures in KNOWN.values() for figure in figures])
def test_the_page_shows_what_is_known_not_to_hold(figure: str) -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith("|") and f"| {figure} |" in line)
    assert "**" in line


def test_the_page_shows_nothing_else_that_does_not_hold() -> None:
    bold = [line for line in PAGE.splitlines() if line.startswith("|") and "| **" in line]
    assert len(bold) == sum(len(figures) for figures in KNOWN.values())
