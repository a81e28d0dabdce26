"""Of which size the instances are: what CPU credits do to them, what the next size costs, and what is advised."""

from typing import Any

import pytest

from relieve_high_cpu.facts import Fullness
from tests.functions.relieve_high_cpu.cases import (
    HOT,
    LONG_HOT,
    MINUTE,
    A,
    B,
    C,
    acts,
    alarm,
    escalates,
    facts,
    group,
    instance,
    nothing,
    policy,
)

SIX = tuple(f"i-{n:017x}" for n in range(6))
FULL = (Fullness(name="MongoDB connections", used=0.9),)

# ----------------------------------------------------------------------------------------------------------- credits


def test_without_cpu_credits_more_of_the_same_size_is_no_answer() -> None:
    found = facts(
        instance(A, HOT, credits=0.4, credit_mode="standard"), instance(B, HOT, credits=30.0, credit_mode="standard")
    )
    assert escalates(found).because == (
        f"CPU of dev-backend-asg is 84%, and the CPU credits of {A} are gone (mode: standard), so it is slowed down. The next "
        "size, t3.large, costs about 0.0832 $ per hour and instance instead of 0.0416 $ (t3.medium): for 2 instances about "
        "61 $ more a month."
    )


def test_in_unlimited_mode_nothing_is_slowed_down_and_one_more_helps() -> None:
    """T3's default: a balance of zero is normal under load."""
    act = acts(facts(*(instance(id_, HOT, credits=0.0, credit_mode="unlimited") for id_ in (A, B))))
    assert act.action == "scale-out"
    assert (
        f"{A} is InService: CPU 50% 60% 82% 85% 84%, 0 CPU credits left (unlimited: not slowed down, but what it uses beyond "
        "what it earns is charged)"
    ) in act.evidence


def test_where_the_mode_is_unknown_it_may_be_slowed_down_unless_it_is_hot_all_the_same() -> None:
    """91 % for 25 minutes without credits is not slowed down, and a policy that is called sees to it."""
    calling: dict[str, Any] = {"policies": (policy(),), "alarms": (alarm(),)}
    found = facts(*(instance(id_, (90, 92, 60, 22, 69), credits=0.0, type="t3.medium") for id_ in (A, B)), **calling)
    assert (
        f"{A}, {B} are gone (mode: unknown), so they are slowed down unless that is unlimited."
        in escalates(found).because
    )
    hot = [instance(id_, (90, 91, 92, 90, 91), credits=0.0, type="t3.medium") for id_ in (A, B)]
    assert "the policy dev-scale-up is on it" in nothing(facts(*hot, **calling))
    assert acts(facts(*hot)).action == "scale-out"


@pytest.mark.parametrize(("poor", "steps"), [(1, True), (2, True), (3, False), (6, False)])
def test_a_few_without_credits_do_not_stop_a_step_and_half_of_them_do(poor: int, steps: bool) -> None:
    there = [
        instance(id_, HOT, credits=0.0 if n < poor else 400.0, credit_mode="standard") for n, id_ in enumerate(SIX)
    ]
    found = facts(*there, group=group(SIX, max_size=20))
    if steps:
        assert acts(found).action == "scale-out"
    else:
        assert "are gone (mode: standard)" in escalates(found).because


def test_an_instance_that_has_not_earned_credits_yet_says_nothing_about_them() -> None:
    old = instance(A, HOT, credits=300.0)
    young = instance(C, HOT, credits=0.0, credit_mode="standard", age=50 * MINUTE)
    assert acts(facts(old, young)).action == "scale-out"
    earned = instance(C, HOT, credits=0.0, credit_mode="standard", age=70 * MINUTE)
    assert f"the CPU credits of {C} are gone" in escalates(facts(old, earned)).because


def test_with_cpu_credits_left_it_is_one_more() -> None:
    assert acts(facts(instance(A, HOT, credits=1.0), instance(B, HOT, credits=30.0))).action == "scale-out"


# ---------------------------------------------------------------------------------------------------------- its type


def test_a_price_is_told_only_where_the_instances_are_of_the_type_that_it_is_for() -> None:
    small = facts(*(instance(id_, HOT, type="t3.small") for id_ in (A, B)), group=group(max_size=2))
    verdict = escalates(small)
    assert verdict.because.endswith(
        "What the next size costs is not known: the instances are t3.small, and the setting `instance_type` is t3.medium."
    )
    assert verdict.next_steps[0] == (
        "In terraform.tfvars: instance_type = the size after t3.small, then `terraform apply`; by hand it would be drift."
    )
    medium = escalates(facts(*(instance(id_, HOT, type="t3.medium") for id_ in (A, B)), group=group(max_size=2)))
    assert "about 61 $ more a month" in medium.because
    assert medium.next_steps[0].startswith('In terraform.tfvars: instance_type = "t3.large" (was "t3.medium")')


def test_the_type_of_each_instance_is_evidence() -> None:
    assert (
        f"{A} (t3.small) is InService: CPU 85%" in acts(facts(instance(A, (85,), type="t3.small")), breach=1).evidence
    )


# ------------------------------------------------------------------------------------------------------------ advice


def test_who_is_told_that_the_database_is_too_full_is_not_told_to_add_an_instance() -> None:
    steps = escalates(facts(databases=FULL)).next_steps
    assert not any("scale-service" in step or "max_size" in step for step in steps)
    assert steps[0].startswith("In terraform.tfvars: instance_type")


def test_one_more_is_advised_only_where_there_may_be_one_more() -> None:
    there = (instance(A, LONG_HOT), instance(B, (50,) * 8))
    plan = "remedy invoke scale-service --set desired=3 --env dev  # a plan, until you add --apply"
    assert escalates(facts(*there)).next_steps[0] == plan
    at_max = escalates(facts(*there, group=group(max_size=2))).next_steps
    assert at_max[0] == "In terraform.tfvars: max_size = 3 (was 2), if the database and the cache can take it."
    assert not any("scale-service" in step for step in at_max)
    full = escalates(facts(*there, databases=FULL)).next_steps
    assert full[0] == "No instance more, before one goes: MongoDB connections are at 90%, and would be at 135%."
    assert not any("scale-service" in step for step in full)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("ChangeInCapacity", "scaling_adjustment = 11 (was 10)"),
        ("PercentChangeInCapacity", "a larger scaling_adjustment than 10 (PercentChangeInCapacity)"),
    ],
)
def test_a_policys_line_is_in_its_own_unit(kind: str, line: str) -> None:
    found = facts(group=group(max_size=2), policies=(policy(adjustment=10, adjustment_type=kind),), alarms=(alarm(),))
    assert (
        f"In Terraform, the policy dev-scale-up: {line}; the threshold is on its alarm." in escalates(found).next_steps
    )
