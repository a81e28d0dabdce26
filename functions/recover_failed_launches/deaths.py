"""How instances start, by their own account: what their log says, as one of a few classes.

A log is written by whatever runs there, so it is taken for its class and quoted redacted and cut, never used in a command.
"""

import base64
import binascii
import re
from enum import StrEnum
from typing import TypeAlias

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
    """The registry refuses: no login, or no right."""
    NO_WAY = "no-way"
    RATE = "rate"
    """The registry lets no more pulls through for now."""
    CERTIFICATE = "certificate"
    """The registry's certificate is not trusted there."""
    NO_DOCKER = "no-docker"
    NO_SPACE = "no-space"
    ARCHITECTURE = "architecture"
    USER_DATA = "user-data"
    APPLICATION = "application"


_Table: TypeAlias = tuple[tuple[Trouble, re.Pattern[str]], ...]


def _table(*texts: tuple[Trouble, str]) -> _Table:
    return tuple((trouble, re.compile(text, re.IGNORECASE)) for trouble, text in texts)


_ABOUT_PULLING = re.compile(
    r"\becr\b|docker|daemon|registry|manifest|\bpull(ing)?\b|amazonlinux|login from a non TTY", re.IGNORECASE
)
"""In a line that is about the image or the packages. Any other call that user data makes may fail as well, and matters not."""
_PULLING = _table(
    (Trouble.NO_TAG, r"manifest unknown|manifest for .{1,300} not found|repository with name .{1,300} does not exist"),
    (Trouble.RATE, r"toomanyrequests"),
    (Trouble.CERTIFICATE, r"x509:"),
    (
        Trouble.NO_WAY,
        (
            r"i/o timeout|Could not (connect|resolve)|Connect timeout|network is unreachable|no such host"
            r"|connection timed out|TLS handshake timeout|request canceled while waiting for connection"
        ),
    ),
    (
        Trouble.NO_RIGHT,
        (
            r"no basic auth credentials|pull access denied|403 Forbidden|AccessDenied|not authorized to perform"
            r"|denied: (User|Your auth)|login from a non TTY"
        ),
    ),
)
"""What keeps an image from being pulled; looked for only where there is no container."""
_STARTING = _table(
    (Trouble.NO_SPACE, r"no space left on device"),
    (
        Trouble.ARCHITECTURE,
        r"exec format error|no matching manifest for|requested image's platform .{1,80} does not match",
    ),
)
"""What keeps a container from running; looked for in either log."""
_DOCKER = _table((Trouble.NO_DOCKER, r"Cannot connect to the Docker daemon|docker: command not found"))


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
    found, line = _trouble(printed, log, container_log)
    lines = [*log.splitlines()[-_LINES:], *container_log.splitlines()[-_LINES:]]
    told = [*([] if line in lines else [line]), *lines]
    return Boot(
        instance=answer.instance,
        cloud_init=printed.cloud_init,
        container=printed.container,
        trouble=found,
        lines=tuple(quoted(each) for each in told if each.strip()),
    )


def _trouble(printed: _Printed, log: str, container_log: str) -> tuple[Trouble | None, str]:
    """Return what is wrong with a start, and the line that says so.

    A container that runs was pulled and started, and one that stopped was pulled: of those no such trouble is looked for.
    """
    if printed.container == "running":
        return None, ""
    lines = log.splitlines()
    if printed.container != "missing":
        return _found(_STARTING, [*container_log.splitlines(), *lines]) or (Trouble.APPLICATION, "")
    pulling = [line for line in lines if _ABOUT_PULLING.search(line)]
    ended = Trouble.USER_DATA if printed.cloud_init in {"error", "done"} else None
    return _found(_STARTING, lines) or _found(_PULLING, pulling) or _found(_DOCKER, lines) or (ended, "")


def _found(table: _Table, lines: list[str]) -> tuple[Trouble, str] | None:
    return next(((trouble, line) for trouble, said in table for line in lines if said.search(line)), None)


def quoted(text: str) -> str:
    """Return a text of AWS's or an instance's as it may be told: one line, redacted, cut."""
    line = " ".join(redact(text).split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 6] + " (...)").removesuffix(".")


def _plain(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode(errors="replace")
