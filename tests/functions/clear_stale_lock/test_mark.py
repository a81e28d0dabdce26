"""What is known of a state without reading it: whether it belongs to its digest, and that it is asked for as it is now."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from clear_stale_lock.stores import StateObject, digest, mismatch, state_object
from remediation.aws.terraform import item
from tests.functions.clear_stale_lock.locks import NOW, STATE, info
from tests.functions.clear_stale_lock.stores import MD5


@pytest.mark.parametrize(
    ("etag", "expected", "differs"),
    [
        (MD5, MD5, False),
        ("0" * 32, MD5, True),
        (f"{MD5}-2", "0" * 32, False),
        ("0" * 40, MD5, False),
        (MD5, "", False),
    ],
    ids=["the same", "another", "several parts", "KMS", "no digest"],
)
def test_a_mismatch_is_told_only_where_the_etag_is_an_md5(etag: str, expected: str, differs: bool) -> None:
    assert bool(mismatch(StateObject(etag=etag, modified_at=NOW), expected)) == differs


def test_another_object_whose_name_begins_alike_is_not_the_state() -> None:
    listed = {"Contents": [{"Key": f"{STATE.key}.backup", "ETag": '"1"', "LastModified": datetime.now(UTC)}]}
    aws: Any = SimpleNamespace(s3=SimpleNamespace(list_objects_v2=lambda **_: listed))
    assert state_object(aws, STATE) is None


def test_the_item_and_the_digest_are_read_as_they_are_now() -> None:
    asked: list[tuple[str, bool]] = []

    def get_item(*, TableName: str, Key: Any, ConsistentRead: bool = False) -> Any:  # noqa: N803 - as boto3 has it
        assert TableName == STATE.table
        asked.append((Key["LockID"]["S"], ConsistentRead))
        return {"Item": {"Info": {"S": info()}, "Digest": {"S": MD5}}}

    aws: Any = SimpleNamespace(dynamodb=SimpleNamespace(get_item=get_item))
    assert (item(aws, STATE), digest(aws, STATE)) != (None, "")
    assert asked == [(STATE.lock_id, True), (STATE.digest_id, True)]
