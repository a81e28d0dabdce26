"""The command line without AWS, and with one in this process (moto): the ledger's table as the CDK app makes it."""

import io
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler
from rich.console import Console as Screen
from typer.testing import CliRunner

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.record import LISTED, RUNS_INDEX
from remedy.environment import Environment, environment
from tests.remedy.console import TABLE
from tests.remedy.people import Console, console_of


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests, their own environment and credentials have no part in them."""
    for name in ("REMEDY_ENV", "AWS_PROFILE", "AWS_ENDPOINT_URL", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def dev() -> Environment:
    return environment("dev")


@pytest.fixture
def aws(dev: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of the environment's account, which has the ledger's table. It is asked once at a time, as moto needs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    lock, call_action = threading.Lock(), DynamoHandler.call_action

    def one_at_a_time(handler: DynamoHandler, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return call_action(handler, *args, **kwargs)

    monkeypatch.setattr(DynamoHandler, "call_action", one_at_a_time)
    with mock_aws():
        clients = Clients(dev.place, boto3.Session(region_name=dev.place.region))
        clients.acting.dynamodb.create_table(
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
        yield clients


@pytest.fixture
def ledger(aws: Clients) -> DynamoLedger:
    return DynamoLedger(aws, table=TABLE, environment="dev")


@pytest.fixture
def people(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Whoever sits at the console; Ada does, unless somebody else is said."""
    assert aws is not None
    return console_of(monkeypatch)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Pretend that the output is a terminal of 80 columns, and return what is written to it."""
    written = io.StringIO()

    def console() -> Screen:
        return Screen(file=written, force_terminal=True, width=80, highlight=False, markup=False, emoji=False)

    shown = ("approval", "database", "locks", "snapshots", "status", "switches")
    names = ("display", *(f"display_{what}" for what in shown), "timeline", "live")
    modules = [
        import_module(f"remedy.{name}") for name in names
    ]  # before any of them can take the pretended one for good
    for module in modules:
        monkeypatch.setattr(module, "console", console)
    return written
