"""What every trial of the battery is: a name, how much of it, and a function that yields its figures.

A figure with a goal either holds or does not; one without is told for what it is. Chance is drawn from the seed that is
asked for, so the figures are the same every time; only durations are not, and they are no figures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from msgspec import Struct


@dataclass(frozen=True)
class Effort:
    """How much of a trial is asked for: `n` of its units, with chance drawn from `seed`. `advance` says that one is done."""

    n: int
    seed: int = 1
    advance: Callable[[], None] = lambda: None

    def chance(self, of: str) -> Random:
        """Return the chance of one trial, which no other trial shares."""
        return Random(f"{of} {self.seed}")  # noqa: S311 - a simulation, not a secret


class Figure(Struct, frozen=True, kw_only=True):
    """One line of the table."""

    what: str
    value: str
    goal: str = ""
    holds: bool = True


class Trial(Struct, frozen=True, kw_only=True):
    """One trial. `shows` and `hides` say what its figures mean, and what they do not; `quick` is 0 where CI has it anyway."""

    id: str
    title: str
    unit: str
    full: int
    quick: int
    run: Callable[[Effort], Iterator[Figure]]
    shows: str
    hides: str


class Result(Struct, frozen=True, kw_only=True):
    """What a trial came to, with N of its units."""

    id: str
    title: str
    unit: str
    n: int
    figures: tuple[Figure, ...]
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Tell whether every goal is met."""
        return all(figure.holds for figure in self.figures)


def carry_out(trial: Trial, effort: Effort, clock: Callable[[], float]) -> Result:
    """Carry a trial out."""
    began = clock()
    figures = tuple(trial.run(effort))
    seconds = round(clock() - began, 1)
    return Result(id=trial.id, title=trial.title, unit=trial.unit, n=effort.n, figures=figures, seconds=seconds)


def told(what: str, value: object) -> Figure:
    """Return a figure without a goal."""
    return Figure(what=what, value=_number(value))


def exactly(what: str, value: object, goal: object) -> Figure:
    """Return a figure that has to be just so."""
    return Figure(what=what, value=_number(value), goal=_number(goal), holds=value == goal)


def none(what: str, value: int, examples: tuple[str, ...] = ()) -> Figure:
    """Return a figure that has to be zero; where it is not, the first examples are part of it."""
    shown = f"{_number(value)}: {'; '.join(examples[:3])}" if value and examples else _number(value)
    return Figure(what=what, value=shown, goal="0", holds=value == 0)


def at_least(what: str, value: float, goal: float) -> Figure:
    """Return a figure that may not be smaller than its goal."""
    return Figure(what=what, value=_number(value), goal=f">= {_number(goal)}", holds=value >= goal)


def at_most(what: str, value: float, goal: float) -> Figure:
    """Return a figure that may not be larger than its goal."""
    return Figure(what=what, value=_number(value), goal=f"<= {_number(goal)}", holds=value <= goal)


def _number(value: object) -> str:
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case _:
            return str(value)
