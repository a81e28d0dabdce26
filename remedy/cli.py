"""The operator's command line. The commands are in remedy/commands; this puts them together."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from remedy.commands.answering import ack, approve, reject
from remedy.commands.database import database
from remedy.commands.explaining import explain
from remedy.commands.invoking import invoke
from remedy.commands.looking import audit, locks, runs, show, snapshots, status
from remedy.commands.switching import circuit, freeze, mode, thaw
from remedy.telling import MISTAKE, printable

LOOK, START, ANSWER, SWITCH = "Look", "Start", "Answer", "Switch, at once"

app = typer.Typer(
    name="remedy",
    help="Ask and operate the remediation of an environment: what it would do, does, and has done.",
    epilog="Start with: remedy status. Every command has --help and --json; docs/remedy.md has examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    LOOK: (status, locks, snapshots, runs, show, audit, explain),
    START: (invoke,),
    ANSWER: (approve, reject, ack),
    SWITCH: (mode, freeze, thaw),
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(database, rich_help_panel=LOOK)
app.add_typer(circuit, rich_help_panel=SWITCH)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"remedy {version('starttech-remediation')}")
        raise typer.Exit


@app.callback()
def _remedy(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; what typer itself finds wrong with it is one sentence, like everything else."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        if error.format_message():  # there is none where the help was shown instead
            print(_sentence(error), file=sys.stderr)  # noqa: T201
        sys.exit(MISTAKE)


def _sentence(error: typer.TyperException) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "remedy"
    return f"{printable(error.format_message()).rstrip('.')}. See: {command} --help"


if __name__ == "__main__":
    main()
