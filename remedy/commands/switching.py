"""`remedy mode`, `freeze`, `thaw` and `circuit`: the live switches, effective at once, each change with who and why."""

from typing import Annotated, get_args

import msgspec
import typer

from remediation.core.spec import Mode
from remedy.commands.options import Because, Env, Json, RunbookName, now, print_json
from remedy.display import waiting
from remedy.display_switches import show_change, show_modes
from remedy.environment import environment
from remedy.identity import reason
from remedy.telling import MistakeError, telling
from remedy.times import end_of_freeze, until_when

Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="When it ends by itself: 30m or 4h from now, or a time.")
]

circuit = typer.Typer(name="circuit", help="Close a runbook's circuit that has opened.", no_args_is_help=True)


def mode(
    mode: Annotated[str, typer.Argument(metavar="off|observe|act", help="Without it, the modes are shown.")] = "",
    *,
    runbook: Annotated[str, typer.Option("--runbook", help="Only this runbook's; else the environment's.")] = "",
    until: Until = "",
    because: Because = "",
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Show the modes, or lower one at once: off (nothing), observe (look and tell), act (as deployed again).

    A live switch only lowers what is deployed. Without --until it stays until somebody says act.
    """
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
    from remedy.switches import Board, modes  # noqa: PLC0415

    with telling():
        there = environment(env)
        name = there.runbook(runbook).name if runbook else ""
        if not mode:
            if until or because:
                raise MistakeError("Say which mode: off, observe or act.")
            with waiting("Reading the switches ..."):
                rows = modes(Board(connect(there), there).live(), there, now())
            rows = tuple(row for row in rows if row.of == name) if name else rows
            print_json(rows) if json else show_modes(rows)
            return
        if mode not in get_args(Mode):
            raise MistakeError(f"There is no mode {mode!r}; there are: {', '.join(get_args(Mode))}.")
        wanted: Mode = msgspec.convert(mode, Mode)
        if wanted == "act" and until:
            raise MistakeError("act takes a lowering back and needs no --until; say when the lowering ends instead.")
        why = reason(because, needed_for=f"Mode {wanted}")
        end = until_when(until, now()) if until else None
        with waiting("Setting the switch ..."):
            board = Board(connect(there), there)
            change = board.set_mode(wanted, runbook=name, until=end, because=why, now=now())
        if json:
            print_json(change)
            return
        show_change(change)
        show_modes(modes(board.live(), there, now()))


def freeze(
    *,
    until: Until = "",
    because: Because = "",
    end: Annotated[bool, typer.Option("--end", help="End the freeze now, as `remedy thaw` does.")] = False,
    env: Env = "dev",
    json: Json = False,
) -> None:
    """Freeze an environment at once: nothing is changed by itself until then. Outages are told all the same."""
    with telling():
        if end:
            if until:
                raise MistakeError("Say --until, or --end, not both.")
            _thaw(env, because, json=json)
            return
        there = environment(env)
        if not until:
            raise MistakeError("A freeze needs an end: say --until 2h (eight hours at most), or --end to end one.")
        why, at = reason(because, needed_for="A freeze"), end_of_freeze(until, now())
        from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
        from remedy.switches import Board  # noqa: PLC0415

        with waiting("Freezing ..."):
            change = Board(connect(there), there).freeze(at, because=why, now=now())
        print_json(change) if json else show_change(change)


def thaw(because: Because = "", env: Env = "dev", json: Json = False) -> None:
    """End a freeze that was set by hand, at once."""
    with telling():
        _thaw(env, because, json=json)


def _thaw(env: str, because: str, *, json: bool) -> None:
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
    from remedy.switches import Board  # noqa: PLC0415

    there, why = environment(env), reason(because, needed_for="The end of a freeze")
    with waiting("Ending the freeze ..."):
        change = Board(connect(there), there).thaw(because=why, now=now())
    print_json(change) if json else show_change(change)


@circuit.callback()
def _circuit() -> None:
    pass


@circuit.command()
def close(runbook: RunbookName, because: Because = "", env: Env = "dev", json: Json = False) -> None:
    """Close a runbook's circuit that is open: it may act again at once, and counts its failures anew."""
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
    from remedy.switches import Board  # noqa: PLC0415

    with telling():
        there = environment(env)
        name, why = there.runbook(runbook).name, reason(because, needed_for="Closing a circuit")
        with waiting("Closing the circuit ..."):
            change = Board(connect(there), there).close_circuit(name, because=why, now=now())
        print_json(change) if json else show_change(change)
