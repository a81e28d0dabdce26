"""A security group in front of a dependency: while it is open, connections pass; while it is shut, packets vanish.

Where nobody listens behind it, a connection is refused. Where it is shut, whoever connects hears nothing, as in a VPC. On the loopback
interface that takes a listener whose queue is full, because the kernel drops what it has no room for.
"""

import socket
import threading
from contextlib import suppress
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["open", "shut", "nobody"]
"""`nobody`: it is open, and nobody listens behind it."""
HOST = "127.0.0.1"
CHUNK = 65_536


class Gate:
    """The way to one dependency, always at the same port."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self.way: Way = "nobody"
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def turn(self, way: Way) -> None:
        """Open or shut it. What was connected is cut off."""
        if way == self.way:
            return
        with self._lock:
            self.way = way
            for each in self._sockets:
                _close(each)
            self._sockets.clear()
        match way:
            case "open":
                listener = self._listen(128)
                threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            case "shut":
                self._listen(0)
                self._fill()
            case "nobody":
                pass

    def _listen(self, backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(backlog)
        self._sockets.append(listener)
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # it was shut
            with self._lock:
                if listener not in self._sockets:
                    _close(near)
                    return
                self._sockets.append(near)
            threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection((HOST, self._target), timeout=1)
        except OSError:
            _close(near)
            return
        far.settimeout(None)
        with self._lock:
            if near not in self._sockets:
                _close(far)
                return
            self._sockets.append(far)
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        with self._lock:
            self._sockets = [each for each in self._sockets if each not in {near, far}]
        _close(near)
        _close(far)

    def _fill(self) -> None:
        """Take every place in the listener's queue."""
        while True:
            try:
                self._sockets.append(socket.create_connection((HOST, self.port), timeout=0.2))
            except TimeoutError:
                return


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(CHUNK):
            sink.sendall(received)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _close(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
    each.close()
