"""Asking people by durable callbacks: what comes back is what was said, once, also after a replay."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from remediation.adapters.durable import durable_handler
from remediation.core.errors import AwsError, StepFailedError
from remediation.core.steps import Expired, Said, Steps
from tests.adapters.executions import answered, executing

HOUR = timedelta(hours=1)


def asked(
    reply: Callable[[DurableFunctionTestRunner, str], None],
    *,
    timeout: timedelta = HOUR,
    then: Callable[[Steps], None] = lambda _: None,
) -> tuple[Any, list[str]]:
    """Return what asking came to where `reply` answers, and the callbacks that were told."""
    told: list[str] = []

    def carry(_: object, steps: Steps, remaining: Callable[[], timedelta]) -> Any:
        answer = steps.ask("question", told.append, timeout)
        then(steps)
        return msgspec.to_builtins(answer)

    with executing(durable_handler(carry, client=None)) as runner:  # type: ignore[arg-type]  # the service is injected
        runner.poll_interval = 0.01
        execution = runner.run_async(input="null", execution_timeout=3_600)
        reply(runner, runner.wait_for_callback(execution, "question"))
        return answered(runner.wait_for_result(execution)), told


def test_what_somebody_sends_to_the_callback_is_the_reply() -> None:
    answer, told = asked(lambda runner, callback: runner.send_callback_success(callback, b'{"by": "alice"}'))
    assert msgspec.convert(answer, Said) == Said(payload='{"by": "alice"}')
    assert len(told) == 1
    assert told[0]


def test_a_callback_that_is_failed_is_a_reply_like_any_other_and_not_to_be_trusted_either() -> None:
    error = ErrorObject(message="no", type="Rejected", data=None, stack_trace=None)
    answer, _ = asked(lambda runner, callback: runner.send_callback_failure(callback, error))
    assert answer["type"] == "said"


def test_a_replay_neither_asks_nor_tells_again() -> None:
    answer, told = asked(
        lambda runner, callback: runner.send_callback_success(callback, b"yes"),
        then=lambda steps: steps.wait("a while", timedelta(minutes=5)),
    )
    assert msgspec.convert(answer, Said) == Said(payload="yes")
    assert len(told) == 1


def test_nobody_who_answers_in_time_is_a_no() -> None:
    answer, _ = asked(lambda *_: None, timeout=timedelta(seconds=1))
    assert msgspec.convert(answer, Expired) == Expired()


def test_where_nobody_can_be_told_nobody_is_waited_for() -> None:
    def untold(_: str) -> None:
        raise AwsError("SNS did not take it.", operation="sns:Publish", code="InvalidParameter")

    def carry(_: object, steps: Steps, remaining: Callable[[], timedelta]) -> Any:
        with pytest.raises(StepFailedError, match="SNS did not take it"):
            steps.ask("question", untold, HOUR)
        return "not asked"

    with executing(durable_handler(carry, client=None)) as runner:  # type: ignore[arg-type]  # the service is injected
        assert answered(runner.run(input="null", execution_timeout=3_600)) == "not asked"
