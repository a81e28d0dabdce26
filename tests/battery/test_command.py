"""`python -m battery`: what it says, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from battery import __main__ as command
from battery.trial import Effort, Figure, Trial, at_least, at_most, exactly, none, told


def _trial(id_: str, *figures: Figure, quick: int = 1) -> Trial:
    def run(effort: Effort) -> Iterator[Figure]:
        effort.advance()
        yield told("units, seed", f"{effort.n}, {effort.seed}")
        yield from figures

    return Trial(id=id_, title="a trial", unit="units", full=9, quick=quick, run=run, shows="", hides="")


@pytest.fixture(autouse=True)
def _trials(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = (
        _trial("T1", none("lost", 0)),
        _trial("T2", none("lost", 2, ("[here]", "there"))),
        _trial("T3, T4", quick=0),
    )
    monkeypatch.setattr(command, "TRIALS", trials)


def test_it_ends_well_if_every_figure_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["T1"]) == 0
    assert "9, 1" in capsys.readouterr().out


def test_it_ends_badly_if_one_figure_does_not_hold_and_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 1
    assert "2: [here]; there" in capsys.readouterr().out


def test_an_unknown_trial_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["T1", "T99"]) == 2
    assert "There is no trial T99; there are: T1, T2, T3, T4." in capsys.readouterr().err


def test_a_trial_of_two_is_asked_for_by_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["T4", "--json"]) == 0
    assert [result["id"] for result in json.loads(capsys.readouterr().out)] == ["T3, T4"]


def test_quick_is_a_smaller_number_and_leaves_out_what_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--quick", "--seed", "7", "--json"])
    results = json.loads(capsys.readouterr().out)
    assert [result["id"] for result in results] == ["T1", "T2"]
    assert [result["figures"][0]["value"] for result in results] == ["1, 7", "1, 7"]


def test_the_page_has_every_figure_and_shows_what_does_not_hold(tmp_path: Path) -> None:
    command.main(["--markdown", str(tmp_path / "table.md")])
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert "| T1 | a trial (9 units) | units, seed | 9, 1 |  |" in lines
    assert "| | | lost | **2: [here]; there** | 0 |" in lines


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (exactly("x", 3, 3), True),
        (exactly("x", 2, 3), False),
        (none("x", 0), True),
        (none("x", 1), False),
        (at_least("x", 3, 3), True),
        (at_least("x", 2.9, 3), False),
        (at_most("x", 3, 3), True),
        (at_most("x", 4, 3), False),
        (told("x", 0), True),
    ],
)
def test_a_figure_holds_or_does_not(figure: Figure, holds: bool) -> None:
    assert figure.holds is holds
