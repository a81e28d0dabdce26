"""Run durable functions to their end, whoever starts them.

Stock ministack starts a durable execution only for a direct Invoke, answers it at the first wait, resumes one execution at a
time on $LATEST, and forgets an execution whose function crashed. AWS resumes the version that was started, side by side but
never one execution twice at a time, starts the function again when it crashed, and answers a synchronous Invoke when the
execution has ended. What Invoke itself refuses is in starting.py.
"""

import asyncio
import contextvars
import heapq
import json
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from remedy.lab.emulator import clock
from remedy.lab.emulator.ministack import core, service
from remedy.lab.emulator.starting import Response, Started, header, start

CRASHES = 3
"""How often an invocation may crash before its execution has failed."""
POLL = 0.05
THROTTLED = 1.0
"""Seconds until an invocation that found no free concurrency is tried again."""


def install() -> None:
    """Take over Invoke, the rules' way to a function, and resuming."""
    functions, durable, events = service("lambda_svc"), service("lambda_durable"), service("eventbridge")
    invoke = functions._invoke
    busy = Busy()

    async def to_its_end(
        name: str,
        event: object,
        headers: Mapping[str, str],
        path_qualifier: str | None = None,
        query_params: Mapping[str, Any] | None = None,
    ) -> Response:
        kind = header(headers, "x-amz-invocation-type") or "RequestResponse"
        if not is_durable(functions._functions.get(name)) or kind == "DryRun":
            return await _answer(invoke(name, event, headers, path_qualifier, query_params))
        qualifier = path_qualifier or functions._qp_first(query_params or {}, "Qualifier")
        started = start(name, qualifier, event, headers)
        if not isinstance(started, Started):
            return started
        record = started.record
        if started.new:
            _in_thread(lambda: busy.alone(record["DurableExecutionArn"], resume))
            if kind == "Event":
                _in_thread(lambda: _bury(record, name, event))
        return (202, _headers(record), b"") if kind == "Event" else await _ended(record)

    def from_rule(arn: str, payload: str) -> None:
        name, qualifier = functions._lambda_function_name_and_qualifier_from_arn(arn)
        if name not in functions._functions:
            return
        started = to_its_end(name, json.loads(payload), {"x-amz-invocation-type": "Event"}, qualifier)
        _in_thread(lambda: asyncio.run(started))

    functions._invoke = to_its_end
    functions.invoke_durable_resume = lambda _name, arn, _event: resume(arn)
    events._dispatch_to_lambda = from_rule
    durable._resume_execution = _side_by_side(durable, durable._resume_execution, busy)


def is_durable(function: Mapping[str, Any] | None) -> bool:
    """Tell whether a function record is of a durable function."""
    return bool(((function or {}).get("config") or {}).get("DurableConfig", {}).get("Enabled"))


def resume(arn: str) -> None:
    """Run the function from its checkpoints; again after a crash, and give up after a few."""
    functions, durable = service("lambda_svc"), service("lambda_durable")
    record = durable._executions.get(arn)
    crashes = 0
    while record is not None and record["Status"] == "RUNNING" and crashes < CRASHES:
        result = _invocation(functions, durable, record)
        if result.get("throttle"):
            time.sleep(THROTTLED)
        elif not result.get("error"):
            _settle(durable, arn, result.get("body"))
            return
        else:
            time.sleep(2**crashes)
            crashes += 1
    durable.mark_execution_completed(
        arn, None, {"ErrorType": "Crashed", "ErrorMessage": "The function crashed repeatedly."}
    )


def _invocation(functions: Any, durable: Any, record: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    arn = record["DurableExecutionArn"]
    name = record["FunctionArn"].rsplit(":", 1)[-1]
    function = functions._functions[name]
    version = function["versions"].get(record["Version"], function)
    record["CheckpointToken"] = durable.new_checkpoint_token()
    context = {"arn": arn, "token": record["CheckpointToken"], "name": record["DurableExecutionName"]}
    context["ahead"] = str(clock.ahead(record))
    functions._durable_ctx.set(context)
    started = time.time()
    event = {
        "DurableExecutionArn": arn,
        "CheckpointToken": record["CheckpointToken"],
        "InitialExecutionState": {
            "Operations": durable._serialize_operations(record["Operations"], for_event=True),
            "NextMarker": "",
        },
    }
    result: dict[str, Any] = functions._execute_function(version, event)
    failed = bool(result.get("error"))
    if not result.get("throttle"):
        functions._emit_lambda_metrics(name, (time.time() - started) * 1000, error=failed, throttle=False)
    error = result.get("body") if failed else None
    durable.record_invocation_completed(arn, start_ts=started, request_id=core("responses").new_uuid(), error=error)
    return result


def _settle(durable: Any, arn: str, body: Any) -> None:  # noqa: ANN401
    """Do what the function's answer asks for: wake it again, or end the execution."""
    answer = json.loads(body) if isinstance(body, str | bytes) else body or {}
    match answer.get("Status"):
        case "PENDING":
            durable.schedule_resume(arn)
        case "SUCCEEDED":
            durable.mark_execution_completed(arn, answer.get("Result"), None)
        case "FAILED":
            durable.mark_execution_completed(arn, None, answer.get("Error") or {})
        case status:
            error = {"ErrorType": "InvalidStatus", "ErrorMessage": f"The function answered the status {status!r}."}
            durable.mark_execution_completed(arn, None, error)


def _headers(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Amz-Executed-Version": record["Version"],
        "X-Amz-Durable-Execution-Arn": record["DurableExecutionArn"],
    }


async def _ended(record: Mapping[str, Any]) -> Response:
    """Wait for the end of an execution and answer as AWS does: the bare result, not the SDK's envelope."""
    while record["Status"] == "RUNNING":
        await asyncio.sleep(POLL)
    if record["Status"] == "SUCCEEDED":
        return 200, _headers(record), (record["Result"] or "null").encode()
    headers = {**_headers(record), "X-Amz-Function-Error": "Unhandled"}
    return 200, headers, json.dumps(_error(record)).encode()


def _error(record: Mapping[str, Any]) -> dict[str, str]:
    error = record["Error"] or {}
    return {"errorType": error.get("ErrorType", record["Status"]), "errorMessage": error.get("ErrorMessage", "")}


def _bury(record: Mapping[str, Any], name: str, event: object) -> None:
    """Send the event of an execution that did not succeed to the function's dead-letter queue."""
    functions = service("lambda_svc")
    while record["Status"] == "RUNNING":
        time.sleep(5 * POLL)
    queue = functions._functions.get(name, {}).get("config", {}).get("DeadLetterConfig", {}).get("TargetArn")
    if queue and record["Status"] != "SUCCEEDED":
        failure = {"error": True, "function_error": "Unhandled", "body": _error(record)}
        functions._route_async_failure(queue, name, event, failure)


class Busy:
    """The executions that are being carried out at this moment."""

    def __init__(self) -> None:
        self._arns: set[str] = set()
        self._lock = threading.Lock()

    def claim(self, arn: str) -> bool:
        """Take an execution, unless somebody has it."""
        with self._lock:
            free = arn not in self._arns
            self._arns.add(arn)
            return free

    def alone(self, arn: str, carry_out: Callable[[str], None]) -> None:
        """Carry out an execution that nobody has yet."""
        if self.claim(arn):
            self.then_free(arn, lambda: carry_out(arn))

    def then_free(self, arn: str, call: Callable[[], object]) -> None:
        """Call, and let go of the execution."""
        try:
            call()
        finally:
            with self._lock:
                self._arns.discard(arn)


def _side_by_side(
    durable: Any,  # noqa: ANN401
    resume_one: Callable[[str, str, str], None],
    busy: Busy,
) -> Callable[[str, str, str], None]:
    """Resume each execution in a thread of its own, and never the same one twice at a time."""

    def later(arn: str, account: str, region: str) -> None:
        if busy.claim(arn):
            _in_thread(lambda: busy.then_free(arn, lambda: resume_one(arn, account, region)))
        else:
            with durable._resume_lock:
                heapq.heappush(durable._resume_queue, (time.time() + POLL, arn, account, region))

    return later


async def _answer(call: Coroutine[Any, Any, Response]) -> Response:
    return await call


def _in_thread(call: Callable[[], object]) -> None:
    """Run in a daemon thread that belongs to the same account and region as the caller."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(call,), daemon=True).start()
