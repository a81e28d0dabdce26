"""The operator's command line: `remedy explain`, `invoke`, `runs` and `show`.

A command reads its arguments, asks one module for an answer, and has it displayed. What needs AWS is imported only where it
is used: `explain` works without credentials, without network and without boto3.
"""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from remedy.display import show_explanation, show_runs
from remedy.environment import environment
from remedy.explain import explain_file
from remedy.live import follow
from remedy.payload import payload
from remedy.telling import telling
from remedy.timeline import show_run
from remedy.times import instant, since_when

app = typer.Typer(
    name="remedy",
    help="Ask and operate the remediation of an environment: what it would do, does, and has done.",
    epilog="Start with: remedy explain EVENT.json. Every command has --help and --json; docs/remedy.md has examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Env = Annotated[str, typer.Option("--env", "-e", envvar="REMEDY_ENV", help="The environment: a file in config/.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


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


@app.command()
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
            _print_json(explanation)
        else:
            show_explanation(explanation)


@app.command()
def invoke(
    runbook: Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its name, such as restart-unhealthy-targets.")],
    *,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="What it is about: the runbook's first field.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the payload; may be repeated.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Have it done. Without this, the answer is the plan.")] = False,
    because: Annotated[str, typer.Option("--because", help="Why, for the record.")] = "",
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Start a runbook by hand and follow it to its end. Without --apply it shows the plan and changes nothing.

    Exit status: 0 healed, nothing to do, or the plan was shown.

    1 AWS could not be asked. 2 used wrongly. 3 a gate or the mode said no. 4 not healed, or handed to a person. 5 failed.
    """
    with telling():
        status = _invoke(runbook, target, settings or [], env, because, apply=apply, json=json)
        raise typer.Exit(status)


def _invoke(
    name: str, target: str | None, settings: list[str], env: str, because: str, *, apply: bool, json: bool
) -> int:
    from remedy.aws import asking  # noqa: PLC0415 - loads boto3, like the next
    from remedy.invoke import exit_status, start  # noqa: PLC0415

    there = environment(env)
    runbook = there.runbook(name)
    body = payload(runbook, there, target=target, settings=settings, apply=apply, because=because)
    run = start(body, runbook, there)
    with asking(there):
        outcome = run.to_its_end() if json else follow(run, plan=not apply)
    if json:
        typer.echo(outcome.json())
    return exit_status(outcome, apply=apply)


@app.command()
def runs(
    *,
    status: Annotated[str, typer.Option("--status", help="Only these: healed, refused, escalated, running ...")] = "",
    runbook: Annotated[str, typer.Option("--runbook", help="Only this runbook's.")] = "",
    since: Annotated[str, typer.Option("--since", help="As long ago as 30m, 24h or 7d, or a time.")] = "24h",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 50,
    env: Env = "dev",
    json: Json = False,
) -> None:
    """List what was done and what was not, the newest first."""
    from remedy.history import Wanted, checked_status, history, listed, summarised  # noqa: PLC0415 - loads boto3

    with telling():
        now = datetime.now(UTC)
        there = environment(env)
        wanted = Wanted(
            since=since_when(since, now),
            limit=limit,
            status=checked_status(status),
            runbook=there.runbook(runbook).name if runbook else "",
        )
        records = listed(history(there), there, wanted)
        if json:
            _print_json([summarised(record) for record in records])
        else:
            show_runs(records, now)


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its id, as `remedy runs` and the messages say it.")],
    facts: Annotated[bool, typer.Option("--facts", help="Unfold everything that was seen.")] = False,
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Tell one run: its gates, facts, verdicts, acts, waits and outcome."""
    from remedy.history import history, told  # noqa: PLC0415 - loads boto3

    with telling():
        there = environment(env)
        record = told(history(there), there, run)
        if json:
            _print_json(record)
        else:
            show_run(record, facts=facts)


def _print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    typer.echo(msgspec.json.encode(value).decode())


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
