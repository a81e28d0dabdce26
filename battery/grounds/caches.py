"""What the grounds of the runbooks about Redis have in common: a strict ElastiCache, and the ports of one night."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger, World
from remediation.core.spec import AnyRunbook, Mode
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import (
    GENEROUS,
    CountingIncidents,
    MemoryApprovals,
    MemoryBackups,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)

EVENTS = Path(__file__).parents[2] / "events"
_NAMED = ("SnapshotName", "GroupId", "CacheClusterId")


def sample(runbook: AnyRunbook) -> Callable[[str], dict[str, Any]]:
    """Return what reads a sample event of a runbook."""

    def event(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((EVENTS / runbook.name / f"{name}.json").read_text())
        return found

    return event


class Clients:
    """Clients that say what was changed, and on what."""

    def __init__(self, clients: Any) -> None:
        self._clients = clients

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clients, name)

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """Return every change with the id of what was changed."""
        acting = [call for call in self._clients.calls.made if call.acting]
        return [
            (call.operation, next(call.parameters[name] for name in _NAMED if name in call.parameters))
            for call in acting
        ]


@dataclass(kw_only=True)
class CacheNight:
    """A night with one cache, that takes any event, and any limits."""

    runbook: AnyRunbook
    settings: Struct
    alarm: str
    sick: str = ""
    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    limits: Limits = GENEROUS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)
    worse: Callable[["CacheNight"], None] = lambda _: None
    defiled: Callable[["CacheNight", Callable[[], str]], None] = lambda *_: None

    def __post_init__(self) -> None:
        self.world = CacheWorld(clock=lambda: self.steps.now)
        self.world.cluster("dev-redis")
        self.plain: Any = CacheClients(self.world, PLACE)
        self.plain.now = lambda: self.steps.now
        self.aws: Any = Clients(self.plain)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({self.alarm: live})

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        world = World(
            deployment=structs.replace(deployed(self.mode, place=PLACE), limits=self.limits),
            settings=self.settings,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            backups=MemoryBackups(fresh="remedy-1"),
            clock=self.steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        while True:
            try:
                return carry_out(self.runbook, event, self.steps, world)
            except CrashError:
                self.steps.resume()

    def worsen(self) -> None:
        """Let what is ill be ill again, whatever was done about it."""
        self.worse(self)

    def defile(self, texts: Callable[[], str]) -> None:
        """Let AWS say such things."""
        self.defiled(self, texts)

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried
