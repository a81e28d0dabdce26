"""Start following an incident up: an asynchronous invocation of `escalate-incident`, named after the run, so that it is one.

Lambda answers before the execution begins. What cannot be started is kept in that function's dead-letter queue, which has an
alarm.
"""

from typing import TYPE_CHECKING

import msgspec

from remediation.core.errors import AwsError
from remediation.core.escalation import Task
from remediation.core.incident import Recovery
from remediation.core.outcome import Outcome
from remediation.core.record import bounded_outcome
from remediation.core.redact import redacted
from remediation.core.spec import Place

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LARGEST_OUTCOME = 50_000
"""Bytes: enough to page with, and far below what an asynchronous invocation takes."""
_STARTED = "DurableExecutionAlreadyStartedException"


class LambdaFollowUp:
    """The function `escalate-incident` of one environment."""

    def __init__(self, aws: "Clients", place: Place) -> None:
        self._aws, self._function = aws, f"{place.environment}-escalate-incident:live"

    def start(self, key: str, outcome: Outcome, recovery: Recovery) -> None:
        """Start following an incident up, once per run."""
        told = msgspec.convert(redacted(msgspec.to_builtins(bounded_outcome(outcome, LARGEST_OUTCOME))), Outcome)
        try:
            self._aws.acting.lambda_.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                DurableExecutionName=outcome.run,
                Payload=msgspec.json.encode(Task(key=key, recovery=recovery, outcome=told)),
            )
        except AwsError as error:
            if error.code != _STARTED:
                raise
