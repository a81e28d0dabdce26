"""How triggers, verdicts and errors are put into words."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.core.errors import AwsError
from remediation.core.narration import LONGEST_SENTENCE, clip, describe, verdict_entry
from remediation.core.parsing import parse
from remediation.core.steps import Interrupted, NotActed, failed, sentence
from remediation.core.verdict import Escalate, Nothing, Target, Verdict, Wait
from tests.support.steps import NIGHT
from tests.support.toy import act, alarm_event, asg_event, scheduled_event


def swept_event() -> dict[str, Any]:
    event = alarm_event(source="starttech.sweep")
    return {**event, "detail": {**event["detail"], "sweep": {"tick": "tick-1"}}}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (alarm_event(), "alarm dark-lamps (OK -> ALARM)"),
        (alarm_event(previous=None), "alarm dark-lamps (unknown -> ALARM)"),
        (alarm_event(source="starttech.drill"), "a rehearsed alarm dark-lamps (OK -> ALARM)"),
        (
            swept_event(),
            "alarm dark-lamps, which still is in ALARM (offered again by the sweep)",
        ),
        (asg_event(), "event 'EC2 Instance Launch Unsuccessful' of dev-house"),
        (scheduled_event(), "the schedule"),
        ({"house": "dev-house"}, "a manual invocation (plan)"),
        ({"house": "dev-house", "apply": True}, "a manual invocation (apply)"),
        ([], "an event that is not handled"),
        ({**alarm_event(), "detail-type": "Anything"}, "an event that is not handled"),
    ],
)
def test_what_started_a_run_is_told_in_a_few_words(event: object, words: str) -> None:
    assert describe(parse(event)) == words


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Nothing(because="Lit."), "Nothing to do: Lit."),
        (Nothing(because="No socket.", refused=True), "Refused: No socket."),
        (Wait(because="Warming.", for_=timedelta(seconds=1)), "Wait: Warming."),
        (Escalate(because="Help."), "Escalate: Help."),
        (act(), "tap lamp-1: lamp-1 is dark."),
    ],
)
def test_a_verdict_is_a_line_of_the_timeline(verdict: Verdict[Target], text: str) -> None:
    entry = verdict_entry(NIGHT, verdict)
    assert (entry.at, entry.kind, entry.text) == (NIGHT, "verdict", text)


def test_a_sentence_is_cut_only_where_it_is_too_long_to_be_told() -> None:
    fits = "x" * LONGEST_SENTENCE
    assert clip(fits) == fits
    assert clip(fits + "x").endswith("xx (...)")
    assert len(clip(fits + "x")) == LONGEST_SENTENCE


def test_an_error_of_ours_is_its_sentence_and_any_other_is_named() -> None:
    assert sentence(AwsError("It is\n  denied.", operation="house:Tap", code="AccessDenied")) == "It is denied."
    assert sentence(KeyError("CommandId")) == "KeyError: 'CommandId'"
    assert sentence(AwsError("", operation="house:Tap", code="AccessDenied")) == "AwsError: "


def test_a_secret_in_an_error_is_not_told() -> None:
    assert "hunter2" not in sentence(ValueError("mongodb://app:hunter2@cluster0.example.net failed"))


@pytest.mark.parametrize(
    "code", ["AccessDenied", "ValidationError", "ThrottlingException", "EndpointConnection", "404"]
)
def test_an_act_that_aws_refused_was_not_made(code: str) -> None:
    assert failed(AwsError("No.", operation="house:Tap", code=code)) == NotActed(because="No.")


@pytest.mark.parametrize(
    "code", ["ReadTimeout", "500", "503", "InternalError", "InternalFailure", "ServiceUnavailable"]
)
def test_an_act_whose_answer_was_lost_may_have_been_made(code: str) -> None:
    assert failed(AwsError("?", operation="house:Tap", code=code)) == Interrupted()


def test_an_act_that_died_of_something_else_may_have_been_made() -> None:
    assert failed(KeyError("CommandId")) == Interrupted()
