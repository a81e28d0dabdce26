"""Run durable functions to their end, whoever starts them.

Stock ministack starts a durable execution only for a direct Invoke, answers it at the first wait, resumes one execution at a
time on $LATEST, and forgets an execution whose function crashed. AWS resumes the version that was started, side by side, starts
the function again when it crashed, and answers a synchronous Invoke when the execution has ended.
"""

import asyncio
import contextvars
import heapq
import json
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from remedy.lab.emulator.ministack import core, service

CRASHES = 3
"""How often an invocation may crash before its execution has failed."""
POLL = 0.05

Response = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Take over Invoke, the rules' way to a function, and resuming."""
    functions, durable, events = service("lambda_svc"), service("lambda_durable"), service("eventbridge")
    invoke = functions._invoke

    async def to_its_end(
        name: str,
        event: object,
        headers: Mapping[str, str],
        path_qualifier: str | None = None,
        query_params: Mapping[str, Any] | None = None,
    ) -> Response:
        kind = _header(headers, "x-amz-invocation-type") or "RequestResponse"
        if not is_durable(functions._functions.get(name)) or kind == "DryRun":
            return await _answer(invoke(name, event, headers, path_qualifier, query_params))
        synchronous = {**headers, "x-amz-invocation-type": "RequestResponse"}
        run = _run(durable, invoke(name, event, synchronous, path_qualifier, query_params))
        if kind != "Event":
            return await run
        _in_thread(lambda: asyncio.run(_in_the_background(run, functions, name, event)))
        return 202, {}, b""

    def from_rule(arn: str, payload: str) -> None:
        name, qualifier = functions._lambda_function_name_and_qualifier_from_arn(arn)
        if name not in functions._functions:
            return
        started = to_its_end(name, json.loads(payload), {"x-amz-invocation-type": "Event"}, qualifier)
        _in_thread(lambda: asyncio.run(started))

    functions._invoke = to_its_end
    functions.invoke_durable_resume = resume
    events._dispatch_to_lambda = from_rule
    durable._resume_execution = _side_by_side(durable, durable._resume_execution)


def is_durable(function: Mapping[str, Any] | None) -> bool:
    """Tell whether a function record is of a durable function."""
    return bool(((function or {}).get("config") or {}).get("DurableConfig", {}).get("Enabled"))


def resume(_name: str, arn: str, _event: object) -> None:
    """Run the function again from its checkpoints; again after a crash, and give up after a few."""
    functions, durable = service("lambda_svc"), service("lambda_durable")
    record = durable._executions.get(arn)
    for crash in range(CRASHES):
        if record is None or record["Status"] != "RUNNING":
            return
        result = _replay(functions, durable, record)
        if not result.get("error"):
            _settle(durable, arn, result.get("body"))
            return
        time.sleep(2**crash)
    durable.mark_execution_completed(
        arn, None, {"ErrorType": "Crashed", "ErrorMessage": "The function crashed repeatedly."}
    )


def _replay(functions: Any, durable: Any, record: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    arn = record["DurableExecutionArn"]
    function = functions._functions[record["FunctionArn"].rsplit(":", 1)[-1]]
    version = function["versions"].get(record["Version"], function)
    record["CheckpointToken"] = durable.new_checkpoint_token()
    context = {"arn": arn, "token": record["CheckpointToken"], "name": record["DurableExecutionName"]}
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
    error = result.get("body") if result.get("error") else None
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


async def _run(durable: Any, first: Coroutine[Any, Any, Response]) -> Response:  # noqa: ANN401
    """Wait for the end of an execution and answer as AWS does: the bare result, not the SDK's envelope."""
    status, headers, body = await first
    record = durable._executions.get(headers.get("X-Amz-Durable-Execution-Arn", ""))
    if record is None:
        return status, headers, body
    if "X-Amz-Function-Error" in headers or status >= 400:
        _in_thread(lambda: resume("", record["DurableExecutionArn"], None))
    while record["Status"] == "RUNNING":
        await asyncio.sleep(POLL)
    headers.pop("X-Amz-Function-Error", None)
    if record["Status"] == "SUCCEEDED":
        return 200, headers, (record["Result"] or "null").encode()
    error = record["Error"] or {}
    headers["X-Amz-Function-Error"] = "Unhandled"
    shown = {"errorType": error.get("ErrorType", record["Status"]), "errorMessage": error.get("ErrorMessage", "")}
    return 200, headers, json.dumps(shown).encode()


async def _in_the_background(run: Coroutine[Any, Any, Response], functions: Any, name: str, event: object) -> None:  # noqa: ANN401
    """Run to the end; an event whose execution failed goes to the function's dead-letter queue."""
    _status, headers, body = await run
    queue = functions._functions[name]["config"].get("DeadLetterConfig", {}).get("TargetArn")
    if queue and "X-Amz-Function-Error" in headers:
        failure = {"error": True, "function_error": "Unhandled", "body": json.loads(body)}
        functions._route_async_failure(queue, name, event, failure)


def _side_by_side(durable: Any, resume_one: Callable[[str, str, str], None]) -> Callable[[str, str, str], None]:  # noqa: ANN401
    """Resume each execution in a thread of its own, and never the same one twice at a time."""
    busy: set[str] = set()
    lock = threading.Lock()

    def later(arn: str, account: str, region: str) -> None:
        with lock:
            if arn in busy:
                with durable._resume_lock:
                    heapq.heappush(durable._resume_queue, (time.time() + POLL, arn, account, region))
                return
            busy.add(arn)

        def run() -> None:
            try:
                resume_one(arn, account, region)
            finally:
                with lock:
                    busy.discard(arn)

        _in_thread(run)

    return later


async def _answer(call: Coroutine[Any, Any, Response]) -> Response:
    return await call


def _in_thread(call: Callable[[], object]) -> None:
    """Run in a daemon thread that belongs to the same account and region as the caller."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(call,), daemon=True).start()


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
