"""Follow a run on the screen: a timeline that grows, a spinner that says it goes on, and the summary at its end."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from remediation.core.outcome import Outcome
from remedy.display import console, outcome_panel, say, summary
from remedy.display_approval import asks
from remedy.timeline import growing, show_entries, table
from remedy.times import span

if TYPE_CHECKING:
    from remedy.invoke import Run


def follow(run: "Run", *, plan: bool) -> Outcome:
    """Follow a run to its end and return its outcome. Raises what following raises."""
    out = console()
    if out.is_terminal:
        _live(out, run)
    else:
        _lines(out, run)
    assert run.outcome is not None
    would = run.outcome.status == "observed" and plan
    hint = "Have it done with --apply." if would else ""
    if out.is_terminal:
        out.print(outcome_panel(run.outcome, plan=would, hint=hint))
    else:
        say(out, Text(), *summary(run.outcome, hint))
    return run.outcome


def _live(out: Console, run: "Run") -> None:
    spinner = Spinner("dots")

    def view() -> object:
        known = f", run {run.id}" if run.id else ""
        spinner.update(text=Text(f"{span(run.elapsed)}{known}", style="bright_black"))
        waits = () if run.asked is None else (asks(run.asked, run.environment, datetime.now(UTC)),)
        return Group(growing(run.record, spinner, out.height - len(waits)), *waits)

    with Live(get_renderable=view, console=out, refresh_per_second=8, transient=True):  # type: ignore[arg-type]
        for _ in run:
            pass
    if run.record is not None:
        out.print(table(run.record.timeline, run.record.started_at))


def _lines(out: Console, run: "Run") -> None:
    shown, told = 0, ""
    for record in run:
        if record is not None:
            show_entries(out, record.timeline[shown:], record.started_at)
            shown = max(shown, len(record.timeline))
        if run.asked is not None and run.asked.wanted.hash != told:
            told = run.asked.wanted.hash
            say(out, asks(run.asked, run.environment, datetime.now(UTC)))
