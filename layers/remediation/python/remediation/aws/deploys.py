"""Deploys of an environment, as far as AWS shows them: an instance refresh, a CloudFormation update, Terraform's lock.

Only a lock of an apply counts, and only for two hours: one that is older is most likely left over, which is for
clear-stale-lock and not a reason to heal nothing. What holds a lock but cannot be read counts.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from remediation.aws.autoscaling import ACTIVE_REFRESH, latest_refresh
from remediation.core.errors import AwsError
from remediation.core.watched import Lock

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

COUNTS_FOR = timedelta(hours=2)
APPLY = "OperationTypeApply"
_GONE = frozenset({"NoSuchKey", "404"})


class _Info(Struct, rename="pascal"):
    operation: str
    who: str = ""
    created: datetime | None = None


def refresh(aws: "Clients", asg: str) -> str:
    """Say which instance refresh of a group is on; nothing if none is."""
    found = latest_refresh(aws, asg)
    if found is None or found.status not in ACTIVE_REFRESH:
        return ""
    return f"An instance refresh of {asg} is {found.status}."


def update(aws: "Clients", stack: str) -> str:
    """Say which update of a stack is on; nothing if none is."""
    found = aws.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    status = found[0]["StackStatus"] if found else ""
    on = status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    return f"CloudFormation changes {stack} ({status})." if on else ""


def apply(aws: "Clients", lock: Lock, now: datetime) -> str:
    """Say which `terraform apply` holds a lock; nothing if none does."""
    info = _item(aws, lock) if lock.table else _object(aws, lock)
    if info is None:
        return ""
    name = lock.id or lock.key
    try:
        held = msgspec.json.decode(info, type=_Info)
        since = held.created.astimezone(UTC) if held.created else None
    except (msgspec.MsgspecError, OverflowError, RecursionError):
        return f"Somebody holds Terraform's lock {name}, and it does not say for what."
    if held.operation != APPLY or (since is not None and now - since > COUNTS_FOR):
        return ""
    when = f" since {since:%H:%M:%S} UTC" if since else ""
    return f"A terraform apply by {held.who or 'somebody'} holds the lock {name}{when}."


def _item(aws: "Clients", lock: Lock) -> str | None:
    found = aws.dynamodb.get_item(TableName=lock.table, Key={"LockID": {"S": lock.id}}, ConsistentRead=True)
    item = found.get("Item")
    return None if item is None else item.get("Info", {}).get("S", "")


def _object(aws: "Clients", lock: Lock) -> str | None:
    try:
        return aws.s3.get_object(Bucket=lock.bucket, Key=lock.key)["Body"].read().decode("utf-8", "replace")
    except AwsError as error:
        if error.code in _GONE:
            return None
        raise
