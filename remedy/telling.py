"""What goes wrong, told to a person in one sentence on standard error, and what the exit status means.

| status | meaning |
|---|---|
| 0 | done: healed, nothing to do, answered, switched, or what was asked for was shown |
| 1 | AWS could not be asked: no credentials, another account, not deployed, no permission, no such run |
| 2 | the command was used wrongly; nothing was started |
| 3 | nothing was changed: a gate or the mode said no, it is too late, or it is that way already |
| 4 | not healed, or handed to a person |
| 5 | the run failed, or ended without an outcome |
| 130 | interrupted at the keyboard; the run goes on |
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

DONE: Final = 0
TROUBLE: Final = 1
MISTAKE: Final = 2
NOT_DONE: Final = 3
NOT_HEALED: Final = 4
FAILED: Final = 5
INTERRUPTED: Final = 130


class RemedyError(Exception):
    """What a command ends with instead of an answer; the message is one sentence that says what to do."""

    status = TROUBLE


class TroubleError(RemedyError):
    """AWS cannot be asked, or what was asked for is not there."""


class MistakeError(RemedyError):
    """The command was used wrongly."""

    status = MISTAKE


class NotDoneError(RemedyError):
    """Nothing was changed: it may not be, it is too late, or it is that way already."""

    status = NOT_DONE


class FailedError(RemedyError):
    """The run that was started failed without an outcome."""

    status = FAILED


class LeftError(RemedyError):
    """The person who started a run left it before its end."""

    status = INTERRUPTED


@contextmanager
def telling() -> Iterator[None]:
    """Turn what a command ends with into its sentence and its exit status."""
    try:
        yield
    except RemedyError as error:
        print(printable(str(error)), file=sys.stderr)  # noqa: T201
        raise typer.Exit(error.status) from error


def printable(text: str) -> str:
    """Return a text in which nothing can move the cursor, colour the screen or fail to be written.

    Events and messages of AWS are other people's text: control characters, bidirectional overrides and halves of
    characters are shown as escapes.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
