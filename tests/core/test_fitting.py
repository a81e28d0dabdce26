"""A message that is too large loses lines and sentences, never half a command and never what it is about."""

from datetime import timedelta

import msgspec
import pytest

from remediation.core.fitting import shorter_and_shorter
from remediation.core.notice import Message, Notice
from remediation.core.outcome import Done
from tests.core.test_notice import WANTED
from tests.core.test_outcome import HEALED
from tests.support.steps import NIGHT

LONG = "It hung. " * 500
MANY = tuple(f"{n} {LONG}" for n in range(500))
COMMANDS = ("aws short", "aws " + "x" * 5_000, "aws also short")
OUTCOME = msgspec.structs.replace(
    HEALED,
    because=LONG,
    note=LONG,
    would=LONG,
    asks=LONG,
    trigger=LONG,
    evidence=MANY,
    drift=MANY,
    next_steps=COMMANDS,
    acts=tuple(
        Done(action="tap", target=f"i-{n}", at=NIGHT + timedelta(seconds=n), result="done", receipt=LONG)
        for n in range(500)
    ),
)
NOTICE = msgspec.structs.replace(WANTED, title=LONG, because=LONG, lines=MANY, next_steps=COMMANDS)


@pytest.mark.parametrize("message", [OUTCOME, NOTICE], ids=["outcome", "notice"])
def test_it_is_first_told_as_it_is_and_in_the_end_it_is_small(message: Message) -> None:
    told = list(shorter_and_shorter(message))
    sizes = [len(msgspec.json.encode(each)) for each in told]
    assert told[0] == message
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 4_000


@pytest.mark.parametrize("message", [OUTCOME, NOTICE], ids=["outcome", "notice"])
def test_a_command_is_whole_or_left_out(message: Message) -> None:
    for told in shorter_and_shorter(message):
        steps = [step for step in told.next_steps if not step.startswith("(")]
        assert set(steps) <= set(COMMANDS)
        assert steps[0] == "aws short"


@pytest.mark.parametrize("message", [OUTCOME, NOTICE], ids=["outcome", "notice"])
def test_what_it_is_about_stays_whatever_is_cut(message: Message) -> None:
    for told in shorter_and_shorter(message):
        assert (told.run, told.incident, told.environment, told.team) == (
            message.run,
            message.incident,
            message.environment,
            message.team,
        )
        assert told.because.startswith("It hung.")


def test_what_is_left_out_is_counted() -> None:
    *_, least = shorter_and_shorter(NOTICE)
    assert isinstance(least, Notice)
    assert least.lines[-1] == "(499 more are left out.)"


def test_a_small_message_is_the_same_at_every_size() -> None:
    assert {each.json() for each in shorter_and_shorter(HEALED)} == {HEALED.json()}
