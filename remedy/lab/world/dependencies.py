"""What the backend needs: Redis and MongoDB, each a process that scenarios can stop and start."""

import subprocess
import sys
from pathlib import Path

from remedy.lab.processes import free_ports

LISTENER = Path(__file__).with_name("dependency.py")


class Dependency:
    """One of them, always at the same address."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port
        self.address = f"127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, if it does not run."""
        if not self.running:
            command = [sys.executable, "-S", str(LISTENER), str(self.port)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None


class Dependencies:
    """All of them."""

    def __init__(self) -> None:
        redis, mongodb = free_ports(2)
        self.redis, self.mongodb = Dependency("redis", redis), Dependency("mongodb", mongodb)

    def named(self, name: str) -> Dependency:
        """Return one by its name."""
        return {"redis": self.redis, "mongodb": self.mongodb}[name]
