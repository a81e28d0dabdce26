"""The pruned service models: nothing on the wire differs from what the full ones would send and read.

Asked of every operation that the catalogue declares, and of one of each protocol and odd endpoint rule beside them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import aws_lambda_powertools  # noqa: F401 - from its import on it adds itself to every session's user agent
import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from bench.wire import encode
from layers.dependencies.build import cached, host, operations_of, with_sdk
from layers.dependencies.models import Operations, UnknownOperationError, prune
from stacks.catalog import CATALOG

OTHERS = (
    "dynamodb:Query", "ec2:AuthorizeSecurityGroupIngress", "elasticache:CreateCacheCluster", "lambda:GetFunction",
    "logs:FilterLogEvents", "s3:DeleteObject", "s3:GetObject", "sqs:SendMessage", "sts:GetCallerIdentity",
)  # fmt: skip
DECLARED = operations_of(
    [*OTHERS, *(allow.action for runbook in CATALOG for allow in (*runbook.reads, *runbook.writes))]
)
CALLS = [(service, name) for service, names in sorted(with_sdk(DECLARED).items()) for name in sorted(names)]
STREAMED = {("lambda", "Invoke"), *(call for call in CALLS if call[0] == "s3")}
"""Operations that answer a stream."""
OF_CRT = {"EndpointId"}
"""Parameters that take another signing library; nothing here asks for a global endpoint of EventBridge."""
REGIONS = ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1")
FULL = Session()


@pytest.fixture(scope="session")
def packages() -> Path:
    return cached(DECLARED, host()) / "python"


def test_only_declared_operations_are_left(packages: Path) -> None:
    session = _session(packages)
    assert session.get_available_services() == sorted(with_sdk(DECLARED))
    for service, names in with_sdk(DECLARED).items():
        discovery = {"DescribeEndpoints"} if service == "dynamodb" else set()
        assert set(session.get_service_model(service).operation_names) == names | discovery


def test_an_operation_that_botocore_does_not_know_fails_the_build(tmp_path: Path) -> None:
    def attempt(operations: Operations) -> None:
        _copy_data(tmp_path / "data", operations)
        prune(tmp_path / "data", operations)

    with pytest.raises(UnknownOperationError, match="botocore's sns has no operation Publsh"):
        attempt({"sns": frozenset({"Publsh"})})
    with pytest.raises(UnknownOperationError, match="botocore has no service 'snss'; declared with it: Publish"):
        attempt({"snss": frozenset({"Publish"})})


@pytest.mark.parametrize(("service", "name"), CALLS)
def test_a_request_is_the_same_on_the_wire(
    service: str, name: str, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stop_the_clock(monkeypatch)
    for region in REGIONS:
        assert _sent(_session(packages), service, name, region) == _sent(FULL, service, name, region)


@pytest.mark.parametrize(("service", "name"), [call for call in CALLS if call not in STREAMED])
def test_an_answer_is_read_the_same(service: str, name: str, packages: Path) -> None:
    operation = FULL.get_service_model(service).operation_model(name)
    shape: Any = operation.output_shape
    answer = _sample(shape) if shape is not None else {}
    content_type, body = encode(operation, answer)
    pruned, full = (_called(session, service, name, body, content_type) for session in (_session(packages), FULL))
    assert pruned == full
    assert full.keys() - {"ResponseMetadata"} == answer.keys()


def test_pages_are_the_same(packages: Path) -> None:
    for service, name in CALLS:
        assert _page(_session(packages), service, name) == _page(FULL, service, name)


def _page(session: Session, service: str, name: str) -> object:
    pages: Any = session.get_component("data_loader").load_service_model(service, "paginators-1")
    return pages["pagination"].get(name)


@cache
def _session(packages: Path) -> Session:
    session = Session()
    data = str(packages / "botocore" / "data")
    loader = Loader([data], include_default_search_paths=False)
    loader.BUILTIN_DATA_PATH = (
        data  # as in the layer, where it is botocore's own; else the endpoint rules are not asked
    )
    session.register_component("data_loader", loader)
    return session


def _copy_data(to: Path, operations: Operations) -> None:
    to.mkdir(exist_ok=True)
    data = Path(botocore.__file__).parent / "data"
    for service in operations:
        for path in (data / service).glob("*/service-2.json*"):
            (to / service / path.parent.name).mkdir(parents=True, exist_ok=True)
            (to / service / path.parent.name / path.name).write_bytes(path.read_bytes())
    (to / "endpoints.json").write_text('{"partitions": []}', "ascii")


def _client(session: Any, service: str, region: str) -> Any:
    return session.create_client(
        service,
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _sent(session: Session, service: str, name: str, region: str) -> tuple[object, ...]:
    seen: list[tuple[object, ...]] = []

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        seen.append((request.method, request.url, sorted(request.headers.items()), request.body))
        raise ConnectionAbortedError

    client = _client(session, service, region)
    client.meta.events.register("before-send", send)
    shape: Any = FULL.get_service_model(service).operation_model(name).input_shape
    with pytest.raises(ConnectionAbortedError):
        client._make_api_call(name, _sample(shape))
    (one,) = seen
    return one


def _called(session: Session, service: str, name: str, body: bytes, content_type: str) -> Mapping[str, Any]:
    headers: Any = HeadersDict({"content-type": content_type, "x-amzn-requestid": "1"})
    if content_type == "application/cbor":
        headers["smithy-protocol"] = "rpc-v2-cbor"

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield body

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, headers, Raw())

    client = _client(session, service, "us-east-1")
    client.meta.events.register("before-send", send)
    shape: Any = FULL.get_service_model(service).operation_model(name).input_shape
    answer: dict[str, Any] = client._make_api_call(name, _sample(shape))
    return answer


def _sample(shape: Any, within: tuple[str, ...] = ()) -> Any:
    """Make up a value with every member that a shape has, each once: enough of a string for any pattern that counts."""
    match shape.type_name:
        case "structure":
            inside = {
                name: _sample(member, (*within, shape.name))
                for name, member in shape.members.items()
                if member.name not in within and name not in OF_CRT
            }
            return dict([next(iter(inside.items()))]) if shape.is_tagged_union else inside
        case "list":
            return [_sample(shape.member, (*within, shape.name))] if shape.member.name not in within else []
        case "map":
            return (
                {_sample(shape.key): _sample(shape.value, (*within, shape.name))}
                if shape.value.name not in within
                else {}
            )
        case "string":
            return (shape.enum or ["s" * max(3, shape.metadata.get("min", 0))])[0]
        case "timestamp":
            return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        case "boolean":
            return True
        case "blob":
            return b"blob"
        case "float" | "double":
            return 1.5
        case _:
            return max(1, shape.metadata.get("min", 0))


def _stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make signatures and invocation ids comparable."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: now.replace(tzinfo=None))
    monkeypatch.setattr("uuid.uuid4", lambda: "00000000-0000-4000-8000-000000000000")
