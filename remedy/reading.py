"""Read a file that may be anything at all as JSON, or say in a sentence why it is not.

Stricter than Python's own parser where that accepts what is not JSON (NaN), or quietly picks one of two values (a key that
is there twice).
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes. An event has at most 256 KB; indented by a person, it may be a few times that."""


class UnreadableError(Exception):
    """The file is not JSON, or cannot be read; the message is one sentence."""


def read_json(path: Path) -> object:
    """Return the JSON value in a file, or on standard input if the path is `-`. Raises UnreadableError."""
    return parse_json(_content(path))


def parse_json(content: bytes) -> object:
    """Return the JSON value that some bytes are. Raises UnreadableError."""
    if len(content) > LARGEST_FILE:
        raise UnreadableError(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB, which no event is.")
    if not content.strip():
        raise UnreadableError("The file is empty.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("The file is not text in UTF-8, so it is not JSON.") from error
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"The file is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise UnreadableError("The file is nested too deeply to be an event.") from error
    except ValueError as error:  # such as a number of 5,000 digits
        raise UnreadableError(f"The file is not JSON that can be read: {error}.") from error


def _content(path: Path) -> bytes:
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(LARGEST_FILE + 1)
        with os.fdopen(_opened(path), "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UnreadableError(f"The file cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # such as a path with a null byte in it
        raise UnreadableError(f"The file cannot be read: {error}.") from error


def _opened(path: Path) -> int:
    """Open a file; a named pipe that nobody writes to counts as empty, instead of waiting for a writer for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _no_constant(name: str) -> NoReturn:
    raise UnreadableError(f"The file is not JSON: there is no {name} in JSON.")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise UnreadableError(f"The file is ambiguous: {json.dumps(twice)} is there twice in one object.")
    return found
