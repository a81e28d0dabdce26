"""The declared permissions are the used ones: one more could be taken away, and one less would fail at night."""

import pytest
from msgspec.structs import replace

from recover_failed_launches.runbook import RUNBOOK
from remediation.core.spec import filled
from tests.functions.fakes.launching import MINUTE
from tests.functions.recorder import Recorder
from tests.functions.recover_failed_launches.nights import SETTINGS, Night
from tests.support.toy import PLACE

READS = {allowed.action for allowed in RUNBOOK.reads}
WRITES = {allowed.action for allowed in RUNBOOK.writes}
MISSING = "The security group 'sg-0000000000000dead' does not exist."


def broken(mode: str = "act") -> Night:
    """Return a night on which everything there is to look at is looked at, in the end."""
    night = Night(mode=mode, settings=replace(SETTINGS, console=True))  # type: ignore[arg-type]
    night.world.desired = 3
    night.world.add(1)
    (ill,) = night.world.add(1, age=15 * MINUTE)
    ill.healthy = False
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.version = "8"
    night.world.refusals["8"] = MISSING
    night.world.fail("VcpuLimitExceeded", ago=10 * MINUTE)
    night.world.fail(MISSING)
    night.world.die(version="8", ago=4 * MINUTE)
    return night


def recorded(night: Night) -> Recorder:
    recorder = Recorder(night.aws)
    recorder.aws.now, recorder.aws.sightings = night.world.clock, night.aws.sightings
    night.aws = recorder.aws
    return recorder


def test_an_observe_run_uses_exactly_the_declared_reads() -> None:
    night = broken("observe")
    recorder = recorded(night)
    outcome = night.run()
    assert outcome.status == "observed", outcome.text()
    assert recorder.actions == READS


@pytest.mark.parametrize("action", sorted(WRITES))
def test_each_declared_write_is_what_one_act_uses(action: str) -> None:
    night = broken()
    match action:
        case "autoscaling:StartInstanceRefresh":
            pass
        case "autoscaling:RollbackInstanceRefresh":
            night.world.version = "7"
            night.world.refresh("InProgress", version="8")
        case "autoscaling:ResumeProcesses":
            night.world.suspended = {"Launch": "User suspended at 2026-11-22T19:00:00Z"}
        case _:
            raise AssertionError(f"nobody uses {action}")
    recorder = recorded(night)
    outcome = night.run(says="approve")
    assert outcome.acts[0].result == "done", outcome.text()
    assert recorder.actions & WRITES == {action}
    assert recorder.actions <= READS | WRITES


def granted(**changes: object) -> set[str]:
    settings = replace(SETTINGS, **changes)
    return {each.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes) for each in filled(allow, PLACE, settings)}


def test_what_the_settings_leave_out_is_not_granted() -> None:
    assert "ec2:GetConsoleOutput" not in granted()
    assert "ec2:GetConsoleOutput" in granted(console=True)
    assert "autoscaling:StartInstanceRefresh" not in granted(may_launch=False)
    assert not {"iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"} & granted(role="")
    assert "ecr:DescribeImages" not in granted(repository="")
