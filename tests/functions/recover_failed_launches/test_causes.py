"""The class of a failure, from AWS's own words, whoever wrote into them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recover_failed_launches.causes import _KNOWN, LONGEST_READ, PASSING, Cause, classify
from tests.functions.recover_failed_launches.texts import GUIDE, HELD_OUT, NOT_IN_SERVICE, REPORTED


def test_there_are_24_documented_texts_and_one_that_nobody_knows() -> None:
    assert len({text for cause, text in GUIDE if cause is not Cause.UNKNOWN}) == 24
    assert len(GUIDE) == 25


@pytest.mark.parametrize(("cause", "text"), [*GUIDE, *REPORTED], ids=lambda value: str(value)[:60])
def test_a_text_is_what_it_is(cause: Cause, text: str) -> None:
    assert classify("Failed", text) is cause
    assert classify("Failed", f"  {text.upper()}\n") is cause, "neither case nor white space matters"


def test_at_least_24_of_the_25_documented_texts_are_right() -> None:
    assert sum(classify("Failed", text) is cause for cause, text in GUIDE) >= 24


def test_every_text_that_was_held_out_is_right_and_says_where_it_is_from() -> None:
    wrong = [
        (text, cause, classify("Failed", text)) for cause, text, _ in HELD_OUT if classify("Failed", text) is not cause
    ]
    assert wrong == []
    assert len(HELD_OUT) >= 40
    assert all(source for _, _, source in HELD_OUT)


@pytest.mark.parametrize(("cause", "text"), [each[:2] for each in HELD_OUT], ids=lambda value: str(value)[:60])
def test_a_text_is_the_same_whatever_the_activitys_status(cause: Cause, text: str) -> None:
    assert classify("Cancelled", text) is cause


def test_a_reason_that_nobody_knows_is_not_taken_for_the_frame_that_it_is_in() -> None:
    """The frame is all that is known then: it says what to look at first, and the evidence quotes the rest."""
    assert classify("Failed", "You must use a valid fully-formed launch template. The moon is full.") is Cause.TEMPLATE
    assert classify("Cancelled", f"{NOT_IN_SERVICE} Client.Moon: full") is Cause.SHUT_DOWN


def test_what_does_not_pass_by_itself_is_not_waited_for() -> None:
    said = "UnfulfillableCapacity - Unable to fulfill capacity"
    assert classify("Failed", said) in PASSING
    assert classify("Failed", f"{said} due to your request configuration.") not in PASSING
    assert classify("Failed", "AMI 'ami-1' is pending, and cannot be run.") in PASSING
    assert classify("Failed", "InvalidAMIID.Unavailable: The AMI ID 'ami-1' is no longer available") not in PASSING


def test_a_text_of_one_cause_is_no_text_of_another_but_for_its_order() -> None:
    """What is found by a later pattern too is decided by the order; so few that each is known."""
    twice = {
        cause
        for cause, text in (*GUIDE, *REPORTED)
        if len({known for known, pattern in _KNOWN if pattern.search(text)}) > 1
    }
    assert twice <= {Cause.RESERVATION, Cause.ACCOUNT, Cause.FLEET_QUOTA}


@pytest.mark.parametrize(
    ("status", "message", "cause"),
    [
        ("Failed", "", Cause.UNKNOWN),
        ("Cancelled", "", Cause.CANCELLED),
        ("Cancelled", "  ", Cause.CANCELLED),
        ("Cancelled", "It was stopped by somebody", Cause.UNKNOWN),
        ("Cancelled", "VcpuLimitExceeded", Cause.QUOTA),
    ],
)
def test_without_a_word_that_is_known_only_the_status_says_something(status: str, message: str, cause: Cause) -> None:
    assert classify(status, message) is cause


def test_every_class_but_those_without_a_text_is_met() -> None:
    met = {cause for cause, *_ in (*GUIDE, *REPORTED, *HELD_OUT)}
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
