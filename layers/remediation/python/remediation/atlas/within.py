"""Connections on which a whole answer has to be there in time: a time-out of a socket alone starts again with every byte.

So a server that says one byte at a time would be listened to for ever. Here the time that is left when the answer begins is
all there is, for the headers and the body together.
"""

import io
import time
from http.client import HTTPResponse
from typing import Any

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool


class _Within(io.RawIOBase):
    """What comes out of a socket until an instant of the monotonic clock. Raises TimeoutError after it."""

    def __init__(self, sock: Any, ends: float) -> None:  # noqa: ANN401 - of `socket` or `ssl`
        self._sock, self._raw, self._ends = sock, sock.makefile("rb", buffering=0), ends

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as `io` has it
        """Read what there is, and wait for it no longer than until the end."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer: its time begins now, and is what the socket's time-out is."""

    def __init__(self, sock: Any, *how: Any, **more: Any) -> None:  # noqa: ANN401 - as http.client makes it
        super().__init__(sock, *how, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Within(sock, time.monotonic() + sock.gettimeout()))


class Connection(HTTPSConnection):
    """A verified connection whose answers have to be there in time."""

    response_class = _Response


class _Pool(HTTPSConnectionPool):
    ConnectionCls = Connection


class Connections(urllib3.PoolManager):
    """Connections by TLS, and none without it."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - as urllib3 takes it
        super().__init__(maxsize=1, **more)
        self.pool_classes_by_scheme = {"https": _Pool}
