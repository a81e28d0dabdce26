"""One instance is hot, and the others are not: evidence first, and a person before it is replaced."""

import re
from typing import Any

import pytest

from relieve_high_cpu.facts import Facts
from tests.functions.relieve_high_cpu.cases import (
    LONG_HOT,
    MINUTE,
    A,
    B,
    C,
    D,
    acts,
    escalates,
    facts,
    group,
    instance,
    judge,
    replaced,
    waits,
)

OTHERS = tuple(instance(id_, (50,) * 8) for id_ in (B, C, D))


def test_one_that_is_hot_for_long_is_replaced_if_a_person_agrees() -> None:
    act = acts(facts(instance(A, LONG_HOT), *OTHERS))
    assert (act.action, act.target.id) == ("replace-instance", A)
    assert act.because == (
        f"{A} alone is hot, for 40 minutes, while the others of dev-backend-asg are not. 3 instances are healthy besides "
        "it, at least the minimum of 2, and meanwhile at about 67%."
    )
    assert act.approval is not None
    assert act.approval.because == "Whatever it is busy with ends, and with it the chance to see what that was."
    assert act.resource == "autoscaling-group/dev-backend-asg"


def test_what_it_is_busy_with_is_part_of_the_question() -> None:
    busy = instance(A, LONG_HOT, busy=("load: 3.10", "process: node (4711, ec2-user) 187.3% of a CPU, 40.1% of memory"))
    assert f"{A} process: node (4711, ec2-user) 187.3% of a CPU, 40.1% of memory" in acts(facts(busy, *OTHERS)).evidence


def test_one_that_is_hot_for_a_while_is_looked_at_again() -> None:
    found = facts(instance(A, (50, 50, 50, 85, 85, 85)), *OTHERS)
    assert waits(found) == (
        f"{A} alone is hot, for 15 minutes, while the others of dev-backend-asg are not; "
        "out of line is what is so for 30 minutes."
    )


def test_no_step_is_told_twice() -> None:
    hot = (50, 50, 50, 85, 85, 85)
    one = judge(facts(instance(A, hot), *OTHERS))
    several = judge(facts(instance(A, hot), instance(B, hot), *(instance(f"i-{n}", (20,) * 6) for n in range(4))))
    for verdict in (one, several):
        assert len(set(verdict.next_steps)) == len(verdict.next_steps) > 2


def test_a_break_begins_the_time_anew() -> None:
    found = facts(instance(A, (85, 85, 85, 85, 85, 50, 85, 85)), *OTHERS)
    assert "for 10 minutes" in waits(found)


def test_one_of_as_many_as_there_must_be_is_not_replaced() -> None:
    """Hazard R6."""
    verdict = escalates(facts(instance(A, LONG_HOT), instance(B, (50,) * 8), group=group((A, B))))
    assert verdict.because == (
        f"{A} alone is hot, for 40 minutes, while the others of dev-backend-asg are not. It is not replaced: "
        "1 instance is healthy besides it, and the minimum is 2."
    )
    assert verdict.next_steps[0].startswith("remedy invoke scale-service --set desired=3 --env dev")


def test_those_that_are_not_healthy_do_not_count_as_others() -> None:
    found = facts(instance(A, LONG_HOT), *OTHERS, healthy=frozenset({A, B}))
    assert "1 instance is healthy besides it, and the minimum is 2." in escalates(found).because
    assert acts(facts(instance(A, LONG_HOT), *OTHERS, healthy=frozenset({A, B, C}))).action == "replace-instance"


def test_one_that_is_no_healthy_target_itself_is_not_replaced_here() -> None:
    """Hazard R6: as many are healthy as there must be, and not one more. Its group may be about to replace it."""
    there = (instance(A, LONG_HOT), *OTHERS[:2])
    assert waits(facts(*there, healthy=frozenset({B, C}))) == (
        f"{A} alone is hot, for 40 minutes, while the others of dev-backend-asg are not. It is no healthy target "
        "(restart-unhealthy-targets is for that)."
    )
    failing = judge(facts(*there, healthy=frozenset({B, C})))
    unknown = judge(facts(*there, healthy=frozenset({B, C}), registered=frozenset({B, C})))
    assert "invoke restart-unhealthy-targets " in failing.next_steps[1]
    assert "register-targets" in unknown.next_steps[1]
    assert acts(facts(*there, healthy=frozenset({A, B, C})), headroom=0.1).action == "replace-instance"


@pytest.mark.parametrize(("ids", "heals"), [((A, B, C, D), True), ((A, B, C), True), ((A, B), False)])
def test_where_enough_are_there_and_only_their_health_is_missing_they_are_healed(
    ids: tuple[str, ...], heals: bool
) -> None:
    there = (instance(A, LONG_HOT), *(instance(id_, (20,) * 8) for id_ in ids[1:]))
    advice = escalates(facts(*there, healthy=frozenset({A, B}))).next_steps[0]
    heal = (
        "remedy invoke restart-unhealthy-targets --target dev-backend-tg-v2 --env dev  # a plan, until you add --apply"
    )
    if heals:
        assert advice == heal
    else:
        assert advice.startswith("remedy invoke scale-service --set desired=3 ")


def test_those_that_are_no_targets_at_all_are_made_some() -> None:
    there = (instance(A, LONG_HOT), *(instance(id_, (20,) * 8) for id_ in (B, C, D)))
    found = facts(*there, healthy=frozenset({A, B}), registered=frozenset({A, B, D}))
    advice = escalates(found).next_steps[0]
    assert "aws elbv2 register-targets" in advice
    assert advice.endswith(f"--targets Id={C} --region us-east-1")


def test_where_nobody_looked_at_the_targets_nothing_is_said_of_their_number() -> None:
    verdict = escalates(facts(instance(A, LONG_HOT), *OTHERS, healthy=None))
    assert verdict.because.endswith("It is not replaced: how many are healthy besides it is unknown.")
    assert verdict.next_steps[0].startswith("aws ssm start-session")


def beside(number: int, cpu: int, **of: Any) -> Facts:
    """Return a group with one that is hot and so many others at such a CPU."""
    ids = tuple(f"i-{n:017x}" for n in range(1, number + 2))
    there = (instance(ids[0], LONG_HOT), *(instance(id_, (cpu,) * 8) for id_ in ids[1:]))
    return facts(*there, group=group(ids, **({"max_size": 20} | of)))


@pytest.mark.parametrize(("others", "cpu", "goes"), [(1, 40, True), (1, 41, False), (3, 60, True), (4, 65, False)])
def test_one_is_replaced_only_where_the_others_can_take_over_its_requests(others: int, cpu: int, goes: bool) -> None:
    found = beside(others, cpu, min_size=1)
    if goes:
        assert acts(found, out_of_line_by=20.0).action == "replace-instance"
    else:
        then = cpu * (others + 1) / others
        assert escalates(found, out_of_line_by=20.0).because.endswith(
            f"besides it, and meanwhile they would be at about {then:.0f}%; 20% have to be left."
        )


@pytest.mark.parametrize(("others", "cpu", "min_size"), [(1, 50, 2), (1, 52, 1), (1, 10, 3), (2, 60, 2), (3, 62, 2)])
def test_the_size_that_is_advised_leads_to_the_replacement(others: int, cpu: int, min_size: int) -> None:
    """Its requests are shared by all of them then."""
    declined = escalates(beside(others, cpu, min_size=min_size), out_of_line_by=20.0)
    advised = re.search(r"--set desired=(\d+) ", declined.next_steps[0])
    assert advised, declined.next_steps
    size = int(advised[1])
    then = round(cpu * (others + 1) / size)
    assert acts(beside(size - 1, then, min_size=min_size), out_of_line_by=20.0).action == "replace-instance"


def test_where_so_many_may_not_be_the_line_is_for_as_many_as_it_takes() -> None:
    declined = escalates(beside(1, 10, min_size=4, max_size=3))
    assert declined.next_steps[0].startswith("In terraform.tfvars: max_size = 5 (was 3)")


@pytest.mark.parametrize("process", ["Launch", "AddToLoadBalancer", "Terminate", "ReplaceUnhealthy"])
def test_one_is_not_replaced_where_the_group_cannot(process: str) -> None:
    verdict = escalates(facts(instance(A, LONG_HOT), *OTHERS, group=group((A, B, C, D), suspended=(process,))))
    assert verdict.because.endswith(f"and the group cannot replace it: {process} is suspended.")
    assert (
        f"resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes {process} "
        in (verdict.next_steps[0])
    )


def test_one_is_replaced_where_only_other_processes_are_suspended() -> None:
    found = facts(
        instance(A, LONG_HOT), *OTHERS, group=group((A, B, C, D), suspended=("AlarmNotification", "HealthCheck"))
    )
    assert acts(found).action == "replace-instance"


def test_a_second_one_is_not_replaced() -> None:
    long = (85,) * 14
    others = tuple(instance(id_, (50,) * 14) for id_ in (B, C, D))
    verdict = escalates(facts(instance(A, long), *others), replaced("i-0", ago=70 * MINUTE))
    assert verdict.because.endswith("though one was replaced in this run: replacing does not help.")
    assert verdict.team == "application"


def test_one_that_is_hot_among_those_that_are_nearly_is_the_whole_group() -> None:
    """The mean of the others decides, not each of them."""
    found = facts(instance(A, LONG_HOT), instance(B, (85, 85, 85, 85, 68)), instance(C, (85, 85, 85, 85, 69)))
    assert acts(found).action == "scale-out"


def test_the_only_instance_there_is_is_no_exception_but_the_group() -> None:
    only = facts(instance(A, LONG_HOT), group=group((A,), min_size=1))
    assert acts(only).action == "scale-out"
