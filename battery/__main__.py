"""`make battery`: carry the trials out, print their figures in one table, and fail if a goal is missed."""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from battery.trial import Effort, Result, Trial, carry_out
from battery.trials import TRIALS

WIDTH = 150
"""Of the table where it goes to a file."""


def main(arguments: list[str] | None = None) -> int:
    """Answer the exit status: 0 if every figure holds, 1 if one does not, 2 for a trial that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m battery", description=__doc__)
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help="such as T14; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes, without what the tests count")
    parser.add_argument("--seed", type=int, default=1, help="what chance is drawn from (1)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--markdown", type=Path, help="write the table of docs/reliability.md there")
    asked = parser.parse_args(arguments)
    known = {name: trial for trial in TRIALS for name in trial.id.split(", ")}
    if strange := [name for name in asked.trials if name not in known]:
        Console(stderr=True).print(f"There is no trial {', '.join(strange)}; there are: {', '.join(known)}.")
        return 2
    named = {known[name].id for name in asked.trials or known}
    chosen = [trial for trial in TRIALS if trial.id in named and (trial.quick or not asked.quick)]
    results = [_carried_out(trial, trial.quick if asked.quick else trial.full, asked.seed) for trial in chosen]
    if asked.json:
        sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
    else:
        console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else WIDTH)
        console.print(table(results))
    if asked.markdown:
        asked.markdown.write_text(markdown(results))
    return 0 if all(result.holds for result in results) else 1


def _carried_out(trial: Trial, n: int, seed: int) -> Result:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{trial.id} {trial.title}", total=n)
        return carry_out(trial, Effort(n, seed, lambda: progress.advance(task)), time.monotonic)


def table(results: Iterable[Result]) -> Table:
    """Return the figures as a table for a terminal."""
    made = Table(title="The battery", title_justify="left", show_lines=False)
    for column in ("", "trial", "figure", "value", "goal"):
        made.add_column(column, overflow="fold")
    for result in results:
        for nth, figure in enumerate(result.figures):
            about = f"{result.title} ({result.n:,} {result.unit}, {result.seconds} s)"
            head = (result.id, about) if nth == 0 else ("", "")
            last = nth + 1 == len(result.figures)
            style = "" if figure.holds else "bold red"
            cells = (escape(cell) for cell in (*head, figure.what, figure.value, figure.goal))
            made.add_row(*cells, style=style, end_section=last)
    return made


def markdown(results: Iterable[Result]) -> str:
    """Return the figures as the table of docs/reliability.md."""
    lines = ["| | trial | figure | value | goal |", "|---|---|---|---|---|"]
    for result in results:
        for nth, figure in enumerate(result.figures):
            head = f"| {result.id} | {result.title} ({result.n:,} {result.unit}) |" if nth == 0 else "| | |"
            value = figure.value if figure.holds else f"**{figure.value}**"
            lines.append(f"{head} {figure.what} | {value} | {figure.goal} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
