"""One instance is hot, and the others are not: evidence first, and a person before it is replaced."""

import pytest

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
    replaced,
    waits,
)

OTHERS = tuple(instance(id_, (50,) * 8) for id_ in (B, C, D))


def test_one_that_is_hot_for_long_is_replaced_if_a_person_agrees() -> None:
    act = acts(facts(instance(A, LONG_HOT), *OTHERS))
    assert (act.action, act.target.id) == ("replace-instance", A)
    assert act.because == (
        f"{A} alone is hot, for 40 minutes, while the others of dev-backend-asg are not. 3 instances are healthy besides "
        "it, more than the minimum of 2."
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
    found = facts(instance(A, LONG_HOT), *OTHERS, healthy=frozenset({A, B, C}))
    assert "2 instances are healthy besides it, and the minimum is 2." in escalates(found).because


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
