"""Who is not hot, and who is being seen to: nothing is to be done, or not yet."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from relieve_high_cpu.facts import Fullness
from relieve_high_cpu.settings import Incident, Settings, scope
from remediation.aws.autoscaling import Group, Member, Refresh
from remediation.aws.scaling import History, size
from remediation.core.verdict import Wait
from tests.functions.relieve_high_cpu.cases import (
    COOL,
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
from tests.support.toy import PLACE

PENDING = instance(C, (), lifecycle="Pending", age=MINUTE)
GROWING = group(
    (A, B),
    desired=3,
    members=(
        Member(id=A, lifecycle="InService", health="Healthy"),
        Member(id=B, lifecycle="InService", health="Healthy"),
        Member(id=C, lifecycle="Pending", health="Healthy"),
    ),
)


def held_by_itself(**other: Any) -> Group:
    """Return a group of two that terminates nothing."""
    return group((A, B), suspended=("Terminate",), **other)


def protected(ids: tuple[str, ...] = (A, B), **other: Any) -> Group:
    """Return a group of two of which these are protected from scale-in."""
    members = [msgspec.structs.replace(member, protected=member.id in ids) for member in group().members]
    return group((A, B), members=tuple(members), **other)


def test_another_group_is_none_of_its_business_and_its_own_is() -> None:
    assert scope(Incident(group="prod-backend-asg"), Settings(), PLACE) == (
        "the Auto Scaling group 'prod-backend-asg' is not dev-backend-asg"
    )
    assert scope(Incident(group="dev-backend-asg"), Settings(), PLACE) is None
    assert scope(Incident(), Settings(), PLACE) is None


def test_a_group_that_is_not_there_is_for_a_person() -> None:
    found = msgspec.structs.replace(facts(), group=None)
    assert escalates(found).because == "There is no Auto Scaling group dev-backend-asg (setting `asg`) to relieve."


def test_a_group_whose_size_does_not_count_instances_is_for_a_person() -> None:
    assert escalates(facts(group=group(weighted=True))).because == (
        "The instances of dev-backend-asg have weights, so its size counts units: that is not supported."
    )


def test_a_group_that_is_not_hot_needs_nothing() -> None:
    assert (
        nothing(facts(instance(A, COOL), instance(B, COOL))) == "CPU of dev-backend-asg is 50%, which is not too much."
    )


def test_a_group_that_was_hot_and_is_not_any_more_needs_nothing() -> None:
    over = (85, 85, 85, 84, 40)
    assert (
        nothing(facts(instance(A, over), instance(B, over))) == "CPU of dev-backend-asg is 40%, which is not too much."
    )


def test_a_group_that_is_not_hot_needs_nothing_whatever_else_goes_on() -> None:
    """A scale-in alarm is an alarm on the same metric, and what follows it is at work."""
    leaving = group(members=(*group().members, Member(id=C, lifecycle="Terminating", health="Healthy")))
    found = facts(instance(A, COOL), instance(B, COOL), group=leaving, refresh=Refresh(id="r", status="InProgress"))
    assert nothing(found) == "CPU of dev-backend-asg is 50%, which is not too much."


def test_two_values_of_five_are_not_enough_yet() -> None:
    rising = (50, 50, 50, 82, 85)
    found = facts(instance(A, rising), instance(B, rising))
    assert waits(found) == (
        "CPU of dev-backend-asg is 85%, but only 2 of the last 5 values are 70% or more; 3 are needed."
    )
    assert judge(facts()).because.startswith("CPU of dev-backend-asg is 84% with 400 requests"), "three are"


def test_instances_that_warm_up_do_not_count() -> None:
    """C6."""
    new = instance(C, (99, 99, 99), age=4 * MINUTE)
    found = facts(instance(A, COOL), instance(B, COOL), new)
    assert (
        nothing(found)
        == "CPU of dev-backend-asg is 50%, which is not too much; 1 instance that is warming up does not count."
    )


def test_what_an_instance_did_while_it_warmed_up_does_not_count() -> None:
    """C6: its first values are of its start, and the last one alone is not enough."""
    there = (instance(A, COOL), instance(B, (50, 50, 50, 60, 72)))
    new = instance(C, (99, 99, 99, 99, 70), age=12 * MINUTE)
    assert waits(facts(*there, new)) == "1 of 3 values since 03:33 UTC are there: too early to tell."
    long = instance(C, (99, 99, 99, 99, 69), age=38 * MINUTE)
    assert "is not too much" in nothing(facts(*there, long))


def test_the_last_value_of_a_start_is_none_of_an_instance_that_has_just_warmed_up() -> None:
    """C6: it is of the time before, and the only one there is."""
    there = (instance(A, COOL), instance(B, COOL))
    assert "is not too much" in nothing(facts(*there, instance(C, (99,), age=7 * MINUTE)))
    assert waits(facts(*there, instance(C, (99,), age=10 * MINUTE))).startswith("1 of 3 values since")


def test_a_group_of_which_all_warm_up_is_waited_for() -> None:
    """C6."""
    found = facts(instance(A, HOT, age=3 * MINUTE), instance(B, HOT, age=3 * MINUTE))
    assert waits(found) == "0 of 3 values since 03:42 UTC are there: too early to tell."


def test_a_hot_group_that_has_just_grown_is_looked_at_again() -> None:
    """Whoever made it larger: what was before says nothing of what it is now."""
    found = facts(instance(A), instance(B), instance(C, (90,), age=8 * MINUTE), usual_hosts=3.0)
    assert waits(found) == "0 of 3 values since 03:37 UTC are there: too early to tell."


def test_a_group_that_has_grown_a_while_ago_and_still_is_hot_is_judged_by_what_was_since() -> None:
    hot = (50, 50, 85, 85, 85)
    grown = facts(instance(A, hot), instance(B, hot), instance(C, (90, 90, 90), age=20 * MINUTE), usual_hosts=3.0)
    assert judge(grown).because.endswith("3 -> 4.")


def test_two_values_since_somebody_else_changed_the_group_are_not_enough() -> None:
    """C6: three of five, unless it was a step of ours of which two values tell whether it helped."""
    rising = (50, 50, 50, 85, 85)
    found = facts(instance(A, rising), instance(B, rising, age=16 * MINUTE))
    assert waits(found) == "2 of 3 values since 03:29 UTC are there: too early to tell."
    assert judge(found, stepped(1, 2, ago=16 * MINUTE)).because.endswith("2 -> 3.")


def test_a_group_without_values_long_after_it_changed_is_for_a_person() -> None:
    found = facts(instance(A, ()), instance(B, ()), instance(C, (), age=36 * MINUTE))
    assert "how busy it is is unknown" in escalates(found).because


def test_a_group_without_any_value_is_for_a_person() -> None:
    found = facts(instance(A, ()), instance(B, ()))
    assert escalates(found).because == (
        "CloudWatch has no CPU of any instance of dev-backend-asg that is in service: how busy it is is unknown."
    )


def test_a_deploy_is_left_alone() -> None:
    """C8."""
    verdict = judge(facts(refresh=Refresh(id="r", status="InProgress")))
    assert isinstance(verdict, Wait)
    assert verdict.because == (
        "An instance refresh of dev-backend-asg is InProgress: a deploy is on, and what its instances do now says nothing."
    )
    assert verdict.stand_down
    assert judge(facts(refresh=Refresh(id="r", status="Successful"))).because.endswith("2 -> 3.")


def test_a_policy_that_is_scaling_is_left_alone() -> None:
    """C7."""
    found = facts(instance(A), instance(B), PENDING, group=GROWING, policies=(policy(),), alarms=(alarm(),))
    assert nothing(found) == "The policy dev-scale-up is scaling dev-backend-asg: 2 -> 3."


def test_a_group_that_grows_for_another_reason_is_waited_for() -> None:
    """C8."""
    found = facts(instance(A), instance(B), PENDING, group=GROWING)
    assert waits(found) == f"dev-backend-asg is at work: {C} is Pending."


def test_an_activity_that_has_not_ended_is_waited_for() -> None:
    """C8."""
    found = facts(history=History(unfinished=(launch(NOW, "InProgress"),)))
    assert waits(found) == f"dev-backend-asg is at work: Launching a new EC2 instance: {C} (InProgress)."


def test_a_group_that_launches_nothing_of_what_it_lacks_is_told_so() -> None:
    found = facts(group=group((A, B), desired=3))
    assert waits(found) == (
        "dev-backend-asg lacks instances and launches none: 2 of 3 instances are in service "
        "(recover-failed-launches is for that)."
    )


@pytest.mark.parametrize("held", [held_by_itself, protected], ids=["Terminate is suspended", "all are protected"])
@pytest.mark.parametrize("desired", [2, 1])
def test_a_group_of_which_none_may_leave_lacks_nothing(held: Callable[..., Group], desired: int) -> None:
    """One more is one more than there are."""
    found = facts(group=held(desired=desired, min_size=1))
    more = "" if desired == 2 else " (2 are in service)"
    assert acts(found).because.endswith(f"{desired} -> 3{more}.")
    assert acts(found).target == size("dev-backend-asg", from_=desired, to=3)


def test_a_size_that_somebody_has_just_lowered_is_not_raised_before_the_first_instance_goes() -> None:
    """C2, C1: whoever lowered it knew why; and from 2 to 7 is no step of one."""
    ids = tuple(f"i-{n:017x}" for n in range(1, 7))
    found = facts(*map(instance, ids), group=group(ids, desired=2, max_size=12))
    assert waits(found) == (
        "dev-backend-asg is at work: 4 instances are about to leave, for it wants 2 and 6 are in service."
    )
    assert acts(facts(*map(instance, ids), group=group(ids, max_size=12))).because.endswith("6 -> 7.")


@pytest.mark.parametrize(("spared", "leaves"), [((), True), ((A,), True), ((A, B), False)])
def test_as_long_as_one_may_go_it_is_about_to(spared: tuple[str, ...], leaves: bool) -> None:
    found = facts(group=protected(spared, desired=1, min_size=1))
    if leaves:
        assert "1 instance is about to leave, for it wants 1 and 2 are in service" in waits(found)
    else:
        assert acts(found).action == "scale-out"


def test_a_group_that_has_more_than_it_wants_is_as_large_as_it_is() -> None:
    """At the maximum, and what all of them lean on is as full as all of them make it."""
    full = held_by_itself(desired=1, min_size=1, max_size=2)
    most = facts(group=full, policies=(policy(),), alarms=(alarm(),))
    assert "has all of its 2 instances" in escalates(most).because
    beyond = facts(group=held_by_itself(desired=1, min_size=1), usual_hosts=1.0)
    assert "2 times what is usual in 24 hours, and has 2." in escalates(beyond).because
    used = (Fullness(name="MongoDB connections", used=0.5),)
    room = facts(group=held_by_itself(desired=1, min_size=1), databases=used)
    assert acts(room).action == "scale-out", "two have 50%, and three would have 75%"


def test_after_a_step_a_group_that_has_more_than_it_wants_is_healed() -> None:
    helped = (85, 85, 85, 55, 54)
    found = facts(instance(A, helped), instance(B, helped), group=held_by_itself(desired=1, min_size=1))
    assert "is not too much" in nothing(found, stepped(1, 2))


def test_after_a_step_two_values_are_waited_for() -> None:
    found = facts(instance(A, HOT), instance(B, HOT))
    assert waits(found, stepped(1, 2, ago=11 * MINUTE)) == "1 of 2 values since 03:34 UTC are there: too early to tell."


def test_a_wait_after_a_step_is_as_long_as_the_values_take() -> None:
    verdict = judge(facts(instance(A, ()), instance(B, ())), stepped(1, 2, ago=5 * MINUTE))
    assert isinstance(verdict, Wait)
    assert verdict.for_ == timedelta(minutes=5)


def test_after_a_step_a_group_that_is_not_hot_any_more_is_healed() -> None:
    helped = (85, 85, 85, 55, 54)
    found = facts(instance(A, helped), instance(B, helped))
    assert nothing(found, stepped(1, 2)) == "CPU of dev-backend-asg is 54%, which is not too much."


def test_after_a_step_a_group_is_healed_only_when_it_is_complete() -> None:
    helped = (85, 85, 85, 55, 54)
    found = facts(instance(A, helped), instance(B, helped), healthy=frozenset({A}))
    assert waits(found, stepped(1, 2)) == (
        "CPU of dev-backend-asg is 54%, but it is not complete: 1 of 2 instances are healthy targets."
    )


def test_after_a_step_one_value_of_two_is_not_enough_to_go_on() -> None:
    found = facts(instance(A, (85, 85, 85, 60, 80)), instance(B, (85, 85, 85, 60, 80)))
    assert waits(found, stepped(1, 2)) == (
        "CPU of dev-backend-asg is 80%, but only 1 of the last 2 values are 70% or more; 2 are needed."
    )
