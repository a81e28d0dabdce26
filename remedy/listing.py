"""List what the ledger's index has besides runs: approvals, incidents and changes, the newest first."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from remediation.adapters.table import Item, Table, encoded, milliseconds
from remediation.core.record import RUNS_INDEX

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

EVER = datetime.fromtimestamp(0, UTC)
AT_ONCE = 25
"""Items that one call reads: every DynamoDB there is takes so many in a transaction."""


def listed(aws: "Clients", table: str, partition: str, *, limit: int, since: datetime = EVER) -> Iterator[Item]:
    """Yield the items that the index lists in a partition, whole and as they are now. Raises AwsError."""
    pages = aws.dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=RUNS_INDEX,
        KeyConditionExpression="environment = :partition AND started_at >= :since",
        ExpressionAttributeValues=encoded({":partition": partition, ":since": milliseconds(since)}),
        ScanIndexForward=False,
        PaginationConfig={"MaxItems": limit},
    )
    keys = dict.fromkeys(Item(found).text("pk") for page in pages for found in page["Items"])
    yield from read_many(Table(aws, table), list(keys))


def read_many(table: Table, keys: Sequence[str]) -> Iterator[Item]:
    """Yield the items of these keys in their order, empty where there is none. Raises AwsError."""
    for start in range(0, len(keys), AT_ONCE):
        yield from table.read_all(*keys[start : start + AT_ONCE])
