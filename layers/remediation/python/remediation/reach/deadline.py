"""An end to everything that is waited for: a socket's time-out starts anew with every byte, this one does not."""

import socket
import time
from collections.abc import Callable

STEP = 1.0
"""Seconds that one answer of a server may take at most."""


class Deadline:
    """The end of one look, in seconds from now on."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self, most: float = STEP) -> float:
        """Return the seconds that one step may take. Raises TimeoutError where none are left."""
        left = min(self._end - self._clock(), most)
        if left <= 0:
            raise TimeoutError("the time for the whole look is over")
        return left


class BoundedSocket:
    """A connected socket that waits no longer than its deadline, whatever time-out somebody else wants it to have."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connected, deadline

    def settimeout(self, _: float | None) -> None:
        """Leave the deadline as it is."""

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
