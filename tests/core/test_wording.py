"""Words are fitted into what carries them, by whole sentences where that leaves most of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediation.core.wording import cut, one_line, sms


def test_what_fits_is_left_alone() -> None:
    assert cut("It hung. It was restarted.", 26) == "It hung. It was restarted."


def test_whole_sentences_are_kept() -> None:
    assert (
        cut("It hung for an hour. It was restarted. It hung again.", 50)
        == "It hung for an hour. It was restarted. (...)"
    )


def test_a_sentence_is_cut_where_keeping_it_whole_would_leave_too_little() -> None:
    assert cut("Yes. " + "x" * 100, 50) == "Yes. " + "x" * 39 + " (...)"


@pytest.mark.parametrize("longest", range(40, 56))
def test_no_word_is_cut(longest: int) -> None:
    text = "restart-unhealthy-targets in dev asks: replace-instance i-0abc of dev-backend-asg?"
    assert cut(text, longest).removesuffix(" (...)") in {text[:at] for at in range(len(text)) if text[at] == " "}


@given(st.text(max_size=300), st.integers(min_value=6, max_value=300))
def test_nothing_is_longer_than_it_may_be(text: str, longest: int) -> None:
    assert len(cut(text, longest)) <= longest
    line = one_line(text, longest)
    assert len(line) <= longest
    assert line.isascii()
    assert line == "" or line.isprintable()


@pytest.mark.parametrize("because", ["", "x", "A long story. " * 40, "line\nline"])
def test_the_command_of_an_sms_is_whole(because: str) -> None:
    told = sms("dev light-the-lamps: failed.", because, "remedy show run-1 --env dev")
    assert told.startswith("dev light-the-lamps: failed.")
    assert told.endswith(" remedy show run-1 --env dev")
    assert len(told) <= 160
