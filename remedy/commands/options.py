"""Options that several commands have, and the answer in JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

Env = Annotated[str, typer.Option("--env", "-e", envvar="REMEDY_ENV", help="The environment: a file in config/.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Because = Annotated[str, typer.Option("--because", help="Why, for the record; in ten characters or more.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Its id, as `remedy runs` and the messages say it.")]
RunbookName = Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its name, such as restart-unhealthy-targets.")]


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print an answer for machines: JSON in one line."""
    typer.echo(msgspec.json.encode(value).decode())


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
