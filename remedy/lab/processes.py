"""Start the lab's processes, and be sure to end them.

Each child is the leader of a group (lifeline.py) that dies when its standard input closes: on `stop`, on any exit of this
process, also by SIGKILL.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LIFELINE = Path(__file__).with_name("lifeline.py")


class LabError(Exception):
    """The lab could not do its part; the message says what, and ends with the log of who failed."""


class Child:
    """One command of the lab, with everything it starts."""

    def __init__(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        self.name, self.log = name, log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-S", str(LIFELINE), *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def status(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> None:
        """Wait for a successful end. Raises LabError with the end of the log otherwise."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise LabError(f"{self.name} did not finish within {seconds:.0f} s.\n{self.tail()}") from error
        if status != 0:
            raise LabError(f"{self.name} failed.\n{self.tail()}")

    def stop(self) -> None:
        """Kill it and everything it started."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def tail(self, lines: int = 30) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-lines:])


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def eventually(what: str, condition: Callable[[], bool], *, seconds: float, child: Child | None = None) -> None:
    """Wait until a condition holds. Raises LabError if it does not in time, or if the child ended before."""
    deadline = time.monotonic() + seconds
    while not condition():
        if child is not None and child.status is not None:
            raise LabError(f"{child.name} ended before {what}.\n{child.tail()}")
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:.0f} s." + (f"\n{child.tail()}" if child else ""))
        time.sleep(0.1)


def listening(port: int) -> bool:
    """Tell whether somebody accepts connections on a port of the loopback interface."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
