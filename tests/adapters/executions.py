"""Durable executions in this process, by the durable testing SDK: time is skipped, and processes die on demand.

A handler runs in the SDK as it does in Lambda, against a service in memory. Where a process dies, the service invokes the
function again, as Lambda does.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Literal, TypeAlias
from unittest.mock import patch

from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python_testing import DurableFunctionTestResult, DurableFunctionTestRunner
from aws_durable_execution_sdk_python_testing.executor import Executor

from remediation.adapters.durable import durable_handler
from remediation.core.steps import Steps
from tests.support.steps import CrashError

Moment: TypeAlias = Literal["before", "after"]


class ProcessDiedError(Exception):
    """What Lambda sees of a process that died."""


class MortalService:
    """The durable service, for a process that dies right before or right after its nth checkpoint was kept."""

    def __init__(self, service: Any, die_at: int = 0, moment: Moment = "before") -> None:
        self.checkpoints = 0
        self._service, self._die_at, self._moment = service, die_at, moment

    def checkpoint(self, *args: Any, **kwargs: Any) -> Any:
        self.checkpoints += 1
        if self.checkpoints != self._die_at:
            return self._service.checkpoint(*args, **kwargs)
        if self._moment == "after":
            self._service.checkpoint(*args, **kwargs)
        raise CheckpointError(f"The process died {self._moment} checkpoint {self._die_at}.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


class Execution:
    """One durable execution of `carry(event, steps)`, to its end."""

    def __init__(self, carry: Callable[[Any, Steps], Any], *, die_at: int = 0, moment: Moment = "before") -> None:
        def whole(event: object, steps: Steps, remaining: Callable[[], timedelta]) -> Any:
            self.invocations += 1
            assert remaining() > timedelta(0)
            return carry(event, steps)

        self.invocations = 0
        self._handler = durable_handler(whole, client=None)  # type: ignore[arg-type]  # the service is injected
        self._die_at, self._moment = die_at, moment

    def run(self, event: object = None) -> DurableFunctionTestResult:
        """Run it to its end."""
        with executing(self._handler) as runner:
            invoker: Any = runner._invoker
            self.service = MortalService(invoker.service_client, self._die_at, self._moment)
            invoker.service_client = self.service
            return runner.run(input=json.dumps(event), execution_timeout=3_600)

    def answer(self, event: object = None) -> Any:
        """Run it to its end and return what it answered."""
        return answered(self.run(event))


def answered(result: DurableFunctionTestResult) -> Any:
    assert result.error is None, result.error
    assert result.result is not None
    return json.loads(result.result)


@contextmanager
def executing(handler: Callable[[Any, Any], Any]) -> Iterator[DurableFunctionTestRunner]:
    """Yield the runner of a handler; a CrashError in it is the death of its process, and it is invoked again at once."""

    def mortal(event: object, context: object) -> Any:
        try:
            return handler(event, context)
        except CrashError as crash:
            raise ProcessDiedError(str(crash)) from crash

    logging.getLogger("aws_durable_execution_sdk_python_testing").setLevel(logging.CRITICAL)
    with patch.object(Executor, "RETRY_BACKOFF_SECONDS", 0):
        runner = DurableFunctionTestRunner(mortal)
        try:
            yield runner
        finally:
            runner.close()  # type: ignore[no-untyped-call]
            runner._scheduler._loop.close()  # the SDK leaves it open
