"""`make demo`: deploy into a local AWS, break something, and watch what comes of it.

The exit status is 0 only if what had to come of it did, and is true of the targets themselves.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from remediation.core.notice import Message, Notice
from remedy.lab.lab import Lab
from remedy.lab.play import play, set_up
from remedy.lab.processes import LabError
from remedy.lab.scenarios import SCENARIOS, named
from remedy.lab.scenarios.scenario import Scenario, Stage
from remedy.lab.timeline import Moment, Timeline

COLOURS = {"good": "green", "bad": "red", "": "default"}
FOREVER = 10**6
CHOICES = ", ".join(each.name for each in SCENARIOS)


def main(
    scenario: Annotated[str, typer.Argument(help=f"One of {CHOICES}.")] = SCENARIOS[0].name,
    *,
    keep: Annotated[bool, typer.Option(help="Leave the lab running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Show one scenario, from the alarm to the outcome."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        chosen = named(scenario)
    except KeyError as error:
        raise typer.BadParameter(f"{scenario!r}: expected one of {CHOICES}") from error
    if missing := chosen.missing():
        console.print(missing)
        sys.exit(2)
    console.print(Panel(f"[bold]{chosen.name}[/]\n{chosen.summary}", expand=False))
    started = time.monotonic()

    def progress(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s  {what}[/]")

    try:
        with Lab() as lab:
            progress("a local AWS is up")
            complaints = _show(lab, chosen, console, progress)
            progress("since the start")
            if keep:
                _stay(lab, console)
    except LabError as error:
        console.print(f"[red]The lab failed:[/] {escape(str(error))}")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("Interrupted; nothing is left behind.")
        sys.exit(130)
    sys.exit(1 if complaints else 0)


def _show(lab: Lab, scenario: Scenario, console: Console, progress: Callable[[str], None]) -> list[str]:
    with console.status("cdk deploy into the local AWS, and the environment around it ..."):
        stage = set_up(lab, scenario, progress)
    broken = time.time()

    def tell(moment: Moment) -> None:
        colour = COLOURS[moment.tone]
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, style="bold", min_width=8)
        line.add_column(style=colour)
        line.add_row(f"{max(0.0, moment.at - broken):6.1f} s ", moment.source, Text(moment.text))
        console.print(line)

    console.print()
    with console.status("watching ..."):
        complaints = play(stage, scenario, tell)
    _conclude(stage, complaints, console)
    return complaints


def _conclude(stage: Stage, complaints: list[str], console: Console) -> None:
    for person in stage.people.values():
        for answer in person.answers:
            console.print(Panel(escape(answer.text), title=f"{person.name}: {escape(answer.command)}", expand=False))
    for topic, message in _worth_reading(stage.timeline):
        title = f"SNS, {topic}: {escape(message.subject())}"
        console.print(Panel(escape(message.text()), title=title, expand=False))
    if complaints:
        console.print("[bold red]Not as it has to be:[/]")
        for complaint in complaints:
            console.print(f"  {escape(complaint)}")
    else:
        healths = list(stage.timeline.healths.values())
        console.print(
            f"[bold green]As it has to be.[/] {healths.count('healthy')} of {len(healths)} targets are healthy."
        )


def _worth_reading(timeline: Timeline) -> Iterator[tuple[str, Message]]:
    """Yield the messages to show in full, each with its topic: the first of each kind, and the last of several pages."""
    kinds: dict[str, tuple[str, Message]] = {}
    for topic, notice in timeline.notices:
        kinds.setdefault(notice.kind, (topic, notice))
    for outcome in timeline.outcomes:
        kinds.setdefault(outcome.status, ("outcomes", outcome))
    if len(timeline.pages) > 1:
        kinds["page"] = (timeline.pages[-1].team, timeline.pages[-1].outcome)
    yield from sorted(kinds.values(), key=lambda told: _when(told[1]))


def _when(message: Message) -> datetime:
    return message.at if isinstance(message, Notice) else message.ended_at


def _stay(lab: Lab, console: Console) -> None:
    console.print("\nThe lab stays up until Ctrl-C. To use it from another shell:\n")
    for name, value in sorted(lab.console.items()):
        if name.startswith("AWS_") and os.environ.get(name) != value:
            console.print(f"export {name}={value}")
    with suppress(KeyboardInterrupt):
        threading.Event().wait(FOREVER)


if __name__ == "__main__":
    typer.run(main)
