"""DynamoDB as the ledger uses it: guarded updates, transactions that say which guard refused, and plain items.

Values are texts and integers. Everything the ledger writes may be written twice, so botocore sends a write again where
DynamoDB was busy or its answer was lost (`aws.repeatable`). A transaction that others were
in the way of is what botocore does not send again: that is tried three times here, and then is a transient error.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from math import ceil
from random import random
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

R = TypeVar("R")

TRIES = 3
CONFLICT = "TransactionConflict"
"""The code of the error that a transaction comes to which others were in the way of, every time."""
_PAUSE = 0.05
"""Seconds before the second try at most; before the third, twice that."""
_PASSING = (CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded")
"""Reasons for which a transaction is cancelled that say nothing about its guards."""


class Item(Struct, frozen=True):
    """An item as it was read, or none. What is missing or of another type reads as empty, and as 0."""

    attributes: Mapping[str, Mapping[str, Any]] = {}

    def text(self, name: str) -> str:
        """Return a text attribute."""
        return str(self.attributes.get(name, {}).get("S", ""))

    def number(self, name: str) -> int:
        """Return a number attribute."""
        return int(float(self.attributes.get(name, {}).get("N", 0)))

    def instant(self, name: str) -> datetime:
        """Return an instant that is kept in epoch milliseconds."""
        return datetime.fromtimestamp(min(max(0, self.number(name)), _LATEST) / 1000, UTC)


class Refused(Struct, frozen=True):
    """A guard's condition failed: its name, and the item as it is."""

    guard: str
    found: Item


class Table:
    """One table with the partition key `pk`."""

    def __init__(self, aws: "Clients", name: str) -> None:
        self._aws, self._name = aws, name

    def check(self, pk: str, condition: str, *, reserved: Iterable[str] = (), **values: str | int) -> dict[str, Any]:
        """Return a guard; its condition names the values as `:name` and reserved attributes as `#name`."""
        return {
            "TableName": self._name,
            "Key": encoded({"pk": pk}),
            "ConditionExpression": condition,
            **({"ExpressionAttributeNames": {f"#{name}": name for name in reserved}} if reserved else {}),
            "ExpressionAttributeValues": encoded({f":{name}": value for name, value in values.items()}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def unchanged(self, pk: str, name: str, was: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return a guard: the attribute still is what it was, or still is not there."""
        guard = {
            "TableName": self._name,
            "Key": encoded({"pk": pk}),
            "ConditionExpression": f"attribute_not_exists(#{name})" if was is None else f"#{name} = :was",
            "ExpressionAttributeNames": {f"#{name}": name},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return guard if was is None else guard | {"ExpressionAttributeValues": {":was": dict(was)}}

    def update(
        self, pk: str, expression: str, *, condition: str = "", reserved: Iterable[str] = (), **values: str | int
    ) -> dict[str, Any]:
        """Return an update, which makes the item where there is none."""
        update = self.check(pk, condition, reserved=reserved, **values)
        if not condition:
            del update["ConditionExpression"], update["ReturnValuesOnConditionCheckFailure"]
        return update | {"UpdateExpression": expression}

    def read(self, pk: str) -> Item:
        """Return the item as it is now."""
        found = self._aws.dynamodb.get_item(TableName=self._name, Key=encoded({"pk": pk}), ConsistentRead=True)
        return Item(found.get("Item", {}))

    def read_all(self, *pks: str) -> list[Item]:
        """Return items as they are at one moment."""
        gets: list[Any] = [{"Get": {"TableName": self._name, "Key": encoded({"pk": pk})}} for pk in pks]
        found = _again(lambda: self._aws.dynamodb.transact_get_items(TransactItems=gets))
        return [Item(each.get("Item", {})) for each in found["Responses"]]

    def change(self, pk: str, found: Item, values: Mapping[str, str | int | None]) -> dict[str, Any]:
        """Return an update to these values (None: no such attribute), if they still are as they were found."""
        names = {f"#{name}": name for name in values}
        was = {f":was_{name}": found.attributes[name] for name in values if name in found.attributes}
        now = encoded({f":{name}": value for name, value in values.items() if value is not None})
        same = [
            f"#{name} = :was_{name}" if f":was_{name}" in was else f"attribute_not_exists(#{name})" for name in values
        ]
        sets = [f"#{name} = :{name}" for name in values if f":{name}" in now]
        removes = [f"#{name}" for name in values if f":{name}" not in now]
        expression = (f"SET {', '.join(sets)} " if sets else "") + (f"REMOVE {', '.join(removes)}" if removes else "")
        return {
            "TableName": self._name,
            "Key": encoded({"pk": pk}),
            "UpdateExpression": expression.strip(),
            "ConditionExpression": " AND ".join(same),
            "ExpressionAttributeNames": names,
            **({"ExpressionAttributeValues": was | now} if was or now else {}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def write(self, update: Mapping[str, Any]) -> bool:
        """Make one update; answer False where its condition failed."""
        try:
            _again(lambda: self._aws.repeatable.dynamodb.update_item(**update))
        except AwsError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def transact(
        self, *, checks: Mapping[str, dict[str, Any]] | None = None, updates: Mapping[str, dict[str, Any]] | None = None
    ) -> Refused | None:
        """Make all updates if all conditions hold, or else none; answer the first guard that refused, checks first.

        Raises AwsError with the code CONFLICT where other transactions stay in the way.
        """
        checks, updates = checks or {}, updates or {}
        items: list[Any] = [{"ConditionCheck": check} for check in checks.values()]
        items += [{"Update": update} for update in updates.values()]
        try:
            _again(lambda: self._aws.repeatable.dynamodb.transact_write_items(TransactItems=items))
        except AwsError as error:
            for guard, reason in zip((*checks, *updates), _reasons(error), strict=False):
                if reason.get("Code") == "ConditionalCheckFailed":
                    return Refused(guard, Item(reason.get("Item", {})))
            if code := _in_the_way(error):
                sentence = f"The ledger is busy: {TRIES} times out of {TRIES} a transaction was cancelled by {code}."
                raise AwsError(sentence, operation=error.operation, code=code) from error
            raise
        return None


_LATEST = 253_402_300_799_000
"""The last second of the year 9999, which is as far as a datetime goes."""


def encoded(values: Mapping[str, str | int]) -> dict[str, Any]:
    """Return values as DynamoDB's API takes them."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()}


def milliseconds(at: datetime) -> int:
    """Return an instant as items keep it."""
    return round(at.timestamp() * 1000)


def seconds(at: datetime) -> int:
    """Return an instant as DynamoDB's expiry wants it."""
    return ceil(at.timestamp())


def _again(call: Callable[[], R]) -> R:
    """Call up to three times while another transaction is in the way, after a moment that is another one for each."""
    for attempt in range(1, TRIES):
        try:
            return call()
        except AwsError as error:
            if not _in_the_way(error):
                raise
        sleep(random() * _PAUSE * attempt)  # noqa: S311 - jitter is no secret
    return call()


def _reasons(error: AwsError) -> list[dict[str, Any]]:
    """Return why each item of a cancelled transaction was refused, with the item as it is."""
    response: Mapping[str, Any] = getattr(error.__cause__, "response", None) or {}
    return list(response.get("CancellationReasons", []))


def _in_the_way(error: AwsError) -> str:
    """Return what kept a call from being carried out for a moment, or nothing where asking again is of no use."""
    if error.code == f"{CONFLICT}Exception":
        return CONFLICT
    codes = {reason.get("Code") for reason in _reasons(error)}
    if "ConditionalCheckFailed" in codes:
        return ""
    return next((code for code in _PASSING if code in codes), "")
