"""How instances start, by their own account: what their log says, as one of a few classes.

A log is written by whatever runs there, so it is taken for its class and quoted redacted and cut, never used in a command.
"""

import base64
import binascii
import re
from enum import StrEnum

import msgspec
from msgspec import Struct

from remediation.aws.ssm import Answer
from remediation.core.redact import redact

LONGEST = 512
"""Characters of a text of AWS's or an instance's that are kept (hazard A2)."""
_LINES = 4


class Trouble(StrEnum):
    """What keeps an instance from serving after it was launched."""

    NO_TAG = "no-tag"
    NO_RIGHT = "no-right"
    NO_WAY = "no-way"
    NO_DOCKER = "no-docker"
    NO_SPACE = "no-space"
    ARCHITECTURE = "architecture"
    USER_DATA = "user-data"
    APPLICATION = "application"


_LOGGED: tuple[tuple[Trouble, str], ...] = (
    (Trouble.NO_TAG, r"manifest (unknown|for .{1,300} not found)|repository .{1,300} (does not exist|not found)"),
    (Trouble.NO_RIGHT, r"no basic auth credentials|AccessDenied|not authorized to perform|denied: (User|Your auth)"),
    (
        Trouble.NO_WAY,
        (
            r"i/o timeout|Could not (connect|resolve)|network is unreachable|no such host|connection timed out"
            r"|TLS handshake timeout|request canceled while waiting for connection"
        ),
    ),
    (Trouble.NO_SPACE, r"no space left on device"),
    (Trouble.ARCHITECTURE, r"exec format error|no matching manifest for"),
    (Trouble.NO_DOCKER, r"Cannot connect to the Docker daemon|docker: command not found"),
)
_KNOWN = tuple((trouble, re.compile(text, re.IGNORECASE)) for trouble, text in _LOGGED)


class Boot(Struct, frozen=True, kw_only=True):
    """What an instance says of its start."""

    instance: str
    cloud_init: str = ""
    """cloud-init's own word: done, running, error ..."""
    container: str = ""
    """Docker's word for the container's state; `missing` where there is none."""
    trouble: Trouble | None = None
    lines: tuple[str, ...] = ()
    unanswered: str = ""
    """Why it says nothing, where it was asked."""


class _Printed(Struct):
    """What the document `read-start` prints; the logs are in Base64."""

    cloud_init: str
    container: str
    log: str
    container_log: str


def understood(answer: Answer) -> Boot:
    """Return what an instance answered, or why that is of no use."""
    if not answer.finished:
        return Boot(instance=answer.instance, unanswered=f"it did not answer in time (command {answer.status})")
    if answer.status != "Success":
        why = quoted(answer.error or answer.output)
        return Boot(instance=answer.instance, unanswered=f"reading its start ended with {answer.status}: {why}")
    try:
        printed = msgspec.json.decode(answer.output, type=_Printed)
        log, container_log = _plain(printed.log), _plain(printed.container_log)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        why = f"it printed something else than expected ({type(error).__name__})"
        return Boot(instance=answer.instance, unanswered=why)
    serves = printed.container == "running"
    lines = [*log.splitlines()[-_LINES:], *container_log.splitlines()[-_LINES:]]
    return Boot(
        instance=answer.instance,
        cloud_init=printed.cloud_init,
        container=printed.container,
        trouble=_logged(log) or (None if serves else _stopped(printed)),
        lines=tuple(quoted(line) for line in lines if line.strip()),
    )


def _logged(log: str) -> Trouble | None:
    return next((trouble for trouble, pattern in _KNOWN if pattern.search(log)), None)


def _stopped(printed: _Printed) -> Trouble | None:
    if printed.container != "missing":
        return Trouble.APPLICATION
    return Trouble.USER_DATA if printed.cloud_init in {"error", "done"} else None


def quoted(text: str) -> str:
    """Return a text of AWS's or an instance's as it may be told: one line, redacted, cut."""
    line = " ".join(redact(text).split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 6] + " (...)").removesuffix(".")


def _plain(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode(errors="replace")
