"""Which values count: those that are fresh, of nearly all instances, and on the grid of CloudWatch's periods."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from relieve_high_cpu.facts import Instance, Requests
from relieve_high_cpu.heat import Heat
from remediation.aws.load import Point
from tests.functions.relieve_high_cpu.cases import (
    HOT,
    MINUTE,
    NOW,
    A,
    B,
    C,
    D,
    acts,
    escalates,
    facts,
    instance,
    judge,
    nothing,
    points,
    stepped,
    waits,
)
from tests.functions.relieve_high_cpu.nights import SETTINGS

E = "i-00000000000000005"
FLAT = Requests(now=200.0, usual=200.0)


def ended(id_: str, cpu: Sequence[float], ago: timedelta, **other: Any) -> Instance:
    """Return an instance of which the newest value is so old."""
    return msgspec.structs.replace(instance(id_, **other), cpu=points(cpu, until=NOW - ago))


def at(id_: str, minutes: Sequence[int], value: float = 85.0) -> Instance:
    """Return an instance with values that began so many minutes ago."""
    return msgspec.structs.replace(
        instance(id_), cpu=tuple(Point(at=NOW - m * MINUTE, value=value) for m in sorted(minutes, reverse=True))
    )


# ------------------------------------------------------------------------------------------------------------- fresh


@pytest.mark.parametrize("ago", [0, 5])
def test_values_that_are_fresh_are_judged(ago: int) -> None:
    assert acts(facts(*(ended(id_, HOT, ago * MINUTE) for id_ in (A, B)))).action == "scale-out"


@pytest.mark.parametrize("ago", [10, 25])
def test_values_that_are_old_are_waited_for(ago: int) -> None:
    assert waits(facts(*(ended(id_, HOT, ago * MINUTE) for id_ in (A, B)))) == (
        f"CloudWatch's newest CPU of the instances of dev-backend-asg is {ago} minutes old: too old to judge by, and it may "
        "still come."
    )


def test_what_happened_half_an_hour_ago_is_for_a_person_and_no_reason_to_act() -> None:
    assert escalates(facts(*(ended(id_, HOT, 35 * MINUTE) for id_ in (A, B)))).because == (
        "CloudWatch's newest CPU of the instances of dev-backend-asg is 35 minutes old: how busy it is is unknown."
    )


def test_old_values_that_are_low_do_not_end_it_either() -> None:
    cool = (50,) * 5
    assert "too old to judge by" in waits(facts(*(ended(id_, cool, 15 * MINUTE) for id_ in (A, B))))
    assert "is not too much" in nothing(facts(*(ended(id_, cool, 5 * MINUTE) for id_ in (A, B))))


def test_old_values_after_a_step_do_not_say_that_it_helped() -> None:
    step = stepped(1, 2, ago=30 * MINUTE)
    assert "too old to judge by" in waits(facts(*(ended(id_, (50,) * 5, 10 * MINUTE) for id_ in (A, B))), step)


def test_the_time_within_a_period_makes_nothing_old() -> None:
    later = NOW + 4 * MINUTE
    (fresh,) = (Heat((instance(A, HOT),), SETTINGS, (), now) for now in [later])
    assert fresh.newest == NOW - 5 * MINUTE
    assert Heat((instance(A, HOT),), SETTINGS, (), NOW + 9 * MINUTE).newest == NOW - 5 * MINUTE
    assert Heat((instance(A, HOT),), SETTINGS, (), NOW + 10 * MINUTE).newest is None


# ----------------------------------------------------------------------------------------------------------- the grid


def test_three_values_with_gaps_between_them_are_not_three_of_five_periods() -> None:
    assert waits(facts(*(at(id_, (45, 30, 5)) for id_ in (A, B)))) == (
        "CPU of dev-backend-asg is 85%, but only 1 of the last 5 values are 70% or more; 3 are needed."
    )


def test_three_values_of_the_last_five_periods_are_whatever_is_missing_between_them() -> None:
    assert acts(facts(*(at(id_, (25, 15, 5)) for id_ in (A, B)))).action == "scale-out"


def test_hot_for_is_time_and_a_period_without_a_value_ends_it() -> None:
    others = tuple(at(id_, range(5, 45, 5), 50.0) for id_ in (B, C, D))
    assert acts(facts(at(A, range(5, 45, 5)), *others)).because.startswith(f"{A} alone is hot, for 40 minutes")
    gap = at(A, (5, 10, 15, 20, 30, 35, 40, 45))
    assert waits(facts(gap, *others, at(E, range(5, 45, 5), 50.0))).startswith(f"{A} alone is hot, for 20 minutes")


def test_where_the_newest_value_is_not_too_high_it_is_over_whatever_was_before() -> None:
    over = (instance(A, (85, 85, 85, 85, 75)), instance(B, (85, 85, 85, 85, 64)))
    assert nothing(facts(*over)).startswith("CPU of dev-backend-asg is 69%, which is not too much; ")
    on = (instance(A, (85, 85, 85, 85, 75)), instance(B, (85, 85, 85, 85, 65)))
    assert acts(facts(*on)).action == "scale-out"


# ------------------------------------------------------------------------------------------------------ nearly all


def test_a_moment_of_which_only_the_idle_one_has_a_value_does_not_end_it() -> None:
    late = [ended(id_, (50, 50, 90, 90, 90), 5 * MINUTE) for id_ in (A, B, C)]
    assert acts(facts(*late, instance(D, (50, 50, 50, 60, 60, 60)))).because.startswith(
        "CPU of dev-backend-asg is 82% with 400 requests"
    )


def test_a_moment_of_which_only_the_busy_one_has_a_value_is_no_reason_to_act() -> None:
    late = [ended(A, (60,) * 7, 5 * MINUTE), ended(B, (60,) * 7, 5 * MINUTE)]
    assert nothing(facts(*late, instance(C, (60, 60, 60, 60, 60, 72, 72, 72)))).startswith(
        "CPU of dev-backend-asg is 64%, which is not too much"
    )


def test_one_of_five_may_lack_a_value_and_one_of_four_may_not() -> None:
    four, late = [instance(id_, HOT) for id_ in (A, B, C, D)], ended(E, HOT, 60 * MINUTE)
    assert acts(facts(*four, late)).action == "scale-out"
    assert waits(facts(*four[:3], ended(D, HOT, 10 * MINUTE))) == (
        f"CloudWatch's newest CPU of the instances of dev-backend-asg is 10 minutes old; it has no newer one of {D}: too old "
        "to judge by, and it may still come."
    )


def test_an_instance_without_any_value_is_named() -> None:
    assert escalates(facts(instance(A, HOT), instance(B, ()))).because == (
        f"CloudWatch has no CPU of {B}: how busy it is is unknown."
    )


def test_an_instance_that_warmed_up_after_a_moment_owes_it_nothing() -> None:
    young = instance(C, (), age=7 * MINUTE)
    heat = Heat((instance(A, HOT), young), SETTINGS, (), NOW)
    assert heat.mature == (instance(A, HOT), young)
    assert heat.complete[-1] == NOW - 5 * MINUTE


@pytest.mark.parametrize(("lifecycle", "counts"), [("InService", True), ("Standby", False)])
def test_one_in_standby_is_busy_with_something_of_its_own(lifecycle: str, counts: bool) -> None:
    heat = Heat((instance(A, (50,) * 5), instance(B, HOT, lifecycle=lifecycle)), SETTINGS, (), NOW)
    assert [each.id for each in heat.hot] == ([B] if counts else [])
    assert [round(point.value) for point in heat.cpu[-1:]] == [67 if counts else 50]


def test_where_ec2_does_not_say_since_when_instances_run_that_is_what_is_said() -> None:
    unknown: datetime | None = None
    assert escalates(facts(instance(A, HOT, launched_at=unknown), instance(B, HOT, launched_at=unknown))).because == (
        "No instance of dev-backend-asg is known to be in service for 5 minutes: how busy it is is unknown."
    )


# ------------------------------------------------------------------------------------------------------- out of line


def test_one_that_is_a_little_hotter_is_not_out_of_line() -> None:
    others = [instance(id_, (69,) * 8) for id_ in (B, C, D)]
    assert nothing(facts(instance(A, (71,) * 8), *others, requests=FLAT)) == (
        f"CPU of dev-backend-asg is 69%, which is not too much; {A} is hotter, but not out of line."
    )
    ill = facts(instance(A, (71,) * 8), *others, requests=FLAT, healthy=frozenset({A, B, C}))
    assert "is hotter, but not out of line" in nothing(ill), "who is not healthy is the business of others"


@pytest.mark.parametrize(("others", "out"), [(60, True), (61, False)])
def test_one_is_out_of_line_by_twenty_five_points(others: int, out: bool) -> None:
    found = facts(instance(A, (85,) * 8), *(instance(id_, (others,) * 8) for id_ in (B, C, D)))
    if out:
        assert acts(found).action == "replace-instance"
    else:
        assert "is hotter, but not out of line" in nothing(found)


def test_one_that_is_the_hottest_of_a_group_with_too_much_load_is_not_the_reason() -> None:
    others = [instance(id_, (69,) * 8) for id_ in (B, C, D)]
    assert acts(facts(instance(A, (100,) * 8), *others)).action == "scale-out"
    assert judge(facts(instance(A, (100,) * 8), *others, requests=FLAT)).because.startswith(f"{A} alone is hot")


def test_one_of_two_does_not_hide_that_both_have_too_much_load() -> None:
    both = (instance(A, (95,) * 8), instance(B, (66,) * 8))
    assert acts(facts(*both)).action == "scale-out"
    assert escalates(facts(*both, requests=FLAT)).because.startswith(f"{A} alone is hot, for 40 minutes")


@pytest.mark.parametrize(("before", "alone"), [(69, True), (74, False)])
def test_where_the_others_were_hot_as_well_it_is_not_about_one(before: int, alone: bool) -> None:
    there = (instance(A, (100,) * 8), *(instance(id_, (before,) * 7 + (69,)) for id_ in (B, C, D)))
    assert judge(facts(*there, requests=FLAT)).because.startswith(
        f"{A} alone is hot" if alone else "CPU of dev-backend-asg is 77%, but there are 200 requests"
    )
