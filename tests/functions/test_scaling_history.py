"""What a group did and what its policies do, in AWS's own words and numbers (moto has no activities)."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from remediation.aws import scaling
from remediation.aws.scaling import Asked, History, Policy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STARTED = "At {0}Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity."
UPDATED = "a user request update of AutoScalingGroup constraints to min: 1, max: 5, desired: {1} changing the desired capacity from {0} to {1}"
EXPLICIT = "a user request explicitly set group desired capacity changing the desired capacity from {0} to {1}"
POLICY = "a monitor alarm dev-backend-cpu-high in state ALARM triggered policy dev-scale-up changing the desired capacity from {0} to {1}"


def activity(after: int, *said: str, launch: bool = True, status: str = "Successful") -> dict[str, Any]:
    at = NOON + after * MINUTE
    return {
        "Description": f"{'Launching a new' if launch else 'Terminating'} EC2 instance: i-0123456789abcdef{after % 10}",
        "Cause": " ".join(said),
        "StartTime": at + timedelta(seconds=12),
        "StatusCode": status,
    }


def asked_at(after: int, why: str, from_: int, to: int) -> str:
    return f"At {NOON + after * MINUTE:%Y-%m-%dT%H:%M:%SZ} {why.format(from_, to)}."


def history(*newest_first: dict[str, Any], since: datetime = NOON) -> History:
    answers = {"Activities": list(newest_first)}
    aws: Any = SimpleNamespace(autoscaling=SimpleNamespace(describe_scaling_activities=lambda **_: answers))
    return scaling.history(aws, "dev-backend-asg", since)


def test_one_request_for_two_instances_is_asked_once() -> None:
    why = asked_at(0, EXPLICIT, 2, 4)
    found = history(activity(1, why, STARTED), activity(0, why, STARTED))
    assert found.asked == (Asked(from_=2, to=4, at=NOON),)


def test_the_same_step_after_terraform_set_it_back_is_a_second_one() -> None:
    """C5."""
    found = history(
        activity(40, asked_at(40, EXPLICIT, 2, 3)),
        activity(20, asked_at(20, UPDATED, 3, 2), launch=False),
        activity(0, asked_at(0, EXPLICIT, 2, 3)),
    )
    steps = [(each.from_, each.to, (each.at - NOON) // MINUTE) for each in found.asked]
    assert steps == [(2, 3, 0), (3, 2, 20), (2, 3, 40)]


def test_two_requests_that_one_launch_answers_are_two() -> None:
    found = history(activity(2, asked_at(0, EXPLICIT, 2, 3), asked_at(1, UPDATED, 3, 4), STARTED))
    assert [(each.from_, each.to) for each in found.asked] == [(2, 3), (3, 4)]


def test_what_a_policy_asks_for_nobody_asked_for() -> None:
    assert history(activity(0, asked_at(0, POLICY, 2, 3), STARTED)).asked == ()


@pytest.mark.parametrize("why", [POLICY, EXPLICIT, UPDATED], ids=["policy", "set", "updated"])
def test_a_launch_for_another_size_counts(why: str) -> None:
    assert len(history(activity(0, asked_at(0, why, 2, 3), STARTED)).launches) == 1
    assert history(activity(0, asked_at(0, why, 3, 2), launch=False)).launches == ()


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_a_launch_that_came_to_nothing_does_not_count(status: str) -> None:
    assert history(activity(0, asked_at(0, POLICY, 2, 3), STARTED, status=status)).launches == ()
    assert len(history(activity(0, asked_at(0, POLICY, 2, 3), STARTED, status="InProgress")).launches) == 1


@pytest.mark.parametrize(
    "cause",
    [
        "At 2026-11-23T12:00:00Z an instance was launched in response to an unhealthy instance needing to be replaced.",
        "At 2026-11-23T12:00:00Z an instance was taken out of service in response to an ELB system health check failure.",
        STARTED,
    ],
    ids=["replaced", "ELB", "missing"],
)
def test_a_replacement_makes_no_group_larger(cause: str) -> None:
    found = history(activity(0, cause))
    assert (found.launches, found.asked) == ((), ())


def test_what_was_before_is_not_told_unless_it_is_still_on() -> None:
    long_ago = [activity(0, asked_at(0, EXPLICIT, 2, 3), status=status) for status in ("Successful", "InProgress")]
    found = history(*long_ago, since=NOON + MINUTE)
    assert (found.launches, found.asked, [each.status for each in found.unfinished]) == ((), (), ["InProgress"])


@pytest.mark.parametrize(
    ("of", "size", "adds", "takes"),
    [
        ({"adjustment": 1}, 3, True, False),
        ({"adjustment": -1}, 3, False, True),
        ({"steps": (1, 2)}, 3, True, False),
        ({"steps": (-1, 2)}, 3, True, True),
        ({"adjustment": 2, "adjustment_type": "ExactCapacity"}, 3, False, True),
        ({"adjustment": 2, "adjustment_type": "ExactCapacity"}, 2, False, False),
        ({"adjustment": 2, "adjustment_type": "ExactCapacity"}, 1, True, False),
        ({"adjustment": 10, "adjustment_type": "PercentChangeInCapacity"}, 2, True, False),
        ({"adjustment": -10, "adjustment_type": "PercentChangeInCapacity"}, 2, False, True),
        ({"adjustment": 10, "adjustment_type": "PercentChangeInCapacity"}, 0, False, False),
        ({"adjustment": 10, "adjustment_type": "PercentChangeInCapacity", "least": 2}, 0, True, False),
        ({"adjustment": 0}, 3, False, False),
        ({"kind": "PredictiveScaling"}, 3, False, False),
    ],
)
def test_whether_a_policy_makes_a_group_larger_or_smaller_depends_on_its_kind_of_adjustment_and_the_size(
    of: dict[str, Any], size: int, adds: bool, takes: bool
) -> None:
    said: dict[str, Any] = {"name": "dev-policy", "kind": "SimpleScaling", "enabled": True}
    policy = Policy(**(said | of))
    assert (policy.adds_to(size), policy.takes_from(size)) == (adds, takes)
