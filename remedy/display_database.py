"""Show clusters and snapshots at Atlas: on a terminal a table, and elsewhere a line each; below, what there is to say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from remedy.display import console, plain_table, say
from remedy.telling import printable
from remedy.times import clock, span

if TYPE_CHECKING:
    from remedy.database import Backups, ClusterRow, SnapshotRow, Standing

CLUSTERS = ("cluster", "state", "tier", "version", "where", "backups", "host")
SNAPSHOTS = ("snapshot", "taken", "age", "kind", "state", "size", "kept until", "restorable")


def show_standing(found: "Standing") -> None:
    """Show how a project stands."""
    styles = ["green" if row.state == "IDLE" else "yellow" for row in found.clusters]
    _show(CLUSTERS, [_cluster(row) for row in found.clusters], styles)
    if not found.clusters:
        say(console(), Text(f"There is no cluster in the project {found.project}."))
    say(console(), *(Text(printable(line), style="red") for line in found.findings))


def show_backups(found: "Backups") -> None:
    """Show the snapshots of a cluster."""
    styles = ["green" if row.restorable else "yellow" for row in found.snapshots]
    _show(SNAPSHOTS, [_snapshot(row) for row in found.snapshots], styles)
    say(console(), Text(printable(found.because)))


def _show(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> None:
    out = console()
    if out.is_terminal and rows:
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for cells, style in zip(rows, styles, strict=True):
            table.add_row(*cells, style=style)
        out.print(table)
    elif rows:
        say(out, *plain_table(columns, rows))


def _cluster(row: "ClusterRow") -> list[str]:
    said = (row.name, row.state, row.tier, row.version, row.where, row.backups, row.host)
    return [printable(each) or "-" for each in said]


def _snapshot(row: "SnapshotRow") -> list[str]:
    return [
        printable(row.id),
        clock(row.taken) if row.taken else "-",
        span(row.age) if row.age is not None else "-",
        row.kind,
        row.state,
        "-" if row.size is None else f"{row.size / 1024**2:,.1f} MB",
        clock(row.kept_until) if row.kept_until else "-",
        "yes" if row.restorable else "no",
    ]
