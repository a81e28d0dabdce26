"""`remedy invoke`: start a runbook by hand, and follow its run to the end."""

from typing import Annotated

import typer

from remedy.commands.options import Env, Json, RunbookName, now
from remedy.environment import environment
from remedy.identity import reason
from remedy.live import follow
from remedy.payload import payload
from remedy.telling import MistakeError, telling


def invoke(
    runbook: RunbookName,
    *,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="What it is about: the runbook's first field.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the payload; may be repeated.")
    ] = None,
    lock: Annotated[
        str | None,
        typer.Option("--lock", help="A lock: a state's name, or the ID in the lock. The same as --set lock=."),
    ] = None,
    without_snapshot: Annotated[
        bool,
        typer.Option("--without-snapshot", help="flush-redis: take no snapshot first. Two people agree to that too."),
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Have it done. Without this, the answer is the plan.")] = False,
    because: Annotated[str, typer.Option("--because", help="Why, for the record.")] = "",
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Start a runbook by hand and follow it to its end. Without --apply it shows the plan and changes nothing.

    Exit status: 0 healed, nothing to do, or the plan was shown.

    1 AWS could not be asked. 2 used wrongly. 3 a gate or the mode said no, or it cannot be done. 4 not healed, or handed to a person. 5 failed.
    """
    with telling():
        said = [*(settings or []), *_locked(lock), *(["without_snapshot=true"] if without_snapshot else [])]
        status = _invoke(runbook, target, said, env, because, apply=apply, json=json)
        raise typer.Exit(status)


def _locked(lock: str | None) -> list[str]:
    """Return what `--lock` sets. An empty one would mean every lock, which nobody means who names one."""
    if lock is not None and not lock.strip():
        raise MistakeError("--lock needs the name of a state, or the ID in the lock. List them with: remedy locks")
    return [] if lock is None else [f"lock={lock}"]


def _invoke(
    name: str, target: str | None, settings: list[str], env: str, because: str, *, apply: bool, json: bool
) -> int:
    from remedy.aws import asking  # noqa: PLC0415 - loads boto3, like the next
    from remedy.invoke import exit_status  # noqa: PLC0415
    from remedy.starting import start  # noqa: PLC0415

    there = environment(env)
    runbook = there.runbook(name)
    body = payload(runbook, there, target=target, settings=settings, apply=apply, because=reason(because))
    run = start(body, runbook, there, now())
    with asking(there):
        outcome = run.to_its_end() if json else follow(run, plan=not apply)
    if json:
        typer.echo(outcome.json())
    return exit_status(outcome, apply=apply)
