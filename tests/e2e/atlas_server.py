"""The fake Atlas behind a real HTTPS server on the loopback interface, and connections that take it for cloud.mongodb.com."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from urllib3.exceptions import NewConnectionError

from remediation.atlas.transport import Reply, Request
from remediation.atlas.within import Connection, Connections
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_api import HOST

LOOPBACK = "127.0.0.1"
Misbehaves = Callable[["Handler"], None]
"""Does something else than to answer."""
Beside = Callable[[str, bytes], Reply]
"""Answers what is asked below `/_lab/`, which Atlas does not have."""
BESIDE = "/_lab/"


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the world as it came, and holds what is only seen on a wire against what HTTP demands."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """Answer."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer."""
        self._answer("POST")

    def _answer(self, method: Any) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.server.beside is not None and self.path.startswith(BESIDE):
            self._tell(self.server.beside(self.path.removeprefix(BESIDE), body))
            return
        assert self.headers["Host"] == HOST
        request = Request(
            method=method,
            url=f"https://{self.headers['Host']}{self.path}",
            headers=dict(self.headers.items()),
            body=body,
        )
        if self.server.misbehaves is not None:
            self.server.asked.append(self.path)
            self.server.misbehaves(self)
            return
        with self.server.one_at_a_time:
            reply = self.server.world.send(request)
        self._tell(reply)

    def _tell(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server on a port of its own."""

    daemon_threads = True

    def __init__(
        self,
        world: AtlasWorld,
        pem: Path,
        key: Path,
        misbehaves: Misbehaves | None = None,
        *,
        port: int = 0,
        beside: Beside | None = None,
    ) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.world, self.misbehaves, self.beside = world, misbehaves, beside
        self.asked: list[str] = []
        self.one_at_a_time = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client that hangs up hang up."""


@contextmanager
def serving(world: AtlasWorld, pem: Path, key: Path, misbehaves: Misbehaves | None = None) -> Iterator[Server]:
    """Serve until the end of the block."""
    server = Server(world, pem, key, misbehaves)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Rerouted(Connections):
    """Connections to Atlas that verify whom they reach as always, and reach the loopback interface."""

    def __init__(self, port: int, roots: Path) -> None:
        super().__init__(ca_certs=str(roots))
        self._port = port

    def connection_from_host(self, host: str | None, *where: Any, **more: Any) -> Any:
        """Return the connections to a host, which has to be Atlas."""
        assert host == HOST, f"{host} was to be connected to"
        pool: Any = super().connection_from_host(host, *where, **more)
        port = self._port

        class Local(Connection):
            def _new_conn(self) -> socket.socket:
                try:
                    return socket.create_connection((LOOPBACK, port), self.timeout)
                except OSError as error:
                    raise NewConnectionError(self, str(error)) from error

        pool.ConnectionCls = Local
        return pool
