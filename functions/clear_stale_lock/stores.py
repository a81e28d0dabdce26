"""What belongs to a lock: the state's mark, which changes whenever it does. Never its content.

The state's own time and ETag come from listing its exact key, its digest from the item next to the lock (hazard L10).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.aws.terraform import State

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


class StateObject(Struct, frozen=True, kw_only=True):
    """The state as S3 lists it. The ETag is its MD5 where it is not encrypted by KMS and was written in one part."""

    etag: str
    modified_at: datetime


def digest(aws: "Clients", state: State) -> str:
    """Return the MD5 that Terraform expects of the state; empty where it keeps none."""
    found = aws.dynamodb.get_item(TableName=state.table, Key={"LockID": {"S": state.digest_id}}, ConsistentRead=True)
    return found.get("Item", {}).get("Digest", {}).get("S", "")


def state_object(aws: "Clients", state: State) -> StateObject | None:
    """Return the state as it is listed; None where there is none (yet)."""
    listed = aws.s3.list_objects_v2(Bucket=state.bucket, Prefix=state.key, MaxKeys=2)
    for found in listed.get("Contents", ()):
        if found["Key"] == state.key:
            return StateObject(etag=found["ETag"].strip('"'), modified_at=found["LastModified"].astimezone(UTC))
    return None


def mismatch(found: StateObject | None, expected: str, *, kms: bool = False) -> str:
    """Say that the state and its digest do not belong together; nothing where they do, or where that cannot be told.

    An ETag that is no MD5 cannot be compared: that of several parts, which shows, and that of KMS, which does not.
    """
    if kms or not expected or found is None or len(found.etag) != 32 or found.etag == expected:
        return ""
    return f"The state's ETag is {found.etag}, and Terraform expects {expected}: every command will refuse it."


def mark(found: StateObject | None, expected: str) -> str:
    """Return what changes whenever the state does."""
    return f"{found.etag} {found.modified_at.isoformat()} {expected}" if found else f"none {expected}"
