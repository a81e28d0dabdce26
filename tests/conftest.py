"""What every test has: no way out to a network (unless it is marked e2e), and the shared samples where they exist."""

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

_CONNECTING = ("connect", "connect_ex")
_REAL = {name: getattr(socket.socket, name) for name in _CONNECTING}


class SocketOpenedError(AssertionError):
    """A unit test tried to reach something."""


def _refuse(_: socket.socket, address: Any) -> NoReturn:
    raise SocketOpenedError(f"a unit test opens no socket; this one tried {address}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Shut the network before the fixtures of a unit test are set up, and open it before those of an e2e test."""
    e2e = item.get_closest_marker("e2e") is not None
    for name in _CONNECTING:
        setattr(socket.socket, name, _REAL[name] if e2e else _refuse)


def pytest_unconfigure() -> None:
    for name in _CONNECTING:
        setattr(socket.socket, name, _REAL[name])


@pytest.fixture(scope="session")
def shared() -> Path | None:
    """The folder of samples and specifications beside the repository, or None."""
    return SHARED if SHARED.is_dir() else None
