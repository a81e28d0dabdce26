"""A thousand ways in which others lock and unlock while a lock is cleared: no lock but the one that was judged is removed."""

from random import Random
from types import SimpleNamespace
from typing import Any, cast

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.facts import Held
from remediation.adapters.clients import Clients
from remediation.core.errors import AwsError, LeftAloneError
from tests.functions.clear_stale_lock.locks import ID, SETTINGS, STATE, info


class Stores:
    """Both stores in memory, as strict about conditions as the real ones; others come in between every two calls."""

    def __init__(self, chance: Random, *, item: bool, file: bool) -> None:
        self.item, self.file = (ID if item else "", ID if file else "")
        self.removed: list[str] = []
        self.locks = 0
        self._chance = chance
        self._stores = (item, file)

    def others(self) -> None:
        """Let nobody, or somebody who may, unlock or lock: what they hold they may release, what is free they may take."""
        for _ in range(self._chance.randrange(4)):
            if self.item or self.file:
                if self._chance.random() < 0.5:
                    self.item = self.file = ""
            else:
                self.locks += 1
                name = f"other-{self.locks}"
                self.item, self.file = (name if used else "" for used in self._stores)

    def delete_item(self, **asked: Any) -> Any:
        self.others()
        assert asked["Key"] == {"LockID": {"S": STATE.lock_id}}
        assert (asked["ConditionExpression"], asked["ReturnValues"]) == ("#info = :seen", "ALL_OLD")
        seen = asked["ExpressionAttributeValues"][":seen"]["S"]
        if not self.item or info(ID=self.item) != seen:
            code = "ConditionalCheckFailedException"
            raise AwsError("The condition failed.", operation="dynamodb:DeleteItem", code=code)
        self.removed.append(self.item)
        self.item = ""
        return {"Attributes": {"Info": {"S": seen}}}

    def delete_object(self, **asked: Any) -> Any:
        self.others()
        assert (asked["Bucket"], asked["Key"]) == (STATE.bucket, STATE.lock_key)
        if not self.file:
            raise AwsError("There is none.", operation="s3:DeleteObject", code="NoSuchKey")
        if asked["IfMatch"] != f'"{self.file}"':
            raise AwsError("It is another.", operation="s3:DeleteObject", code="PreconditionFailed")
        self.removed.append(self.file)
        self.file = ""
        return {}


def test_of_a_thousand_interleavings_none_removes_a_lock_that_was_not_judged_and_most_clear_theirs() -> None:
    chance = Random("interleavings 1")
    whole = 0
    for _ in range(1_000):
        item, file = chance.choice([(True, True), (True, False), (False, True)])
        stores = Stores(chance, item=item, file=file)
        kept = SimpleNamespace(keep=lambda *_: None)
        aws = cast("Clients", SimpleNamespace(acting=SimpleNamespace(dynamodb=stores, s3=stores), sightings=kept))
        judged = Held(
            id=ID,
            name=STATE.name,
            lock_id=STATE.lock_id,
            info=info() if item else "",
            etag=f'"{ID}"' if file else "",
        )
        try:
            clear_lock(aws, SETTINGS, judged)
            whole += len(stores.removed) == item + file
        except LeftAloneError:
            assert len(stores.removed) <= 1
        assert set(stores.removed) <= {ID}
        stores.others()
    assert whole > 200, "where nobody comes in between it is cleared"
