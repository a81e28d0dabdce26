"""AWS as the bench needs it: canned answers over TLS on the loopback interface, every call and connection counted."""

import re
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs

import botocore.session
from botocore.model import OperationModel, ServiceModel

from bench.wire import encode

HOSTS = ("*.us-east-1.amazonaws.com",)
_CLIENTS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
"""Host name to client name, where they differ."""

Answers: TypeAlias = Mapping[str, Mapping[str, Any] | Callable[[bytes], Mapping[str, Any]]]
"""`elbv2:DescribeTargetHealth` to what boto3 would return, or to a function of the request's body."""


class LocalAws:
    """Serves answers until left; `calls` and `connections` count."""

    def __init__(self, answers: Answers, chain: Path) -> None:
        self.calls: Counter[str] = Counter()
        self.connections = 0
        self._answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)
        listening = self._server.socket
        self._server.socket = context.wrap_socket(listening, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Count from zero again."""
        self.calls.clear()
        self.connections = 0

    def answer(self, host: str, path: str, target: str, body: bytes) -> tuple[str, bytes]:
        """Answer one request."""
        service = host.partition(".")[0]
        service = _CLIENTS.get(service, service)
        operation = _operation(service, path, target, body)
        name = f"{service}:{operation.name}"
        self.calls[name] += 1
        answer = self._answers[name]
        return encode(operation, answer(body) if callable(answer) else answer)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def setup(self) -> None:
                super().setup()
                aws.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target = self.headers.get("X-Amz-Target", "")
                content_type, answer = aws.answer(self.headers["Host"], self.path, target, body)
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(answer)))
                if content_type == "application/cbor":
                    self.send_header("smithy-protocol", "rpc-v2-cbor")
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _operation(service: str, path: str, target: str, body: bytes) -> OperationModel:
    """Find out which operation a request asks for."""
    model = _model(service)
    if target:
        name = target.rpartition(".")[2]
    elif (asked := path.rpartition("/operation/"))[1]:
        name = asked[2]
    elif form := parse_qs(body.decode(errors="replace")).get("Action"):
        name = form[0]
    else:
        path = path.partition("?")[0]
        name = next(name for name, pattern in _paths(service) if pattern.fullmatch(path))
    return model.operation_model(name)


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _paths(service: str) -> list[tuple[str, re.Pattern[str]]]:
    model = _model(service)
    uris = {name: model.operation_model(name).http["requestUri"].partition("?")[0] for name in model.operation_names}
    return [(name, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(uri)))) for name, uri in uris.items()]
