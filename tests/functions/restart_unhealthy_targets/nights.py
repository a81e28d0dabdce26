"""One night at StartTech: the world, its clients, the ledger and the engine, ready for an alarm."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import Mode
from restart_unhealthy_targets.documents import DOCUMENTS
from restart_unhealthy_targets.facts import Facts
from restart_unhealthy_targets.runbook import RUNBOOK
from restart_unhealthy_targets.settings import Incident, Settings
from tests.functions.fakes.clients import FakeClients
from tests.functions.fakes.world import StartTech
from tests.functions.restart_unhealthy_targets.scripts import SCRIPTS
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.world import (
    CountingIncidents,
    MemoryApprovals,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)

EVENTS = Path(__file__).parents[3] / "events" / "restart-unhealthy-targets"
ALARM = "dev-remediation-unhealthy-targets"
SETTINGS = Settings(answer_within=timedelta(0), act_within=timedelta(0))
"""Instances of a test answer at once or never."""
INCIDENT = Incident(target_group="targetgroup/dev-backend-tg-v2/50dc6c495c0c9188")


def event(name: str) -> dict[str, Any]:
    """Return a sample event."""
    sample: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return sample


@dataclass
class Night:
    """What is different tonight is said to `world`; then `run`."""

    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)

    def __post_init__(self) -> None:
        self.world = StartTech(clock=self.steps.clock, documents=DOCUMENTS)
        self.aws = FakeClients(self.world, SCRIPTS)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({ALARM: live})

    def look(self, settings: Settings = SETTINGS, incident: Incident = INCIDENT) -> Facts:
        """Diagnose."""
        facts: Facts = RUNBOOK.diagnose(self.aws, settings, incident)
        return facts

    def run(self, sample: str | dict[str, Any] = "alarm") -> Outcome:
        """Carry the runbook out, through every crash that is planned."""
        deployment = deployed(self.mode, place=self.world.place)
        world = World(
            deployment=deployment,
            settings=SETTINGS,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            clock=self.steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        payload = event(sample) if isinstance(sample, str) else sample
        while True:
            try:
                return carry_out(RUNBOOK, payload, self.steps, world)
            except CrashError:
                self.steps.resume()
