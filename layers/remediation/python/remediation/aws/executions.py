"""Lambda's durable executions: how one stands, and telling one that waits that it need not."""

from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.overdue import EXECUTIONS, Execution

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

_WAITS_NO_MORE = frozenset({"CallbackTimeoutException", "InvalidParameterValueException", "ResourceNotFoundException"})
"""Codes of a callback that was answered, or timed out, meanwhile."""


class DurableExecution(Struct, frozen=True, kw_only=True):
    """How an execution stands, and what it answered if it succeeded."""

    status: Execution
    result: str = ""


def durable_execution(aws: "Clients", arn: str) -> DurableExecution:
    """Describe an execution: UNKNOWN where there is none (any more), and open where Lambda uses a word we do not know."""
    if not arn:
        return DurableExecution(status="UNKNOWN")
    try:
        found = aws.lambda_.get_durable_execution(DurableExecutionArn=arn)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return DurableExecution(status="UNKNOWN")
    status: Execution = next((known for known in EXECUTIONS if known == found["Status"]), "RUNNING")
    return DurableExecution(status=status, result=found.get("Result", ""))


def call_back(aws: "Clients", callback: str, result: bytes) -> bool:
    """Answer a callback; answer False where nobody waits for it any more."""
    try:
        aws.acting.lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=result)
    except AwsError as error:
        if error.code not in _WAITS_NO_MORE:
            raise
        return False
    return True
