"""What every test has: no way out to a network (unless it is marked e2e), and the shared samples where they exist."""

import functools
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import botocore.loaders
import botocore.session
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

_CONNECTING = ("connect", "connect_ex")
_REAL = {name: getattr(socket.socket, name) for name in _CONNECTING}


botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)
"""Thousands of tests make sessions of their own; botocore reads its models from the disk anew for each."""


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than processors: those that play in the lab mostly wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it in the end; else the order stays as it is."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


def pytest_unconfigure() -> None:
    for name in _CONNECTING:
        setattr(socket.socket, name, _REAL[name])


@pytest.fixture(autouse=True)
def _one_log_per_test() -> Iterator[None]:
    """Forget a function's logger after each test: it writes to the stream that it was made with."""
    filters = [(handler, list(handler.filters)) for handler in logging.getLogger().handlers]
    yield
    for handler, known in filters:
        handler.filters[:] = known
    made = logging.Logger.manager.loggerDict.pop("remediation", None)
    if isinstance(made, logging.Logger):
        made.handlers.clear()


@pytest.fixture(scope="session")
def shared() -> Path | None:
    """The folder of samples and specifications beside the repository, or None."""
    return SHARED if SHARED.is_dir() else None
