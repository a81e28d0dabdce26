"""Times, facts and other people's text, as they are shown."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from remedy.cli import app
from remedy.telling import MistakeError, printable
from remedy.timeline import FOLDED, folded, unfolded
from remedy.times import instant, since_when, span

NOW = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize(
    ("text", "ago"),
    [("30s", 30), ("30m", 1800), ("24h", 86400), ("7d", 604800), ("1w", 604800), ("24 h", 86400)],
)
def test_since_is_as_long_ago_as_it_says(text: str, ago: int) -> None:
    assert since_when(text, NOW) == NOW - timedelta(seconds=ago)


def test_since_may_be_a_time_or_long_before_there_was_time() -> None:
    assert since_when("2026-11-23T04:40:00+01:00", NOW) == NOW
    assert since_when("999999w", NOW).year == 1970


@pytest.mark.parametrize("text", ["", "h", "24", "-1h", "yesterday", "1.5h", "2026-11-23", "9999999d"])
def test_since_that_says_nothing_is_a_mistake(text: str) -> None:
    with pytest.raises(MistakeError, match="--since"):
        since_when(text, NOW)


@given(st.text())
def test_no_text_breaks_the_reading_of_a_time(text: str) -> None:
    for read in (partial(since_when, text, NOW), partial(instant, text, "--at")):
        with suppress(MistakeError):
            assert read().tzinfo is not None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_said_in_two_units_at_most(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@given(st.text(st.characters()))
def test_whatever_is_shown_can_be_printed_and_moves_nothing(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()


@given(PLAIN)
def test_facts_of_any_shape_can_be_folded_and_unfolded(facts: Any) -> None:
    assert folded(facts).isprintable()
    if isinstance(facts, dict):
        assert len(folded(facts)) <= FOLDED
    assert all(line.isprintable() for line in unfolded(facts))


def test_folded_facts_name_what_has_a_name_and_leave_out_what_is_empty() -> None:
    facts = {
        "group": {"name": "tg", "port": 1},
        "targets": [{"id": "i-1", "state": "healthy"}],
        "refresh": None,
        "n": 0,
    }
    assert folded(facts) == "group tg, targets [i-1 healthy], n 0"
    assert folded({"place": {"a": 1, "b": 2}, "logs": ["x"] * 3}) == "logs [3]"


def test_unfolded_facts_are_all_there() -> None:
    facts: dict[str, Any] = {"a": [{"b": 1, "c": ["x"]}, "y", None, []], "d": {}, "e": ""}
    assert list(unfolded(facts)) == [
        "a:",
        "  - b: 1",
        "    c:",
        "      - x",
        "  - y",
        "  - none",
        "  - none",
        "d: none",
        "e: none",
    ]


def test_the_help_says_what_there_is() -> None:
    text = CliRunner().invoke(app, ["--help"]).stdout
    for command in ("explain", "invoke", "runs", "show", "--version"):
        assert command in text
    assert CliRunner().invoke(app, []).exit_code == 2


def test_the_version_is_the_projects() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("remedy 0.")
