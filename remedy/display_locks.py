"""Show locks: on a terminal a row each with all that is known, and elsewhere a line each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from remedy.display import console, plain_table, say
from remedy.telling import printable
from remedy.times import clock

if TYPE_CHECKING:
    from remedy.locks import Lock, Locks, Standing

STYLES: "dict[Standing, str]" = {
    "free": "green",
    "held": "yellow",
    "stale": "cyan",
    "wrong": "bold magenta",
    "unread": "bold red",
}
COLUMNS = ("state", "is", "held by", "age", "signs of life", "now")


def show_locks(found: "Locks") -> None:
    """Show the locks of an environment, and what keeps them from being cleared."""
    out = console()
    if out.is_terminal:
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column("state", no_wrap=True)
        table.add_column("is", no_wrap=True)
        table.add_column(f"what is known, and what would happen at {clock(found.at)}", ratio=1, overflow="fold")
        for lock in found.locks:
            table.add_row(lock.state, Text(lock.standing, style=STYLES[lock.standing]), Text("\n").join(_lines(lock)))
        out.print(table)
    else:
        say(out, *plain_table(COLUMNS, [_row(lock) for lock in found.locks]))
    say(out, *(Text(printable(line), style="bold yellow") for line in found.held_back))


def becomes(lock: "Lock") -> str:
    """Say what would happen now."""
    match lock.standing:
        case "stale":
            first = f"after a person has said yes: {lock.asks}" if lock.asks else "without asking anybody."
            return f"{lock.would}, {first}"
        case "wrong":
            return f"A person is called: {lock.because}"
        case "unread":
            return f"Could not be read: {lock.because}"
        case "held":
            return f"Left alone: {lock.because}"
        case "free":
            return lock.because


def _lines(lock: "Lock") -> Iterator[Text]:
    for line in (*lock.held_by, *((f"Age: {lock.age}",) if lock.age else ()), *lock.signs):
        yield Text(printable(line))
    yield Text(printable(becomes(lock)), style="bold")


def _row(lock: "Lock") -> list[str]:
    cells = ("; ".join(lock.held_by), lock.age, "; ".join(lock.signs))
    return [lock.state, lock.standing, *(printable(cell) or "-" for cell in cells), printable(becomes(lock))]
