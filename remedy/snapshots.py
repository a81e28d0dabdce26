"""See the snapshots of the environment's caches, and whether one is fresh enough to risk something: `remedy snapshots`.

What counts is what the engine counts before an act that may lose data: available, complete, and younger than half an hour.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from remediation.aws.caches import MISSING, Cache, cache
from remediation.aws.snapshots import FRESH, Snapshot, newest_fresh, snapshots
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.times import span
from snapshot_redis.settings import Settings

RUNBOOK = "snapshot-redis"

Whose: TypeAlias = Literal["ours", "somebody's", "automatic"]
"""Taken by snapshot-redis, as its name says; by a person or another tool; by ElastiCache itself."""


class Row(Struct, frozen=True, kw_only=True):
    """One snapshot. `taken` is when the first of its shards was saved; None while that is not known."""

    name: str
    cache: str
    status: str
    whose: Whose
    fresh: bool
    shards: str
    """How many of the cache's it holds: `3 of 3`."""
    taken: datetime | None = None
    age: timedelta | None = None
    size: str = ""


class Snapshots(Struct, frozen=True, kw_only=True):
    """The snapshots of an environment's caches, newest first for each. `caches` says of each cache how it stands."""

    environment: str
    at: datetime
    caches: tuple[str, ...]
    snapshots: tuple[Row, ...]


def listed(aws: Aws, environment: Environment, now: datetime) -> Snapshots:
    """Return the snapshots of every cache that snapshot-redis looks after. Raises RemedyError."""
    settings = environment.settings(environment.runbook(RUNBOOK))
    assert isinstance(settings, Settings), "the runbook's own"
    rows: list[Row] = []
    said: list[str] = []
    with asking(environment):
        for name in settings.caches:
            found = cache(aws.clients, name)
            of_it = () if found.status == MISSING else snapshots(aws.clients, found)
            rows += (_row(each, found, now) for each in of_it)
            said += _said(found, of_it, environment, now)
    return Snapshots(environment=environment.place.environment, at=now, caches=tuple(said), snapshots=tuple(rows))


def _row(snapshot: Snapshot, of: Cache, now: datetime) -> Row:
    return Row(
        name=snapshot.name,
        cache=of.id,
        status=snapshot.status,
        whose="ours" if snapshot.named_by_us else "somebody's" if snapshot.manual else "automatic",
        fresh=snapshot.fresh(of, now),
        shards=f"{snapshot.shards} of {of.shards}",
        taken=snapshot.at,
        age=now - snapshot.at if snapshot.at else None,
        size=snapshot.size,
    )


def _said(found: Cache, of_it: tuple[Snapshot, ...], environment: Environment, now: datetime) -> Iterator[str]:
    """Yield whether something may be risked on a cache now, and what to type if not."""
    if found.status == MISSING:
        yield f"There is no cache {found.id} (setting `caches` of {RUNBOOK})."
    elif fresh := newest_fresh(of_it, found, now):
        yield f"{found.id} is {found.status}; {fresh.name} is fresh enough to risk something."
    else:
        take = f"remedy invoke {RUNBOOK} --target {found.id} --env {environment.place.environment} --apply"
        yield f"{found.id} is {found.status}; no complete snapshot is younger than {span(FRESH)}: {take}"
