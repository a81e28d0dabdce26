"""Which caches are saved, how often, and how many snapshots are kept."""

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.spec import Place

CacheName: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,49}\Z", examples=["dev-redis"])]


class Settings(Struct, frozen=True, kw_only=True):
    """The caches are this environment's, by their names in ElastiCache: clusters, replication groups or serverless caches."""

    caches: Annotated[tuple[CacheName, ...], Meta(min_length=1)]
    every: timedelta = timedelta(hours=24)
    """So old may the newest snapshot become before the schedule takes another."""
    per_day: Annotated[int, Meta(ge=1, le=20)] = 4
    """How many of ours a cache may get within 24 hours; AWS refuses the 21st of a node (24 of a serverless cache)."""
    keep: Annotated[int, Meta(ge=3)] = 7
    """So many of ours are kept of each cache, however old they are."""
    keep_for: timedelta = timedelta(days=14)
    """Beyond those, ours are deleted when they are older."""

    def called(self, name: str) -> str:
        """Return the cache that this is the name of: its own, or that of a node of a replication group."""
        return next((cache for cache in self.caches if re.fullmatch(rf"{cache}(-\d{{3,4}})*", name)), "")


class Incident(Struct, frozen=True, kw_only=True):
    """Which cache; empty: all of them.

    `fresh_within` is how young a snapshot has to be to be enough for whoever asks, in minutes; 0: as the schedule has it.
    """

    cache: Annotated[str, Meta(max_length=50)] = ""
    fresh_within: Annotated[int, Meta(ge=0, le=1440)] = 0


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why the incident is not this environment's."""
    if incident.cache and not settings.called(incident.cache):
        return f"{incident.cache} is no cache of {place.environment}; its caches are {', '.join(settings.caches)}"
    return None
