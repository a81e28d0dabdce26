"""What happens on a day: drawn from a seed before the day begins, and the same whether anybody heals or not.

Faults are aimed at a place in the group (the first, the second machine...), not at an instance: instances differ between the
two lives of a day as soon as one of them is replaced.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal, TypeAlias

from msgspec import Struct

from tests.functions.fakes.world import Fault

START = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(hours=24)

Kind: TypeAlias = Literal["wedge", "blip", "death", "mongodb", "redis", "deploy", "false"]
FAULTS: tuple[Fault, ...] = ("hung", "deaf", "stopped", "broken")
SEEMING: tuple[Fault, ...] = ("hung", "broken")
"""What a container seems to be whose `/health` alone fails."""


class Happening(Struct, frozen=True, kw_only=True):
    """Something that happens at an instant; `for_` is how long it lasts, where it ends by itself (or by people)."""

    at: datetime
    kind: Kind
    place: int = 0
    fault: Fault = ""
    incurable: bool = False
    """Whether the fault survives a restart of the container."""
    mute: bool = False
    """Whether the instance's Systems Manager agent does not answer any more."""
    for_: timedelta = timedelta(0)


class Plan(Struct, frozen=True, kw_only=True):
    """A day."""

    seed: int
    machines: int
    elb_checks: bool
    """Whether the group replaces what fails the load balancer's checks, as StartTech's does; else only dead instances."""
    group_reacts_after: timedelta
    happenings: tuple[Happening, ...]
    visits: tuple[datetime, ...]
    """When people look, and replace what has been ill for a while: the same in both lives, paged or not."""
    lost: frozenset[int]
    """Which of the alarm's events never arrive, by their number."""


def plan(seed: int) -> Plan:
    """Draw the day of a seed: half of the days with ELB checks, half without."""
    chance = Random(f"day {seed}")  # noqa: S311 - a simulation, not a secret
    machines = chance.choice((2, 2, 2, 3, 4, 6))
    happenings = [
        *_wedges(chance, machines),
        *_blips(chance, machines),
        *_flapping(chance, machines),
        *_deaths(chance, machines),
        *_outages(chance),
        *_deploys(chance),
        *_false_alarms(Random(f"false alarms {seed}")),  # noqa: S311 - a simulation, not a secret
    ]
    return Plan(
        seed=seed,
        machines=machines,
        elb_checks=seed % 2 == 0,
        group_reacts_after=timedelta(seconds=chance.randint(60, 360)),
        happenings=tuple(sorted(happenings, key=lambda happening: happening.at)),
        visits=tuple(START + hours for hours in _visits(chance)),
        lost=frozenset(number for number in range(200) if chance.random() < 0.05),
    )


def _visits(chance: Random) -> Iterator[timedelta]:
    at = timedelta(0)
    while (at := at + _minutes(chance, 30, 180)) < DAY:
        yield at


def _some_time(chance: Random, *, until: timedelta = DAY) -> datetime:
    return START + timedelta(seconds=chance.randrange(600, int(until.total_seconds()) - 600))


def _minutes(chance: Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=round(60 * chance.uniform(least, most)))


def _wedges(chance: Random, machines: int) -> list[Happening]:
    """Draw containers that stop serving until they are restarted; one in seven not even then."""
    return [
        Happening(
            at=_some_time(chance),
            kind="wedge",
            place=chance.randrange(machines),
            fault=chance.choice(FAULTS),
            incurable=chance.random() < 1 / 7,
            mute=chance.random() < 0.1,
        )
        for _ in range(chance.randint(2, 8))
    ]


def _blips(chance: Random, machines: int) -> list[Happening]:
    """Draw containers that do not answer for a while, and then do again by themselves."""
    return [
        Happening(
            at=_some_time(chance),
            kind="blip",
            place=chance.randrange(machines),
            fault="hung",
            for_=_minutes(chance, 0.7, 6),
        )
        for _ in range(chance.randint(0, 6))
    ]


def _flapping(chance: Random, machines: int) -> list[Happening]:
    """Draw a container that wedges again and again, whatever is done about it."""
    if chance.random() > 0.4:
        return []
    at, place = _some_time(chance, until=timedelta(hours=20)), chance.randrange(machines)
    found = []
    for _ in range(chance.randint(4, 14)):
        found.append(Happening(at=at, kind="wedge", place=place, fault="hung"))
        at += _minutes(chance, 7, 22)
    return found


def _deaths(chance: Random, machines: int) -> list[Happening]:
    """Draw instances that die, which their group sees by EC2's own checks."""
    return [
        Happening(at=_some_time(chance), kind="death", place=chance.randrange(machines))
        for _ in range(chance.choice((0, 0, 1, 1, 2)))
    ]


def _outages(chance: Random) -> list[Happening]:
    kinds: tuple[Kind, Kind] = ("mongodb", "redis")
    return [
        Happening(at=_some_time(chance), kind=kind, for_=_minutes(chance, 3, 45))
        for kind in kinds
        if chance.random() < 0.35
    ]


def _false_alarms(chance: Random) -> list[Happening]:
    """Return when `/health` fails everywhere while everything else is served: a check that checks too much."""
    return [
        Happening(at=_some_time(chance), kind="false", fault=chance.choice(SEEMING), for_=_minutes(chance, 4, 40))
        for _ in range(chance.choice((0, 1, 1, 2)))
    ]


def _deploys(chance: Random) -> list[Happening]:
    """Draw instance refreshes; one in four brings an image with which no new instance serves, until it is rolled back."""
    found = []
    at = _some_time(chance, until=timedelta(hours=10))
    for _ in range(chance.randint(0, 2)):
        bad = chance.random() < 0.25
        lasts = _minutes(chance, 20, 70) if bad else timedelta(0)
        found.append(Happening(at=at, kind="deploy", fault=chance.choice(FAULTS) if bad else "", for_=lasts))
        at += timedelta(hours=5) + _minutes(chance, 0, 120)
    return found
