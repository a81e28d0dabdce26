"""An end to everything that is waited for: a socket's time-out starts anew with every byte, this one does not."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
STEP = 1.0
"""Seconds that one answer of a server may take at most."""
LEAST = 0.4
"""Seconds that a server has to answer at least: half the world and back take 0.3. A silence that is shorter says nothing of it."""


class Deadline:
    """The end of one look, in seconds from now on."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self, most: float = STEP, least: float = 0.0) -> float:
        """Return the seconds that one step may take. Raises TimeoutError where none are left, or less than `least`."""
        left = min(self._end - self._clock(), most)
        if left <= 0 or left < least:
            raise TimeoutError("the time for the whole look is over")
        return left

    def part(self, most: float, *, spare: float = 0.0) -> "Deadline":
        """Return the end of a part of the look: `most` seconds from now, and so that `spare` seconds are left after it."""
        now = self._clock()
        return Deadline(min(most, self._end - now - spare), self._clock)


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns that knows no such end itself; its thread is left behind where it takes too long.

    Raises TimeoutError then.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    return answer.result(seconds)


class BoundedSocket:
    """A connected socket that waits no longer than its deadline, whatever time-out somebody else wants it to have."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connected, deadline

    def settimeout(self, _: float | None) -> None:
        """Leave the deadline as it is."""

    def begin(self) -> None:
        """Begin to ask something. Raises TimeoutError where there is no time for an answer, so that nothing is sent."""
        self._deadline.left(least=LEAST)

    def recv(self, most: int) -> bytes:
        """Receive what there is."""
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv(most)

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def shutdown(self, how: int) -> None:
        """End it in both directions."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Give it back."""
        self._socket.close()
