"""The lab's security group in front of Redis, on real sockets: what passes, what is refused, and what vanishes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from remedy.lab.world.gate import HOST, Gate

pytestmark = pytest.mark.e2e


@pytest.fixture
def echo() -> Iterator[int]:
    """Serve whoever comes: what they say comes back louder."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100).upper())

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture
def gate(echo: int) -> Iterator[Gate]:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        port = unused.getsockname()[1]
    gate = Gate(port, echo)
    yield gate
    gate.turn("nobody")


def said(gate: Gate) -> bytes:
    with socket.create_connection((HOST, gate.port), timeout=0.3) as connection:
        connection.sendall(b"ping")
        return connection.recv(100)


def test_what_passes_an_open_gate_is_answered_from_behind_it(gate: Gate) -> None:
    gate.turn("open")
    assert [said(gate) for _ in range(3)] == [b"PING"] * 3


def test_who_connects_to_a_shut_gate_hears_nothing(gate: Gate) -> None:
    gate.turn("open")
    gate.turn("shut")
    for _ in range(3):
        with pytest.raises(TimeoutError):
            said(gate)
    gate.turn("open")
    assert said(gate) == b"PING"


def test_what_was_connected_is_cut_off_when_it_is_shut(gate: Gate) -> None:
    gate.turn("open")
    with socket.create_connection((HOST, gate.port), timeout=2) as connection:
        gate.turn("shut")
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""


def test_where_nobody_listens_a_connection_is_refused(gate: Gate) -> None:
    with pytest.raises(ConnectionRefusedError):
        said(gate)
