"""Looking at a lock and clearing it takes the same calls however many locks a table has; `make bench` goes on to 100,000."""

from bench.locks import lock_calls

LOOK = {"dynamodb:GetItem": 2, "s3:GetObject": 1, "s3:ListObjectsV2": 1}
SEEN = {"dynamodb:GetItem": 2, "dynamodb:UpdateItem": 1}
"""Since when we see this very lock, and whether half of it was cleared before: items of the ledger."""


def test_the_calls_are_the_same_with_a_hundred_items_and_with_three_thousand_and_none_searches_the_table() -> None:
    few, many = lock_calls(100), lock_calls(3_000)
    assert few == many
    assert many == {
        "look, free": LOOK,
        "look, held": {**LOOK, **SEEN, "dynamodb:GetItem": LOOK["dynamodb:GetItem"] + SEEN["dynamodb:GetItem"]},
        "clear": {"dynamodb:UpdateItem": 1, "dynamodb:DeleteItem": 1, "s3:DeleteObject": 1},
    }
