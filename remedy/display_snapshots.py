"""Show snapshots: on a terminal a table, and elsewhere a line each; below, how each cache stands."""

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from remedy.display import console, plain_table, say
from remedy.telling import printable
from remedy.times import clock, span

if TYPE_CHECKING:
    from remedy.snapshots import Row, Snapshots

COLUMNS = ("snapshot", "cache", "taken", "age", "status", "shards", "size", "whose", "fresh")


def show_snapshots(found: "Snapshots") -> None:
    """Show the snapshots of an environment's caches."""
    out = console()
    rows = [_cells(row) for row in found.snapshots]
    if out.is_terminal and rows:
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for column in COLUMNS:
            table.add_column(column, overflow="fold")
        for row, cells in zip(found.snapshots, rows, strict=True):
            table.add_row(*cells, style="green" if row.fresh else "" if row.status == "available" else "yellow")
        out.print(table)
    elif rows:
        say(out, *plain_table(COLUMNS, rows))
    say(out, *(Text(printable(line)) for line in found.caches))


def _cells(row: "Row") -> list[str]:
    return [
        printable(row.name),
        printable(row.cache),
        clock(row.taken) if row.taken else "-",
        span(row.age) if row.age is not None else "-",
        printable(row.status),
        row.shards,
        printable(row.size) or "-",
        row.whose,
        "yes" if row.fresh else "no",
    ]
