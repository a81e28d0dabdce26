"""The class of a failure, from AWS's own words, whoever wrote into them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recover_failed_launches.causes import _KNOWN, LONGEST_READ, Cause, classify
from tests.functions.recover_failed_launches.texts import GUIDE, REPORTED


def test_there_are_24_documented_texts_and_one_that_nobody_knows() -> None:
    assert len({text for cause, text in GUIDE if cause is not Cause.UNKNOWN}) == 24
    assert len(GUIDE) == 25


@pytest.mark.parametrize(("cause", "text"), [*GUIDE, *REPORTED], ids=lambda value: str(value)[:60])
def test_a_text_is_what_it_is(cause: Cause, text: str) -> None:
    assert classify("Failed", text) is cause
    assert classify("Failed", f"  {text.upper()}\n") is cause, "neither case nor white space matters"


def test_a_text_of_one_cause_is_no_text_of_another_but_for_its_order() -> None:
    """What is found by a later pattern too is decided by the order; so few that each is known."""
    twice = {
        cause
        for cause, text in (*GUIDE, *REPORTED)
        if len({known for known, pattern in _KNOWN if pattern.search(text)}) > 1
    }
    assert twice <= {Cause.RESERVATION, Cause.ACCOUNT}


@pytest.mark.parametrize(
    ("status", "message", "cause"),
    [
        ("Failed", "", Cause.UNKNOWN),
        ("Cancelled", "", Cause.CANCELLED),
        ("Cancelled", "It was stopped by somebody", Cause.CANCELLED),
        ("Cancelled", "VcpuLimitExceeded", Cause.QUOTA),
    ],
)
def test_without_a_word_that_is_known_only_the_status_says_something(status: str, message: str, cause: Cause) -> None:
    assert classify(status, message) is cause


def test_every_class_but_those_without_a_text_is_met() -> None:
    met = {cause for cause, _ in (*GUIDE, *REPORTED)}
    assert set(Cause) - met == {Cause.CANCELLED}


@given(st.text(max_size=300))
def test_any_text_has_a_class(text: str) -> None:
    assert isinstance(classify("Failed", text), Cause)


def test_no_more_of_a_text_is_looked_at_than_makes_sense() -> None:
    known = "VcpuLimitExceeded"
    assert classify("Failed", "x" * (LONGEST_READ - len(known) - 1) + " " + known) is Cause.QUOTA
    assert classify("Failed", "x" * LONGEST_READ + " " + known) is Cause.UNKNOWN


def test_no_pattern_repeats_without_bound() -> None:
    """A bound on each repetition is what keeps a hostile text from taking long."""
    for _, pattern in _KNOWN:
        assert not re.search(r"\.[*+]", pattern.pattern), pattern.pattern
