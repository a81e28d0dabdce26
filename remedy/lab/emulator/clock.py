"""Let the long waits of durable executions pass faster, and let an execution find that they took as long as it asked for.

Nobody wants to sit through a response time. So a wait, or the time-out of a callback, of a minute or more passes
`LAB_WAIT_FACTOR` times faster. What was saved is added to the clock of the execution whose wait it was (ahead.py), which
otherwise would wait again for the rest. A callback that somebody answers took as long as it really took.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remedy.lab.emulator.ministack import core, service

LONG = 60.0
WAIT_FACTOR = float(os.environ.get("LAB_WAIT_FACTOR", "1"))
AHEAD = "LAB_CLOCK_AHEAD"
"""The environment variable of an invocation that tells ahead.py by how many seconds."""
ENDS = {"WAIT": ("WaitDetails", "ScheduledEndTimestamp"), "CALLBACK": ("CallbackDetails", "TimeoutDeadline")}
"""Where an operation keeps its end, by its type."""
PASSED = {("WAIT", "SUCCEEDED"), ("CALLBACK", "TIMED_OUT")}
"""Type and status of an operation that lasted to its end."""

Record = dict[str, Any]

_SAVED: dict[tuple[str, str], float] = {}
"""Seconds, by execution and operation."""


def install() -> None:
    """Hurry the waits, and set the clock of every invocation of a durable function."""
    durable, runtime = service("lambda_durable"), core("lambda_runtime")
    durable._apply_update = _hurrying(durable._apply_update)
    stock = json.dumps(list(runtime.DURABLE_ENV_VARS))
    runtime.DURABLE_ENV_VARS[AHEAD] = "ahead"
    script = runtime._PYTHON_WORKER_SCRIPT.replace(stock, json.dumps(list(runtime.DURABLE_ENV_VARS)))
    runtime._PYTHON_WORKER_SCRIPT = Path(__file__).with_name("ahead.py").read_text("utf-8") + script


def hurried(seconds: float, factor: float = WAIT_FACTOR) -> float:
    """Return how long a wait takes in the lab."""
    return seconds / factor if seconds >= LONG else seconds


def ahead(record: Record) -> float:
    """Return by how many seconds an execution's waits have been shortened so far."""
    arn = record["DurableExecutionArn"]
    passed = (each["Id"] for each in record["Operations"] if (each["Type"], each["Status"]) in PASSED)
    return sum(_SAVED.get((arn, operation), 0.0) for operation in passed)


def _hurrying(apply: Callable[[Record, Record], None]) -> Callable[[Record, Record], None]:
    """Bring the end of a long wait nearer, right after it was begun; a time-out of 0, as the SDK sends it, is none."""

    def apply_and_hurry(record: Record, update: Record) -> None:
        options = {name: value for name, value in (update.get("CallbackOptions") or {}).items() if value}
        apply(record, {**update, "CallbackOptions": options})
        if update.get("Action") != "START" or update.get("Type") not in ENDS:
            return
        operation = next(each for each in record["Operations"] if each["Id"] == update["Id"])
        kind, end = ENDS[update["Type"]]
        details, begun = operation[kind], operation["StartTimestamp"]
        if end in details:
            wanted = details[end] - begun
            details[end] = begun + hurried(wanted)
            _SAVED[record["DurableExecutionArn"], update["Id"]] = wanted - hurried(wanted)

    return apply_and_hurry
