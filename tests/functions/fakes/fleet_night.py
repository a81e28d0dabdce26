"""One night of a fleet: the world, its clients, the ledger and the engine, ready for an alarm or a request."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from relieve_high_cpu.documents import DOCUMENTS
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import AnyRunbook, Mode
from remediation.core.watched import Watched
from tests.conftest import ROOT
from tests.functions.fakes.fleet import Fleet
from tests.functions.fakes.fleet_aws import FleetClients
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.world import (
    GENEROUS,
    CountingIncidents,
    MemoryApprovals,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)

ALARM = "dev-backend-cpu-high"


@dataclass(kw_only=True)
class FleetNight:
    """What is different tonight is said to `fleet`; then `run`."""

    runbook: AnyRunbook
    settings: Struct
    of: dict[str, Any] = field(default_factory=dict)
    """What the fleet is made with."""
    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    limits: Limits = GENEROUS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)

    def __post_init__(self) -> None:
        self.fleet = Fleet(clock=self.clock, documents=DOCUMENTS, **self.of)
        self.aws = FleetClients(self.fleet)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({ALARM: live, "dev-backend-cpu-low": live})

    def clock(self) -> datetime:
        """Return the time of whichever run is on."""
        return self.steps.now

    def event(self, name: str) -> dict[str, Any]:
        """Return a sample event of the runbook."""
        sample: dict[str, Any] = json.loads((ROOT / "events" / self.runbook.name / f"{name}.json").read_text())
        return sample

    def run(self, sample: str | dict[str, Any] = "alarm") -> Outcome:
        """Carry the runbook out on a sample, or on an event."""
        return self.carry(self.event(sample) if isinstance(sample, str) else sample)

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        world = World(
            deployment=deployed(
                self.mode,
                place=self.fleet.place,
                limits=self.limits,
                watched=Watched(quiet_alarms=("dev-backend-cpu-low",)),
            ),
            settings=self.settings,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            clock=self.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        while True:
            try:
                return carry_out(self.runbook, event, self.steps, world)
            except CrashError:
                self.steps.resume()
