"""Ask the ledger what happened: the answers of `remedy runs` and `remedy show`."""

from datetime import datetime
from difflib import get_close_matches
from typing import Any, get_args

import msgspec
from msgspec import Struct

from remediation.adapters.history import History
from remediation.core.outcome import Status
from remediation.core.record import RunRecord
from remedy.acknowledging import Incident, incident
from remedy.approvals import Asked, asked
from remedy.aws import Aws, asking, connect
from remedy.environment import Environment
from remedy.telling import MistakeError, TroubleError

RUNNING = "running"
"""How a run in progress is called; in a record its status is null."""
STATUSES: tuple[str, ...] = (*get_args(Status), RUNNING)
MOST = 10_000
"""Runs that are looked through where only some are wanted."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which runs to list. Empty is any."""

    since: datetime
    limit: int
    status: str = ""
    runbook: str = ""


def checked_status(status: str) -> str:
    """Return a status, or raise MistakeError where there is none of that name."""
    if status in {"", *STATUSES}:
        return status
    close = get_close_matches(status, STATUSES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(STATUSES)}."
    raise MistakeError(f"There is no status {status!r}; {hint}")


class Story(Struct, frozen=True, kw_only=True):
    """One run with what belongs to it: what it asked people last, and the incident that it is part of."""

    record: RunRecord
    asked: Asked | None = None
    incident: Incident | None = None


def history(environment: Environment, aws: Aws | None = None) -> History:
    """Return the runs of an environment's ledger. Raises RemedyError."""
    return History((aws or connect(environment)).clients, environment.names.table)


def listed(runs: History, environment: Environment, wanted: Wanted) -> list[RunRecord]:
    """Return the wanted runs, the newest first. Raises RemedyError."""
    everything = not (wanted.status or wanted.runbook)
    with asking(environment):
        found = runs.runs(environment.place.environment, since=wanted.since, limit=wanted.limit if everything else MOST)
    return [record for record in found if _is(record, wanted)][: wanted.limit]


def told(runs: History, environment: Environment, run: str) -> RunRecord:
    """Return one run with its timeline. Raises RemedyError."""
    with asking(environment):
        record = runs.run(run)
    if record is None or record.environment != environment.place.environment:
        where = environment.place.environment
        raise TroubleError(f"There is no run {run!r} in {where}. List them with: remedy runs --env {where}")
    return record


def story(environment: Environment, run: str) -> Story:
    """Return one run with its approval and its incident. Raises RemedyError."""
    aws = connect(environment)
    record = told(history(environment, aws), environment, run)
    asks = any(entry.kind == "approval" for entry in record.timeline)
    key = record.outcome.incident if record.outcome else ""
    return Story(
        record=record,
        asked=asked(aws, environment, record.run) if asks else None,
        incident=incident(aws, environment, key) if key else None,
    )


def summarised(record: RunRecord) -> dict[str, Any]:
    """Return a listed run as plain data, without the outcome and the timeline that a list does not have."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return {key: value for key, value in plain.items() if key not in {"outcome", "timeline"}}


def _is(record: RunRecord, wanted: Wanted) -> bool:
    return wanted.status in {"", record.status or RUNNING} and wanted.runbook in {"", record.runbook}
