"""Whole days, with the runbook and without it: relief makes none of them worse, and some of them much better."""

from functools import cache

import pytest

from remediation.core.limits import Budgets
from tests.functions.relieve_high_cpu.days import Lived, live, weather

SEEDS = range(20)
EACH = pytest.mark.parametrize("seed", SEEDS)
NOISE = 1e-9


@cache
def with_(seed: int) -> Lived:
    return live(seed, relieved=True)


@cache
def without(seed: int) -> Lived:
    return live(seed, relieved=False)


@EACH
def test_no_day_loses_more_requests_with_relief(seed: int) -> None:
    assert with_(seed).lost <= without(seed).lost + NOISE
    assert with_(seed).hot <= without(seed).hot


@EACH
def test_no_database_drowns_that_would_not_have_without_relief(seed: int) -> None:
    assert with_(seed).drowned <= without(seed).drowned


@EACH
def test_every_day_stays_within_its_limits(seed: int) -> None:
    lived, day = with_(seed), weather(seed)
    assert lived.largest <= day["max_size"]
    assert len(lived.sizes) <= Budgets().environment_day
    assert {operation for operation, _ in lived.mutations} <= {"SetDesiredCapacity"}
    assert all(outcome.because and outcome.status not in {"failed", "rejected"} for outcome in lived.outcomes)


def test_relief_is_worth_it() -> None:
    """On days on which no policy works and the database has room, most of what would have been lost is served."""
    relieved = [seed for seed in SEEDS if with_(seed).sizes]
    assert len(relieved) >= 6
    assert sum(with_(seed).lost for seed in relieved) < 0.5 * sum(without(seed).lost for seed in relieved)


def test_without_its_look_at_the_database_relief_would_drown_it() -> None:
    """What the closed world would show if a guard were missing: so it can fail."""
    seed = 16
    assert with_(seed).drowned == 0
    assert live(seed, relieved=True, blind_to_the_database=True).drowned > 60
