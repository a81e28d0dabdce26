"""`remedy runs`, `show`, `status`, `locks`, `snapshots` and `audit`: what happened, how it stands, and who changed what."""

from typing import Annotated

import msgspec
import typer

from remedy.commands.options import Env, Json, RunId, now, print_json, run_id
from remedy.display import show_runs, waiting
from remedy.display_switches import show_changes
from remedy.environment import environment
from remedy.telling import DONE, TROUBLE, telling
from remedy.timeline import show_run
from remedy.times import since_when

Since = Annotated[str, typer.Option("--since", help="As long ago as 30m, 24h or 7d, or a time.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]


def runs(
    *,
    status: Annotated[str, typer.Option("--status", help="Only these: healed, refused, escalated, running ...")] = "",
    runbook: Annotated[str, typer.Option("--runbook", help="Only this runbook's.")] = "",
    since: Since = "24h",
    limit: Limit = 50,
    env: Env = "dev",
    json: Json = False,
) -> None:
    """List what was done and what was not, the newest first."""
    from remedy.history import Wanted, checked_status, history, listed, summarised  # noqa: PLC0415 - loads boto3

    with telling():
        there = environment(env)
        wanted = Wanted(
            since=since_when(since, now()),
            limit=limit,
            status=checked_status(status),
            runbook=there.runbook(runbook).name if runbook else "",
        )
        with waiting("Reading the ledger ..."):
            records = listed(history(there), there, wanted)
        if json:
            print_json([summarised(record) for record in records])
        else:
            show_runs(records, now())


def show(
    run: RunId,
    facts: Annotated[bool, typer.Option("--facts", help="Unfold everything that was seen.")] = False,
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Tell one run: its gates, facts, verdicts, approvals, acts, waits and outcome, and whom it called."""
    from remedy.history import story  # noqa: PLC0415 - loads boto3

    with telling():
        there, run = environment(env), run_id(run)
        with waiting("Reading the ledger ..."):
            told = story(there, run)
        if json:
            more = {"approval": told.asked, "incident": told.incident}
            print_json(msgspec.to_builtins(told.record) | more)
        else:
            show_run(told.record, facts=facts, asked=told.asked, incident=told.incident, now=now())


def status(env: Env = "dev", json: Json = False) -> None:
    """Show how an environment stands: modes, freezes, circuits, budgets, alarms, runs, approvals and incidents.

    Exit status: 0, or 1 if something could not be read, which is then told as unknown.
    """
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next two
    from remedy.display_status import show_status  # noqa: PLC0415
    from remedy.status import status as read  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting(f"Looking at {env} ..."):
            standing = read(connect(there), there, now())
        if json:
            print_json(standing)
        else:
            show_status(standing)
        raise typer.Exit(TROUBLE if standing.unknown else DONE)


def locks(env: Env = "dev", json: Json = False) -> None:
    """List Terraform's locks: who holds each, how long for sure, each sign of life, and what would happen now.

    Exit status: 0, or 1 if a lock could not be read.
    """
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next two
    from remedy.display_locks import show_locks  # noqa: PLC0415
    from remedy.locks import locks as read  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting(f"Asking for the plan of every lock of {env} ..."):
            found = read(connect(there), there, now())
        if json:
            print_json(found)
        else:
            show_locks(found)
        raise typer.Exit(DONE if found.all_read else TROUBLE)


def snapshots(env: Env = "dev", json: Json = False) -> None:
    """List the snapshots of the environment's caches: whose, how old, complete or not, and fresh enough for a risky act or not."""
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next two
    from remedy.display_snapshots import show_snapshots  # noqa: PLC0415
    from remedy.snapshots import listed  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting(f"Looking at the caches of {env} ..."):
            found = listed(connect(there), there, now())
        if json:
            print_json(found)
        else:
            show_snapshots(found)


def audit(since: Since = "7d", limit: Limit = 50, env: Env = "dev", json: Json = False) -> None:
    """List who changed, asked, approved or acknowledged what, and why, the newest first."""
    from remedy.audit import changes  # noqa: PLC0415 - loads boto3, like the next
    from remedy.aws import connect  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting("Reading the ledger ..."):
            found = changes(connect(there), there, since=since_when(since, now()), limit=limit)
        if json:
            print_json(found)
        else:
            show_changes(found)
