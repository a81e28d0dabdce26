"""One night at StartTech on which instances do not start: the world, its clients, the ledger and the engine."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from recover_failed_launches.decide import decide
from recover_failed_launches.facts import Facts, Judged
from recover_failed_launches.runbook import RUNBOOK
from recover_failed_launches.settings import Incident, Settings
from remediation.core.approval import plan_hash
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import Mode
from remediation.core.spoken import Spoken
from remediation.core.verdict import Verdict
from tests.functions.fakes.launching import GROUP, MINUTE, Backend
from tests.functions.fakes.launching_aws import FakeLaunching
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import SettableAlarms, Stage, deployed

EVENTS = Path(__file__).parents[3] / "events" / "recover-failed-launches"
ALARM = "dev-remediation-too-few-in-service"
COMING_AND_GOING = "dev-remediation-instances-come-and-go"
SETTINGS = Settings(answer_within=timedelta(0), may_launch=True)
"""Instances of a test answer at once."""
INCIDENT = Incident(asg=GROUP)
ADA = "AROAOPERATOR:ada"


def event(name: str) -> dict[str, Any]:
    """Return a sample event."""
    sample: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return sample


@dataclass
class Night:
    """What is different tonight is said to `world`; then `look`, `verdict` or `run`."""

    settings: Settings = SETTINGS
    mode: Mode = "act"
    stage: Stage = field(default_factory=Stage)
    steps: InMemorySteps = field(default_factory=InMemorySteps)

    def __post_init__(self) -> None:
        self.world = Backend(clock=lambda: self.steps.now)
        self.aws: Any = FakeLaunching(self.world)
        self.runs = count(1)
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.stage.alarms = SettableAlarms({ALARM: live, COMING_AND_GOING: live})

    def seen_short(self, *, ago: timedelta = 5 * MINUTE, serves: bool = True, looked: timedelta = timedelta(0)) -> None:
        """Let somebody have looked before, so long ago for the last time, and found that instances are missing."""
        at, subject = self.steps.now - ago, f"launches/{GROUP}"
        self.aws.sightings.seen[subject] = ("short", at, "serves" if serves else "dark", at)
        self.aws.sightings.looked[subject] = self.steps.now - looked

    def look(self) -> Facts:
        """Diagnose."""
        facts: Facts = RUNBOOK.diagnose(self.aws, self.settings, INCIDENT)
        return facts

    def verdict(self) -> Verdict[Judged]:
        """Diagnose and decide."""
        return decide(self.look(), self.settings, (), self.steps.now)

    def run(
        self, sample: str | dict[str, Any] = "launch", *, says: str = "", crash_after: str = "", **changes: Any
    ) -> Outcome:
        """Carry the runbook out once, through every crash that is planned; `says` is what a person answers."""
        run = f"run-{next(self.runs)}"
        self.steps = InMemorySteps(run=run, now=self.steps.now)
        if crash_after:
            self.steps.crash_at(crash_after, "after")
        if says:
            self._answer(run, says)
        world = World(
            deployment=deployed(self.mode),
            settings=self.settings,
            aws=self.aws,
            ledger=self.stage.ledger,
            notifier=self.stage.notifier,
            alarms=self.stage.alarms,
            incidents=self.stage.incidents,
            follow_up=self.stage.follow_up,
            approvals=self.stage.approvals,
            surroundings=self.stage.surroundings,
            clock=self.steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        payload = event(sample) if isinstance(sample, str) else dict(sample)
        if "detail" in payload:
            payload |= {"time": f"{self.steps.now:%Y-%m-%dT%H:%M:%SZ}"}
            payload["detail"] = payload["detail"] | changes
        while True:
            try:
                return carry_out(RUNBOOK, payload, self.steps, world)
            except CrashError:
                self.steps.resume()

    def _answer(self, run: str, says: str) -> None:
        hash_ = plan_hash(run, RUNBOOK.name, self.verdict(), PLACE)  # type: ignore[arg-type]
        at = self.steps.now + MINUTE
        spoken = Spoken(says=says, about=run, by=ADA, at=at, hash=hash_)  # type: ignore[arg-type]
        self.stage.approvals.spoken[ADA, run] = spoken
        self.steps.replies["approval 1"] = (MINUTE, json.dumps({"by": ADA}))
