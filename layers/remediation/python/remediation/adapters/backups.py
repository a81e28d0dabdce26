"""Fresh snapshots for whoever is about to risk what a cache holds: looked for in ElastiCache, and asked for of snapshot-redis.

The request's name is the execution's, and the event's in the ledger: asked twice, it is one run, and what became of that run
is found by it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from remediation.adapters.history import History
from remediation.adapters.ledger_items import event_key
from remediation.adapters.table import Table
from remediation.aws.caches import MISSING, cache
from remediation.aws.snapshots import FRESH, newest_fresh, snapshots
from remediation.core.errors import AwsError
from remediation.core.ports import Backup
from remediation.core.record import RunRecord
from remediation.core.triggers import Invoked

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

RUNBOOK = "snapshot-redis"
"""Who takes snapshots; what it is called after the environment."""
_STARTED = "DurableExecutionAlreadyStartedException"


class AwsBackups:
    """The snapshots of one environment's caches."""

    def __init__(self, aws: "Clients", *, table: str) -> None:
        self._aws, self._table, self._history = aws, Table(aws, table), History(aws, table)

    def look(self, cache_id: str, request: str, now: datetime) -> Backup:
        """Say whether there is a fresh one, and else what became of the request. Raises AwsError.

        While the run that was asked for one is open, nothing counts: it still has the cache to itself.
        """
        asked = self._asked(cache_id, request)
        if asked is not None and asked.status is None:
            return Backup(at=now, because=f"Run {asked.run} of {RUNBOOK} is saving {cache_id}.")
        found = cache(self._aws, cache_id)
        if found.status == MISSING:
            return Backup(at=now, because=f"There is no cache {cache_id}.", ended=True)
        fresh = newest_fresh(snapshots(self._aws, found), found, now)
        if fresh is not None:
            return Backup(at=now, because=f"{fresh.name} is a fresh snapshot of {cache_id}.", snapshot=fresh.name)
        none = f"{cache_id} has no snapshot that is younger than {FRESH.total_seconds() / 60:.0f} min."
        if asked is None:
            return Backup(at=now, because=none)
        because = f"{none} Run {asked.run} of {RUNBOOK} ended {asked.status}: {asked.because}"
        return Backup(at=now, because=because, ended=True)

    def take(self, cache_id: str, request: str) -> None:
        """Have one taken. Raises AwsError."""
        try:
            self._aws.acting.lambda_.invoke(
                FunctionName=f"{self._aws.place.environment}-{RUNBOOK}:live",
                InvocationType="Event",
                DurableExecutionName=request,
                Payload=msgspec.json.encode(_payload(cache_id) | {"apply": True, "request": request}),
            )
        except AwsError as error:
            if error.code != _STARTED:
                raise

    def _asked(self, cache_id: str, request: str) -> RunRecord | None:
        """Return the run that this request has started, once it has."""
        key = Invoked(payload=_payload(cache_id), apply=True, request=request).key
        owner = self._table.read(event_key(key)).text("run")
        return self._history.run(owner) if owner else None


def _payload(cache_id: str) -> dict[str, Any]:
    return {"cache": cache_id, "fresh_within": round(FRESH.total_seconds() / 60)}
