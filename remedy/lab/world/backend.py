"""The application in the container: the StartTech backend, as far as its operators can see it.

`/health` answers 503 when MongoDB or Redis does not accept connections, and takes up to 2 s for each to find out; `/ping`
depends on nothing. Without MongoDB at its start it gives up, so the container crash-loops. (FACTS.md, section 1.)

It has a bug that the lab can set off: after SIGUSR1 every request waits for a lock that nobody will ever release. The process
goes on running and accepting connections, so `--restart always` has nothing to restart.
"""

import json
import os
import signal
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TIMEOUT = 2.0
LOCK = threading.Lock()


def main() -> None:
    """Serve on any free port, and write down which."""
    signal.signal(signal.SIGUSR1, lambda _number, _frame: LOCK.acquire(blocking=False))
    if not _reachable("MONGODB"):
        sys.exit("FATAL cannot connect to MongoDB: connection refused (uri " + os.environ["MONGO_URI"] + ")")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port_file = Path(os.environ["PORT_FILE"])
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.server_port), "utf-8")
    draft.rename(port_file)
    _log("INFO  listening on :8080")
    server.serve_forever()


class Handler(BaseHTTPRequestHandler):
    """The two paths that matter."""

    def do_GET(self) -> None:
        """Answer /health and /ping."""
        with LOCK:
            pass
        if self.path == "/ping":
            self._answer(HTTPStatus.OK, {"message": "pong"})
        elif self.path == "/health":
            database, cache = _reachable("MONGODB"), _reachable("REDIS")
            body = {"database": "ok" if database else "down", "cache": "ok" if cache else "down"}
            self._answer(HTTPStatus.OK if database and cache else HTTPStatus.SERVICE_UNAVAILABLE, body)
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not found"})

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        level = "INFO " if status < HTTPStatus.BAD_REQUEST else "ERROR"
        _log(f"{level} GET {self.path} {status.value} {content.decode()}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent; `_answer` logs."""


def _log(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _reachable(name: str) -> bool:
    host, port = os.environ[f"{name}_ADDRESS"].split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=TIMEOUT):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
