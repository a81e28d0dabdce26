"""What the docs say to type exists, and answers what they say."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from remedy.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "remedy.md").read_text()
README = (ROOT / "README.md").read_text()
TYPED = re.findall(r"^(?:\$ )?(remedy (?:explain|invoke|runs|show) .+)$", PAGE + "\n" + README, re.MULTILINE)


@pytest.mark.parametrize("line", sorted(set(TYPED)))
def test_every_command_and_option_in_the_docs_exists(line: str) -> None:
    _, command, *words = shlex.split(line, comments=True)
    text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
    for word in words:
        if word.startswith("--"):
            assert word in text


EXPLAINED = re.findall(r"^\$ (remedy explain events/.+)\n((?:.+\n)+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("line", "answer"), EXPLAINED)
def test_explain_answers_what_the_docs_say(line: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.stdout.strip() == answer.removesuffix("```\n").strip()


def test_the_docs_have_examples() -> None:
    assert len(EXPLAINED) == 3
    assert len(TYPED) > 8
