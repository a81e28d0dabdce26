"""Each act is one mutating call on one target, and none at all where the target is not as it was judged."""

import pytest

from remediation.core.errors import AwsError, LeftAloneError
from restart_unhealthy_targets.actions import replace_instance, restart_container
from restart_unhealthy_targets.facts import Judged
from tests.functions.fakes.world import Machine
from tests.functions.restart_unhealthy_targets.nights import SETTINGS, Night
from tests.functions.restart_unhealthy_targets.scripts import started_at


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.add(4)
    return night


@pytest.fixture
def ill(night: Night) -> Machine:
    machine = next(iter(night.world.machines.values()))
    night.world.fail(machine, "hung")
    return machine


def judged(night: Night, machine: Machine, *, dead: bool = False) -> Judged:
    return Judged(id=machine.id, group=night.world.group_arn, port=8080, started_at=started_at(machine), dead=dead)


def restart(night: Night, target: Judged) -> str:
    return restart_container(night.aws, SETTINGS, target)  # type: ignore[arg-type]


def replace(night: Night, target: Judged) -> str:
    return replace_instance(night.aws, SETTINGS, target)  # type: ignore[arg-type]


def test_a_restart_is_one_command_to_one_instance(night: Night, ill: Machine) -> None:
    assert "restarted" in restart(night, judged(night, ill))
    (sent,) = night.aws.calls.of("SendCommand")
    assert sent["InstanceIds"] == [ill.id]
    assert sent["DocumentName"] == "dev-remediation-restart-container"
    assert sent["Parameters"] == {"Container": ["backend"], "StartedAt": ["2026-11-20T03:41:00.123456789Z"]}
    assert sent["TimeoutSeconds"] == 30, "a command that is not taken up must not run later, when nobody expects it"
    assert ill.fault == ""


def test_a_restart_is_void_after_another_one(night: Night, ill: Machine) -> None:
    target = judged(night, ill)
    night.steps.now += night.world.interval / 3
    assert "restarted" in restart(night, target)
    before = ill.started_at
    night.world.fail(ill, "hung")
    night.steps.now += night.world.interval / 3
    with pytest.raises(LeftAloneError, match=f"{ill.id} since it was judged. superseded: "):
        restart(night, target)
    assert ill.started_at == before, "it was not our restart, and is not counted as one"


@pytest.mark.parametrize("act", [restart, replace])
def test_a_target_that_has_recovered_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    target = judged(night, ill)
    ill.fault = ""
    night.steps.now += 3 * night.world.interval
    assert callable(act)
    with pytest.raises(LeftAloneError, match=f"{ill.id} is healthy by now"):
        act(night, target)
    assert night.aws.mutations == []


@pytest.mark.parametrize("act", [restart, replace])
def test_a_target_that_is_gone_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    target = judged(night, ill)
    del night.world.machines[ill.id]
    assert callable(act)
    with pytest.raises(LeftAloneError, match=f"{ill.id} is not registered by now"):
        act(night, target)
    assert night.aws.mutations == []


@pytest.mark.parametrize("act", [restart, replace])
def test_an_instance_that_left_service_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    ill.lifecycle = "Terminating:Wait"
    assert callable(act)
    with pytest.raises(LeftAloneError, match="Terminating:Wait in dev-backend-asg by now"):
        act(night, judged(night, ill))
    assert night.aws.mutations == []


def test_a_command_that_was_sent_and_failed_is_told_and_never_raised(night: Night, ill: Machine) -> None:
    ill.fault = "missing"
    assert "ended with Failed: there is no container backend" in restart(night, judged(night, ill))


def test_a_command_whose_answer_cannot_be_read_is_told_and_never_raised(night: Night, ill: Machine) -> None:
    def unreadable(**_: object) -> object:
        raise AwsError("No.", operation="GetCommandInvocation", code="AccessDeniedException")

    night.aws.ssm.get_command_invocation = unreadable  # type: ignore[method-assign]
    assert "its answer cannot be read: No." in restart(night, judged(night, ill))
    assert ill.fault == "", "it has happened"


def test_a_restart_without_an_answer_says_so(night: Night, ill: Machine) -> None:
    ill.agent_answers = False
    assert "has not answered" in restart(night, judged(night, ill))


def test_a_replacement_is_asked_of_the_group_and_respects_grace(night: Night, ill: Machine) -> None:
    assert "replaces it" in replace(night, judged(night, ill))
    (asked,) = night.aws.calls.of("SetInstanceHealth")
    assert asked == {"InstanceId": ill.id, "HealthStatus": "Unhealthy", "ShouldRespectGracePeriod": True}


def test_a_replacement_is_not_asked_for_at_the_minimum(night: Night, ill: Machine) -> None:
    target = judged(night, ill)
    night.world.min_size = 3
    with pytest.raises(LeftAloneError, match="3 are healthy and in service by now beside"):
        replace(night, target)
    assert night.aws.mutations == []


@pytest.mark.parametrize("state", ["initial", "unhealthy", "draining"])
def test_an_instance_in_service_that_does_not_serve_does_not_count_for_the_minimum(
    night: Night, ill: Machine, state: str
) -> None:
    target = judged(night, ill, dead=True)
    other = list(night.world.machines.values())[-1]
    other.state, other.reason = state, "Elb.InitialHealthChecking"
    night.world.min_size = 1
    assert "replaces it" in replace(night, target), "there are two others that do"
    ill.reported_unhealthy, night.world.min_size = False, 2
    with pytest.raises(LeftAloneError, match="2 are healthy and in service by now beside"):
        replace(night, target)


def test_an_instance_that_serves_on_its_way_out_does_not_count_for_the_minimum(night: Night, ill: Machine) -> None:
    target = judged(night, ill)
    list(night.world.machines.values())[-1].lifecycle = "Standby"
    night.world.min_size = 2
    with pytest.raises(LeftAloneError, match="2 are healthy and in service by now beside"):
        replace(night, target)


@pytest.mark.parametrize("act", [restart, replace])
def test_what_may_still_serve_is_left_alone_once_too_many_are_unhealthy(
    night: Night, ill: Machine, act: object
) -> None:
    target = judged(night, ill)
    night.world.min_size = 0
    for machine in list(night.world.machines.values())[1:3]:
        night.world.fail(machine, "hung")
    assert callable(act)
    with pytest.raises(LeftAloneError, match="3 of 4 targets are unhealthy by now, and 1 healthy"):
        act(night, target)
    assert night.aws.mutations == []


def test_targets_that_drain_do_not_make_a_group_larger(night: Night, ill: Machine) -> None:
    target = judged(night, ill)
    for machine in list(night.world.machines.values())[1:]:
        machine.state, machine.reason = "draining", "Target.DeregistrationInProgress"
    with pytest.raises(LeftAloneError, match="1 of 1 targets are unhealthy by now"):
        restart(night, target)


def test_what_was_judged_dead_is_restarted_however_many_are_unhealthy(night: Night, ill: Machine) -> None:
    for machine in night.world.machines.values():
        night.world.fail(machine, "stopped")
    assert "restarted" in restart(night, judged(night, ill, dead=True))


@pytest.mark.parametrize("act", [restart, replace])
def test_the_whole_group_is_looked_at_once_more_in_two_calls(night: Night, ill: Machine, act: object) -> None:
    assert callable(act)
    act(night, judged(night, ill))
    looked = [call.operation for call in night.aws.calls.made if not call.acting]
    assert looked[:2] in (
        ["DescribeAutoScalingGroups", "DescribeTargetHealth"],
        ["DescribeTargetHealth", "DescribeAutoScalingGroups"],
    )
    assert night.aws.calls.of("DescribeTargetHealth") == [{"TargetGroupArn": night.world.group_arn}]


def test_an_instance_outside_the_group_cannot_be_replaced(night: Night) -> None:
    stranger = Judged(id="i-00000000000000bad", group=night.world.group_arn, port=8080)
    with pytest.raises(LeftAloneError):
        replace(night, stranger)
    assert night.aws.mutations == []
