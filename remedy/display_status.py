"""Show how an environment stands on one screen: what is wrong or unusual first, in colour, and the rest in few words."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from msgspec import UnsetType
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from remedy.approvals import left
from remedy.display import console, say
from remedy.display_switches import MODE_STYLES, lowered
from remedy.identity import called
from remedy.status import Status
from remedy.telling import printable
from remedy.times import clock, span

R = TypeVar("R")


class Line(NamedTuple):
    """What it is about, what is said, the style, and the command that a person may want to type."""

    of: str
    text: str
    style: str
    command: str = ""


CALM, TELLING, LOUD, DARK = "green", "yellow", "bold red", "bright_black"


def show_status(status: Status) -> None:
    """Show how an environment stands."""
    out = console()
    sections = [(name, lines) for name, lines in _sections(status) if lines]
    heading = f"{status.environment} at {clock(status.at)} (account {status.account}, {status.region})"
    if not out.is_terminal:
        say(out, Text(heading))
        for name, lines in sections:
            width = max(len(line.of) for line in lines)
            for line in lines:
                how = f": {line.command}" if line.command else ""
                say(out, Text(f"{name:<9}  {line.of:<{width}}{'  ' if width else ''}{line.text}{how}"))
        return
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(ratio=1, overflow="fold")
    for name, lines in sections:
        grid.add_row(name, Group(*(_said(line) for line in lines)))
    style = _loudest(sections)
    out.print(
        Panel(grid, title=Text(f" {heading} ", style="bold"), title_align="left", border_style=style, padding=(1, 1))
    )


def _sections(status: Status) -> Iterator[tuple[str, list[Line]]]:
    at = status.at
    for name, lines in (
        ("incidents", _incidents(status, at)),
        ("approvals", _approvals(status, at)),
        ("alarms", _alarms(status)),
        ("runs", _runs(status, at)),
        ("modes", _modes(status)),
        ("freeze", _freeze(status)),
        ("circuits", _circuits(status)),
        ("budgets", _budgets(status)),
        ("resources", _resources(status)),
    ):
        why = status.unknown.get(name)
        yield name, [Line("", f"unknown: {printable(why)}", LOUD)] if why is not None else list(lines)


def _modes(status: Status) -> Iterator[Line]:
    for row in _known(status.modes):
        hand = f"; by hand {lowered(row)}" if row.live is not None else ""
        yield Line(row.of, printable(f"{row.in_effect} (deployed {row.deployed}{hand})"), MODE_STYLES[row.in_effect])


def _freeze(status: Status) -> Iterator[Line]:
    if status.window is not None:
        yield Line("", printable(f"maintenance until {clock(status.window.ends)}: {status.window.because}"), TELLING)
    if status.freeze is None or isinstance(status.freeze, UnsetType):
        if status.window is None:
            yield Line("", "not frozen", CALM)
        return
    until = clock(status.freeze.until) if status.freeze.until else "somebody ends it"
    by = called(status.freeze.by) or "somebody"
    yield Line("", printable(f"frozen by {by} until {until}: {status.freeze.because}"), LOUD)


def _circuits(status: Status) -> Iterator[Line]:
    for circuit in _known(status.circuits):
        since = f" since {clock(circuit.since)}" if circuit.since else ""
        yield Line(circuit.runbook, printable(f"open{since}: {circuit.because or 'no reason is known'}"), LOUD)
    if status.circuits == ():
        yield Line("", "all closed", CALM)


def _budgets(status: Status) -> Iterator[Line]:
    for budget in _known(status.budgets):
        free = f"; the next one is free at {clock(budget.free_at)}" if budget.free_at else ""
        yield Line(budget.of, f"{budget.left} of {budget.most} acts left{free}", CALM if budget.left else LOUD)


def _resources(status: Status) -> Iterator[Line]:
    for each in _known(status.resources):
        said = [f"{each.budget.left} of {each.budget.most} acts left this hour"]
        said += [f"run {each.leased_by} works on it"] if each.leased_by else []
        said += [f"rests until {clock(each.rests_until)}"] if each.rests_until else []
        yield Line(printable(each.name), "; ".join(said), TELLING if each.leased_by else "")


def _alarms(status: Status) -> Iterator[Line]:
    for alarm in _known(status.alarms):
        since = f"in ALARM since {clock(alarm.since)}" if alarm.since else "in ALARM"
        normal = " (normal here)" if alarm.normal else ""
        yield Line(printable(alarm.name), f"{since}{normal}", DARK if alarm.normal else LOUD)
    if status.alarms == ():
        yield Line("", "none in ALARM", CALM)


def _runs(status: Status, at: datetime) -> Iterator[Line]:
    for run in _known(status.runs):
        text = f"{run.runbook}, for {span(at - run.started_at)}, started by {run.trigger}"
        yield Line(run.run, printable(text), TELLING)
    if status.runs == ():
        yield Line("", "none in flight", CALM)


def _approvals(status: Status, at: datetime) -> Iterator[Line]:
    for each in _known(status.approvals):
        how = f"remedy approve {each.wanted.run} --hash {each.wanted.hash[:12]} --env {status.environment}"
        yield Line(each.wanted.run, printable(f"{each.wanted.plan}? {left(each.wanted, at)}"), LOUD, printable(how))
    if status.approvals == ():
        yield Line("", "none wanted", CALM)


def _incidents(status: Status, at: datetime) -> Iterator[Line]:
    for each in _known(status.incidents):
        if each.status == "acknowledged":
            what, style, how = f"{called(each.acknowledged_by) or 'somebody'} is on it", TELLING, ""
        else:
            what, style, how = "nobody is on it", LOUD, f"remedy ack {each.run} --env {status.environment}"
        text = f"{each.runbook} {each.about}".strip()
        events = f"{each.events} event{'s' if each.events != 1 else ''}"
        yield Line(
            each.run,
            printable(f"{text}, open for {span(at - each.opened_at)}, {events}; {what}"),
            style,
            printable(how),
        )
    if status.incidents == ():
        yield Line("", "none open", CALM)


def _known(rows: Sequence[R] | UnsetType) -> Sequence[R]:
    return () if isinstance(rows, UnsetType) else rows


def _said(line: Line) -> Text:
    how = f"\n{line.command}" if line.command else ""
    return Text.assemble((f"{line.of}  ", "") if line.of else "", (line.text, line.style), how)


def _loudest(sections: Sequence[tuple[str, Sequence[Line]]]) -> str:
    styles = {line.style for _, lines in sections for line in lines}
    return next(style for style in (LOUD, TELLING, CALM) if style in styles or style == CALM)
