"""What is known of every configured lock at one moment."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from remediation.aws.terraform import Half
from remediation.core.verdict import Target

Life: TypeAlias = Literal["alive", "dead", "silent", "unknown"]
"""A sign of life; positive evidence that the holder ended; no sign either way; or a source that could not be asked."""


class Sign(Struct, frozen=True, kw_only=True):
    """What one source says of the holder."""

    source: str
    says: Life
    about: str


class Sighting(Struct, frozen=True, kw_only=True):
    """When this very lock was seen first, and when its state was seen to change last: then, if it has not."""

    at: datetime
    moved_at: datetime


class LockFacts(Struct, frozen=True, kw_only=True):
    """One state's lock."""

    name: str
    lock_id: str
    item: Half | None = None
    object: Half | None = None
    first: Sighting | None = None
    """None where the sighting could not be kept: then no age is known."""
    mark: str = ""
    """The state as it is: its ETag, time and digest. Never its content."""
    mismatch: str = ""
    """Why the state and its digest do not belong together, if they do not and that can be told."""
    cleared: str = ""
    """The ETag of an object whose item this product removed, or was about to: that half is to follow."""
    cleared_id: str = ""
    """The ID of the lock that this product cleared last."""
    signs: tuple[Sign, ...] = ()

    @property
    def halves(self) -> tuple[Half, ...]:
        """Return what holds it."""
        return tuple(half for half in (self.item, self.object) if half is not None)

    def held_for(self, now: datetime) -> timedelta | None:
        """Return how long it is held for sure: by S3's clock and by ours, whichever is less; never by the holder's."""
        if self.first is None:
            return None
        written = (half.modified_at for half in self.halves if half.modified_at)
        return min(now - instant for instant in (self.first.at, *written))


class Facts(Struct, frozen=True, kw_only=True):
    """All configured locks, or the one that was asked for."""

    locks: tuple[LockFacts, ...]


class Held(Target, frozen=True, kw_only=True):
    """The lock that was judged: its ID, and in which store exactly what is to be removed."""

    name: str
    lock_id: str
    info: str = ""
    """The item as it was read; empty: there is none to remove."""
    etag: str = ""
    """The object as it was read; empty: there is none to remove."""
    content: str = ""
    """What is in the object, for the copy that the ledger keeps."""
