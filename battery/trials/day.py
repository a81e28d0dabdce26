"""T14: days that are drawn from a seed, each lived twice: with the system and without it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import mean, median

from msgspec import Struct

from battery.day.life import Life, live
from battery.day.plan import plan
from battery.deployed import as_deployed
from battery.trial import Effort, Figure, Trial, at_least, none
from battery.trial import told as figure
from restart_unhealthy_targets.runbook import RUNBOOK

NOISE = 1e-9
"""Of a day: what adding floats up in another order may differ by."""


class Pair(Struct, frozen=True, kw_only=True):
    """One day, without the system and with it."""

    seed: int
    without: Life
    with_: Life

    def gains(self, of: Callable[[Life], float]) -> float:
        """Return how much more there is of something with the system."""
        return of(self.with_) - of(self.without)


def run(effort: Effort) -> Iterator[Figure]:
    """Live the days of N seeds, from the one that is asked for on."""
    system, pairs = as_deployed(RUNBOOK), list[Pair]()
    for seed in range(effort.seed, effort.seed + effort.n):
        day = plan(seed)
        pairs.append(Pair(seed=seed, without=live(day, None), with_=live(day, system)))
        effort.advance()
    yield from judged(pairs, system[0].limits.budgets.environment_day)


def judged(pairs: list[Pair], budget: int) -> Iterator[Figure]:
    """Yield what pairs of lives come to."""
    yield _never("days with less availability (the time with a healthy target) than without", pairs, _availability)
    yield _never("days with more requests lost to what was known to be ill, or to restarts", pairs, _kept)
    broke = tuple(f"seed {pair.seed}" for pair in pairs if pair.with_.interrupted > NOISE)
    yield none("days with requests lost to the restart of what did serve", len(broke), broke)
    over = tuple(f"seed {pair.seed}: {len(pair.with_.made)}" for pair in pairs if len(pair.with_.made) > budget)
    yield none(f"days with more than {budget} acts", len(over), over)
    escaped = tuple(f"seed {pair.seed}: {pair.with_.unhandled[0]}" for pair in pairs if pair.with_.unhandled)
    yield none("errors that escaped", len(escaped), escaped)
    yield at_least("mean gain of healthy targets, in percentage points", 100 * mean(p.gains(_health) for p in pairs), 0)
    for name, of in (("availability", _availability), ("healthy targets", _health), ("requests answered", _service)):
        without, with_ = mean(of(pair.without) for pair in pairs), mean(of(pair.with_) for pair in pairs)
        yield figure(f"mean {name}, without and with", f"{without:.3%} and {with_:.3%}")
    fewer = [pair for pair in pairs if pair.gains(_service) < -NOISE]
    yield figure("days with more and with fewer requests answered, and the worst", _both(pairs, _service))
    more = sum(pair.with_.hits > pair.without.hits for pair in fewer)
    yield figure(
        "of the latter, days on which more faults befell the group, for what is healed can fall ill again", more
    )
    yield figure("days with more and with fewer healthy targets, and the worst", _both(pairs, _health))
    ills = ([ill for pair in pairs for ill in pair.without.ills], [ill for pair in pairs for ill in pair.with_.ills])
    yield figure("median time until the group is whole again, without and with", " and ".join(map(_minutes, ills)))
    acts, pages = mean(len(pair.with_.made) for pair in pairs), mean(pair.with_.pages for pair in pairs)
    yield figure("acts and pages a day", f"{acts:.1f} and {pages:.1f}")


def _never(what: str, pairs: list[Pair], of: Callable[[Life], float]) -> Figure:
    worse = tuple(f"seed {pair.seed}: {pair.gains(of):.3%}" for pair in pairs if pair.gains(of) < -NOISE)
    return none(what, len(worse), worse)


def _both(pairs: list[Pair], of: Callable[[Life], float]) -> str:
    gains = [pair.gains(of) for pair in pairs]
    more, fewer = sum(gain > NOISE for gain in gains), sum(gain < -NOISE for gain in gains)
    return f"{more} and {fewer}, {min(*gains, 0.0):.3%}"


def _availability(life: Life) -> float:
    return life.availability


def _kept(life: Life) -> float:
    return -life.lost


def _health(life: Life) -> float:
    return life.health


def _service(life: Life) -> float:
    return life.service


def _minutes(ills: list[timedelta]) -> str:
    return f"{median(each.total_seconds() for each in ills) / 60:.1f} min" if ills else "none"


TRIAL = Trial(
    id="T14",
    title="a closed-world day, with the system and without it",
    unit="seeds",
    full=100,
    quick=3,
    run=run,
    shows="on no day is there a healthy target for less of the time than on the same day without the system",
    hides="what is not in this world: rates of faults and times of people are drawn, and one target can carry all requests",
)
