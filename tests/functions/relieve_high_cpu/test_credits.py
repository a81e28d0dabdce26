"""CPU credits that are gone make an instance slow, and its CPU low: that is no calm, while an idle instance is."""

from collections.abc import Sequence
from typing import Any

import pytest

from relieve_high_cpu.credits import BASELINES
from relieve_high_cpu.facts import Facts, Requests
from remediation.core.verdict import Attempt, Target
from tests.functions.relieve_high_cpu.cases import (
    HOT,
    MINUTE,
    A,
    B,
    C,
    acts,
    alarm,
    escalates,
    facts,
    instance,
    nothing,
    policy,
    stepped,
)

BROUGHT_DOWN, IDLE = (90, 92, 60, 22, 20), (90, 92, 60, 12, 5)
USUAL = Requests(now=200.0, usual=200.0)


def without(cpu: Sequence[float], *ids: str, **other: Any) -> Facts:
    """Return a group of which these instances have no credits and are at such a CPU."""
    said: dict[str, Any] = {"credits": 0.0, "credit_mode": "standard", "type": "t3.medium"}
    requests = other.pop("requests", Requests(now=400.0, usual=200.0))
    return facts(*(instance(id_, cpu, **(said | other)) for id_ in ids or (A, B)), requests=requests)


@pytest.mark.parametrize("tried", [(), (stepped(1, 2),)], ids=["at first", "after a step"])
def test_a_group_that_is_held_at_its_baseline_is_neither_calm_nor_healed(tried: tuple[Attempt[Target], ...]) -> None:
    verdict = escalates(without(BROUGHT_DOWN), *tried)
    assert verdict.because == (
        f"CPU of dev-backend-asg is 20%, and the CPU credits of {A}, {B} are gone (mode: standard), so they are slowed down. The "
        "next size, t3.large, costs about 0.0832 $ per hour and instance instead of 0.0416 $ (t3.medium): for 2 instances "
        "about 61 $ more a month."
    )
    assert not any("scale-service" in step or "max_size" in step for step in verdict.next_steps), (
        "it would be slow as well"
    )
    assert (
        f"{A} (t3.medium) is InService: CPU 90% 92% 60% 22% 20%, 0 CPU credits left (standard: slowed down to what it earns)"
    ) in verdict.evidence


@pytest.mark.parametrize("tried", [(), (stepped(1, 2),)], ids=["at first", "after a step"])
def test_a_group_that_has_nothing_to_do_needs_no_credits(tried: tuple[Attempt[Target], ...]) -> None:
    assert nothing(without(IDLE), *tried) == "CPU of dev-backend-asg is 5%, which is not too much."


def test_a_group_that_is_not_slowed_down_without_credits_is_calm() -> None:
    assert "is not too much" in nothing(without(BROUGHT_DOWN, credit_mode="unlimited"))
    assert "is not too much" in nothing(without(BROUGHT_DOWN, credits=30.0))
    assert "is not too much" in nothing(without(BROUGHT_DOWN, credits=None))


def test_a_group_that_is_at_its_baseline_all_day_is_slowed_down_whatever_is_usual() -> None:
    assert "so they are slowed down" in escalates(without((20,) * 8, requests=USUAL)).because


@pytest.mark.parametrize(("poor", "told"), [(1, False), (2, True)])
def test_it_takes_half_of_the_instances(poor: int, told: bool) -> None:
    there = [
        instance(id_, BROUGHT_DOWN, credits=0.0 if n < poor else 90.0, credit_mode="standard", type="t3.medium")
        for n, id_ in enumerate((A, B, C))
    ]
    if told:
        assert f"the CPU credits of {A}, {B} are gone" in escalates(facts(*there)).because
    else:
        assert "is not too much" in nothing(facts(*there))


@pytest.mark.parametrize(
    ("number", "ids", "they"),
    [
        (1, "i-00000000000000000", "it is"),
        (3, "i-00000000000000000, i-00000000000000001, i-00000000000000002", "they are"),
        (5, "i-00000000000000000, i-00000000000000001, i-00000000000000002 and 2 more", "they are"),
    ],
)
def test_those_that_are_there_are_helped_at_once_and_those_to_come_by_terraform(
    number: int, ids: str, they: str
) -> None:
    """A launch template says nothing of an instance that is there."""
    verdict = escalates(without(BROUGHT_DOWN, *(f"i-{n:017x}" for n in range(number))))
    assert f"the CPU credits of {ids} are gone (mode: standard), so {they} slowed down." in verdict.because
    assert f"for {number} instance{'' if number == 1 else 's'} about" in verdict.because
    *now, later, _, _ = verdict.next_steps
    assert now == [
        "aws ec2 modify-instance-credit-specification --instance-credit-specifications "
        f"InstanceId=i-{n:017x},CpuCredits=unlimited --region us-east-1"
        for n in range(min(number, 3))
    ]
    assert 'credit_specification { cpu_credits = "unlimited" }, then an instance refresh' in later


def test_one_that_has_not_earned_any_yet_says_nothing_about_them() -> None:
    assert "is not too much" in nothing(without(BROUGHT_DOWN, age=50 * MINUTE))
    assert "so they are slowed down" in escalates(without(BROUGHT_DOWN, age=70 * MINUTE)).because


def test_a_policy_follows_a_cpu_that_credits_keep_low() -> None:
    """Its alarm goes back to OK as they run out, and the one that makes the group smaller comes on."""
    found = facts(
        *without(HOT).instances, policies=(policy(),), alarms=(alarm(),), requests=Requests(now=400.0, usual=200.0)
    )
    assert "so they are slowed down" in escalates(found).because
    rich = facts(policies=(policy(),), alarms=(alarm(),))
    assert "the policy dev-scale-up is on it" in nothing(rich)


def test_a_regression_is_told_as_one_as_long_as_it_can_be_seen() -> None:
    assert escalates(without(HOT, requests=USUAL)).team == "application"
    assert escalates(without(BROUGHT_DOWN, requests=USUAL)).team != "application"


@pytest.mark.parametrize(
    ("requests", "told"), [(Requests(now=400.0, usual=200.0), True), (USUAL, False), (Requests(), False)]
)
def test_where_the_baseline_is_unknown_cpu_has_to_fall_while_the_requests_stay(requests: Requests, told: bool) -> None:
    found = without(BROUGHT_DOWN, type="t5.medium", requests=requests)
    if told:
        assert "so they are slowed down" in escalates(found).because
    else:
        assert "is not too much" in nothing(found)
    assert "is not too much" in nothing(without((20,) * 5, type="t5.medium", requests=requests))


@pytest.mark.parametrize(
    ("type_", "baseline"),
    [("t3.nano", 5), ("t3a.micro", 10), ("t4g.small", 20), ("t2.medium", 20), ("t3.large", 30), ("t3.2xlarge", 40), ("t2.xlarge", 22.5)],
)  # fmt: skip
def test_every_size_has_its_own_baseline(type_: str, baseline: float) -> None:
    assert BASELINES[type_] == baseline
    assert "so they are slowed down" in escalates(without((0.95 * baseline,) * 5, type=type_)).because
    assert "is not too much" in nothing(without((0.85 * baseline,) * 5, type=type_))


def test_one_at_sixty_percent_without_credits_is_on_its_way_down() -> None:
    hot = instance(A, (95,) * 5, credits=300.0, type="t3.medium")
    other: dict[str, Any] = {"credits": 0.0, "credit_mode": "standard", "type": "t3.medium"}
    assert f"the CPU credits of {C} are gone" in escalates(facts(hot, instance(C, (60,) * 5, **other))).because
    assert (
        acts(facts(instance(A, (95,) * 5, credits=300.0), instance(C, (60,) * 5, credits=90.0))).action == "scale-out"
    )
