"""A policy of the group's own: it has the group to itself where it works, and is stood in for where it does not."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.aws.autoscaling import Member
from remediation.aws.scaling import Asked, History, Policy
from tests.functions.relieve_high_cpu.cases import (
    HOT,
    MINUTE,
    NOW,
    A,
    B,
    C,
    acts,
    alarm,
    escalates,
    facts,
    group,
    instance,
    judge,
    launch,
    nothing,
    policy,
    stepped,
    waits,
)

LONG = tuple(instance(id_, (85,) * 8) for id_ in (A, B))
TRACKING = policy(name="requests", kind="TargetTrackingScaling", alarms=("high",), adjustment=None)
ON_FOR_AN_HOUR = alarm(transitioned_at=NOW - 60 * MINUTE)


@pytest.mark.parametrize("kind", ["SimpleScaling", "StepScaling", "TargetTrackingScaling"])
def test_a_policy_that_works_is_left_to_it(kind: str) -> None:
    found = facts(policies=(policy(kind=kind),), alarms=(alarm(),))
    assert nothing(found) == (
        "CPU of dev-backend-asg is 84%, and the policy dev-scale-up is on it: dev-backend-cpu-high is in ALARM."
    )


def test_a_policy_whose_alarm_sees_no_reason_is_left_to_it() -> None:
    found = facts(policies=(policy(),), alarms=(alarm(state="OK"),))
    assert nothing(found) == (
        "CPU of dev-backend-asg is 84%, and the policy dev-scale-up works, and its alarm sees no reason yet."
    )


def test_a_policy_that_works_after_all_is_waited_for_after_a_step() -> None:
    found = facts(policies=(policy(),), alarms=(alarm(),))
    assert waits(found, stepped(1, 2)).endswith("the policy dev-scale-up is on it: dev-backend-cpu-high is in ALARM.")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"policies": (policy(enabled=False),)}, "dev-scale-up is disabled"),
        (
            {"group": group(suspended=("AlarmNotification",))},
            "dev-scale-up cannot help: AlarmNotification is suspended",
        ),
        ({"alarms": ()}, "no alarm is there that dev-scale-up follows"),
        (
            {"alarms": (alarm(actions_enabled=False),)},
            "dev-backend-cpu-high cannot start dev-scale-up: its actions are disabled, or it has no data",
        ),
        (
            {"alarms": (alarm(state="INSUFFICIENT_DATA"),)},
            "dev-backend-cpu-high cannot start dev-scale-up: its actions are disabled, or it has no data",
        ),
        (
            {"alarms": (alarm(transitioned_at=NOW - 21 * MINUTE),)},
            "dev-scale-up has launched nothing though dev-backend-cpu-high is on for more than 20 minutes",
        ),
    ],
    ids=["disabled", "suspended", "without an alarm", "deaf", "without data", "exhausted"],
)
def test_a_policy_that_does_not_work_is_stood_in_for(broken: dict[str, Any], why: str) -> None:
    act = acts(facts(**({"policies": (policy(),), "alarms": (alarm(),)} | broken)))
    assert act.because.endswith(f"and {why}: 2 -> 3.")


def test_a_policy_whose_alarm_is_on_for_long_works_if_it_launched_something_lately() -> None:
    found = facts(
        policies=(policy(),),
        alarms=(alarm(transitioned_at=NOW - 60 * MINUTE),),
        history=History(launches=(launch(NOW - 19 * MINUTE),)),
    )
    assert "is on it" in nothing(found)


@pytest.mark.parametrize("other", [{"adjustment": -1}, {"kind": "PredictiveScaling"}], ids=["scale-in", "predictive"])
def test_a_policy_that_does_not_make_it_larger_when_it_is_busy_is_none(other: dict[str, Any]) -> None:
    found = facts(policies=(policy(**other),), alarms=(alarm(),))
    assert acts(found).because.endswith("and no policy makes it larger: 2 -> 3.")


# ------------------------------------------------------------------------------------- one that follows something else


def test_a_policy_that_sees_no_reason_for_long_follows_something_else() -> None:
    found = facts(*LONG, policies=(TRACKING,), alarms=(alarm(name="high", state="OK"),))
    assert acts(found).because.endswith(
        "and requests follows something else: high is not on though CPU is too high for 40 minutes: 2 -> 3."
    )


@pytest.mark.parametrize(("values", "left"), [(3, True), (4, False)])
def test_it_has_twenty_minutes_to_see_one(values: int, left: bool) -> None:
    hot = (50,) * (8 - values) + (85,) * values
    found = facts(instance(A, hot), instance(B, hot), policies=(TRACKING,), alarms=(alarm(name="high", state="OK"),))
    if left:
        assert "sees no reason yet" in nothing(found)
    else:
        assert acts(found).action == "scale-out"


def test_one_whose_alarm_is_on_is_no_such_one() -> None:
    found = facts(*LONG, policies=(TRACKING,), alarms=(alarm(name="high"), alarm(name="other", state="OK")))
    assert "requests is on it: high is in ALARM" in nothing(found)


@pytest.mark.parametrize(("kind", "left"), [("ExactCapacity", False), ("ChangeInCapacity", True)])
def test_a_policy_that_sets_a_size_that_is_no_larger_adds_nothing(kind: str, left: bool) -> None:
    found = facts(policies=(policy(adjustment_type=kind, adjustment=1),), alarms=(alarm(state="OK"),))
    if left:
        assert "sees no reason yet" in nothing(found)
    else:
        assert acts(found).because.endswith("and no policy makes it larger: 2 -> 3.")


def test_what_somebody_asked_for_is_nothing_that_the_policy_launched() -> None:
    """After a step of ours, or a person's, a policy that does nothing still does nothing."""
    launches = (launch(NOW - 15 * MINUTE),)
    of_its_own = facts(policies=(policy(),), alarms=(ON_FOR_AN_HOUR,), history=History(launches=launches))
    assert "is on it" in nothing(of_its_own)
    asked = (Asked(from_=1, to=2, at=NOW - 15 * MINUTE),)
    by_hand = facts(policies=(policy(),), alarms=(ON_FOR_AN_HOUR,), history=History(launches=launches, asked=asked))
    assert "dev-scale-up has launched nothing" in acts(by_hand).because


# --------------------------------------------------------------------------------------------------- several of them

SEVERAL: tuple[Policy, ...] = (
    policy(name="a-requests", alarms=("requests-high",)),
    policy(name="b-cpu", alarms=("cpu-high",)),
)
ONE_CALLS = (alarm(name="requests-high", state="OK"), alarm(name="cpu-high"))


def test_of_several_policies_the_one_whose_alarm_is_on_is_named() -> None:
    assert nothing(facts(policies=SEVERAL, alarms=ONE_CALLS)) == (
        "CPU of dev-backend-asg is 84%, and the policy b-cpu is on it: cpu-high is in ALARM."
    )


def test_of_several_policies_the_one_that_scales_is_named() -> None:
    members = (*group().members, Member(id=C, lifecycle="Pending", health="Healthy"))
    pending = instance(C, (), lifecycle="Pending", age=timedelta(minutes=1))
    found = facts(
        instance(A, HOT),
        instance(B, HOT),
        pending,
        group=group(desired=3, members=members),
        policies=SEVERAL,
        alarms=ONE_CALLS,
    )
    assert nothing(found) == "The policy b-cpu is scaling dev-backend-asg: 2 -> 3."


def test_of_several_policies_one_that_works_is_enough() -> None:
    half = (policy(name="a-requests", alarms=("requests-high",), enabled=False), SEVERAL[1])
    assert "b-cpu is on it" in nothing(facts(policies=half, alarms=ONE_CALLS))


def test_of_several_policies_none_of_which_works_each_is_told() -> None:
    none = tuple(policy(name=each.name, alarms=each.alarms, enabled=False) for each in SEVERAL)
    assert (
        "and a-requests is disabled; b-cpu is disabled: 2 -> 3." in acts(facts(policies=none, alarms=ONE_CALLS)).because
    )


# ------------------------------------------------------------------------------------- instances that take no requests


@pytest.mark.parametrize("healthy", [(A,), ()])
def test_those_that_bear_the_load_of_others_get_no_more_before_these_are_healed(healthy: tuple[str, ...]) -> None:
    found = facts(healthy=frozenset(healthy))
    ill = [id_ for id_ in (A, B) if id_ not in healthy]
    assert waits(found) == (
        f"CPU of dev-backend-asg is 84%, and {len(ill)} of 2 instances take no requests, because they are no healthy targets "
        f"({', '.join(ill)}): the others bear their load (restart-unhealthy-targets is for that)."
    )
    assert acts(facts()).action == "scale-out", "all are healthy"


def test_one_of_many_that_takes_no_requests_does_not_make_the_others_hot() -> None:
    ten = tuple(instance(f"i-{n:017x}") for n in range(10))
    ids = [each.id for each in ten]
    assert acts(facts(*ten, group=group(ids, max_size=20), healthy=frozenset(ids[1:]))).action == "scale-out"


@pytest.mark.parametrize("still", [True, False])
def test_those_that_nobody_made_targets_are_for_a_person_with_the_commands_that_do(still: bool) -> None:
    """What is launched while AddToLoadBalancer is suspended does not become a target when it is resumed."""
    found = group(suspended=("AddToLoadBalancer",) if still else ())
    verdict = escalates(facts(healthy=frozenset({A}), registered=frozenset({A}), group=found))
    assert verdict.because.endswith(
        f"are no healthy targets ({B}): the others bear their load. No targets at all: {B}."
        f"{' AddToLoadBalancer is suspended.' if still else ''} What is launched while AddToLoadBalancer is suspended does "
        "not become one when it is resumed."
    )
    *resume, register, _ = verdict.next_steps
    assert [step.split()[2] for step in resume] == (["resume-processes"] if still else [])
    assert register.endswith(f"--targets Id={B} --region us-east-1")


def test_those_that_fail_their_check_are_targets_whatever_is_suspended() -> None:
    found = facts(healthy=frozenset({A}), group=group(suspended=("AddToLoadBalancer",)))
    assert waits(found).endswith(f"({B}): the others bear their load (restart-unhealthy-targets is for that).")


def test_of_those_that_take_no_requests_only_those_that_are_no_targets_are_registered() -> None:
    there = [instance(id_, (95,) * 8 if id_ == A else (3,) * 8) for id_ in (A, B, C)]
    verdict = escalates(facts(*there, healthy=frozenset({A}), registered=frozenset({A, C})))
    assert f"({B}, {C}): the others bear their load. No targets at all: {B}. " in verdict.because
    assert verdict.next_steps[0].endswith(f"--targets Id={B} --region us-east-1")


def test_the_idle_one_of_two_may_be_the_reason_why_the_other_is_hot() -> None:
    there = (instance(A, (95,) * 8), instance(B, (5,) * 8))
    assert "(restart-unhealthy-targets is for that)" in waits(facts(*there, healthy=frozenset({A})))
    assert f"{A} alone is hot" in escalates(facts(*there)).because


def test_a_group_that_is_not_hot_waits_for_no_targets() -> None:
    cool = (instance(A, (85, 85, 50, 50, 50)), instance(B, (50,) * 5))
    assert "is not too much" in nothing(facts(*cool, healthy=frozenset()))


def test_how_many_targets_are_healthy_is_evidence() -> None:
    found = acts(facts(*LONG))
    assert "Healthy targets: 2 of 2 in service." in found.evidence
    cool = facts(instance(A, (50,) * 5), instance(B, (50,) * 5), healthy=None)
    assert "Healthy targets" not in "".join(judge(cool).evidence)
