"""What speaks the MongoDB wire protocol: a member of our own that says what a test wants, and knows SCRAM-SHA-256 properly."""

import base64
import hashlib
import hmac
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bson

HOST = "127.0.0.1"
USER = "canary-of-a-user-0815"
PASSWORD = "canary-of-a-password-4711"
ROUNDS = 4096
SALT = b"sixteen bytes ok"
HELLO = {"isWritablePrimary": True, "setName": "rs0", "maxWireVersion": 21, "minWireVersion": 0}
DENIED = {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": f"Authentication failed for {USER}"}
HANG = b"hang"
"""What is said by who says nothing, and keeps the connection."""
UNBALANCED = {
    "ok": 0,
    "code": 354,
    "codeName": "LoadBalancerSupportMismatch",
    "errmsg": "Load balancer support mismatch",
}
_HEADER = struct.Struct("<iiii")


class Member:
    """One member. `says` replaces what it answers to a command; `heard` are the commands that it was told.

    `received` is all that it was sent, as it came. `pause` comes after every byte of an answer, or of that to `drips` only.
    As a `balancer` it stands for members that want to hear that it is known.
    """

    def __init__(
        self,
        *,
        hello: Mapping[str, Any] | None = None,
        says: Mapping[str, Mapping[str, Any] | bytes] | None = None,
        users: Mapping[str, str] | None = None,
        rounds: int | str = ROUNDS,
        context: ssl.SSLContext | None = None,
        pause: float = 0.0,
        drips: str = "",
        balancer: bool = False,
        port: int = 0,
    ) -> None:
        self.heard: list[str] = []
        self.received = b""
        self.hello: dict[str, Any] = {**HELLO, **(hello or {})}
        self._says, self._users = says or {}, users or {}
        self._rounds, self._context, self._pause, self._drips = rounds, context, pause, drips
        self._balancer = balancer
        self._listener = socket.create_server((HOST, port))
        self._over = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    @property
    def logins(self) -> int:
        return self.heard.count("saslStart")

    def end(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with suppress(OSError, struct.error, bson.errors.BSONError, ValueError, KeyError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            told = not self._balancer
            scram = Scram(self._users, self._rounds)
            while command := self._command(connection):
                name = next(iter(command[1]))
                self.heard.append(name)
                answer = self._says.get(name)
                if answer == HANG:
                    self._over.wait(10)
                    break
                told = told or command[1].get("loadBalanced") is True
                if answer is None and not told:
                    answer = UNBALANCED
                elif answer is None:
                    answer = self._answer(name, command[1], scram)
                pause = self._pause if self._drips in {"", name} else 0.0
                self._send(connection, pause, answer if isinstance(answer, bytes) else _message(command[0], answer))
                if isinstance(answer, bytes):
                    break
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def _command(self, connection: socket.socket) -> tuple[int, dict[str, Any]] | None:
        header = _exactly(connection, _HEADER.size)
        if len(header) < _HEADER.size:
            return None
        length, number, _, operation = _HEADER.unpack(header)
        if operation != 2013 or length > 1_000_000:
            return None
        body = _exactly(connection, length - _HEADER.size)
        self.received += header + body
        return number, bson.decode(body[5:])

    def _send(self, connection: socket.socket, pause: float, message: bytes) -> None:
        if not pause:
            connection.sendall(message)
            return
        for byte in message:
            connection.sendall(bytes([byte]))
            if self._over.wait(pause):
                return

    def _answer(self, name: str, command: Mapping[str, Any], scram: "Scram") -> Mapping[str, Any]:
        match name:
            case "hello" if "saslSupportedMechs" in command:
                return {"saslSupportedMechs": ["SCRAM-SHA-256"], **self.hello, "ok": 1.0}
            case "hello" if self._balancer:
                return {**self.hello, "setName": None, "msg": "isdbgrid", "ok": 1.0}
            case "hello":
                return {**self.hello, "ok": 1.0}
            case "saslStart":
                return scram.first(command["payload"])
            case "saslContinue":
                return scram.final(command["payload"])
            case "ping":
                return {"ok": 1.0}
            case _:
                return {"ok": 0, "code": 59, "errmsg": f"no such command: {name}"}


class Scram:
    """The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

    def __init__(self, users: Mapping[str, str], rounds: int | str) -> None:
        self._users, self._rounds = users, rounds

    def first(self, payload: bytes) -> Mapping[str, Any]:
        self._bare = payload.removeprefix(b"n,,").decode()
        fields = dict(each.split("=", 1) for each in self._bare.split(","))
        self._password = self._users.get(fields["n"])
        salt = base64.b64encode(SALT).decode()
        self._nonce = fields["r"] + "of-the-server"
        self._first = f"r={self._nonce},s={salt},i={self._rounds}"
        return {"conversationId": 1, "done": False, "payload": self._first.encode(), "ok": 1.0}

    def final(self, payload: bytes) -> Mapping[str, Any]:
        without_proof, _, proof = payload.decode().rpartition(",p=")
        if self._password is None or without_proof != f"c=biws,r={self._nonce}":
            return DENIED
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), SALT, int(self._rounds))
        said = f"{self._bare},{self._first},{without_proof}".encode()
        key = _mac(salted, b"Client Key")
        signature = _mac(hashlib.sha256(key).digest(), said)
        shown = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        if not hmac.compare_digest(shown, key):
            return DENIED
        verified = base64.b64encode(_mac(_mac(salted, b"Server Key"), said))
        return {"conversationId": 1, "done": True, "payload": b"v=" + verified, "ok": 1.0}


@contextmanager
def member(**options: Any) -> Iterator[Member]:
    """Serve a member until the block ends."""
    served = Member(**options)
    try:
        yield served
    finally:
        served.end()


@contextmanager
def replica_set(**options: Any) -> Iterator[tuple[Member, Member]]:
    """Serve a primary and a secondary that know each other until the block ends."""
    with member(**options) as primary, member(**options) as secondary:
        for served, leads in ((primary, True), (secondary, False)):
            served.hello |= {
                "hosts": [f"{HOST}:{primary.port}", f"{HOST}:{secondary.port}"],
                "primary": f"{HOST}:{primary.port}",
                "me": f"{HOST}:{served.port}",
                "isWritablePrimary": leads,
                "secondary": not leads,
                "setVersion": 1,
            }
        yield primary, secondary


def under_tls(pem: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs to speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _message(to: int, answer: Mapping[str, Any]) -> bytes:
    body = struct.pack("<IB", 0, 0) + bson.encode(answer)
    return _HEADER.pack(_HEADER.size + len(body), 1, to, 2013) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size and (piece := connection.recv(size - len(read))):
        read += piece
    return read
