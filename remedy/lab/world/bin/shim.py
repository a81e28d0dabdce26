"""The docker and curl commands of a machine, for scripts that SSM runs on it.

`docker` asks the world, whose process the containers are; `curl` is a small one of its own, that knows where the machine's
`localhost:8080` is.
"""

import argparse
import http.client
import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

REFUSED, TIMED_OUT, HTTP_ERROR, EMPTY = 7, 28, 22, 52


def docker(arguments: list[str]) -> int:
    """Let the world carry it out."""
    request = json.dumps(arguments).encode()
    url = f"{os.environ['LAB_WORLD']}/_lab/machines/{os.environ['LAB_MACHINE']}/docker"
    with urllib.request.urlopen(url, request, timeout=60) as response:
        answer = json.load(response)
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return int(answer["status"])


def curl(arguments: list[str]) -> int:
    """GET one URL, with curl's options that matter and curl's exit statuses."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("url")
    for flag in ("-s", "-S", "-L", "-k", "-sS", "-sf", "-fsS", "-sSf", "-fs"):
        parser.add_argument(flag, action="store_true", dest=flag.strip("-"))
    parser.add_argument("-f", "--fail", action="store_true")
    parser.add_argument("--silent", "--show-error", "--location", action="store_true")
    parser.add_argument("-m", "--max-time", "--connect-timeout", type=float, default=300.0, dest="seconds")
    parser.add_argument("-o", "--output")
    parser.add_argument("-w", "--write-out", default="")
    words = parser.parse_args(arguments)
    started = time.monotonic()
    exit_status, status, body = _get(words.url, words.seconds)
    fail = words.fail or words.sf or words.fsS or words.sSf or words.fs
    if status >= 400 and fail:
        exit_status, body = HTTP_ERROR, b""
    if words.output:
        Path(words.output).write_bytes(body)
    else:
        sys.stdout.write(body.decode(errors="replace"))
    spent = f"{time.monotonic() - started:.6f}"
    text = words.write_out.replace("\\n", "\n").replace("%{http_code}", f"{status:03d}")
    sys.stdout.write(text.replace("%{response_code}", f"{status:03d}").replace("%{time_total}", spent))
    return exit_status


def _get(url: str, seconds: float) -> tuple[int, int, bytes]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    port = parts.port or 80
    if parts.hostname in {"localhost", "127.0.0.1"} and port == 8080:
        try:
            port = int(Path(os.environ["LAB_PORT_FILE"]).read_text("utf-8"))
        except (OSError, ValueError):
            return REFUSED, 0, b""
    connection = http.client.HTTPConnection(parts.hostname or "localhost", port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return 0, response.status, response.read()
    except TimeoutError:
        return TIMED_OUT, 0, b""
    except ConnectionRefusedError:
        return REFUSED, 0, b""
    except (OSError, http.client.HTTPException):
        return EMPTY, 0, b""


if __name__ == "__main__":
    sys.exit({"docker": docker, "curl": curl}[sys.argv[1]](sys.argv[2:]))
