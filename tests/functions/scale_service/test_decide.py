"""Every paragraph of the judgement, a sentence each."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.aws.autoscaling import Activity, Group, Member, Refresh
from remediation.aws.scaling import History, Size, size
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from scale_service.decide import SCALE, decide
from scale_service.facts import Facts
from scale_service.settings import Incident, Settings, scope
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

A, B, C = (f"i-{n:017x}" for n in range(1, 4))


def members(*ids: str, protected: tuple[str, ...] = ()) -> tuple[Member, ...]:
    return tuple(Member(id=id_, lifecycle="InService", health="Healthy", protected=id_ in protected) for id_ in ids)


def group(*ids: str, **other: Any) -> Group:
    said: dict[str, Any] = {
        "name": "dev-backend-asg",
        "min_size": 2,
        "max_size": 6,
        "desired": len(ids),
        "health_checks": ("ELB",),
        "grace": timedelta(seconds=300),
        "suspended": (),
        "members": members(*ids),
        "termination": ("Default",),
    }
    return Group(**(said | other))


def facts(desired: int, found: Group | None = None, **other: Any) -> Facts:
    there = found or group(A, B)
    said: dict[str, Any] = {
        "place": PLACE,
        "group": there,
        "healthy": frozenset({A, B, C}),
    }
    return Facts(**(said | {"desired": desired} | other))


def judge(found: Facts, *tried: Attempt[Size]) -> Verdict[Size]:
    return decide(found, Settings(), tried, NIGHT)


def done(from_: int, to: int) -> Attempt[Size]:
    target = size("dev-backend-asg", from_=from_, to=to)
    return Attempt(action=SCALE, target=target, at=NIGHT, result="done", receipt="")


def refused(verdict: Verdict[Size]) -> str:
    assert isinstance(verdict, Nothing)
    assert verdict.refused
    return verdict.because


def test_a_size_within_the_limits_is_asked_for() -> None:
    act = judge(facts(3))
    assert isinstance(act, Act)
    assert (act.action, act.target) == (SCALE, size("dev-backend-asg", from_=2, to=3))
    assert act.because == "dev-backend-asg is to be scaled out, 2 -> 3; it may have 2 to 6."
    assert act.drift == (
        "Terraform owns the size of dev-backend-asg: the next `terraform apply` sets it back, unless terraform.tfvars says "
        "`desired_capacity = 3` (was 2)."
    )


def test_making_it_smaller_says_who_goes_and_which_protection_applies() -> None:
    rules = ("OldestInstance", "Default")
    act = judge(facts(2, group(A, B, C, members=members(A, B, C, protected=(B,)), termination=rules), drain=300))
    assert isinstance(act, Act)
    assert act.because == (
        f"dev-backend-asg is to be scaled in, 3 -> 2; it may have 2 to 6. 1 of {A}, {C} goes (chosen by OldestInstance, "
        f"Default), and has 300 s to finish its requests; {B} cannot go (protected from scale-in)."
    )
    assert f"{B} is InService, and healthy in the target group; it is protected from scale-in." in act.evidence


def test_making_it_smaller_names_the_one_that_goes_where_no_other_may() -> None:
    act = judge(facts(2, group(A, B, C, members=members(A, B, C, protected=(A, B)))))
    assert act.because.endswith(f" {C} goes; {A}, {B} cannot go (protected from scale-in).")


def test_making_it_smaller_says_so_where_nothing_is_protected() -> None:
    act = judge(facts(2, group(A, B, C)))
    assert act.because.endswith(f"1 of {A}, {B}, {C} goes (chosen by Default); none is protected.")


def test_of_many_instances_it_says_how_many_they_are() -> None:
    many = tuple(f"i-{n:017x}" for n in range(1, 41))
    act = judge(facts(38, group(*many, max_size=50), drain=300))
    assert act.because.endswith(
        "2 of 40 instances go (chosen by Default), and have 300 s to finish their requests; none is protected."
    )


def test_no_instance_at_all_is_the_business_of_people_who_recover_a_database() -> None:
    sentence = 'only people who recover a database do (RUNBOOK.md, "Database Corruption Recovery")'
    assert (scope(Incident(desired=0), Settings(), PLACE) or "").endswith(sentence)
    verdict = judge(facts(0, group(A, B, min_size=0)))
    assert refused(verdict) == f"No instance at all is an outage, and no runbook makes one: {sentence}."


def test_another_group_is_refused_and_the_own_one_may_be_named() -> None:
    said = scope(Incident(desired=3, group="prod-backend-asg"), Settings(), PLACE)
    assert said == "the Auto Scaling group 'prod-backend-asg' is not dev-backend-asg"
    assert scope(Incident(desired=3, group="dev-backend-asg"), Settings(), PLACE) is None
    assert scope(Incident(desired=3), Settings(), PLACE) is None


@pytest.mark.parametrize(
    ("desired", "line"), [(7, "max_size = 7 (was 6)"), (1, "min_size = 1 (was 2)")], ids=["too many", "too few"]
)
def test_a_size_outside_the_limits_is_refused_with_the_line_to_change(desired: int, line: str) -> None:
    verdict = judge(facts(desired))
    assert refused(verdict) == f"dev-backend-asg may have 2 to 6 instances, not {desired}."
    assert verdict.next_steps == (f"In terraform.tfvars: {line}, then `terraform apply`.",)


@pytest.mark.parametrize("desired", [2, 6])
def test_the_limits_themselves_are_allowed(desired: int) -> None:
    found = group(A, B, C, desired=3)
    assert isinstance(judge(facts(desired, found)), Act)


def test_limits_that_were_changed_after_the_act_are_for_a_person() -> None:
    verdict = judge(facts(3, group(A, B, max_size=2)), done(2, 3))
    assert isinstance(verdict, Escalate)


def test_a_group_that_is_not_there_is_for_a_person() -> None:
    verdict = decide(Facts(place=PLACE, desired=3, group=None), Settings(), (), NIGHT)
    assert isinstance(verdict, Escalate)
    assert verdict.because == "There is no Auto Scaling group dev-backend-asg (setting `asg`) to scale."


def test_a_deploy_is_waited_for() -> None:
    """C8."""
    verdict = judge(facts(3, refresh=Refresh(id="r", status="InProgress")))
    assert isinstance(verdict, Wait)
    assert verdict.because == "An instance refresh of dev-backend-asg is InProgress: a deploy is on."
    assert verdict.stand_down
    assert isinstance(judge(facts(3, refresh=Refresh(id="r", status="Successful"))), Act)


def test_instances_that_are_about_to_leave_are_waited_for() -> None:
    verdict = judge(facts(4, group(A, B, C, desired=2)))
    assert isinstance(verdict, Wait)
    assert verdict.because == (
        "dev-backend-asg is at work: 1 instance is about to leave, for it wants 2 and 3 are in service."
    )
    assert isinstance(judge(facts(4, group(A, B, C, desired=2, suspended=("Terminate",)))), Act)


def test_an_activity_is_waited_for() -> None:
    """C8."""
    launch = Activity(description="Launching a new EC2 instance", status="InProgress", started_at=NIGHT)
    verdict = judge(facts(3, history=History(unfinished=(launch,))))
    assert isinstance(verdict, Wait)
    assert verdict.because == "dev-backend-asg is at work: Launching a new EC2 instance (InProgress)."


def test_a_group_that_has_the_size_needs_nothing() -> None:
    verdict = judge(facts(2))
    assert isinstance(verdict, Nothing)
    assert verdict.because == "dev-backend-asg has 2 instances, in service and healthy."
    assert not verdict.refused


def test_a_group_that_wants_the_size_already_is_told_as_it_is() -> None:
    verdict = judge(facts(2, healthy=frozenset({A})))
    assert isinstance(verdict, Nothing)
    assert verdict.because == (
        "dev-backend-asg wants 2 instances, and is not complete: 1 of 2 instances are healthy targets."
    )


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (facts(3, group(A, B, desired=3)), "2 of 3 instances are in service"),
        (facts(3, group(A, B, C), healthy=frozenset({A, B})), "2 of 3 instances are healthy targets"),
    ],
    ids=["not launched", "not healthy"],
)
def test_it_is_healed_only_when_as_many_are_in_service_and_healthy(found: Facts, lacks: str) -> None:
    verdict = judge(found, done(2, 3))
    assert isinstance(verdict, Wait)
    assert verdict.because == f"dev-backend-asg wants 3 instances, and is not complete: {lacks}."
    assert isinstance(judge(facts(3, group(A, B, C)), done(2, 3)), Nothing)


def test_a_size_that_somebody_else_has_set_since_is_not_fought_over() -> None:
    verdict = judge(facts(3, group(A, B)), done(2, 3))
    assert isinstance(verdict, Escalate)
    assert verdict.because == (
        "dev-backend-asg was asked for 3 instances, and somebody else (a policy?) has asked for 2 since."
    )


# ------------------------------------------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    ("desired", "process", "way"),
    [
        (4, "Launch", "out, 3 -> 4"),
        (4, "AddToLoadBalancer", "out, 3 -> 4"),
        (2, "Terminate", "in, 3 -> 2"),
    ],
)
def test_what_a_suspended_process_would_have_to_do_is_not_asked_for(desired: int, process: str, way: str) -> None:
    verdict = judge(facts(desired, group(A, B, C, suspended=(process,))))
    assert refused(verdict) == f"dev-backend-asg cannot be scaled {way}: {process} is suspended."
    command = "aws autoscaling resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes"
    assert verdict.next_steps == (f"{command} {process} --region us-east-1",)


def test_a_group_whose_instances_have_weights_is_not_scaled_because_its_size_is_no_number_of_them() -> None:
    because = refused(judge(facts(3, group(A, B, weighted=True))))
    assert "dev-backend-asg have weights" in because
    assert isinstance(judge(facts(3, group(A, B, weighted=False))), Act)


@pytest.mark.parametrize(
    ("desired", "suspended"),
    [(4, ("Terminate",)), (2, ("AddToLoadBalancer", "Launch")), (4, ("AZRebalance",)), (2, ("AZRebalance",))],
)
def test_what_is_suspended_and_not_needed_is_no_reason(desired: int, suspended: tuple[str, ...]) -> None:
    act = judge(facts(desired, group(A, B, C, suspended=suspended)))
    assert isinstance(act, Act)
    assert f"Suspended: {', '.join(suspended)}." in act.evidence


def test_a_group_that_may_let_too_few_go_is_not_made_smaller() -> None:
    all_of_them = group(A, B, C, members=members(A, B, C, protected=(A, B, C)), min_size=1)
    verdict = judge(facts(2, all_of_them))
    assert refused(verdict) == (
        "dev-backend-asg cannot be scaled in, 3 -> 2: 1 would have to go, 0 may, and "
        f"{A}, {B}, {C} cannot (protected from scale-in)."
    )
    command = "aws autoscaling set-instance-protection --auto-scaling-group-name dev-backend-asg --instance-ids"
    assert verdict.next_steps == (f"{command} {A} --no-protected-from-scale-in --region us-east-1",)
    two = group(A, B, C, members=members(A, B, C, protected=(A, B)), min_size=1)
    assert "2 would have to go, 1 may" in refused(judge(facts(1, two)))
    assert isinstance(judge(facts(2, two)), Act)
    assert isinstance(judge(facts(4, all_of_them)), Act), "nothing has to go"


def test_what_cannot_be_done_any_more_after_the_act_is_waited_for_and_not_refused() -> None:
    assert isinstance(judge(facts(3, group(A, B, desired=3, suspended=("Launch",))), done(2, 3)), Wait)
