"""The declared permissions are the used ones: one more could be taken away, and one less would fail at night."""

from relieve_high_cpu.runbook import RUNBOOK
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.recorder import Recorder
from tests.functions.relieve_high_cpu.nights import lame, night
from tests.functions.relieve_high_cpu.test_whole_runs import out_of_line, yes

READS = {allowed.action for allowed in RUNBOOK.reads}
WRITES = {allowed.action for allowed in RUNBOOK.writes}


def poor(tonight: FleetNight) -> FleetNight:
    """Take the credits of all instances, so that their mode is asked for."""
    for box in tonight.fleet.boxes.values():
        box.credits = 0.0
    return tonight


def recorded(tonight: FleetNight) -> Recorder:
    recorder = Recorder(tonight.aws)
    recorder.aws.now = tonight.clock
    tonight.aws = recorder.aws  # type: ignore[assignment]
    return recorder


def test_an_observe_run_uses_exactly_the_declared_reads() -> None:
    tonight = poor(night(watches=lame()))
    tonight.mode = "observe"
    recorder = recorded(tonight)
    outcome = tonight.run()
    assert outcome.status == "observed", outcome.text()
    assert recorder.actions == READS


def test_a_step_uses_one_of_the_declared_writes_and_a_replacement_the_other() -> None:
    step = poor(night(watches=lame()))
    stepping = recorded(step)
    assert step.run().status == "healed"
    replacement = out_of_line()
    replacing = recorded(replacement)
    yes(replacement)
    replacement.run("apply")
    assert stepping.actions | replacing.actions == READS | WRITES
