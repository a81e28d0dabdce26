"""A step out: one, or a quarter, never more than two, and within both limits whatever the numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relieve_high_cpu.step import ceiling, larger

SIZES = st.integers(min_value=0, max_value=500)
USUAL = st.floats(min_value=0, max_value=500)
FACTORS = st.floats(min_value=0, max_value=10)


@pytest.mark.parametrize(
    ("desired", "then"), [(1, 2), (2, 3), (4, 5), (7, 8), (8, 10), (11, 13), (12, 14), (40, 42), (400, 402)]
)
def test_a_step_is_a_quarter_but_one_at_least_and_two_at_most(desired: int, then: int) -> None:
    assert larger(desired, max_size=1000, baseline=500, factor=2) == then


@pytest.mark.parametrize(
    ("desired", "max_size", "baseline", "then"),
    [(2, 2, 10, 2), (8, 9, 10, 9), (2, 6, 1.0, 2), (2, 6, 1.49, 2), (2, 6, 1.5, 3), (8, 20, 4.5, 9), (2, 6, 0, 2)],
)
def test_it_stops_at_the_maximum_and_at_twice_the_usual(
    desired: int, max_size: int, baseline: float, then: int
) -> None:
    assert larger(desired, max_size=max_size, baseline=baseline, factor=2) == then


@given(desired=SIZES, max_size=SIZES, baseline=USUAL, factor=FACTORS)
def test_it_never_makes_a_group_smaller(desired: int, max_size: int, baseline: float, factor: float) -> None:
    assert larger(desired, max_size=max_size, baseline=baseline, factor=factor) >= desired


@given(desired=SIZES, max_size=SIZES, baseline=USUAL, factor=FACTORS)
def test_it_never_goes_beyond_a_limit(desired: int, max_size: int, baseline: float, factor: float) -> None:
    then = larger(desired, max_size=max_size, baseline=baseline, factor=factor)
    assert then == desired or (then <= max_size and then <= baseline * factor + 1e-6)


@given(desired=SIZES, max_size=SIZES, baseline=USUAL, factor=FACTORS)
def test_it_is_never_more_than_two_nor_more_than_a_quarter_unless_it_is_one(
    desired: int, max_size: int, baseline: float, factor: float
) -> None:
    step = larger(desired, max_size=max_size, baseline=baseline, factor=factor) - desired
    assert step <= 2
    assert step <= 1 or step <= 0.25 * desired


@given(desired=st.integers(min_value=1, max_value=100))
def test_where_there_is_room_there_is_a_step(desired: int) -> None:
    assert larger(desired, max_size=desired + 1, baseline=desired, factor=2) == desired + 1


def test_three_tenths_by_ten_are_three() -> None:
    """What floats make of it is 2.9999999999999996."""
    assert ceiling(2.9999999999999996, 1.0) == 3
