"""Show answers to a person: coloured on a terminal, plain and complete lines where the output goes elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from remediation.core.outcome import Outcome
from remediation.core.record import RunRecord
from remedy.telling import printable
from remedy.times import span

if TYPE_CHECKING:
    from remedy.explain import Explanation

STYLES = {
    "routed": "bold green",
    "healed": "bold green",
    "nothing-to-do": "green",
    "observed": "cyan",
    "running": "yellow",
    "ignored": "bright_black",
    "refused": "yellow",
    "rejected": "bold yellow",
    "not-healed": "bold red",
    "escalated": "bold magenta",
    "failed": "bold red",
}
COLUMNS = ("started (UTC)", "run", "runbook", "status", "took", "because")


def console() -> Console:
    """Return a console on standard output, which whatever text can be written to."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console(highlight=False, markup=False, emoji=False)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say on a terminal that something is under way; nothing stays of it."""
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        yield
        return
    with out.status(Text(text, style="bright_black")):
        yield


def show_explanation(explanation: "Explanation") -> None:
    """Show what would become of an event."""
    line = Text(explanation.status, style=STYLES[explanation.status])
    if explanation.runbook:
        line.append(f" to {explanation.runbook}", style="bold")
    say(console(), line, Text(printable(explanation.because)))


def show_runs(records: Sequence[RunRecord], now: datetime) -> None:
    """Show a list of runs, the newest first."""
    out = console()
    rows = [_row(record, now) for record in records]
    if not out.is_terminal:
        say(out, *plain_table(COLUMNS, rows))
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in ("UTC", "run", "status", "took"):
        table.add_column(column, no_wrap=True)
    table.add_column("what", ratio=1, overflow="fold")
    for record, (_, run, runbook, status, took, because) in zip(records, rows, strict=True):
        at = f"{record.started_at.astimezone(UTC):%m-%d %H:%M}"
        what = Text.assemble((f"{runbook}\n", "bold"), because)
        table.add_row(at, run, Text(status, style=STYLES.get(status, "")), took, what)
    out.print(table)


def outcome_panel(outcome: Outcome, *, plan: bool, hint: str = "") -> Panel:
    """Return the summary of a run that ended."""
    style = STYLES[outcome.status]
    title = Text(f" {'plan' if plan else outcome.status}: {outcome.runbook} in {outcome.environment} ", style=style)
    return Panel(Group(*summary(outcome, hint)), title=title, title_align="left", border_style=style, padding=(1, 2))


def summary(outcome: Outcome, hint: str = "") -> Iterator[Text]:
    """Yield the lines of a summary: what came of it, why, what was or would be done, and what to do next."""
    yield Text(printable(outcome.because), style="bold")
    if outcome.would:
        yield Text("\nIt would do: ").append(printable(outcome.would), style="cyan")
    if outcome.asks:
        yield Text("It would ask a person first: ").append(printable(outcome.asks), style="cyan")
    if outcome.acts:
        yield Text("\nWhat was done:")
    for done in outcome.acts:
        yield Text(f"  {done.at:%H:%M:%S} {printable(f'{done.action} {done.target}: {done.result}. {done.receipt}')}")
    for heading, lines in (
        ("Evidence:", outcome.evidence),
        ("What to do next:", outcome.next_steps),
        ("Drift, which the next `terraform apply` reverts:", outcome.drift),
    ):
        if lines:
            yield Text(f"\n{heading}")
        for line in lines:
            yield Text(f"  {printable(line)}")
    gate = f", gate {outcome.gate}" if outcome.gate else ""
    yield Text(f"\n{outcome.status}{gate}, after {span(outcome.duration)}. Run {outcome.run}.", style="dim")
    if hint:
        yield Text(hint, style="dim")


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Text]:
    """Yield the lines of a table for machines and pagers: aligned, nothing cut, the last column as long as it is."""
    every = [header, *rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(header) - 1)]
    for row in every:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield Text("  ".join([*cells, row[-1]]).rstrip())


def show_line(text: str) -> None:
    """Show one sentence."""
    say(console(), Text(printable(text)))


def say(out: Console, *lines: RenderableType) -> None:
    """Print lines whole: a terminal wraps them, and elsewhere they stay one line each."""
    for line in lines:
        out.print(line, soft_wrap=not out.is_terminal)


def _row(record: RunRecord, now: datetime) -> list[str]:
    status = record.status or "running"
    return [
        f"{record.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        record.run,
        record.runbook,
        status,
        span((record.ended_at or now) - record.started_at),
        printable(record.because or f"Started by {record.trigger}."),
    ]
