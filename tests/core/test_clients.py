"""Clients: reading is kept apart from acting, each is made once, and every error becomes one sentence."""

import json
import os
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError, EndpointConnectionError, SSLError
from urllib3.exceptions import SSLError as TransportSSLError

from remediation.adapters.clients import Clients, NotAReadError, NotRepeatableError
from remediation.adapters.transport import Transport
from remediation.core.errors import AwsError
from remediation.core.spec import Place
from remediation.core.steps import Interrupted, failed

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")


@pytest.fixture
def session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def aws(session: boto3.Session) -> Clients:
    return Clients(PLACE, session)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def response(status: int, body: str = "") -> AWSResponse:
    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield body.encode()

    headers: Any = HeadersDict({})
    return AWSResponse("https://aws", status, headers, Raw())


def answering(client: Any, answer: Callable[[], AWSResponse]) -> list[str]:
    """Let a client have answers instead of the network; return the list of what it sent."""
    sent: list[str] = []

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request.url)
        return answer()

    client.meta.events.register("before-send", send)
    return sent


def failing(code: str, message: str = "No.", status: int = 400, **more: object) -> Callable[[], AWSResponse]:
    return lambda: response(status, json.dumps({"__type": code, "message": message, **more}))


# ----------------------------------------------------------------------------------------------- reading and acting


def test_a_client_is_made_once_per_process_whoever_asks(aws: Clients) -> None:
    with ThreadPoolExecutor(8) as threads:
        clients = list(threads.map(lambda _: aws.ssm, range(32)))
    assert {id(client) for client in clients} == {id(aws.ssm)}
    assert aws.acting.ssm is aws.acting.ssm
    assert aws.acting.ssm is not aws.ssm


def test_a_read_is_tried_three_times(aws: Clients) -> None:
    sent = answering(aws.ssm, lambda: response(503))
    with pytest.raises(AwsError):
        aws.ssm.get_command_invocation(CommandId="0" * 36, InstanceId="i-0123456789abcdef0")
    assert len(sent) == 3


def test_an_act_is_sent_once(aws: Clients) -> None:
    sent = answering(aws.acting.ssm, lambda: response(503))
    with pytest.raises(AwsError):
        aws.acting.ssm.send_command(DocumentName="d")
    assert len(sent) == 1


def write(client: Any) -> None:
    client.update_item(TableName="t", Key={"pk": {"S": "RUN#1"}})


def test_a_repeatable_write_is_tried_three_times(aws: Clients) -> None:
    answers = [response(503), failing("ProvisionedThroughputExceededException")(), response(200, "{}")]
    sent = answering(aws.repeatable.dynamodb, lambda: answers.pop(0))
    write(aws.repeatable.dynamodb)
    assert len(sent) == 3


def test_a_repeatable_transaction_is_one_transaction_however_often_it_is_sent(aws: Clients) -> None:
    tokens: list[str] = []

    def send(request: Any, **_: object) -> Any:
        tokens.append(json.loads(request.body)["ClientRequestToken"])
        return response(503)

    client = aws.repeatable.dynamodb
    client.meta.events.register("before-send", send)
    with pytest.raises(AwsError):
        client.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": {"k": {"S": "v"}}}}])
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_the_same_write_by_the_acting_client_is_sent_once(aws: Clients) -> None:
    sent = answering(aws.acting.dynamodb, failing("ThrottlingException"))
    with pytest.raises(AwsError):
        write(aws.acting.dynamodb)
    assert len(sent) == 1


def test_the_repeatable_client_sends_nothing_that_may_not_be_sent_twice(aws: Clients) -> None:
    again = aws.repeatable
    sent = [answering(client, lambda: response(200)) for client in (again.ssm, again.dynamodb, again.sns)]
    calls: tuple[Callable[[], object], ...] = (
        lambda: again.ssm.send_command(DocumentName="d"),
        lambda: again.dynamodb.put_item(TableName="t", Item={}),
        lambda: again.sns.publish(Message="m"),
    )
    for call in calls:
        with pytest.raises(NotRepeatableError, match=r"not to be sent twice"):
            call()
    assert sent == [[], [], []]


def test_only_the_ledger_repeats_what_it_writes() -> None:
    root = Path(__file__).parents[2]
    sources = [
        *root.glob("layers/remediation/python/**/*.py"),
        *root.glob("functions/**/*.py"),
        *root.glob("remedy/**/*.py"),
    ]
    users = {path.name for path in sources if ".repeatable." in path.read_text("utf-8")}
    assert users == {"clients.py", "table.py"}


def test_a_reading_client_sends_nothing_that_changes_something(aws: Clients) -> None:
    sent = [answering(client, lambda: response(200)) for client in (aws.ssm, aws.autoscaling, aws.dynamodb, aws.sns)]
    changes: tuple[Callable[[], object], ...] = (
        lambda: aws.ssm.send_command(DocumentName="d"),
        lambda: aws.autoscaling.set_instance_health(InstanceId="i-0123456789abcdef0", HealthStatus="Unhealthy"),
        lambda: aws.dynamodb.put_item(TableName="t", Item={}),
        lambda: aws.dynamodb.scan(TableName="t"),
        lambda: aws.sns.publish(Message="m"),
    )
    for change in changes:
        with pytest.raises(NotAReadError, match=r"changes something|ask aws\.acting"):
            change()
    assert sent == [[], [], [], []]


def test_a_reading_client_reads(aws: Clients) -> None:
    sent = answering(aws.dynamodb, lambda: response(200, "{}"))
    aws.dynamodb.get_item(TableName="t", Key={"k": {"S": "v"}})
    aws.dynamodb.query(TableName="t")
    aws.dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "t", "Key": {"k": {"S": "v"}}}}])
    assert len(sent) == 3


# ------------------------------------------------------------------------------------------------------------ errors


def test_an_error_says_who_failed_at_what_and_what_to_do(aws: Clients) -> None:
    answering(aws.acting.ssm, failing("AccessDeniedException", "User is not authorized."))
    with pytest.raises(AwsError) as raised:
        aws.acting.ssm.send_command(DocumentName="d")
    assert str(raised.value) == (
        "SSM:SendCommand failed with AccessDeniedException: User is not authorized; the function's role lacks this "
        "permission, or a policy of the organisation denies it."
    )
    assert (raised.value.operation, raised.value.code) == ("SSM:SendCommand", "AccessDeniedException")
    assert isinstance(raised.value.__cause__, ClientError)


def test_errors_while_paging_are_translated_too(aws: Clients) -> None:
    answering(aws.ssm, failing("InvalidFilterKey"))
    with pytest.raises(AwsError, match="SSM:DescribeInstanceInformation failed with InvalidFilterKey: No"):
        list(aws.ssm.get_paginator("describe_instance_information").paginate())


def test_an_endpoint_that_cannot_be_reached_is_told_as_such(aws: Clients) -> None:
    def unreachable() -> AWSResponse:
        raise EndpointConnectionError(endpoint_url="https://ssm.us-east-1.amazonaws.com/")

    answering(aws.acting.ssm, unreachable)
    with pytest.raises(
        AwsError, match=r"SSM:SendCommand failed with EndpointConnection: .*check route, security group"
    ):
        aws.acting.ssm.send_command(DocumentName="d")


def test_an_answer_that_is_none_is_told_as_such_and_an_act_may_have_been_carried_out(aws: Clients) -> None:
    answering(aws.elasticache, lambda: response(200, "<html>"))
    with pytest.raises(
        AwsError, match=r"ElastiCache:DescribeCacheClusters failed with ResponseParser: .*answer was lost"
    ):
        aws.elasticache.describe_cache_clusters()
    answering(aws.acting.autoscaling, lambda: response(200, "<html>"))
    with pytest.raises(AwsError) as raised:
        aws.acting.autoscaling.set_instance_health(InstanceId="i-0123456789abcdef0", HealthStatus="Unhealthy")
    assert failed(raised.value) == Interrupted()


def test_the_durable_sdk_gets_the_errors_that_it_knows(aws: Clients) -> None:
    client = aws.checkpointing("durable/1")
    sent = answering(client, failing("InvalidParameterValueException", "Invalid checkpoint token"))
    with pytest.raises(ClientError):
        client.checkpoint_durable_execution(
            DurableExecutionArn="arn:aws:lambda:us-east-1:123456789012:f", CheckpointToken="t", Updates=[]
        )
    assert len(sent) == 1


# --------------------------------------------------------------------------------------------------------- transport


class Pool:
    """Stands in for botocore's HTTP session, and remembers which bundle was asked to vouch for which host."""

    sent: list[tuple[str, str]]
    trouble: dict[str, Exception]
    made: int

    def __init__(self, *, verify: object, **_: object) -> None:
        type(self).made += 1
        self.bundle = "full" if verify is True else str(verify)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        self.sent.append((self.bundle, request.url))
        if self.bundle in self.trouble:
            raise SSLError(endpoint_url=request.url, error=self.trouble[self.bundle])
        return response(200)


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dependency layer in an environment that configures nothing."""
    (tmp_path / "botocore").mkdir()
    (tmp_path / "amazon-roots.pem").touch()
    monkeypatch.setattr(botocore, "__file__", str(tmp_path / "botocore" / "__init__.py"))
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> type[Pool]:
    Pool.sent, Pool.trouble, Pool.made = [], {}, 0
    monkeypatch.setattr("remediation.adapters.transport.URLLib3Session", Pool)
    return Pool


def request(url: str) -> AWSPreparedRequest:
    return AWSRequest("POST", url, data=b"body").prepare()


SSM = "https://ssm.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("url", "bundle"),
    [
        (SSM, "amazon"),
        ("https://ec2.us-east-1.api.aws/", "amazon"),
        ("https://vpce-1-2.ssm.us-east-1.vpce.amazonaws.com/", "amazon"),
        ("https://ssm.cn-north-1.amazonaws.com.cn/", "full"),
        ("https://amazonaws.com.example.org/", "full"),
        ("https://example.org/amazonaws.com", "full"),
        ("http://127.0.0.1:4566/", "full"),
    ],
)
def test_amazons_roots_vouch_for_amazons_endpoints_only(pools: type[Pool], url: str, bundle: str) -> None:
    Transport("amazon", 3, 10).send(request(url))
    assert pools.sent == [(bundle, url)]


def test_a_certificate_that_the_small_bundle_does_not_know_is_shown_to_the_full_one(pools: type[Pool]) -> None:
    pools.trouble = {"amazon": TransportSSLError(ssl.SSLCertVerificationError(1, "unable to get local issuer"))}
    transport = Transport("amazon", 3, 10)
    transport.send(request(SSM))
    transport.send(request(SSM))
    assert pools.sent == [("amazon", SSM), ("full", SSM), ("full", SSM)]


def test_a_certificate_that_nobody_knows_is_refused(pools: type[Pool]) -> None:
    distrust = TransportSSLError(ssl.SSLCertVerificationError(1, "self-signed certificate"))
    pools.trouble = {"amazon": distrust, "full": distrust}
    transport = Transport("amazon", 3, 10)
    for _ in range(2):
        with pytest.raises(SSLError):
            transport.send(request(SSM))
    assert pools.sent == [("amazon", SSM), ("full", SSM), ("full", SSM)]


def test_a_request_that_broke_off_in_tls_is_not_sent_again(pools: type[Pool]) -> None:
    pools.trouble = {"amazon": TransportSSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))}
    with pytest.raises(SSLError):
        Transport("amazon", 3, 10).send(request(SSM))
    assert pools.sent == [("amazon", SSM)]


def test_reading_and_acting_share_their_connections_in_the_layer(
    pools: type[Pool], session: boto3.Session, layer: Path
) -> None:
    aws = Clients(PLACE, session)
    aws.ssm.get_command_invocation(CommandId="0" * 36, InstanceId="i-0123456789abcdef0")
    aws.acting.ssm.send_command(DocumentName="d")
    assert {bundle for bundle, _ in pools.sent} == {str(layer / "amazon-roots.pem")}
    assert pools.made == 1


@pytest.mark.usefixtures("layer")
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY"])
def test_a_configured_bundle_or_proxy_is_left_to_botocore(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Transport.of_layer(3, 10) is not None
    monkeypatch.setenv(variable, "http://127.0.0.1:3128")
    assert Transport.of_layer(3, 10) is None


def test_without_the_layer_botocore_is_left_alone(layer: Path) -> None:
    (layer / "amazon-roots.pem").unlink()
    assert Transport.of_layer(3, 10) is None
