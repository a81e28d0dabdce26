"""Each act is one mutating call on one target, and none at all where the target is not as it was judged."""

import pytest

from remediation.core.errors import AwsError, NotNeededError
from restart_unhealthy_targets.actions import TooFewError, replace_instance, restart_container
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


def judged(night: Night, machine: Machine) -> Judged:
    return Judged(id=machine.id, group=night.world.group_arn, port=8080, started_at=started_at(machine))


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
    assert "superseded" in restart(night, target)
    assert ill.started_at == before


@pytest.mark.parametrize("act", [restart, replace])
def test_a_target_that_has_recovered_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    target = judged(night, ill)
    ill.fault = ""
    night.steps.now += 3 * night.world.interval
    assert callable(act)
    with pytest.raises(NotNeededError, match=f"{ill.id} is healthy by now"):
        act(night, target)
    assert night.aws.mutations == []


@pytest.mark.parametrize("act", [restart, replace])
def test_a_target_that_is_gone_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    target = judged(night, ill)
    del night.world.machines[ill.id]
    assert callable(act)
    with pytest.raises(NotNeededError, match=f"{ill.id} is unused by now"):
        act(night, target)
    assert night.aws.mutations == []


@pytest.mark.parametrize("act", [restart, replace])
def test_an_instance_that_left_service_is_left_alone(night: Night, ill: Machine, act: object) -> None:
    ill.lifecycle = "Terminating:Wait"
    assert callable(act)
    with pytest.raises(NotNeededError, match="Terminating:Wait in dev-backend-asg by now"):
        act(night, judged(night, ill))
    assert night.aws.mutations == []


def test_a_restart_that_failed_is_an_error(night: Night, ill: Machine) -> None:
    ill.fault = "missing"
    with pytest.raises(AwsError, match="ended with Failed: there is no container backend"):
        restart(night, judged(night, ill))


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
    with pytest.raises(TooFewError, match="Only 3 other instances"):
        replace(night, target)
    assert night.aws.mutations == []


def test_an_instance_outside_the_group_cannot_be_replaced(night: Night) -> None:
    stranger = Judged(id="i-00000000000000bad", group=night.world.group_arn, port=8080)
    with pytest.raises(NotNeededError):
        replace(night, stranger)
    assert night.aws.mutations == []
