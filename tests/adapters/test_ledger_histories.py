"""Whatever is paid, made, left alone and given back, in whatever order: nobody is ever below zero, nor beyond the limit.

Hypothesis draws the history. What was made is written down beside the ledger and judged by counting, not by the ledger's rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from battery.dynamo import account, ledger_in
from remediation.adapters.clients import Clients
from remediation.core.admission import Lease, Resource
from remediation.core.limits import DAY, HOUR, QUARTER, Budgets, Limits
from remediation.core.ports import Ledger
from tests.adapters.ledger_of import admit, close, items, listed, receive
from tests.support.damage import steady
from tests.support.steps import NIGHT
from tests.support.world import MemoryLedger

HOUSES = ("a", "b")
Came: TypeAlias = Literal["made", "unknown", "left alone", "left alone, and died"]
"""What an act comes to; of one that dies before it gives anything back, it stays paid."""


@dataclass(frozen=True)
class Step:
    """One run asks for its next act, so long after the one before."""

    who: int
    house: str
    after: timedelta
    comes: Came
    late: bool
    """It gives back only after the step after this one."""
    times: int
    """How often: a step may be begun again."""
    ends: bool


STEPS = st.builds(
    Step,
    who=st.integers(1, 3),
    house=st.sampled_from(HOUSES),
    after=st.sampled_from([timedelta(seconds=s) for s in (0, 0, 1, 300, 899, 900, 1_800)])
    | st.timedeltas(timedelta(0), timedelta(hours=2)),
    comes=st.sampled_from(["made", "unknown", "left alone", "left alone", "left alone", "left alone, and died"]),
    late=st.booleans(),
    times=st.integers(1, 3),
    ends=st.booleans(),
)
LIMITS = st.builds(
    Limits,
    budgets=st.builds(
        Budgets,
        resource_hour=st.integers(1, 3),
        environment_quarter=st.integers(1, 3),
        environment_day=st.integers(1, 6),
    ),
)


@dataclass
class World:
    """A ledger, what it says of each budget, and what is so."""

    ledger: Ledger
    says: Callable[[str], list[str]]
    """What is booked on a house, or in the environment where none is named."""
    limits: Limits
    now: datetime = NIGHT
    stays: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """When and on what each act was paid that was made, or of which nobody knows."""
    pending: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Those that were left alone and are not given back yet."""
    runs: dict[int, tuple[str, str]] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    looks: Iterator[int] = field(default_factory=lambda: count(1))
    answers: list[str] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Let one run ask, and its act come to what it comes to."""
        self.now += step.after
        late = list(self.pending)
        if step.who not in self.runs:
            run = f"run-{next(self.ids)}"
            self.runs[step.who] = (run, step.house)
            for each in (run, f"{run}-beside"):
                receive(self.ledger, each, each, now=self.now)
        (run, house), n = self.runs[step.who], next(self.looks)
        answer = admit(self.ledger, run, run, n=n, resource=house, now=self.now, limits=self.limits)
        self.answers.append(type(answer).__name__ if isinstance(answer, Lease) else answer.gate)
        if isinstance(answer, Lease):
            left = step.comes == "left alone"
            (self.pending if left else self.stays)[f"{run}/{n}"] = (self.now, house)
            if left and not step.late:
                self.give_back(f"{run}/{n}", step.times)
        for by in late:
            self.give_back(by, step.times)
        if step.ends:
            lease = answer if isinstance(answer, Lease) else None
            close(self.ledger, run, lease, cooldown_until=self.now, ended_at=self.now, result="neutral")
            del self.runs[step.who]

    def give_back(self, by: str, times: int) -> None:
        """Give back, and try to give back what nobody paid."""
        run, _, n = by.partition("/")
        _, house = self.pending.pop(by)
        for _ in range(times):
            self.ledger.give_back(run=run, n=int(n), resource=house)
        self.ledger.give_back(run=run, n=int(n) + 1_000, resource=house)
        self.ledger.give_back(run=f"{run}-beside", n=int(n), resource=house)

    def check(self) -> None:
        """What is booked is what stays and what is not given back yet; what stays is within every limit."""
        budgets, booked = self.limits.budgets, self.stays | self.pending
        for house, most, window in (
            *((house, budgets.resource_hour, HOUR) for house in HOUSES),
            ("", budgets.environment_quarter, QUARTER),
            ("", budgets.environment_day, DAY),
        ):
            within = [by for by, (at, of) in booked.items() if at > self.now - window and house in {"", of}]
            assert len(within) <= most
            says = self.says(house)
            assert len(says) == len(set(says))
            assert set(within) <= set(says)
            assert set(says) <= set(booked)


def play(world: World, steps: list[Step]) -> World:
    for step in steps:
        world.take(step)
        world.check()
    return world


def in_memory(limits: Limits) -> World:
    ledger = MemoryLedger()

    def says(house: str) -> list[str]:
        acts = ledger.resources.get(house, Resource()).acts if house else ledger.acts
        return [each.by for each in acts]

    return World(ledger, says, limits)


def in_dynamodb(aws: Clients, limits: Limits) -> World:
    ledger = ledger_in(aws)

    def says(house: str) -> list[str]:
        pk = f"RESOURCE#{house}" if house else "BUDGET#dev"
        return [by for _, by in listed(aws, pk)] if pk in items(aws) else []

    return World(ledger, says, limits)


@settings(steady, max_examples=400)
@given(st.lists(STEPS, max_size=40), LIMITS)
def test_whatever_happens(steps: list[Step], limits: Limits) -> None:
    play(in_memory(limits), steps)


@settings(steady, max_examples=20)
@given(st.lists(STEPS, min_size=5, max_size=15), LIMITS)
def test_dynamodb_answers_as_the_ledger_in_memory_does(steps: list[Step], limits: Limits) -> None:
    with account() as aws:
        ours, theirs = play(in_dynamodb(aws, limits), steps), play(in_memory(limits), steps)
        assert ours.answers == theirs.answers
        assert [ours.says(house) for house in ("", *HOUSES)] == [theirs.says(house) for house in ("", *HOUSES)]
