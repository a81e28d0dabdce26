"""The declared permissions are the used ones: one more could be taken away, and one less would fail at night."""

from restart_unhealthy_targets.runbook import RUNBOOK
from tests.functions.recorder import Recorder
from tests.functions.restart_unhealthy_targets.nights import Night

READS = {allowed.action for allowed in RUNBOOK.reads}
WRITES = {allowed.action for allowed in RUNBOOK.writes}


def recorded(night: Night) -> Recorder:
    recorder = Recorder(night.aws)
    night.aws = recorder.aws  # type: ignore[assignment]
    return recorder


def test_an_observe_run_uses_exactly_the_declared_reads() -> None:
    night = Night(mode="observe")
    night.world.add(2)
    for machine in night.world.machines.values():
        night.world.fail(machine, "stopped")
    recorder = recorded(night)
    outcome = night.run()
    assert outcome.status == "observed", outcome.text()
    assert recorder.actions == READS


def test_a_full_run_uses_exactly_the_declared_reads_and_writes() -> None:
    night = Night()
    night.world.add(7)
    night.world.health_check_type, night.world.desired = "EC2", 7
    incurable, curable, *_ = night.world.machines.values()
    night.world.fail(incurable, "hung", incurable=True)
    night.world.fail(curable, "hung")
    recorder = recorded(night)
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert recorder.actions == READS | WRITES
