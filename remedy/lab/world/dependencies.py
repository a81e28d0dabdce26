"""What the backend needs: Redis and MongoDB, each a process that scenarios can stop and start, behind a gate.

Redis is a real one where this machine has it, behind the security group of the environment's cache. MongoDB speaks its protocol
where Atlas hosts it, behind Atlas's access list. Else each is a process that accepts connections and says nothing.
"""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from remedy.lab import redis
from remedy.lab.emulator.rerouted import PEM
from remedy.lab.processes import free_ports
from remedy.lab.world.gate import HOST, Gate, Way

LISTENER = Path(__file__).with_name("dependency.py")


class Dependency:
    """One of them: what listens behind a gate, whose address is the one that everybody knows."""

    def __init__(self, name: str, port: int, behind: int) -> None:
        self.name, self.address = name, f"{HOST}:{port}"
        self._behind = behind
        self.gate = Gate(port, behind)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def command(self) -> list[str]:
        """Return what it is started with."""
        return [sys.executable, "-S", str(LISTENER), str(self._behind)]

    def start(self) -> None:
        """Start it, if it does not run."""
        if not self.running:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def tend(self, *, allowed: bool) -> None:
        """Let the way to it be as who guards it says, and as it is itself."""
        way: Way = "shut" if not allowed else "open" if self.running else "nobody"
        self.gate.turn(way)

    @property
    def reachable(self) -> bool:
        """Tell whether who may connect to it can."""
        return self.running and self.gate.way == "open"


class MongoDB(Dependency):
    """The database: a member of the cluster at Atlas once that has a certificate, which is in its directory."""

    def __init__(self, port: int, behind: int, atlas: Path) -> None:
        self._pem = atlas / PEM
        super().__init__("mongodb", port, behind)

    @property
    def command(self) -> list[str]:
        """Return what it is started with."""
        if not self._pem.exists():
            return super().command
        words = (self._behind, self._pem, self._pem.with_suffix(".key"))
        return [sys.executable, "-m", "remedy.lab.world.member", *map(str, words)]


class Redis(Dependency):
    """The cache: a real server where there is one."""

    def __init__(self, port: int, behind: int, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__("redis", port, behind)

    @property
    def command(self) -> list[str]:
        """Return what it is started with: empty, and saving only when it is told to."""
        if not (binary := redis.binary()):
            return super().command
        options = {"port": str(self._behind), "bind": HOST, "dir": str(self._directory), "save": ""}
        return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]

    def save(self) -> None:
        """Have it write what it holds to its dump, beside its work."""
        if redis.binary():
            self.say("BGSAVE")

    @property
    def saving(self) -> bool:
        """Tell whether it is at that."""
        return bool(redis.binary()) and "rdb_bgsave_in_progress:1" in self.say("INFO persistence")

    @property
    def saved(self) -> int:
        """Return how many bytes it wrote."""
        dump = self._directory / "dump.rdb"
        return dump.stat().st_size if dump.exists() else 0

    def say(self, command: str) -> str:
        """Say something to the server itself, past the gate, and return its answer."""
        with socket.create_connection((HOST, self._behind), timeout=1) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65_536).decode("utf-8", "replace")


class Dependencies:
    """All of them. MongoDB's port is known before, Redis's directory is emptied, and `atlas` is Atlas's."""

    def __init__(self, mongodb: int, directory: Path, atlas: Path) -> None:
        port, *behind = free_ports(3)
        shutil.rmtree(directory, ignore_errors=True)
        self.redis, self.mongodb = Redis(port, behind[0], directory), MongoDB(mongodb, behind[1], atlas)

    def named(self, name: str) -> Dependency:
        """Return one by its name."""
        return {"redis": self.redis, "mongodb": self.mongodb}[name]
