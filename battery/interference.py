"""Let the nth call of a night go wrong: the process dies before or after it, or AWS does not do what it was asked.

Counted are the calls that leave for AWS: those of the runbook's clients, and those of the ledger, the topics, the alarms and
whatever else a run is handed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from battery.ground import Ground
from remediation.core.errors import AwsError
from tests.support.steps import CrashError

When: TypeAlias = Literal["before", "after"]
PORTS = ("ledger", "notifier", "alarms", "incidents", "follow_up", "approvals", "surroundings")
PLAIN = frozenset({"place", "now", "calls", "mutations"})
"""What is no client of the clients that a night is handed."""
CODES = ("Throttling", "InternalError", "RequestTimeout")
"""What AWS says when it is busy, broken, or silent. After the last two it may have done what it was asked."""


class Calls:
    """Counts calls, and interferes with those that it is told to."""

    def __init__(self, interfere: Callable[[int, When], None] = lambda *_: None) -> None:
        self.made, self.ended, self._interfere = 0, 0, interfere
        self.names: list[str] = []

    def before(self, name: str) -> int:
        """Count a call that is about to be made."""
        self.made += 1
        self.names.append(name)
        self._interfere(self.made, "before")
        return self.made

    def after(self, nth: int) -> None:
        """Let a call be over."""
        self.ended += 1
        self._interfere(nth, "after")


class Port:
    """A port, or a client of a service, whose every call is counted; a paginator is a call for all its pages."""

    def __init__(self, port: Any, calls: Calls) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name == "get_paginator":
            return lambda operation: Pages(found(operation), operation, self._calls)
        return self._counted(found, name) if callable(found) else found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call a port that is a function: a way to somewhere else than AWS."""
        return self._counted(self._port, "outside")(*args, **kwargs)

    def _counted(self, found: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nth = self._calls.before(name)
            try:
                return found(*args, **kwargs)
            except CrashError:
                nth = 0  # it died within, as in a step that asks: nothing comes after
                raise
            finally:
                if nth:
                    self._calls.after(nth)

        return counted


class Pages:
    """A paginator whose pages are one call."""

    def __init__(self, paginator: Any, operation: str, calls: Calls) -> None:
        self._paginator, self._operation, self._calls = paginator, operation, calls

    def paginate(self, **parameters: Any) -> list[Any]:
        """Return all pages."""
        nth = self._calls.before(self._operation)
        try:
            return list(self._paginator.paginate(**parameters))
        finally:
            self._calls.after(nth)


class Aws:
    """The clients of a night, those that act too, with every call counted."""

    def __init__(self, clients: Any, calls: Calls) -> None:
        self._clients, self._calls = clients, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._clients, name)
        if name in PLAIN:
            return found
        return Aws(found, self._calls) if name in {"acting", "patient"} else Port(found, self._calls)


@contextmanager
def interfering(ground: Ground, calls: Calls) -> Iterator[None]:
    """Count every call of a night, and interfere; the clients and the ports are its own again afterwards."""
    clients, ports = ground.aws, {name: getattr(ground, name) for name in PORTS}
    ground.aws = Aws(clients, calls)
    for name, port in ports.items():
        setattr(ground, name, Port(port, calls))
    try:
        yield
    finally:
        ground.aws = clients
        for name, port in ports.items():
            setattr(ground, name, port)


def die(at: int, moment: When) -> Callable[[int, When], None]:
    """Let the process die there, once."""
    died = False

    def interfere(nth: int, when: When) -> None:
        nonlocal died
        if (nth, when) == (at, moment) and not died:
            died = True
            raise CrashError(f"{when} call {nth}")

    return interfere


def fail(at: int, code: str, moment: When, times: int = 1) -> Callable[[int, When], None]:
    """Let so many calls fail from that one on: before AWS did what it was asked, or after."""

    def interfere(nth: int, when: When) -> None:
        if when == moment and at <= nth < at + times:
            raise AwsError(f"Call {nth} failed with {code}.", operation="aws:Call", code=code)

    return interfere
