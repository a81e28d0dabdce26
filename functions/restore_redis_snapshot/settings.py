"""Whose snapshots may be restored, and what the new caches are called."""

import re
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.spec import Place

CacheName: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,49}\Z", examples=["dev-redis"])]
LONGEST = 40
"""Of a replication group's name; a cache cluster's may be 50."""
_SOUND = re.compile(r"[a-z](?:-?[a-z0-9])*")
"""What ElastiCache takes as a name: no two hyphens in a row, none at the end."""


class Settings(Struct, frozen=True, kw_only=True):
    """The caches are this environment's, by their names in ElastiCache: clusters or replication groups."""

    caches: Annotated[tuple[CacheName, ...], Meta(min_length=1)]
    prefix: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{1,30}-\Z", examples=["dev-restored-"])]
    """How the names of the new caches begin; nothing else can be made."""
    security_groups: tuple[str, ...] = ()
    """Those of a cache that is gone: its snapshot does not say. Empty: it has to be there."""

    def called(self, name: str) -> str:
        """Return the cache that this is the name of: its own, or that of a node of a replication group."""
        return next((cache for cache in self.caches if re.fullmatch(rf"{cache}(-\d{{3,4}})*", name)), "")


class Incident(Struct, frozen=True, kw_only=True):
    """Which snapshot, and what the new cache is to be called."""

    snapshot: Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9.:-]{0,254}\Z")]
    new_id: Annotated[str, Meta(max_length=LONGEST)]


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why this cannot be a new cache of this environment."""
    if not _SOUND.fullmatch(incident.new_id):
        return f"{incident.new_id!r} is no name that ElastiCache takes: small letters, digits and single hyphens"
    if not incident.new_id.startswith(settings.prefix):
        return f"what is restored in {place.environment} is called {settings.prefix}..., not {incident.new_id}"
    if settings.called(incident.new_id):
        return f"{incident.new_id} is the name of a cache of {place.environment}; what is restored is a new one"
    return None
