"""A size that a policy takes back is not called lasting, and one that it leaves is."""

from typing import Any

import pytest

from remediation.aws.scaling import Policy
from remediation.core.sweep import DescribedAlarm
from remediation.core.verdict import Act, Escalate, Nothing
from scale_service.facts import Facts
from tests.functions.scale_service.test_decide import A, B, C, done, facts, group, judge

LOW = "dev-scale-down follows dev-backend-cpu-low, which is in ALARM: it takes it back"
HIGH = "dev-scale-up follows dev-backend-cpu-high, which is in ALARM: it takes it back"
RAISE = "In terraform.tfvars: min_size = 3 (was 2), then `terraform apply`."
LOWER = "In terraform.tfvars: max_size = 2 (was 6), then `terraform apply`."


def policy(name: str, alarm: str, **other: Any) -> Policy:
    said: dict[str, Any] = {"name": name, "kind": "SimpleScaling", "enabled": True, "alarms": (alarm,)}
    return Policy(**(said | other))


UP = policy("dev-scale-up", "dev-backend-cpu-high", adjustment=1)
DOWN = policy("dev-scale-down", "dev-backend-cpu-low", adjustment=-1)


def alarm(name: str, **other: Any) -> DescribedAlarm:
    said: dict[str, Any] = {
        "name": name,
        "arn": "",
        "state": "OK",
        "transitioned_at": None,
        "actions_enabled": True,
        "actions": 1,
        "metric": None,
    }
    return DescribedAlarm(**(said | other))


def watched(desired: int, *on: str, policies: tuple[Policy, ...] = (DOWN, UP), **of: Any) -> Facts:
    """Return a group of two (or what `found` says) whose alarms of these names are in ALARM."""
    names = {name for each in policies for name in (*each.alarms, *each.lows)}
    alarms = tuple(alarm(name, state="ALARM" if name in on else "OK") for name in sorted(names))
    found = of.pop("found", None)
    return facts(desired, found, **({"policies": policies, "alarms": alarms} | of))


def test_scaling_out_while_the_alarm_on_low_load_is_on_says_that_it_will_not_last() -> None:
    act = judge(watched(3, "dev-backend-cpu-low"))
    assert isinstance(act, Act)
    assert act.because == (
        "dev-backend-asg is to be scaled out, 2 -> 3; it may have 2 to 6. "
        f"It will not last: {LOW}; raise min_size in terraform.tfvars to keep it."
    )
    assert act.next_steps[0] == RAISE
    assert "Policy dev-scale-down follows dev-backend-cpu-low (ALARM)." in act.evidence


def test_scaling_in_while_the_alarm_on_high_load_is_on_says_the_same() -> None:
    act = judge(watched(2, "dev-backend-cpu-high", found=group(A, B, C)))
    assert isinstance(act, Act)
    assert act.because.endswith(f"It will not last: {HIGH}; lower max_size in terraform.tfvars to keep it.")
    assert act.next_steps[0] == LOWER


def test_it_is_said_again_once_it_is_done() -> None:
    there = judge(watched(3, "dev-backend-cpu-low", found=group(A, B, C)), done(2, 3))
    assert isinstance(there, Nothing)
    assert there.because == (
        "dev-backend-asg has 3 instances, in service and healthy. "
        f"It will not last: {LOW}; raise min_size in terraform.tfvars to keep it."
    )
    assert there.next_steps == (RAISE,)


def test_a_size_that_was_taken_back_meanwhile_names_who_does_that() -> None:
    verdict = judge(watched(3, "dev-backend-cpu-low"), done(2, 3))
    assert isinstance(verdict, Escalate)
    assert verdict.because.endswith(f"has asked for 2 since. {LOW}; raise min_size in terraform.tfvars to keep it.")
    assert verdict.next_steps[0] == RAISE


def lasts(found: Facts) -> bool:
    act = judge(found)
    assert isinstance(act, Act)
    return "will not last" not in act.because


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (watched(3), "no alarm is on"),
        (watched(3, "dev-backend-cpu-high"), "what is on wants it larger as well"),
        (watched(2, "dev-backend-cpu-low", found=group(A, B, C)), "what is on wants it smaller as well"),
        (watched(3, "dev-backend-cpu-low", policies=(UP,)), "nothing follows that alarm"),
        (watched(3, "low", policies=(policy("off", "low", adjustment=-1, enabled=False),)), "it is disabled"),
        (watched(3, "dev-backend-cpu-low", found=group(A, B, suspended=("AlarmNotification",))), "it is suspended"),
        (watched(3, "dev-backend-cpu-low", found=group(A, B, min_size=3)), "the minimum holds it"),
        (watched(2, "dev-backend-cpu-high", found=group(A, B, C, max_size=2, min_size=1)), "the maximum holds it"),
        (watched(3, "at-six", policies=(policy("six", "at-six", adjustment=6, adjustment_type="ExactCapacity"),)), ""),
    ],
)
def test_a_size_that_nothing_takes_back_lasts(found: Facts, why: str) -> None:
    assert lasts(found), why


def test_an_alarm_without_actions_takes_nothing_back() -> None:
    deaf = alarm("dev-backend-cpu-low", state="ALARM", actions_enabled=False)
    assert lasts(watched(3, alarms=(deaf,)))


def test_an_exact_capacity_takes_back_what_is_larger() -> None:
    exactly = policy("night", "night-begins", adjustment=2, adjustment_type="ExactCapacity")
    assert not lasts(watched(3, "night-begins", policies=(exactly,)))


def test_a_target_tracking_policy_takes_back_by_its_alarm_on_the_other_side() -> None:
    low, high = "TargetTracking-dev-backend-asg-AlarmLow-1", "TargetTracking-dev-backend-asg-AlarmHigh-1"
    tracks = policy("tracks", high, kind="TargetTrackingScaling", lows=(low,))
    assert not lasts(watched(3, low, policies=(tracks,)))
    assert lasts(watched(3, high, policies=(tracks,)))
    assert not lasts(watched(2, high, policies=(tracks,), found=group(A, B, C)))
    assert lasts(watched(2, low, policies=(tracks,), found=group(A, B, C)))
