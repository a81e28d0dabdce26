"""From the alarm to the outcome: the real engine, the real runbook, and a fleet in which cause has its effect."""

import json
from datetime import timedelta
from typing import Any

import pytest

from relieve_high_cpu.case import REPLACE
from relieve_high_cpu.runbook import RUNBOOK
from remediation.core.approval import plan_hash
from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spoken import Spoken
from remediation.core.triggers import Ignored, Rejected
from remediation.core.verdict import Act, Target
from tests.functions.fakes.fleet import MINUTE, watches
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.relieve_high_cpu.nights import SETTINGS, lame, night, surge
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

ADA = "AROAEXAMPLE:ada"
ILL = "i-00000000000000001"


def out_of_line(size: int = 4, load: float | None = None) -> FleetNight:
    """Return a night on which one of four (or `size`) is busy with something of its own, for hours."""
    tonight = night(size=size, load=lambda _: load or 40.0 * size)
    tonight.fleet.boxes[ILL].extra = 50.0
    return tonight


def yes(tonight: FleetNight, says: Any = "approve") -> None:
    """Have a person answer the question whether the instance may be replaced."""
    act = Act(
        action=REPLACE,
        target=Target(id=ILL),
        resource="autoscaling-group/dev-backend-asg",
        because="",
        settle=MINUTE,
    )
    hash_ = plan_hash("run-1", RUNBOOK.name, act, PLACE)
    tonight.approvals.spoken[ADA, "run-1"] = Spoken(says=says, about="run-1", by=ADA, at=NIGHT + MINUTE, hash=hash_)
    tonight.steps.replies["approval 1"] = (MINUTE, json.dumps({"by": ADA}))


# ----------------------------------------------------------------------------------------------------------- healed


@pytest.mark.parametrize("sample", ["alarm", "apply"])
def test_one_more_instance_heals_a_group_whose_policy_is_deaf(sample: str) -> None:
    tonight = night(watches=lame())
    outcome = tonight.run(sample)
    assert (outcome.status, outcome.because) == ("healed", "CPU of dev-backend-asg is 57%, which is not too much.")
    assert tonight.aws.mutations == [("SetDesiredCapacity", 3)]
    assert [(act.action, act.target, act.result) for act in outcome.acts] == [
        ("scale-out", "dev-backend-asg from 2 to 3", "done")
    ]
    assert "`desired_capacity = 3` (was 2)" in outcome.text()
    assert tonight.notifier.paged == []


def test_a_group_that_needs_two_gets_two_one_after_the_other() -> None:
    tonight = night(load=surge(260), size=2)
    outcome = tonight.run()
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3, 4]
    (first, _), (second, _) = tonight.fleet.sizes
    assert second - first >= 15 * MINUTE, "the first one had the time to help"


def test_an_instance_that_is_out_of_line_is_replaced_once_a_person_agrees() -> None:
    tonight = out_of_line()
    yes(tonight)
    outcome = tonight.run()
    assert outcome.status == "healed"
    assert tonight.aws.mutations == [("SetInstanceHealth", ILL)]
    assert ILL not in tonight.fleet.boxes
    assert len(tonight.fleet.serving) == 4
    (asked,) = tonight.approvals.asked
    assert asked.because.endswith("Whatever it is busy with ends, and with it the chance to see what that was.")


def test_who_follows_the_advice_comes_to_the_replacement() -> None:
    before, after = out_of_line(size=2), out_of_line(size=3, load=80.0)
    declined = before.run()
    assert (declined.status, before.aws.mutations) == ("escalated", [])
    assert declined.next_steps[0].startswith("remedy invoke scale-service --set desired=3 ")
    yes(after)
    assert after.run().status == "healed"
    assert after.aws.mutations == [("SetInstanceHealth", ILL)]
    assert len(after.fleet.serving) == 3


def test_values_that_come_late_are_waited_for_and_lead_to_the_same_step() -> None:
    tonight = night()
    for box in tonight.fleet.boxes.values():
        box.lag = 8 * MINUTE
    outcome = tonight.run()
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3]


def test_the_idle_instance_whose_values_come_first_does_not_end_a_run() -> None:
    tonight = night(size=4, max_size=8, load=surge(4 * 85, usual=160))
    *others, idle = tonight.fleet.boxes.values()
    idle.extra = -30.0
    for box in others:
        box.lag = 4 * MINUTE
    outcome = tonight.run()
    assert (outcome.status, [size for _, size in tonight.fleet.sizes]) == ("healed", [5])


def test_an_instance_of_which_cloudwatch_has_nothing_any_more_is_told() -> None:
    tonight = night()
    tonight.fleet.boxes[ILL].lag = timedelta(days=1)
    outcome = tonight.run()
    assert outcome.status == "escalated"
    assert ILL in outcome.because
    assert tonight.aws.mutations == []


def test_a_group_that_has_no_credits_left_and_is_not_slowed_down_is_relieved() -> None:
    tonight = night()
    for box in tonight.fleet.boxes.values():
        box.credits = 0.0
    assert tonight.run().status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3]


def standard(left: float, **of: Any) -> FleetNight:
    """Return a night of instances that are slowed down without credits, and have so many left."""
    tonight = night(**of)
    tonight.fleet.catch_up()
    for box in tonight.fleet.boxes.values():
        box.credits, box.credit_mode = left, "standard"
    return tonight


@pytest.mark.parametrize("minutes", [10, 20])
def test_a_group_that_credits_keep_cool_is_told_and_not_called_calm(minutes: int) -> None:
    tonight = standard(0.0)
    tonight.steps.now += minutes * MINUTE
    outcome = tonight.run("apply")
    assert (outcome.status, tonight.aws.mutations) == ("escalated", [])
    assert "are gone (mode: standard), so they are slowed down." in outcome.because


def test_a_group_whose_credits_run_out_after_a_step_is_not_called_healed() -> None:
    tonight = standard(8.0)
    outcome = tonight.run()
    assert [size for _, size in tonight.fleet.sizes] == [3]
    assert outcome.status == "escalated", outcome.text()
    assert "are gone (mode: standard), so they are slowed down." in outcome.because
    rich = standard(200.0)
    assert rich.run().status == "healed"


# ------------------------------------------------------------------------------------------------------- left alone


def test_a_group_of_which_half_takes_no_requests_gets_no_instance_but_these_back() -> None:
    """By the runbook for it, which is none of this test's."""
    tonight = night(size=2, load=lambda _: 95.0)
    first = tonight.fleet.boxes[ILL]
    first.healthy = False
    outcome = tonight.run()
    assert (outcome.status, tonight.aws.mutations) == ("escalated", [])
    assert "(restart-unhealthy-targets is for that)" in outcome.because
    assert "Healthy targets: 1 of 2 in service." in outcome.text()


@pytest.mark.parametrize("spared", ["protected", "Terminate"])
def test_a_group_that_keeps_more_than_it_wants_gets_one_more_than_it_has(spared: str) -> None:
    tonight = night(size=3, load=surge(255), suspended=("Terminate",) if spared == "Terminate" else ())
    tonight.fleet.catch_up()
    for box in tonight.fleet.boxes.values():
        box.protected = spared == "protected"
    tonight.fleet.desired = 2
    outcome = tonight.run()
    assert outcome.status == "healed", outcome.text()
    assert [size for _, size in tonight.fleet.sizes] == [4]
    assert len(tonight.fleet.serving) == 4


def test_a_group_whose_new_instances_would_get_no_requests_is_not_made_larger() -> None:
    tonight = night(suspended=("AddToLoadBalancer",))
    outcome = tonight.run()
    assert (outcome.status, tonight.aws.mutations) == ("escalated", [])
    assert outcome.because.endswith("launches only what would take no requests: AddToLoadBalancer is suspended.")


@pytest.mark.parametrize("says", ["reject", None])
def test_an_instance_that_is_out_of_line_stays_unless_a_person_agrees(says: Any) -> None:
    tonight = out_of_line()
    if says:
        yes(tonight, says)
    outcome = tonight.run()
    assert outcome.status == "refused"
    assert tonight.aws.mutations == []


def test_a_policy_that_works_is_left_to_it() -> None:
    tonight = night(watches=watches(), load=surge(400, since=16 * MINUTE))
    outcome = tonight.run()
    assert outcome.status == "nothing-to-do"
    assert "dev-scale-up" in outcome.because
    assert tonight.aws.mutations == []


def test_the_scale_in_alarm_starts_nothing() -> None:
    """It is an alarm on the same metric of the same group; ALARM is normal for it."""
    tonight = night(load=lambda _: 20.0)
    outcome = tonight.run("scale-in")
    assert (outcome.status, outcome.gate) == ("ignored", "quiet")
    assert tonight.aws.calls.made == []


def test_a_scale_in_alarm_that_nobody_has_named_finds_a_group_that_is_not_hot() -> None:
    tonight = night(load=lambda _: 20.0)
    event = tonight.event("scale-in")
    event["detail"]["alarmName"] = "other-cpu-low"
    tonight.alarms.alarms["other-cpu-low"] = tonight.alarms.alarms["dev-backend-cpu-low"]
    outcome = tonight.run(event)
    assert (outcome.status, outcome.because) == (
        "nothing-to-do",
        "CPU of dev-backend-asg is 10%, which is not too much.",
    )
    assert tonight.aws.mutations == []


@pytest.mark.parametrize("kind", ["AlarmLow", "AlarmHigh"])
def test_a_target_tracking_policys_own_alarm_starts_a_run_only_where_it_warns_of_load(kind: str) -> None:
    """Even where one instance is out of line, so that there would be something to ask a person."""
    tonight = out_of_line()
    event, name = tonight.event("scale-in"), f"TargetTracking-dev-backend-asg-{kind}-11111111"
    event["detail"]["alarmName"] = name
    tonight.alarms.alarms[name] = tonight.alarms.alarms["dev-backend-cpu-low"]
    outcome = tonight.run(event)
    assert (outcome.status == "ignored", len(tonight.approvals.asked)) == (
        (True, 0) if kind == "AlarmLow" else (False, 1)
    )


def test_an_alarm_that_is_over_starts_nothing() -> None:
    assert night().run("ok").status == "ignored"


def test_a_plan_and_a_mode_that_observes_only_say_what_would_be_done() -> None:
    plan, observed = night(), night()
    observed.mode = "observe"
    for tonight, outcome in ((plan, plan.run("plan")), (observed, observed.run())):
        assert (outcome.status, outcome.would) == ("observed", "scale-out dev-backend-asg from 2 to 3")
        assert tonight.aws.mutations == []


def test_a_group_that_launches_nothing_is_told_when_the_time_is_up() -> None:
    tonight = night(launches_fail="InsufficientInstanceCapacity")
    outcome = tonight.run()
    assert outcome.status == "not-healed"
    assert outcome.because.startswith("Time is up: dev-backend-asg lacks instances and launches none: 2 of 3")
    assert [size for _, size in tonight.fleet.sizes] == [3]
    assert tonight.notifier.paged == [outcome]


# ---------------------------------------------------------------------------------------------------- who is started


def routed(sample: str) -> object:
    trigger = parse(night().event(sample))
    assert not isinstance(trigger, Ignored | Rejected)
    return route(RUNBOOK, trigger, PLACE, SETTINGS)


def test_an_alarm_on_the_environments_group_is_ours_and_one_on_anothers_is_not() -> None:
    assert isinstance(routed("alarm"), RUNBOOK.incident)
    assert isinstance(routed("plan"), RUNBOOK.incident)
    assert isinstance(routed("alarm-of-prod"), Ignored)
