"""Show a run's timeline: what was received, which gate said what, what was seen, decided, done and awaited."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from remediation.core.outcome import Entry, Kind
from remediation.core.record import RunRecord
from remedy.display import STYLES, console, outcome_panel, say, summary
from remedy.display_approval import asks
from remedy.identity import called
from remedy.telling import printable
from remedy.times import clock, span

if TYPE_CHECKING:
    from remedy.acknowledging import Incident
    from remedy.approvals import Asked

STYLE: dict[Kind, str] = {
    "received": "bold",
    "gate": "yellow",
    "facts": "bright_black",
    "verdict": "cyan",
    "admitted": "green",
    "act": "bold magenta",
    "wait": "bright_black",
    "approval": "bold yellow",
    "outcome": "bold",
}
FOLDED = 160
"""Characters of facts that are shown in one line."""


def show_run(
    record: RunRecord, *, facts: bool, now: datetime, asked: "Asked | None" = None, incident: "Incident | None" = None
) -> None:
    """Show one run: how it started, its timeline, what came of it, whom it waits for and whom it called."""
    out = console()
    started = f"{record.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    heading = Text(f"{record.runbook} in {record.environment}", style="bold")
    say(out, heading, Text(f"Run {record.run}, started {started} by {printable(record.trigger)}."), Text())
    show_entries(out, record.timeline, record.started_at, facts=facts)
    say(out, Text())
    if record.outcome is None:
        say(out, Text("It has not ended.", style=STYLES["running"]))
    elif out.is_terminal:
        out.print(outcome_panel(record.outcome, plan=False))
    else:
        say(out, *summary(record.outcome))
    if record.outcome is None and asked is not None and asked.pending(now):
        say(out, asks(asked, record.environment, now))
    if incident is not None:
        say(out, Text(), *_called(incident, record, now))


def _called(incident: "Incident", record: RunRecord, now: datetime) -> Iterator[Text]:
    """Yield what is known of the incident that a run is part of: its pages, and who took it on."""
    others = "" if incident.run == record.run else f" by run {incident.run}"
    yield Text(printable(f"Incident {incident.key}, opened {clock(incident.opened_at)}{others}."), style="bold")
    events = f"{incident.events} event{'s' if incident.events != 1 else ''}"
    if incident.paged_at is None:
        yield Text(f"  {events}; nobody was paged.")
    else:
        yield Text(printable(f"  {events}; {incident.team} was paged last at {clock(incident.paged_at)}."))
    match incident.status:
        case "closed":
            yield Text("  It is over.")
        case "acknowledged":
            yield Text(printable(f"  {called(incident.acknowledged_by) or 'Somebody'} is on it."), style="yellow")
        case _:
            how = f"remedy ack {record.run} --env {record.environment}"
            yield Text(f"  Nobody is on it, for {span(now - incident.opened_at)}: {how}", style="bold red")


def show_entries(out: Console, entries: Sequence[Entry], started: datetime, *, facts: bool = False) -> None:
    """Show lines of a timeline."""
    if out.is_terminal:
        out.print(table(entries, started, facts=facts))
        return
    for entry in entries:
        say(out, Text(f"{entry.at.astimezone(UTC):%H:%M:%S}  {entry.kind:<8}  {_text(entry, facts=facts)}"))
        if facts:
            say(out, *(Text(f"{'':20}{line}") for line in unfolded(entry.facts)))


def table(entries: Sequence[Entry], started: datetime, *, facts: bool = False) -> Table:
    """Return lines of a timeline for a terminal, with the time since the run started."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="bright_black", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for entry in entries:
        cells = [Text(_text(entry, facts=facts), style=_style(entry))]
        if facts:
            cells += [Text(line, style="bright_black") for line in unfolded(entry.facts)]
        grid.add_row(f"+{span(entry.at - started)}", Text(entry.kind, style=STYLE[entry.kind]), Group(*cells))
    return grid


def growing(record: RunRecord | None, spinner: Spinner, height: int) -> RenderableType:
    """Return what a live display shows of a run in progress: its latest lines, as many as fit, and that it goes on."""
    if record is None:
        return spinner
    return Group(table(record.timeline[-max(1, height - 3) :], record.started_at), spinner)


def folded(facts: Any) -> str:  # noqa: ANN401 - plain data
    """Return facts in one line: plain values, and how many there are of what holds more."""
    if not isinstance(facts, Mapping):
        return printable(str(facts))
    parts = [_part(str(key), value) for key, value in facts.items() if value not in (None, "", [], {})]
    line = printable(", ".join(part for part in parts if part))
    return line if len(line) <= FOLDED else line[: FOLDED - 4] + " ..."


def unfolded(facts: Any, indent: str = "") -> Iterator[str]:  # noqa: ANN401 - plain data
    """Yield facts as indented lines, everything in them."""
    match facts:
        case None:
            return
        case Mapping():
            for key, value in facts.items():
                yield from _nested(f"{indent}{printable(str(key))}:", value, indent + "  ")
        case list() | tuple():
            for value in facts:
                first, *rest = list(unfolded(value, indent + "  ")) or [f"{indent}  none"]
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
        case _:
            yield f"{indent}{printable(str(facts))}"


def _nested(head: str, value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, Mapping | list | tuple) and value:
        yield head
        yield from unfolded(value, indent)
    else:
        yield f"{head} {'none' if value in (None, '', [], {}, ()) else printable(str(value))}"


def _part(key: str, value: Any) -> str:  # noqa: ANN401
    match value:
        case Mapping():
            name = value.get("id") or value.get("name")
            return f"{key} {name}" if name else ""
        case list() | tuple():
            names = [str(item.get("id") or item.get("name") or "") for item in value if isinstance(item, Mapping)]
            states = [str(item.get("state", "")) for item in value if isinstance(item, Mapping)]
            if names and all(names):
                said = (f"{name} {state}".strip() for name, state in zip(names, states, strict=True))
                return f"{key} [{', '.join(said)}]"
            return f"{key} [{len(value)}]"
        case _:
            return f"{key} {value}"


def _text(entry: Entry, *, facts: bool) -> str:
    text = printable(entry.text)
    return text if entry.facts is None or facts else f"{text} {folded(entry.facts)}".strip()


def _style(entry: Entry) -> str:
    return STYLE[entry.kind] if entry.kind in {"act", "outcome", "facts", "wait"} else ""
