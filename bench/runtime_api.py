"""Lambda's Runtime API for one process at a time, and what that process spent when it called."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

ARN = "arn:aws:lambda:us-east-1:123456789012:function:bench:live"


class InvocationError(Exception):
    """The function under the bench failed; the message is what it said."""


@dataclass(frozen=True)
class Sample:
    """One life of a function: CPU milliseconds of the process, wall milliseconds, megabytes."""

    init_cpu: float
    """Until it asked for its first event."""
    cold_cpu: float
    """Until it answered its first event."""
    cold_wall: float
    warm_cpu: tuple[float, ...]
    """Of every further event."""
    rss: float
    """When it had answered the first."""
    answers: tuple[bytes, ...]


@dataclass(frozen=True)
class _Mark:
    cpu: float
    wall: float


class _Life:
    """A process being measured."""

    def __init__(self, events: Sequence[bytes], between: Callable[[], None]) -> None:
        self.events, self.between = events, between
        self.started, self.over, self.buried = Event(), Event(), Event()
        self.pid = 0
        self.asked: list[_Mark] = []
        self.answered: list[_Mark] = []
        self.answers: list[bytes] = []
        self.rss = 0.0
        self.error = ""

    def mark(self) -> _Mark:
        self.started.wait()
        cpu_clock = (~self.pid << 3) | 2  # of another process, as clock_getcpuclockid(3) makes it
        return _Mark(cpu=time.clock_gettime(cpu_clock) * 1000, wall=time.perf_counter() * 1000)


class RuntimeApi:
    """Serves the Runtime API until left."""

    def __init__(self) -> None:
        self._life: _Life
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        events: Sequence[bytes],
        *,
        between: Callable[[], None] = lambda: None,
    ) -> Sample:
        """Start a process, send it all events one by one, and kill it; `between` is called after every answer."""
        life = self._life = _Life(events, between)
        where = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}"}
        began = time.perf_counter() * 1000
        with subprocess.Popen(  # noqa: S603
            command, env={**environment, **where}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            life.pid = process.pid
            life.started.set()
            output = bytearray()
            assert process.stdout is not None
            reader = Thread(target=lambda out: output.extend(out.read()), args=(process.stdout,), daemon=True)
            reader.start()
            deadline = time.monotonic() + 60
            while not life.over.wait(0.1) and process.poll() is None and time.monotonic() < deadline:
                pass
            process.kill()
            reader.join()
        life.buried.set()
        if life.error or len(life.answers) < len(events):
            raise InvocationError(f"{life.error or 'no answer'}\n{output.decode(errors='replace')}")
        return Sample(
            init_cpu=life.asked[0].cpu,
            cold_cpu=life.answered[0].cpu,
            cold_wall=life.answered[0].wall - began,
            warm_cpu=tuple(end.cpu - start.cpu for start, end in zip(life.asked[1:], life.answered[1:], strict=False)),
            rss=life.rss,
            answers=tuple(life.answers),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def do_GET(self) -> None:
                life = api._life
                life.asked.append(life.mark())
                turn = len(life.answers)
                if turn == len(life.events):
                    life.over.set()
                    life.buried.wait()
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(life.events[turn])))
                self.send_header("Lambda-Runtime-Aws-Request-Id", f"00000000-0000-4000-8000-{turn:012}")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 300_000))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
                self.end_headers()
                self.wfile.write(life.events[turn])

            def do_POST(self) -> None:
                life = api._life
                mark = life.mark()
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.endswith("/response"):
                    if not life.answers:
                        life.rss = _resident(life.pid)
                    life.answered.append(mark)
                    life.answers.append(body)
                    life.between()
                else:
                    life.error = body.decode(errors="replace")
                    life.over.set()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _resident(pid: int) -> float:
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    return int(kilobytes.group(1)) / 1024 if kilobytes else 0.0
