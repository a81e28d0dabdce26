"""What a store says when a lock is another one by now, and what is no such word: only the former leaves it alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.facts import Held
from remediation.core.errors import AwsError, LeftAloneError
from tests.functions.clear_stale_lock.locks import ID, SETTINGS, STATE, info

CHANGED = ("NoSuchKey", "404", "PreconditionFailed", "412", "ConditionalRequestConflict", "409")


def clients(*, item: str = "", file: str = "") -> Any:
    """Return clients whose stores answer with these codes; without one they do as they are told."""

    def answer(code: str, done: Any) -> Any:
        def call(**_: Any) -> Any:
            if code:
                raise AwsError("No.", operation="a:Delete", code=code)
            return done

        return call

    removed = {"Attributes": {"Info": {"S": info()}}}
    acting = SimpleNamespace(
        dynamodb=SimpleNamespace(delete_item=answer(item, removed)),
        s3=SimpleNamespace(delete_object=answer(file, {})),
    )
    return SimpleNamespace(acting=acting, sightings=SimpleNamespace(keep=lambda *_: None))


def held(*, item: bool, file: bool) -> Held:
    both = {"info": info() if item else "", "etag": '"e1"' if file else ""}
    return Held(id=ID, name=STATE.name, lock_id=STATE.lock_id, **both)


@pytest.mark.parametrize("code", CHANGED)
def test_an_object_that_is_another_or_gone_is_left_alone(code: str) -> None:
    with pytest.raises(LeftAloneError, match="superseded"):
        clear_lock(clients(file=code), SETTINGS, held(item=False, file=True))


@pytest.mark.parametrize("code", CHANGED)
def test_after_the_item_was_removed_it_is_told_that_the_object_was_left_alone(code: str) -> None:
    receipt = clear_lock(clients(file=code), SETTINGS, held(item=True, file=True))
    assert receipt.startswith(f"Removed the item {STATE.lock_id}")
    assert "superseded" in receipt


def test_an_item_that_is_another_is_left_alone_and_the_object_is_not_tried() -> None:
    aws = clients(item="ConditionalCheckFailedException", file="the object was tried")
    with pytest.raises(LeftAloneError, match="superseded"):
        clear_lock(aws, SETTINGS, held(item=True, file=True))


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError", "RequestTimeout"])
@pytest.mark.parametrize("where", ["item", "file"])
def test_any_other_error_is_an_error(where: str, code: str) -> None:
    with pytest.raises(AwsError):
        clear_lock(clients(**{where: code}), SETTINGS, held(item=True, file=True))
