"""`remedy approve`, `reject` and `ack`: what a person says about a run, bound to their AWS identity."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from remedy.commands.options import Because, Env, Json, RunId, now, print_json, run_id
from remedy.display import show_line, waiting
from remedy.environment import environment
from remedy.identity import reason
from remedy.telling import MistakeError, NotDoneError, telling

if TYPE_CHECKING:
    from remedy.approvals import Answer

SHORTEST_HASH = 8
Hash = Annotated[
    str, typer.Option("--hash", metavar="HASH", help="Insist on this plan, by its hash or the beginning of it.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again, for scripts.")]


def approve(
    run: RunId, *, hash_: Hash = "", yes: Yes = False, because: Because = "", env: Env = "dev", json: Json = False
) -> None:
    """Approve the one plan that a run waits with, after it was shown. The run goes on at once.

    Where nobody can be asked again (no terminal), say --hash or --yes.
    """
    with telling():
        _answer("approve", run, hash_, reason(because), env, sure=yes, json=json)


def reject(run: RunId, *, hash_: Hash = "", because: Because = "", env: Env = "dev", json: Json = False) -> None:
    """Reject the plan that a run waits with: it is not done, and not asked again for a day."""
    with telling():
        _answer("reject", run, hash_, reason(because, needed_for="Rejecting a plan"), env, sure=True, json=json)


def ack(run: RunId, because: Because = "", env: Env = "dev", json: Json = False) -> None:
    """Say that you take on what a run could not heal: nobody else is paged for it."""
    from remedy.acknowledging import acknowledge  # noqa: PLC0415 - loads boto3, like the next two
    from remedy.aws import connect  # noqa: PLC0415
    from remedy.history import history, told  # noqa: PLC0415

    with telling():
        there, run, why = environment(env), run_id(run), reason(because)
        with waiting("Looking for the incident ..."):
            aws = connect(there)
            done = acknowledge(aws, there, told(history(there, aws), there, run), because=why, now=now())
        if json:
            print_json(done)
        else:
            show_line(f"You are on it: {done.incident}. Nobody else is paged; you are told when it is over.")


def _answer(says: "Answer", run: str, hash_: str, because: str, env: str, *, sure: bool, json: bool) -> None:
    from remedy.approvals import answerable, decide  # noqa: PLC0415 - loads boto3, like the next
    from remedy.aws import connect  # noqa: PLC0415
    from remedy.display_approval import show_plan  # noqa: PLC0415

    if hash_ and len(hash_) < SHORTEST_HASH:
        raise MistakeError(f"--hash {hash_!r} is too short to tell a plan: at least {SHORTEST_HASH} characters.")
    there, run = environment(env), run_id(run)
    ask = not (sure or json) and _at_terminal()
    if not (ask or sure or hash_):
        raise MistakeError("Nobody can be asked here whether this is what you mean: say --hash HASH, or --yes.")
    with waiting("Reading what is asked ..."):
        aws = connect(there)
        found = answerable(aws, there, run, says, hash_=hash_, now=now())
    if not json:
        show_plan(found, there, now())
    if ask and not _sure():
        raise NotDoneError(f"Nothing was said, and the run waits: remedy approve {found.wanted.run} --env {env}")
    with waiting("Answering ..."):
        done = decide(aws, there, found, says, because=because, now=now())
    if json:
        print_json(done)
        return
    what = "Approved; the run goes on" if says == "approve" else "Rejected; it is not done"
    show_line(f"{what}: remedy show {done.run} --env {env}")


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _sure() -> bool:
    try:
        return typer.confirm("Approve exactly this?", err=True)
    except typer.Abort:
        return False
