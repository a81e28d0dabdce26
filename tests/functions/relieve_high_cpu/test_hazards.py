"""C1 to C8 of HAZARDS.md, section 1.5, by whole runs: the real engine, the real runbook, and a fleet that answers."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from remediation.core.limits import Budgets, Limits
from tests.functions.fakes.fleet import BALANCER, MINUTE, TARGETS, key, watches
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.relieve_high_cpu.nights import again, night, surge
from tests.support.steps import NIGHT


def _usual(tonight: FleetNight, at: datetime) -> float:
    """Return how many instances took requests as a rule in the 24 hours before the hour of an instant."""
    hour = at.replace(minute=0, second=0)
    healthy = key("HealthyHostCount", TargetGroup=TARGETS, LoadBalancer=BALANCER)
    found = tonight.fleet.aggregated(healthy, hour - timedelta(hours=24), hour, timedelta(hours=1), "Average")
    return sum(value for _, value in found) / len(found)


@pytest.mark.parametrize("limits", [Limits(), None], ids=["within the budgets", "without any budget"])
def test_c1_a_hundred_alarms_in_a_row_never_go_beyond_twice_the_usual_nor_touch_the_maximum(
    limits: Limits | None,
) -> None:
    tonight = night(load=surge(900), max_size=20)
    if limits is not None:
        tonight.limits = limits
    outcomes = [again(tonight, n, NIGHT + n * 10 * MINUTE) for n in range(100)]
    assert tonight.fleet.max_size == 20
    assert tonight.fleet.largest <= 20
    assert all(size <= 2 * _usual(tonight, at) for at, size in tonight.fleet.sizes), "of the 24 hours before"
    first_day = [at for at, _ in tonight.fleet.sizes if at < NIGHT + timedelta(hours=24)]
    assert 2 <= len(first_day) <= 10, "the budget of a day"
    sizes = [size for _, size in tonight.fleet.sizes]
    assert sizes == sorted(sizes), "never lower"
    in_two_hours = [[at for at, _ in tonight.fleet.sizes if begin <= at < begin + timedelta(hours=2)] for begin, _ in tonight.fleet.sizes]  # fmt: skip
    assert all(len(steps) <= 2 for steps in in_two_hours)
    assert {"SetDesiredCapacity"} == {operation for operation, _ in tonight.aws.mutations}
    assert all(outcome.status in {"escalated", "not-healed", "refused"} for outcome in outcomes)


def test_c1_a_group_of_a_usual_two_has_four_at_most_however_long_it_is_hot() -> None:
    tonight = night(load=surge(900), max_size=20)
    for n in range(12):
        again(tonight, n, NIGHT + n * 15 * MINUTE)
    assert tonight.fleet.desired == 4


def test_c2_a_policy_that_scales_between_the_look_and_the_act_is_never_overridden() -> None:
    tonight = night()
    read = tonight.aws.autoscaling.describe_instance_refreshes
    looks: list[int] = []

    def meanwhile(**asked: Any) -> Any:
        """The first one belongs to the look, the second one to the act."""
        looks.append(len(looks))
        if len(looks) == 2:
            tonight.fleet.resize(5, "a monitor alarm dev-backend-cpu-high in state ALARM triggered policy dev-scale-up")
        return read(**asked)

    tonight.aws.autoscaling.describe_instance_refreshes = meanwhile  # type: ignore[method-assign]
    outcome = tonight.run()
    assert tonight.aws.mutations == []
    assert tonight.fleet.desired == 5
    texts = [entry.text for entry in tonight.ledger.runs["run-1"].timeline]
    assert (
        "scale-out dev-backend-asg from 2 to 3: left alone. dev-backend-asg wants 5 instances by now, and 2 when it was "
        "judged: somebody else has scaled it."
    ) in texts
    assert outcome.status == "nothing-to-do"
    assert tonight.ledger.acts == (), "what it left alone costs nothing"


@pytest.mark.parametrize(
    ("moment", "sizes", "status"), [("before", [3], "healed"), ("started", [], "not-healed"), ("after", [3], "healed")]
)
def test_c3_a_crash_around_the_act_makes_no_second_step(moment: Any, sizes: list[int], status: str) -> None:
    """What may have happened is not done again: a person is told."""
    tonight = night()
    tonight.steps.crash_at("scale-out 1", moment)
    outcome = tonight.run()
    assert tonight.steps.invocations == 2
    assert [size for _, size in tonight.fleet.sizes] == sizes
    assert outcome.status == status


def test_c3_a_crash_anywhere_else_changes_nothing() -> None:
    whole = night()
    whole.run()
    names = [name for name, kind in whole.steps.names if kind == "read"]
    assert len(names) > 8
    for name in names:
        tonight = night()
        tonight.steps.crash_at(name, "after")
        assert tonight.run().status == "healed", name
        assert tonight.steps.invocations == 2, name
        assert [size for _, size in tonight.fleet.sizes] == [3], name


@pytest.mark.parametrize(("connections", "steps"), [(125.0, 1), (140.0, 0), (202.5, 0)])
def test_c4_a_database_that_is_nearly_full_gets_no_more_clients(connections: float, steps: int) -> None:
    """Of 500: two instances have 50 % and would have 75 %, or 56 % and 84 %, or are at 81 % already."""
    tonight = night(mongodb_per_instance=connections)
    outcome = tonight.run()
    assert len(tonight.aws.mutations) == steps
    assert outcome.status == ("healed" if steps else "escalated")


def test_c4_a_database_that_cannot_be_seen_gets_no_more_clients() -> None:
    tonight = night(silent={"MongoConnections"})
    outcome = tonight.run()
    assert tonight.aws.mutations == []
    assert "how full MongoDB connections are is unknown: CloudWatch has no value" in outcome.because


def test_c5_a_bad_deploy_is_told_the_application_and_gets_no_instance() -> None:
    tonight = night(
        load=lambda _: 80.0,
        cost=lambda at: 2.2 if at >= NIGHT - 30 * MINUTE else 1.0,
        template_created_at=NIGHT - 35 * MINUTE,
    )
    outcome = tonight.run()
    assert (outcome.status, outcome.team) == ("escalated", "application")
    assert (
        "The last deploy: version 7 of launch template lt-00000000000000001 at 2026-11-23 03:05 UTC." in outcome.because
    )
    assert tonight.aws.mutations == []


def test_c5_there_is_no_third_step_in_this_run_nor_in_the_next() -> None:
    tonight = night(load=surge(900), size=4, max_size=20)
    first = tonight.run()
    assert "it is hot after 2 steps within 2 hours (4 -> 5, 5 -> 6)" in first.because
    assert tonight.notifier.paged == [first]
    second = again(tonight, 2, tonight.steps.now + 20 * MINUTE)
    assert "it is hot after 2 steps within 2 hours (4 -> 5, 5 -> 6)" in second.because
    assert tonight.aws.mutations == [("SetDesiredCapacity", 5), ("SetDesiredCapacity", 6)]


def test_c6_instances_that_start_are_no_reason() -> None:
    """Their start makes the mean of the group high, which is all that the alarm sees."""
    tonight = night(load=lambda _: 60.0)
    tonight.fleet.catch_up()
    for box in tonight.fleet.boxes.values():
        box.launched_at = NIGHT - 4 * MINUTE
    outcome = tonight.run()
    assert tonight.aws.mutations == []
    assert outcome.status == "nothing-to-do"


def test_c7_a_policy_that_works_has_the_group_to_itself() -> None:
    tonight = night(watches=watches(), load=surge(170, since=12 * MINUTE))
    outcome = tonight.run()
    assert tonight.aws.mutations == []
    assert outcome.status == "nothing-to-do"
    assert tonight.fleet.desired == 3, "the policy's doing"


def test_c8_a_deploy_that_ends_is_waited_for_and_one_that_does_not_is_stood_down_for() -> None:
    tonight = night(refresh=("InProgress", NIGHT))
    outcome = tonight.run()
    assert (outcome.status, outcome.gate) == ("refused", "stand down")
    assert tonight.aws.mutations == []
    assert tonight.notifier.paged == []


def test_c8_an_activity_that_is_on_is_waited_for() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.resize(3, "a user request explicitly set group desired capacity")
    outcome = tonight.run()
    assert tonight.aws.mutations == []
    assert "is not too much" in outcome.because, "what was on helped"


@pytest.mark.parametrize("minutes", [3, 5, 8])
def test_c8_a_cooldown_is_waited_for_and_then_the_step_is_made(minutes: int) -> None:
    """With the default budget: five minutes is AWS's default cooldown, and every scaling of a native policy starts one."""
    tonight = night()
    tonight.limits = Limits()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + minutes * MINUTE
    outcome = tonight.run()
    assert (outcome.status, outcome.paged) == ("healed", False)
    assert len(tonight.aws.mutations) >= 2, "the first one was refused"
    assert [size for _, size in tonight.fleet.sizes] == [3]
    assert len(tonight.ledger.acts) == 1, "what AWS refused costs nothing"


@pytest.mark.parametrize("minutes", [3, 5, 8])
def test_c8_after_a_cooldown_both_steps_are_made_and_no_third_one(minutes: int) -> None:
    tonight = night(load=surge(260), size=2)
    tonight.limits = Limits()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + minutes * MINUTE
    outcome = tonight.run()
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3, 4]
    assert len(tonight.ledger.acts) == 2
    tonight.fleet.load = lambda _: 700.0
    third = again(tonight, 2, tonight.steps.now + 16 * MINUTE)
    assert third.status == "escalated"
    assert [size for _, size in tonight.fleet.sizes] == [3, 4]


def test_c8_a_budget_for_one_act_is_used_up_by_the_first_step_and_not_by_what_was_refused() -> None:
    tonight = night(load=surge(260), size=2)
    tonight.limits = Limits(budgets=Budgets(resource_hour=1))
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + 8 * MINUTE
    outcome = tonight.run()
    assert (outcome.status, outcome.gate, outcome.paged) == ("not-healed", "budget", True)
    assert [size for _, size in tonight.fleet.sizes] == [3]
