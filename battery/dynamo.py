"""The real ledger, on a DynamoDB in this process (moto), whose transactions are atomic only one request at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from battery.interference import Calls
from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from tests.adapters.conftest import TABLE
from tests.support.toy import PLACE

_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": PLACE.region}


@contextmanager
def account() -> Iterator[Clients]:
    """Yield clients of an empty account."""
    lock, call_action = Lock(), DynamoHandler.call_action

    def one_at_a_time(handler: DynamoHandler, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return call_action(handler, *args, **kwargs)

    with patch.dict(os.environ, _KEYS), patch.object(DynamoHandler, "call_action", one_at_a_time), mock_aws():
        yield Clients(PLACE)


def ledger_in(aws: Clients, table: str = TABLE) -> DynamoLedger:
    """Return a new ledger, with a table of its own."""
    aws.acting.dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoLedger(aws, table=table, environment="dev")


@contextmanager
def interfering_with(aws: Clients, calls: Calls) -> Iterator[None]:
    """Count every request to DynamoDB and interfere: before it, nothing was heard; after it, the answer is lost."""
    nth = 0

    def before(model: Any, **_: object) -> None:
        nonlocal nth
        nth = calls.before(model.name)

    def after(**_: object) -> None:
        calls.after(nth)

    hooks = [
        (client.meta.events, moment, hook)
        for client in (aws.dynamodb, aws.repeatable.dynamodb)
        for moment, hook in (("before-call.dynamodb", before), ("after-call.dynamodb", after))
    ]
    for events, moment, hook in hooks:
        events.register(moment, hook)
    try:
        yield
    finally:
        for events, moment, hook in hooks:
            events.unregister(moment, hook)
