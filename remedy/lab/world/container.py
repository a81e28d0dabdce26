"""A container, which is a process: `docker run --name backend --restart always`, without Docker."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

BACKEND = Path(__file__).with_name("backend.py")
GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL at a stop, unless told otherwise; Docker's default."""
LONGEST_BACKOFF = 60.0


class Container:
    """The container `backend` of one machine."""

    def __init__(self, directory: Path, environment: Mapping[str, str], image: str) -> None:
        self.name, self.image = "backend", image
        self.log = directory / "backend.log"
        self.port_file = directory / "port"
        self.restarts = 0
        self.exit_code = 0
        self.started_at = self.finished_at = _now()
        self._environment = {**environment, "PORT_FILE": str(self.port_file)}
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._backoff = 0.1
        self._retry_at = 0.0
        self._lock = threading.RLock()

    def start(self) -> None:
        """Start the process, if it does not run."""
        with self._lock:
            self._wanted = True
            if self._alive():
                return
            self.port_file.unlink(missing_ok=True)
            sink: IO[bytes]
            with self.log.open("ab") as sink:
                self._process = subprocess.Popen(
                    [sys.executable, "-S", str(BACKEND)],
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                )
            self.started_at = _now()

    def stop(self, grace: float = GRACE) -> None:
        """Ask it to end, then make it; the restart policy leaves it stopped."""
        with self._lock:
            self._wanted = False
            if self._process is None:
                return
            if self._alive():
                self._process.terminate()
                try:
                    self._process.wait(grace)
                except subprocess.TimeoutExpired:
                    self._process.kill()
            self._note_exit(self._process.wait())

    def restart(self, grace: float = GRACE) -> None:
        """`docker restart`: stop, then start."""
        with self._lock:
            self.stop(grace)
            self._backoff = 0.1
            self.start()

    def wedge(self) -> None:
        """Deadlock the application: it runs, its port accepts connections, and nothing is ever answered."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """Crash the process, as an out-of-memory kill does. The restart policy brings it back."""
        if self._process is not None:
            self._process.kill()

    def tend(self) -> None:
        """Carry out `--restart always`, with Docker's growing pauses."""
        with self._lock:
            if not self._wanted or self._process is None or self._alive():
                return
            if self._retry_at == 0.0:
                self._note_exit(self._process.poll() or 0)
                self._retry_at = time.monotonic() + self._backoff
                self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
            elif time.monotonic() >= self._retry_at:
                self._retry_at = 0.0
                self.restarts += 1
                self.start()

    @property
    def port(self) -> int | None:
        """Return where the process listens, None while it does not."""
        try:
            return int(self.port_file.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def inspect(self) -> dict[str, Any]:
        """Return what `docker inspect` tells of it."""
        running, waiting = self._alive(), self._retry_at > 0
        return {
            "Id": f"{abs(hash(self.log)):064x}"[-64:],
            "Name": f"/{self.name}",
            "Created": self.started_at,
            "RestartCount": self.restarts,
            "Config": {"Image": self.image, "Env": [f"{key}={value}" for key, value in self._environment.items()]},
            "HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
            "State": {
                "Status": "running" if running else "restarting" if waiting else "exited",
                "Running": running or waiting,
                "Paused": False,
                "Restarting": waiting,
                "OOMKilled": False,
                "Dead": False,
                "Pid": self._process.pid if self._process and running else 0,
                "ExitCode": 0 if running else self.exit_code,
                "Error": "",
                "StartedAt": self.started_at,
                "FinishedAt": self.finished_at,
            },
        }

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _note_exit(self, status: int) -> None:
        self.exit_code = status if status >= 0 else 128 - status
        self.finished_at = _now()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def as_json(container: Container) -> str:
    """Return the answer of `docker inspect` without a template."""
    return json.dumps([container.inspect()], indent=4)
