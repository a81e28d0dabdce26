"""Terraform's locks, as Terraform 0.12 to 1.14 and OpenTofu write them: an item of a table, an object, or both. Reads only.

They are read by their exact names: never a Scan, and never the state's content (hazard L10). The rule of the domain
(FACTS.md, section 4): `Created` is the holder's clock, taken before it waited for the lock, and is never refreshed. So it
shows the future, but it never shows an age.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

PLAN, APPLY = "OperationTypePlan", "OperationTypeApply"
LONGEST_INFO = 16_384
"""Bytes; Terraform's own are some hundred."""
GONE = frozenset({"NoSuchKey", "404"})


class State(Struct, frozen=True, kw_only=True):
    """One Terraform state, and where its lock is: the item of a table, the object next to the state, or both.

    With a workspace the key is `env:/<workspace>/<key>`, as Terraform spells it.
    """

    name: Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")]
    bucket: str
    key: str
    table: str = ""
    """The lock table (`dynamodb_table`); empty: none."""
    lockfile: bool = False
    """Whether Terraform locks by `<key>.tflock` (`use_lockfile`)."""

    kms: bool = False
    """Whether the state is encrypted with a key of KMS: then its ETag is no MD5, and is not compared with the digest."""

    def __post_init__(self) -> None:
        if not self.table and not self.lockfile:
            raise ValueError("a state is locked by a `table`, or by `lockfile = true`, or by both; name one")

    @property
    def lock_id(self) -> str:
        """Return the item's key: `<bucket>/<key>` (RUNBOOK.md leaves out the bucket, which deletes nothing)."""
        return f"{self.bucket}/{self.key}"

    @property
    def digest_id(self) -> str:
        """Return the key of the item beside it that holds the state's MD5, which is no lock."""
        return f"{self.lock_id}-md5"

    @property
    def lock_key(self) -> str:
        """Return the key of the lock's object."""
        return f"{self.key}.tflock"


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


class Half(Struct, frozen=True, kw_only=True):
    """A lock in one of the two stores, exactly as it was read. `info` is None where it cannot be understood."""

    raw: str
    info: LockInfo | None
    etag: str = ""
    """Of the object; empty for the item."""
    modified_at: datetime | None = None
    """When S3 wrote the object; the item has no such time."""


def item(aws: "Clients", state: State) -> Half | None:
    """Return the lock's item; one without information cannot be understood."""
    found = aws.dynamodb.get_item(TableName=state.table, Key={"LockID": {"S": state.lock_id}}, ConsistentRead=True)
    if "Item" not in found:
        return None
    raw = found["Item"].get("Info", {}).get("S", "")
    return Half(raw=raw, info=read(raw))


def lock_object(aws: "Clients", state: State) -> Half | None:
    """Return the lock's object with its ETag and S3's own time."""
    try:
        found = aws.s3.get_object(Bucket=state.bucket, Key=state.lock_key)
    except AwsError as error:
        if error.code in GONE:
            return None
        raise
    raw = found["Body"].read().decode("utf-8", "replace")
    return Half(raw=raw, info=read(raw), etag=found["ETag"], modified_at=found["LastModified"].astimezone(UTC))


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
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
