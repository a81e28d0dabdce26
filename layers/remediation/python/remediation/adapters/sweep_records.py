"""What the sweep reads and keeps in the ledger: recent runs, open incidents, and when it last said something.

What it cannot make sense of it takes for the worst that it could mean: one damaged record must not keep every alarm from being
looked at.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, get_args

from msgspec import Struct

from remediation.adapters.incidents import recovery_of
from remediation.adapters.table import Item, Table, encoded, milliseconds
from remediation.core.errors import AwsError
from remediation.core.gates import LARGEST_SKEW
from remediation.core.outcome import Status
from remediation.core.record import RUNS_INDEX
from remediation.core.sweep import OpenIncident, RunSeen

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_RUNS = 2_000
"""Runs that are listed at a tick, the newest first."""
MOST_READ = 200
"""Runs, and incidents, that are read at a tick; each is one call."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A runbook answers an alarm, which went into ALARM then: its last run since is what counts."""

    runbook: str
    alarm: str
    """Without secrets, as the ledger keeps it."""
    since: datetime


class Recorded(Struct, frozen=True, kw_only=True):
    """One run, and the ARN of its execution, empty where that was never recorded."""

    seen: RunSeen
    execution: str


class SweepRecords:
    """The ledger of one environment, as the sweep uses it."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._aws, self._name, self._environment = aws, table, environment
        self._table = Table(aws, table)

    def runs(self, wanted: Iterable[Wanted], *, since: datetime) -> tuple[Recorded, ...]:
        """Return the runs without an outcome, and the last ones of each runbook and alarm that are wanted.

        Only what is needed is read, the newest first. Raises AwsError, also where more would have to be read than fits.
        """
        missing = {(each.runbook, each.alarm): each.since for each in wanted}
        found: list[Recorded] = []
        reads = 0
        for listed in self._listed(self._environment, since, MOST_RUNS):
            row = _seen(listed)
            open_ = row.status is None
            counts = any(
                runbook == row.runbook and row.started_at >= at - LARGEST_SKEW for (runbook, _), at in missing.items()
            )
            if not (open_ or counts):
                continue
            if (reads := reads + 1) > MOST_READ:
                sentence = f"More than {MOST_READ} runs would have to be read to judge every alarm; the others wait."
                raise AwsError(sentence, operation="DynamoDB:GetItem", code="TooMany")
            item = self._table.read(f"RUN#{row.run}")
            if not item.attributes:
                continue
            run = _seen(item)
            found.append(Recorded(seen=run, execution=item.text("execution")))
            at = missing.get((run.runbook, run.alarm))
            if at is not None and run.status is not None and run.says_something and run.is_about(at):
                del missing[run.runbook, run.alarm]
        return tuple(found)

    def incidents(self, *, since: datetime) -> tuple[OpenIncident, ...]:
        """Return the incidents that are not closed, the newest first."""
        found = []
        for listed in self._listed(f"{self._environment}/incidents", since, MOST_READ):
            item = self._table.read(listed.text("pk"))
            if item.text("status") in {"open", "acknowledged"}:
                found.append(_incident(item))
        return tuple(found)

    def first_time_late(self, run: str, now: datetime) -> bool:
        """Tell whether nobody was told yet that a run is open for too long; from now on somebody was."""
        condition = "attribute_exists(pk) AND attribute_not_exists(outcome) AND attribute_not_exists(late_at)"
        return self._table.write(
            self._table.update(f"RUN#{run}", "SET late_at = :now", condition=condition, now=milliseconds(now))
        )

    def not_told(self, run: str, then: datetime) -> None:
        """Take back that somebody was told then that a run is late."""
        self._table.write(
            self._table.update(f"RUN#{run}", "REMOVE late_at", condition="late_at = :then", then=milliseconds(then))
        )

    def reported_at(self) -> datetime | None:
        """Return when the alarm doctor last reported."""
        item = self._table.read(self._doctor)
        return item.instant("reported_at") if item.number("reported_at") else None

    def report(self, now: datetime, every: timedelta) -> bool:
        """Keep that the alarm doctor reports now; answer False where it did so already."""
        condition = "attribute_not_exists(reported_at) OR reported_at <= :due"
        due = milliseconds(now - every)
        return self._table.write(
            self._table.update(
                self._doctor, "SET reported_at = :now", condition=condition, now=milliseconds(now), due=due
            )
        )

    def not_reported(self, now: datetime) -> None:
        """Take back that the alarm doctor reported then: nobody could be told."""
        self._table.write(
            self._table.update(
                self._doctor, "REMOVE reported_at", condition="reported_at = :now", now=milliseconds(now)
            )
        )

    @property
    def _doctor(self) -> str:
        return f"DOCTOR#{self._environment}"

    def _listed(self, partition: str, since: datetime, most: int) -> Iterable[Item]:
        pages = self._aws.dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=RUNS_INDEX,
            KeyConditionExpression="environment = :partition AND started_at >= :since",
            ExpressionAttributeValues=encoded({":partition": partition, ":since": milliseconds(since)}),
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": most},
        )
        return (Item(found) for page in pages for found in page["Items"])


def _seen(item: Item) -> RunSeen:
    said = item.text("status")
    status: Status | None = next((known for known in get_args(Status) if known == said), "failed" if said else None)
    return RunSeen(
        run=item.text("run") or item.text("pk").removeprefix("RUN#"),
        runbook=item.text("runbook"),
        alarm=item.text("alarm"),
        started_at=item.instant("started_at"),
        transition=item.instant("transition") if item.number("transition") else None,
        ended_at=item.instant("ended_at") if item.number("ended_at") else None,
        status=status,
        gate=item.text("gate"),
    )


def _incident(item: Item) -> OpenIncident:
    return OpenIncident(
        key=item.text("key"),
        run=item.text("run"),
        recovery=recovery_of(item),
        acknowledged=item.text("status") == "acknowledged",
        by=item.text("acknowledged_by"),
        callback=item.text("callback"),
    )
