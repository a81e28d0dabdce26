"""An AWS in this process (moto), with the ledger's table and the topics as the CDK app makes them."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.record import LISTED, RUNS_INDEX
from tests.support.toy import PLACE

TABLE = "dev-remediation-ledger"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of an empty account. DynamoDB takes one request at a time: moto's transactions are not atomic."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    lock, call_action = threading.Lock(), DynamoHandler.call_action

    def one_at_a_time(handler: DynamoHandler, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return call_action(handler, *args, **kwargs)

    monkeypatch.setattr(DynamoHandler, "call_action", one_at_a_time)
    with mock_aws():
        yield Clients(PLACE)


@pytest.fixture
def table(aws: Clients) -> str:
    """Make the ledger's table."""
    aws.acting.dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "environment", "AttributeType": "S"},
            {"AttributeName": "started_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": RUNS_INDEX,
                "KeySchema": [
                    {"AttributeName": "environment", "KeyType": "HASH"},
                    {"AttributeName": "started_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return TABLE


@pytest.fixture
def ledger(aws: Clients, table: str) -> DynamoLedger:
    """Return the ledger of dev."""
    return DynamoLedger(aws, table=table, environment="dev")
