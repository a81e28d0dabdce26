"""Show the live switches, and who changed what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from remedy.display import console, plain_table, say
from remedy.identity import called
from remedy.telling import printable
from remedy.times import clock

if TYPE_CHECKING:
    from remediation.adapters.switches import Change
    from remedy.switches import ModeRow

MODE_STYLES = {"act": "green", "observe": "cyan", "off": "bold red"}


def show_change(change: "Change") -> None:
    """Say what was changed just now, and that it holds."""
    why = f" Because: {printable(change.because)}" if change.because else ""
    say(console(), Text(f"Done, in effect at once: {printable(change.what)}.{why}"))


def show_changes(changes: "Sequence[Change]") -> None:
    """Show a list of changes, the newest first."""
    out = console()
    rows = [
        [clock(each.at).removesuffix(" UTC"), _who(each.by), printable(each.what), printable(each.because)]
        for each in changes
    ]
    if not out.is_terminal:
        say(out, *plain_table(("at (UTC)", "who", "what", "because"), rows))
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in ("UTC", "who"):
        table.add_column(column, no_wrap=True)
    table.add_column("what", ratio=1, overflow="fold")
    for at, who, what, because in rows:
        table.add_row(at[5:16], who, Text.assemble((f"{what}\n", "bold"), because))
    out.print(table)


def show_modes(rows: "Sequence[ModeRow]") -> None:
    """Show the modes: in effect, as deployed, and by whom they were lowered."""
    out = console()
    cells = [[row.of, row.in_effect, row.deployed, lowered(row)] for row in rows]
    if not out.is_terminal:
        say(out, *plain_table(("of", "in effect", "deployed", "lowered by hand"), cells))
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("of", overflow="fold")
    for column in ("in effect", "deployed"):
        table.add_column(column, no_wrap=True)
    table.add_column("lowered by hand", ratio=1, overflow="fold")
    for of, in_effect, deployed, why in cells:
        table.add_row(of, Text(in_effect, style=MODE_STYLES[in_effect]), deployed, why)
    out.print(table)


def lowered(row: "ModeRow") -> str:
    """Return by whom a mode was lowered, until when and why; a dash where nobody did."""
    if row.live is None:
        return "-"
    until = f" until {clock(row.live.until)}" if row.live.until else ""
    return printable(f"{row.live.mode}{until} by {_who(row.live.by)}: {row.live.because or 'no reason given'}")


def _who(arn: str) -> str:
    return printable(called(arn)) or "unknown"
