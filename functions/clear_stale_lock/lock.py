"""Terraform's lock information, as Terraform 0.12 to 1.14 and OpenTofu write it: into the item, and into the object.

The rule of the domain (FACTS.md, section 4): `Created` is the holder's clock, taken before it waited for the lock, and is
never refreshed. So it shows the future, but it never shows an age.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

PLAN, APPLY = "OperationTypePlan", "OperationTypeApply"
LONGEST_INFO = 16_384
"""Bytes; Terraform's own are some hundred."""


class LockInfo(Struct, frozen=True, kw_only=True):
    """Who locked, for what. `created` is None where it is no instant."""

    id: str
    operation: str
    who: str
    version: str
    path: str
    created: datetime | None

    @property
    def user(self) -> str:
        """Return the user part of `Who`."""
        return self.who.rpartition("@")[0]

    @property
    def host(self) -> str:
        """Return the host part of `Who`."""
        return self.who.rpartition("@")[2]


def read(raw: str) -> LockInfo | None:
    """Return what a lock says, or None where it cannot be understood (Terraform cannot either)."""
    if len(raw.encode("utf-8", "replace")) > LONGEST_INFO:
        return None
    try:
        said = msgspec.json.decode(raw.encode("utf-8", "replace"))
    except (msgspec.MsgspecError, RecursionError):
        return None
    if not isinstance(said, dict) or not _text(said, "ID"):
        return None
    return LockInfo(
        id=_text(said, "ID"),
        operation=_text(said, "Operation"),
        who=_text(said, "Who"),
        version=_text(said, "Version"),
        path=_text(said, "Path"),
        created=_instant(_text(said, "Created")),
    )


def _text(said: dict[Any, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _instant(text: str) -> datetime | None:
    """Read Go's RFC 3339 with up to nine digits of a second; Python keeps six."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None
