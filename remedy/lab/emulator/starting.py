"""Start durable executions as Invoke does, and list them.

Stock ministack knows no execution names, accepts every synchronous Invoke, and lists the executions of one version only.
On AWS a name belongs to one execution: the same payload finds it again, another one is refused
(https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html). A durable function is invoked by a version or
an alias, and synchronously only where its execution timeout is 15 minutes or less.
"""

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from remedy.lab.emulator.ministack import core, service

SYNCHRONOUS = 900
"""Seconds of execution timeout above which Lambda refuses a synchronous Invoke."""
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_STARTING = threading.Lock()


def install() -> None:
    """Extend the functions of ministack that this is about."""
    durable = service("lambda_durable")
    durable.build_durable_execution_arn = execution_arn
    durable.handle_list_by_function = executions


class Started(NamedTuple):
    """An execution that an Invoke was about."""

    record: Record
    new: bool


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header by its lower-case name."""
    return next((value for key, value in headers.items() if key.lower() == name), None)


def start(name: str, qualifier: str | None, event: object, headers: Mapping[str, str]) -> Started | Response:
    """Return a new execution, the one that has this name already, or AWS's refusal."""
    functions, durable = service("lambda_svc"), service("lambda_durable")
    function = functions._functions[name]
    if not qualifier:
        return _invalid(f"A durable function is invoked by a version or an alias: {name}.")
    version = _version(function, qualifier)
    if version is None:
        return _refused(
            "ResourceNotFoundException", f"Function not found: {functions._func_arn(name)}:{qualifier}", 404
        )
    timeout = int(function["config"]["DurableConfig"].get("ExecutionTimeout") or 0)
    asynchronous = header(headers, "x-amz-invocation-type") == "Event"
    if timeout > SYNCHRONOUS and not asynchronous:
        return _invalid(
            "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes."
        )
    wanted = header(headers, "x-amz-durable-execution-name")
    if wanted is not None and not NAME.fullmatch(wanted):
        return _invalid(f"Invalid DurableExecutionName: {wanted}")
    arn, payload = functions._func_arn(name), json.dumps(event)
    with _STARTING:
        known = _named(arn, wanted) if wanted else None
        if known is not None and known["InputPayload"] != payload:
            return _refused(
                "DurableExecutionAlreadyStartedException",
                f"A durable execution named {wanted} has already been started with another payload.",
                409,
            )
        if known is not None:
            return Started(known, new=False)
        record = durable.create_execution_for_invoke(arn, version, payload, name=wanted, execution_timeout=timeout)
    return Started(record, new=True)


def execution_arn(function: str, version: str = "$LATEST", name: str | None = None) -> tuple[str, str, str]:
    """Return the ARN, the name and an id of a new execution; the ARN tells the name, as in AWS."""
    unqualified = ":".join(function.split(":")[:7])
    token = name or str(uuid.uuid4())
    return f"{unqualified}:{version}/durable-execution/{token}/{uuid.uuid4()}", token, token


def executions(function: str, query: Mapping[str, Any], arn_of: Callable[[str], str | None]) -> Any:  # noqa: ANN401
    """Answer ListDurableExecutionsByFunction: of all versions unless one is named, newest first."""
    durable, functions = service("lambda_durable"), service("lambda_svc")
    arn = arn_of(function)
    if arn is None:
        return _refused("ResourceNotFoundException", f"Function not found: {function}", 404)
    qualifier = _one(query, "Qualifier") or functions._resolve_name_and_qualifier(function)[1]
    version = _version(functions._functions[arn.rsplit(":", 1)[-1]], qualifier) if qualifier else None
    statuses, name = _many(query, "Statuses"), _one(query, "DurableExecutionName")
    after, before = _instant(_one(query, "StartedAfter")), _instant(_one(query, "StartedBefore"))
    found = [
        record
        for record in durable._executions.values()
        if record["FunctionArn"] == arn
        and version in {None, record["Version"]}
        and (not statuses or record["Status"] in statuses)
        and name in {None, record["DurableExecutionName"]}
        and (after is None or record["StartTimestamp"] > after)
        and (before is None or record["StartTimestamp"] < before)
    ]
    oldest_first = (_one(query, "ReverseOrder") or "").lower() == "true"
    found.sort(key=lambda record: record["StartTimestamp"], reverse=not oldest_first)
    first, count = int(_one(query, "Marker") or 0), int(_one(query, "MaxItems") or 0) or 100
    answer = {"DurableExecutions": [durable._execution_summary(each) for each in found[first : first + count]]}
    more = {"NextMarker": str(first + count)} if first + count < len(found) else {}
    return core("responses").json_response({**answer, **more})


def _version(function: Mapping[str, Any], qualifier: str) -> str | None:
    if qualifier == "$LATEST" or qualifier in function["versions"]:
        return qualifier
    alias = function.get("aliases", {}).get(qualifier)
    return None if alias is None else str(alias["FunctionVersion"])


def _named(function: str, name: str) -> Record | None:
    known: list[Record] = list(service("lambda_durable")._executions.values())
    return next(
        (each for each in known if (each["FunctionArn"], each["DurableExecutionName"]) == (function, name)), None
    )


def _refused(code: str, message: str, status: int) -> Response:
    answer: Response = core("responses").error_response_json(code, message, status)
    return answer


def _invalid(message: str) -> Response:
    return _refused("InvalidParameterValueException", message, 400)


def _many(query: Mapping[str, Any], key: str) -> list[str]:
    value = query.get(key) or []
    return [value] if isinstance(value, str) else list(value)


def _one(query: Mapping[str, Any], key: str) -> str | None:
    return next(iter(_many(query, key)), None)


def _instant(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
