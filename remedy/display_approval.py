"""Show what a run asks a person to approve: exactly what would be done, to what, why, and until when it can be answered."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from remedy.display import console, say
from remedy.identity import called
from remedy.telling import printable
from remedy.times import clock, span

if TYPE_CHECKING:
    from remedy.approvals import Asked
    from remedy.environment import Environment


def show_plan(found: "Asked", environment: "Environment", now: datetime) -> None:
    """Show a plan before it is answered."""
    say(console(), *plan(found, environment, now))


def plan(found: "Asked", environment: "Environment", now: datetime) -> Iterator[Text]:
    """Yield the lines of a plan."""
    wanted = found.wanted
    yield Text(printable(f"{wanted.runbook} asks: {wanted.plan}?"), style="bold")
    does = effect(environment, found)
    lines = [
        ("because", wanted.because),
        ("it does", does),
        ("run", wanted.run),
        ("plan", wanted.hash),
        ("asked by", called(wanted.requested_by) or "an alarm or a schedule"),
        ("people", "two: who asked for it may not approve" if wanted.people == 2 else "one"),
        ("expires", f"{clock(wanted.expires)} (in {span(wanted.expires - now)})"),
    ]
    for name, text in lines:
        if text:
            yield Text.assemble((f"  {name:<9}", "bright_black"), printable(text))


def effect(environment: "Environment", found: "Asked") -> str:
    """Return what the action does, in its own words."""
    runbook = environment.runbooks.get(found.wanted.runbook)
    action = runbook.actions.get(found.wanted.action) if runbook else None
    return (getattr(action, "__doc__", None) or "").strip().partition("\n")[0]


def asks(found: "Asked", environment: str, now: datetime) -> Text:
    """Return that a run waits for a person, and how to answer."""
    wanted = found.wanted
    how = f"remedy approve {wanted.run} --hash {wanted.hash[:12]} --env {environment}"
    told = f"Waiting for somebody to approve {wanted.plan}, for another {span(wanted.expires - now)}: {how}"
    return Text(printable(told), style="bold yellow")
