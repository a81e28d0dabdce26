"""The writer's function as Lambda runs it: its secret by its name, our addresses by EC2, and canaries that appear nowhere."""

import io
import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from atlas_writer.writer import Writer
from remediation.adapters.atlas_writing import writer_handler
from remediation.adapters.clients import LONG, Clients
from remediation.atlas.asking import WORKS, Allow, Save, ask
from remediation.atlas.transport import CONNECT, WITHIN
from remediation.core.acting import CALL_TIMES
from remediation.core.atlas import Writing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.errors import AwsError
from remediation.core.spec import Place
from remediation.core.steps import NotActed, failed
from stacks.live_function import INVOCATION
from tests.functions.fakes.atlas import CLIENT, CLIENT_SECRET, PRIVATE, PUBLIC, AtlasWorld
from tests.functions.fakes.atlas_service import PROJECT
from tests.functions.fakes.atlas_writer import WriterLambda
from tests.functions.fakes.strict import Calls
from tests.functions.test_egress import Network

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
SECRETS = {
    "digest": {"public_key": PUBLIC, "private_key": PRIVATE},
    "service account": {"client_id": CLIENT, "client_secret": CLIENT_SECRET},
    "wrong key": {"public_key": PUBLIC, "private_key": "canary-wrong-key"},
    "wrong account": {"client_id": CLIENT, "client_secret": "canary-wrong-account"},
    "neither": {"password": "canary-password"},
}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:dev-atlas-writer"
Handler = Callable[[Any, str], Any]
"""Asked for something through an alias, as the end of the ARN says it."""


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        yield Network()


@pytest.fixture
def world() -> AtlasWorld:
    made = AtlasWorld(lambda: datetime.now(UTC))
    made.cluster("prod")
    return made


@pytest.fixture
def subnet(network: Network) -> str:
    return network.subnet()


@pytest.fixture
def address(network: Network, subnet: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("moto.ec2.models.elastic_ip_addresses.random_ip", lambda: "198.51.100.9")  # else in 127.0.0.0/8
    gateway, address = network.gateway()
    network.route(network.own(subnet), gateway)
    return address


@pytest.fixture
def handler(
    monkeypatch: pytest.MonkeyPatch, network: Network, subnet: str, world: AtlasWorld, request: pytest.FixtureRequest
) -> Handler:
    """The handler, with the secret that the test names."""
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="dev/atlas-writer", SecretString=json.dumps(SECRETS[request.param]))["ARN"]
    deployment = Deployment(place=PLACE, mode="act", ledger="x", outcomes="x", contacts={})
    writing = Writing(project=PROJECT, secret=arn, cluster="prod", prefix="prod-", subnets=(subnet,))
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployment).decode())
    monkeypatch.setenv(SETTINGS, msgspec.json.encode(writing).decode())
    monkeypatch.setattr("remediation.adapters.clients.https", lambda: world.send)
    made = writer_handler(Writer)

    def asked(event: Any, through: str) -> Any:
        return made(event, SimpleNamespace(invoked_function_arn=f"{FUNCTION}{through}"))

    return asked


@pytest.fixture
def log(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the function logs."""
    written = io.StringIO()
    for each in logging.getLogger("remediation").handlers:
        monkeypatch.setattr(each, "stream", written)
    return written


def event(asked: Allow | Save) -> Any:
    return msgspec.to_builtins(asked)


@pytest.mark.parametrize("handler", ["digest", "service account"], indirect=True)
def test_it_lets_our_address_in_and_no_canary_is_told(
    handler: Handler, address: str, world: AtlasWorld, log: io.StringIO
) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    answer = handler(event(Allow(address=address, comment="run 1", until=until)), ":allow")
    assert answer["done"], answer["because"]
    assert [entry["cidrBlock"] for entry in world.access] == [f"{address}/32"]
    other = handler(event(Allow(address="198.51.100.7", comment="run 1", until=until)), ":allow")
    assert other["because"] == f"198.51.100.7 is not an address of our NAT gateways; those are: {address}."
    logged = log.getvalue()
    assert "Asked to write to Atlas." in logged
    assert "canary" not in logged + json.dumps([answer, other])


@pytest.mark.parametrize("handler", ["wrong key", "wrong account", "neither"], indirect=True)
def test_where_the_secret_is_wrong_nothing_is_written_and_no_canary_is_told(
    handler: Handler, world: AtlasWorld, log: io.StringIO
) -> None:
    answer = handler(event(Save(cluster="prod", description="run 1", days=7)), ":save")
    assert not answer["done"]
    assert answer["because"].endswith("Nothing was changed.")
    assert world.written == []
    told = log.getvalue() + json.dumps(answer)
    assert "canary" not in told
    assert b64encode(f"{CLIENT}:canary-wrong-account".encode()).decode() not in told, "Atlas said it back"


@pytest.mark.parametrize("handler", ["digest"], indirect=True)
def test_where_it_fails_the_exception_tells_no_canary(handler: Handler, world: AtlasWorld, log: io.StringIO) -> None:
    world.refuses["takeSnapshots"] = (500, "UNEXPECTED_ERROR")
    with pytest.raises(AwsError, match="Atlas:TakeSnapshot failed with InternalServerError") as error:
        handler(event(Save(cluster="prod", description=f"run 1 password={PRIVATE}", days=7)), ":save")
    told = "".join(traceback.format_exception(error.value))
    assert PRIVATE not in told + log.getvalue()


@pytest.mark.parametrize("handler", ["digest"], indirect=True)
@pytest.mark.parametrize("through", [":allow", ":restore", ":live", ":7", ""])
def test_it_knows_by_which_alias_it_was_invoked(handler: Handler, world: AtlasWorld, through: str) -> None:
    saved = event(Save(cluster="prod", description="run 1", days=7))
    assert "was asked through" in handler(saved, through)["because"]
    assert world.requests == []
    assert handler(saved, ":save")["done"]


@pytest.mark.parametrize("handler", ["digest"], indirect=True)
@pytest.mark.parametrize(("works", "done"), [(15.0, False), (16.0, True)])
def test_it_begins_no_request_when_its_time_is_over(
    handler: Handler, world: AtlasWorld, monkeypatch: pytest.MonkeyPatch, works: float, done: bool
) -> None:
    """Whoever asked may have given up by then, and must not find out later that it was done all the same."""
    clock = lambda: 5.0 * len(world.requests)  # noqa: E731 - each request takes five seconds
    monkeypatch.setattr("remediation.adapters.atlas_writing.WORKS", works)
    monkeypatch.setattr("remediation.adapters.atlas_writing.monotonic", clock)
    answer = handler(event(Save(cluster="prod", description="run 1", days=7)), ":save")
    assert (answer["done"], len(world.written)) == (done, int(done))
    if not done:
        assert answer["because"] == (
            "Atlas:TakeSnapshot failed with NotSent: Atlas was not asked, because the time that there is for it was over. "
            "Nothing was changed."
        )


# ------------------------------------------------------------------------------------------------- how it is asked


class Asking:
    """What a room has as `aws`, with the writer behind Lambda."""

    def __init__(self, world: AtlasWorld) -> None:
        self.place, self.patient, self.calls = PLACE, self, Calls()
        self.lambda_ = WriterLambda(world, self.calls)


def test_a_room_asks_the_function_by_its_alias_and_hears_what_it_did(world: AtlasWorld) -> None:
    aws: Any = Asking(world)
    answered = ask(aws, Save(cluster="prod", description="run 1", days=7))
    assert (answered.done, answered.id) == (True, world.snapshots["prod"][0]["id"])
    assert [call["FunctionName"] for call in aws.calls.of("Invoke")] == ["dev-atlas-writer:save"]
    assert not ask(aws, Save(cluster="gone", description="run 1", days=7)).done


def test_a_writer_that_fails_may_have_done_it_and_the_code_says_so(world: AtlasWorld) -> None:
    world.refuses["takeSnapshots"] = (500, "UNEXPECTED_ERROR")
    aws: Any = Asking(world)
    with pytest.raises(AwsError, match="The function dev-atlas-writer:save failed") as error:
        ask(aws, Save(cluster="prod", description="run 1", days=7))
    assert error.value.code == "Unknown"


def test_a_writer_that_is_busy_is_to_be_asked_again_and_has_done_nothing(world: AtlasWorld) -> None:
    aws: Any = Asking(world)
    aws.lambda_.busy = True
    with pytest.raises(AwsError) as error:
        ask(aws, Save(cluster="prod", description="run 1", days=7))
    assert str(error.value) == (
        "dev-atlas-writer:save does one request at a time, and another one is under way; nothing was done: ask again in a minute."
    )
    assert isinstance(failed(error.value), NotActed)
    assert world.requests == []


def test_whoever_asks_waits_for_longer_than_the_writer_works_and_is_not_begun_without_the_time_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = 10.0
    assert starts + WORKS + CONNECT + WITHIN < LONG
    assert CALL_TIMES["patient"].total_seconds() > LONG + CONNECT + 5
    assert CALL_TIMES["patient"] < timedelta(seconds=INVOCATION.to_seconds())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    aws = Clients(PLACE, boto3.Session(region_name=PLACE.region))
    configs: list[Any] = [services.lambda_.meta.config for services in (aws.acting, aws.patient)]
    assert [each.read_timeout for each in configs] == [10, LONG]
    assert [each.retries["total_max_attempts"] for each in configs] == [1, 1], "a write is sent once"
