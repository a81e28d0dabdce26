"""`remedy explain`: what would be done with an event, and why."""

from pathlib import Path
from typing import Annotated

import typer

from remedy.commands.options import Env, Json, print_json
from remedy.display import show_explanation
from remedy.environment import environment
from remedy.explain import explain_file
from remedy.telling import telling
from remedy.times import instant


def explain(
    event: Annotated[
        Path, typer.Argument(metavar="EVENT.json", help="A file with an event or a payload; - is standard input.")
    ],
    env: Env = "dev",
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="When it would arrive (RFC 3339); by default when it was sent."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what would be done with an event, and why. Offline: needs no AWS.

    Whatever the file is, the answer is routed, ignored or rejected, and the exit status is 0.
    """
    with telling():
        explanation = explain_file(event, environment(env), instant(at, "--at") if at else None)
        if json:
            print_json(explanation)
        else:
            show_explanation(explanation)
