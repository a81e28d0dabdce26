"""Clear one lock: back it up, remove the item and then the object, each only if it still is exactly what was judged.

The rule of the domain (FACTS.md, section 4): Terraform takes the object first and the item second, and stays locked while
either is there; so the item goes first. Whatever changed meanwhile is somebody else's lock: superseded, stop.
"""

from typing import TYPE_CHECKING

import msgspec

from clear_stale_lock.facts import Held
from clear_stale_lock.settings import Settings
from remediation.core.errors import AwsError, LeftAloneError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

_CHANGED = frozenset({"ConditionalCheckFailedException", "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404", "409", "412"})  # fmt: skip


def clear_lock(aws: "Clients", settings: Settings, held: Held) -> str:
    """Remove the lock that was judged, and no other."""
    state = next((state for state in settings.states if state.lock_id == held.lock_id), None)
    if state is None or held.lock_id.endswith("-md5"):
        raise LeftAloneError(f"{held.lock_id} is no lock that is configured.")
    aws.sightings.keep(f"lock/{held.lock_id}", msgspec.json.encode(held).decode())
    done = []
    if held.info:
        _remove_item(aws, state.table, held)
        done.append(f"the item {held.lock_id} of {state.table}")
    if held.etag:
        try:
            _remove_object(aws, state.bucket, state.lock_key, held)
        except LeftAloneError as error:
            if not done:
                raise
            return f"Removed {done[0]}. {error}"
        done.append(f"the object {state.lock_key} of {state.bucket}")
    return f"Removed {' and '.join(done)} ({held.id}); the ledger keeps a copy."


def _remove_item(aws: "Clients", table: str, held: Held) -> None:
    try:
        answer = aws.acting.dynamodb.delete_item(
            TableName=table,
            Key={"LockID": {"S": held.lock_id}},
            ConditionExpression="#info = :seen",
            ExpressionAttributeNames={"#info": "Info"},
            ExpressionAttributeValues={":seen": {"S": held.info}},
            ReturnValues="ALL_OLD",
        )
    except AwsError as error:
        raise _superseded(error, held) from error
    if answer.get("Attributes", {}).get("Info", {}).get("S") != held.info:
        raise LeftAloneError(f"DynamoDB removed nothing for {held.lock_id}: there was no such item.")


def _remove_object(aws: "Clients", bucket: str, key: str, held: Held) -> None:
    try:
        aws.acting.s3.delete_object(Bucket=bucket, Key=key, IfMatch=held.etag)
    except AwsError as error:
        raise _superseded(error, held) from error


def _superseded(error: AwsError, held: Held) -> Exception:
    if error.code in _CHANGED:
        return LeftAloneError(f"The lock {held.id} was superseded: somebody else released it or holds it now.")
    return error
