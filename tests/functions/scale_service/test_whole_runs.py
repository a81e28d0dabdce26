"""From the request to the outcome: the real engine, the real runbook, and a fleet in which cause has its effect."""

from datetime import timedelta
from typing import Any

import pytest

from remedy.environment import environment
from remedy.payload import payload
from remedy.telling import MistakeError
from scale_service.runbook import RUNBOOK
from tests.functions.fakes.fleet import MINUTE
from tests.functions.fakes.fleet_aws import Sightings
from tests.functions.recorder import Recorder
from tests.functions.scale_service.nights import night, wanted
from tests.support.steps import NIGHT


def test_a_request_without_apply_is_the_plan() -> None:
    tonight = night()
    outcome = tonight.run("plan")
    assert (outcome.status, outcome.would) == ("observed", "set-desired-capacity dev-backend-asg from 2 to 3")
    assert tonight.aws.mutations == []


@pytest.mark.parametrize("desired", [3, 6])
def test_scaling_out_ends_when_as_many_are_healthy(desired: int) -> None:
    tonight = night()
    outcome = tonight.run(wanted(desired))
    assert (outcome.status, outcome.because) == (
        "healed",
        f"dev-backend-asg has {desired} instances, in service and healthy.",
    )
    assert tonight.aws.mutations == [("SetDesiredCapacity", desired)]
    assert len(tonight.fleet.serving) == desired
    assert f"`desired_capacity = {desired}` (was 2)" in outcome.text()


def test_scaling_in_ends_when_the_others_are_left() -> None:
    tonight = night(size=4)
    spared = next(iter(tonight.fleet.boxes.values()))
    spared.protected = True
    outcome = tonight.run(wanted(2))
    assert outcome.status == "healed"
    assert spared.id in tonight.fleet.boxes
    assert len(tonight.fleet.boxes) == 2


def test_none_is_refused_before_anything_is_looked_at() -> None:
    tonight = night(min_size=0)
    outcome = tonight.run("none")
    assert outcome.status == "ignored"
    assert "recover-cluster and recover-database" in outcome.because
    assert tonight.aws.calls.made == []


def test_too_many_are_refused_and_nobody_is_paged() -> None:
    tonight = night()
    outcome = tonight.run(wanted(7))
    assert (outcome.status, outcome.because) == (
        "nothing-to-do",
        "Refused: dev-backend-asg may have 2 to 6 instances, not 7.",
    )
    assert tonight.aws.mutations == []
    assert tonight.notifier.paged == []


@pytest.mark.parametrize("desired", [-1, 1001, "3", 2.5])
def test_what_is_no_number_of_instances_is_rejected(desired: Any) -> None:
    tonight = night()
    assert tonight.run(wanted(desired)).status == "rejected"
    assert tonight.aws.calls.made == []


def test_a_deploy_is_stood_down_for() -> None:
    """C8."""
    tonight = night(refresh=("InProgress", NIGHT))
    outcome = tonight.run(wanted(3))
    assert (outcome.status, outcome.gate) == ("refused", "stand down")
    assert tonight.aws.mutations == []


def test_a_cooldown_is_waited_for() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.cooldown_until = NIGHT + 90 * timedelta(seconds=1)
    outcome = tonight.run(wanted(3))
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3]


def test_an_activity_is_waited_for_and_then_judged_anew() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.resize(3, "a user request explicitly set group desired capacity")
    outcome = tonight.run(wanted(4))
    assert outcome.status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [4]
    assert tonight.fleet.sizes[0][0] >= NIGHT + 2 * MINUTE


def test_a_size_that_the_policy_undoes_meanwhile_is_not_asked_for_again() -> None:
    tonight = night(max_size=6)
    health, looks = tonight.aws.elbv2.describe_target_health, [0]

    def meanwhile(**asked: Any) -> Any:
        looks[0] += 1
        if looks[0] == 3:
            tonight.fleet.resize(
                2, "a monitor alarm dev-backend-cpu-low in state ALARM triggered policy dev-scale-down"
            )
        return health(**asked)

    tonight.aws.elbv2.describe_target_health = meanwhile  # type: ignore[method-assign]
    outcome = tonight.run(wanted(4))
    assert outcome.status == "escalated"
    assert outcome.because.endswith("and somebody else (a policy?) has asked for 2 since.")
    assert [size for _, size in tonight.fleet.sizes] == [4]


def test_instances_that_do_not_launch_are_told_when_the_time_is_up() -> None:
    tonight = night(launches_fail="InsufficientInstanceCapacity")
    outcome = tonight.run(wanted(3))
    assert outcome.status == "not-healed"
    assert outcome.because == (
        "Time is up: dev-backend-asg wants 3 instances, and is not complete: 2 of 3 instances are in service."
    )
    assert tonight.notifier.paged == [outcome]


@pytest.mark.parametrize(
    ("moment", "sizes", "status"), [("before", [3], "healed"), ("started", [], "not-healed"), ("after", [3], "healed")]
)
def test_a_crash_around_the_act_repeats_nothing(moment: Any, sizes: list[int], status: str) -> None:
    """C3."""
    tonight = night()
    tonight.steps.crash_at("set-desired-capacity 1", moment)
    assert tonight.run(wanted(3)).status == status
    assert [size for _, size in tonight.fleet.sizes] == sizes


def test_a_run_uses_exactly_the_declared_permissions() -> None:
    tonight = night()
    recorder = Recorder(tonight.aws)
    recorder.aws.sightings = Sightings(tonight.fleet)  # type: ignore[assignment]
    tonight.aws = recorder.aws  # type: ignore[assignment]
    assert tonight.run("plan").status == "observed"
    assert recorder.actions == {allowed.action for allowed in RUNBOOK.reads}
    again = night()
    acting = Recorder(again.aws)
    acting.aws.sightings = Sightings(again.fleet)  # type: ignore[assignment]
    again.aws = acting.aws  # type: ignore[assignment]
    assert again.run("apply").status == "healed"
    assert acting.actions == {allowed.action for allowed in (*RUNBOOK.reads, *RUNBOOK.writes)}


def test_the_command_line_takes_a_number_and_refuses_none() -> None:
    dev = environment("dev")
    said = payload(RUNBOOK, dev, target=None, settings=["desired=3"], apply=False, because="")
    assert said["desired"] == 3
    with pytest.raises(MistakeError, match="only the recovery runbooks"):
        payload(RUNBOOK, dev, target="0", settings=[], apply=True, because="")
