"""Read the ledger's runs, for people: `remedy runs` and `remedy show`."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from remediation.adapters.table import Item, Table, encoded, milliseconds
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.record import RUNS_INDEX, RunRecord

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


class History:
    """The runs of one ledger table."""

    def __init__(self, aws: "Clients", table: str) -> None:
        self._aws, self._table = aws, table

    def runs(self, environment: str, *, since: datetime, limit: int) -> list[RunRecord]:
        """List the runs of an environment that started at or after `since`, the newest first, without timelines."""
        pages = self._aws.dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=RUNS_INDEX,
            KeyConditionExpression="environment = :environment AND started_at >= :since",
            ExpressionAttributeValues=encoded({":environment": environment, ":since": milliseconds(since)}),
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit},
        )
        return [_record(Item(found)) for page in pages for found in page["Items"]]

    def run(self, run: str) -> RunRecord | None:
        """Return one run with its timeline, as it is now."""
        found = Table(self._aws, self._table).read(f"RUN#{run}")
        return _record(found) if found.attributes else None


def _record(item: Item) -> RunRecord:
    outcome, timeline, status = item.text("outcome"), item.text("timeline"), item.text("status")
    return RunRecord(
        run=item.text("run"),
        runbook=item.text("runbook"),
        environment=item.text("environment"),
        trigger=item.text("trigger"),
        started_at=item.instant("started_at"),
        ended_at=item.instant("ended_at") if item.number("ended_at") else None,
        status=msgspec.convert(status, Status) if status else None,
        because=item.text("because"),
        gate=item.text("gate"),
        alarm=item.text("alarm"),
        transition=item.instant("transition") if item.number("transition") else None,
        execution=item.text("execution"),
        outcome=msgspec.json.decode(outcome, type=Outcome) if outcome else None,
        timeline=msgspec.json.decode(timeline, type=tuple[Entry, ...]) if timeline else (),
    )
