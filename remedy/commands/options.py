"""Options that several commands have, and the answer in JSON."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from remedy.telling import MistakeError

Env = Annotated[str, typer.Option("--env", "-e", envvar="REMEDY_ENV", help="The environment: a file in config/.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Because = Annotated[str, typer.Option("--because", help="Why, for the record; in ten characters or more.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Its id, as `remedy runs` and the messages say it.")]
_RUN_ID = re.compile(r"[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}")
RunbookName = Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its name, such as restart-unhealthy-targets.")]


def run_id(text: str) -> str:
    """Return the id of a run as it is kept. Raises MistakeError for what is none, before anybody is asked about it."""
    if not _RUN_ID.fullmatch(written := text.strip().lower()):
        raise MistakeError(f"{text!r} is not the id of a run, such as rhg6-ljc2-vhik. List them with: remedy runs")
    return written


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print an answer for machines: JSON in one line."""
    typer.echo(msgspec.json.encode(value).decode())


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
