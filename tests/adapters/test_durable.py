"""Durable steps: what a run is told is the same on its first run and on every replay, and an act happens at most once."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from remediation.core.admission import Lease
from remediation.core.engine import Look
from remediation.core.errors import AwsError, StepFailedError
from remediation.core.gates import Refusal
from remediation.core.steps import Acted, Answer, Interrupted, LeftAlone, Made, NotActed, Postponed, Steps
from tests.adapters.executions import Execution
from tests.support.steps import NIGHT, CrashError
from tests.support.toy import Facts, Lamp


def twice(ask: Callable[[Steps], Any]) -> list[str]:
    """Ask, suspend, and return what was answered in both invocations."""
    seen: list[str] = []

    def carry(_: object, steps: Steps) -> None:
        seen.append(repr(ask(steps)))
        steps.wait("a while", timedelta(minutes=1))

    execution = Execution(carry)
    execution.run()
    assert execution.invocations == 2
    return seen


class Told(Struct, frozen=True, kw_only=True):
    at: datetime
    for_: timedelta
    maybe: int | None = None
    lines: tuple[str, ...] = ()


LEASE = Lease(resource="dev-house", fence=7, until=NIGHT)
VALUES = [
    (None, None),
    (datetime(2026, 11, 23, 3, 40, 0, 123456, tzinfo=UTC), datetime),
    (timedelta(seconds=90, milliseconds=5), timedelta),
    (Told(at=NIGHT, for_=timedelta(seconds=3), lines=("a", "ü")), Told),
    (LEASE, Lease | Refusal),
    (Refusal(gate="lease", because="No."), Lease | Refusal),
    (Look(at=NIGHT, facts=Facts(looks=1, lamps=(Lamp(id="lamp-1", state="dark"),))), Look[Facts]),
    ((1, "a"), tuple[int, str]),
]


@pytest.mark.parametrize(("value", "type_"), VALUES)
def test_an_answer_is_the_same_typed_value_on_the_first_run_and_on_replay(value: object, type_: Any) -> None:
    asked: list[int] = []

    def step() -> object:
        asked.append(1)
        return value

    assert twice(lambda steps: steps.read("ask", step, type_)) == [repr(value)] * 2
    assert asked == [1], "what is remembered is not asked again"


def test_the_id_of_a_run_stays_the_same_and_can_be_typed() -> None:
    first, replayed = twice(lambda steps: steps.run)
    assert first == replayed
    assert re.fullmatch(r"'[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}'", first)


# --------------------------------------------------------------------------------------------------------- reading


def failing(*errors: Exception, then: object = "ok") -> tuple[Callable[[], Any], list[int]]:
    left, calls = list(errors), [0]

    def step() -> object:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return then

    return step, calls


def read(step: Callable[[], Any], type_: Any = str) -> str:
    def carry(_: object, steps: Steps) -> str:
        try:
            return f"answered {steps.read('ask', step, type_)}"
        except StepFailedError as error:
            return str(error) if error.__cause__ else "The cause is not chained."

    answer: str = Execution(carry).answer()
    return answer


THROTTLED = AwsError("EC2:DescribeInstances was throttled.", operation="EC2:DescribeInstances", code="Throttling")
DENIED = AwsError("EC2:DescribeInstances is denied.", operation="EC2:DescribeInstances", code="AccessDenied")


def test_a_read_that_was_throttled_is_tried_again() -> None:
    step, calls = failing(THROTTLED, THROTTLED)
    assert read(step) == "answered ok"
    assert calls == [3]


@pytest.mark.parametrize(
    "code",
    [
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ReadTimeout",
        "ConnectionClosed",
        "503",
    ],
)
def test_what_keeps_the_ledger_from_answering_for_a_moment_is_tried_again(code: str) -> None:
    step, calls = failing(AwsError("It was busy.", operation="DynamoDB:TransactWriteItems", code=code))
    assert read(step) == "answered ok"
    assert calls == [2]


def test_a_read_gives_up_after_three_attempts_with_the_sentence_of_the_error() -> None:
    step, calls = failing(*[THROTTLED] * 9)
    assert read(step) == "EC2:DescribeInstances was throttled."
    assert calls == [3]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DENIED, "EC2:DescribeInstances is denied."),
        (KeyError("TargetGroups"), "KeyError: 'TargetGroups'"),
        (ValueError("two\nlines, password=hunter2"), "ValueError: two lines, password=***"),
    ],
)
def test_a_read_that_cannot_get_better_is_not_repeated(error: Exception, sentence: str) -> None:
    step, calls = failing(error, error)
    assert read(step) == sentence
    assert calls == [1]


def test_an_answer_of_the_wrong_type_is_a_failed_step() -> None:
    step, calls = failing(then=7)
    assert read(step) == "The step's answer cannot be read back: ValidationError: Expected `str`, got `int`"
    assert calls == [1]


def test_an_answer_that_lambda_would_not_keep_is_a_failed_step_not_the_end_of_the_run() -> None:
    step, _ = failing(then="x" * 300_000)
    assert read(step) == "The step's answer is larger than 256000 bytes."


def test_an_answer_that_is_no_json_is_a_failed_step() -> None:
    step, _ = failing(then=object())
    assert "cannot be kept" in read(step)


def test_a_process_that_dies_while_reading_reads_again() -> None:
    calls: list[int] = []

    def step() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise CrashError
        return "ok"

    assert read(step) == "answered ok"
    assert len(calls) == 2


# ---------------------------------------------------------------------------------------------------------- acting


def acted(call: Callable[[], Made]) -> list[str]:
    return twice(lambda steps: steps.act("act", call))


MADE: tuple[Made, ...] = (
    Acted(receipt="Command 1."),
    LeftAlone(because="It is healthy by now."),
    Postponed(because="Too little time is left."),
    Refusal(gate="lease", because="It is lost."),
)


@pytest.mark.parametrize("answer", MADE, ids=lambda made: type(made).__name__)
def test_what_a_call_answers_is_remembered(answer: Made) -> None:
    calls: list[int] = []

    def call() -> Made:
        calls.append(1)
        return answer

    assert acted(call) == [repr(answer)] * 2
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (DENIED, NotActed(because="EC2:DescribeInstances is denied.")),
        (THROTTLED, NotActed(because="EC2:DescribeInstances was throttled.")),
        (RuntimeError("token=hunter2"), Interrupted()),
        *(
            (AwsError("The answer was lost.", operation="SSM:SendCommand", code=code), Interrupted())
            for code in ("ReadTimeout", "ConnectionClosed", "InternalServerError", "ServiceUnavailable", "503")
        ),
    ],
)
def test_a_call_that_failed_is_not_repeated_and_a_lost_answer_is_no_failure(error: Exception, answer: Answer) -> None:
    call, calls = failing(error, then=Acted(receipt="It was repeated."))
    assert acted(call) == [repr(answer)] * 2
    assert calls == [1]


def test_a_call_whose_process_died_is_interrupted_and_never_made_again() -> None:
    calls: list[int] = []

    def call() -> Acted:
        calls.append(1)
        raise CrashError

    answers: list[str] = []

    def carry(_: object, steps: Steps) -> None:
        for n in (1, 2):
            answers.append(repr(steps.act("act", call)))
            steps.wait(f"wait {n}", timedelta(seconds=1))
            break

    Execution(carry).run()
    assert answers == ["Interrupted()", "Interrupted()"], "told after the crash, and again on replay"
    assert len(calls) == 1


def test_a_call_whose_receipt_cannot_be_kept_counts_as_interrupted_because_it_was_made() -> None:
    assert acted(lambda: Acted(receipt="\ud800")) == ["Interrupted()"] * 2
    assert acted(lambda: Acted(receipt="x" * 300_000)) == ["Interrupted()"] * 2


# --------------------------------------------------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("for_", "seconds"),
    [(timedelta(seconds=90), 90), (timedelta(milliseconds=1_500), 2), (timedelta(microseconds=1), 1)],
)
def test_a_wait_is_whole_seconds_and_never_shorter_than_asked(for_: timedelta, seconds: int) -> None:
    result = Execution(lambda _, steps: steps.wait("a while", for_)).run()
    wait: Any = result.get_wait("a while")
    assert round((wait.scheduled_end_timestamp - wait.start_timestamp).total_seconds()) == seconds
