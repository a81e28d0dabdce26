"""Durable steps by Lambda durable functions: the only file that imports the SDK.

What a step answers is kept as JSON and read back as its type, on the first run too, so that a replay sees the same. A
mutating call is checkpointed before it is made and is not retried: if its end is not known, it counts as interrupted.
"""

from base64 import b32encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aws_durable_execution_sdk_python import __version__, durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.exceptions import (
    CallbackError,
    CallbackTimeoutError,
    SerDesError,
    StepError,
    StepInterruptedError,
)
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

from remediation.core.errors import AwsError, StepFailedError
from remediation.core.steps import (
    Answer,
    Expired,
    Interrupted,
    Made,
    NotActed,
    Reply,
    Said,
    Steps,
    failed,
    sentence,
)

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

R = TypeVar("R")

USER_AGENT = f"aws-durable-execution-sdk-python/{__version__}"
"""How the SDK calls itself to AWS."""
LARGEST_ANSWER = 256_000
"""Bytes of one step's answer. Lambda refuses a checkpoint above 256 KB, and that would end the run without an outcome."""

_TRANSIENT = (
    "Throttl",
    "TooMany",
    "LimitExceeded",
    "SlowDown",
    "Unavailable",
    "Internal",
    "Timeout",
    "Connection",
    "Conflict",
    "ThroughputExceeded",
    "TransactionInProgress",
    *("500", "502", "503", "504"),
)
_ENDED = f"{StepInterruptedError.__module__}.{StepInterruptedError.__qualname__}"


class _BrokenError(Exception):
    """A step died of what asking again will not help against; the message is one sentence."""


class _TransientError(_BrokenError):
    """A step died of what may be over in a few seconds."""


_RETRIES = create_retry_strategy(
    RetryStrategyConfig(
        max_attempts=3,
        initial_delay=Duration.from_seconds(2),
        max_delay=Duration.from_seconds(8),
        retryable_error_types=[_TransientError],
    )
)
_NO_RETRY = create_retry_strategy(RetryStrategyConfig(max_attempts=1))


class DurableSteps:
    """The steps of one durable execution."""

    def __init__(self, context: DurableContext) -> None:
        self._context = context

    @property
    def execution(self) -> str:
        """The ARN of this execution."""
        return self._context.execution_context.durable_execution_arn

    @property
    def run(self) -> str:
        """The id of this run, made from the execution's ARN: 60 bits that can be read out on the telephone."""
        digest = sha256(self.execution.encode()).digest()
        text = b32encode(digest).decode().lower()
        return f"{text[:4]}-{text[4:8]}-{text[8:12]}"

    def read(self, name: str, step: Callable[[], R], type_: type[R] | Any) -> R:  # noqa: ANN401
        """Run a step at least once, again a few seconds later where AWS was busy, and remember what it answered."""

        def work(_: object) -> R:
            try:
                return step()
            except Exception as error:
                raise _classified(error) from error

        config = StepConfig(retry_strategy=_RETRIES, serdes=_Json[R](type_))
        try:
            return self._context.step(work, name, config)
        except (StepError, SerDesError) as error:
            raise StepFailedError(error.message or f"The step {name!r} failed.") from error

    def act(self, name: str, call: Callable[[], Made]) -> Answer:
        """Make a mutating call at most once."""

        def work(_: object) -> Answer:
            try:
                return call()
            except Exception as error:
                answer = failed(error)
                if isinstance(answer, Interrupted):
                    return answer
                raise _BrokenError(answer.because) from error

        config = StepConfig(
            retry_strategy=_NO_RETRY, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, serdes=_ANSWER
        )
        try:
            return self._context.step(work, name, config)
        except StepError as error:
            return Interrupted() if error.error_type == _ENDED else NotActed(because=error.message or "It failed.")
        except SerDesError:
            # The call was made. What it answered cannot be told, so neither can what it did.
            return Interrupted()

    def wait(self, name: str, for_: timedelta) -> None:
        """Suspend the run, for whole seconds and one at least."""
        self._context.wait(_whole_seconds(for_), name)

    def ask(self, name: str, submit: Callable[[str], None], timeout: timedelta) -> Reply:
        """Suspend the run on a durable callback; whatever completes it is the reply, and a time-out is none."""
        callback = self._context.create_callback(name, CallbackConfig(timeout=_whole_seconds(timeout)))
        self.read(f"{name} told", lambda: submit(callback.callback_id), None)
        try:
            return Said(payload=str(callback.result() or ""))
        except CallbackTimeoutError:
            return Expired()
        except CallbackError as error:
            return Said(payload=error.message or "")


def _whole_seconds(for_: timedelta) -> Duration:
    return Duration.from_seconds(max(1, ceil(for_.total_seconds())))


def durable_handler(
    carry: Callable[[object, Steps, Callable[[], timedelta]], dict[str, Any]], client: "LambdaClient"
) -> Callable[[Any, Any], Any]:
    """Return the Lambda handler that carries out `carry(event, steps, remaining)` as a durable execution."""

    def run(event: object, context: DurableContext) -> dict[str, Any]:
        def remaining() -> timedelta:
            invocation = context.lambda_context
            return timedelta(milliseconds=invocation.get_remaining_time_in_millis() if invocation else 0)

        return carry(event, DurableSteps(context), remaining)

    return durable_execution(run, boto3_client=client)


def _classified(error: Exception) -> _BrokenError:
    transient = isinstance(error, AwsError) and any(part in error.code for part in _TRANSIENT)
    return (_TransientError if transient else _BrokenError)(sentence(error))


class _Json(SerDes[R]):
    """JSON by msgspec, for one type."""

    def __init__(self, type_: type[R] | Any) -> None:  # noqa: ANN401
        self._type = type_

    def serialize(self, value: R, serdes_context: SerDesContext) -> str:  # noqa: ARG002
        try:
            text = msgspec.json.encode(value)
        except (TypeError, ValueError) as error:
            raise SerDesError(f"The step's answer cannot be kept: {sentence(error)}") from error
        if len(text) > LARGEST_ANSWER:
            raise SerDesError(f"The step's answer is larger than {LARGEST_ANSWER} bytes.")
        return text.decode()

    def deserialize(self, data: str, serdes_context: SerDesContext) -> R:  # noqa: ARG002
        try:
            answer: R = msgspec.json.decode(data, type=self._type)
        except msgspec.MsgspecError as error:
            raise SerDesError(f"The step's answer cannot be read back: {sentence(error)}") from error
        return answer


_ANSWER: _Json[Answer] = _Json(Answer)
