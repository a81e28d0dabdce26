"""One night with a lock, whose holder is known to CodeBuild: the real engine on the real stores of moto."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from msgspec.structs import replace

from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Settings
from remediation.core.approval import plan_hash
from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import Mode
from remediation.core.spoken import Spoken
from tests.functions.clear_stale_lock.locks import HOUR, MINUTE, SETTINGS
from tests.functions.clear_stale_lock.stores import Stores
from tests.functions.fakes.strict import Pages
from tests.support.steps import CrashError, InMemorySteps, Moment
from tests.support.toy import PLACE, scheduled_event
from tests.support.world import Stage, deployed

START = datetime.now(UTC).replace(microsecond=0)
ADA = "AROAOPERATOR:ada"
CODEBUILD = replace(SETTINGS, codebuild=("terraform",), stale_after=HOUR)


@dataclass
class Night:
    """One night with a lock, whose holder is known to CodeBuild, where a test says so."""

    stores: Stores
    settings: Settings = CODEBUILD
    mode: Mode = "act"
    stage: Stage = field(default_factory=Stage)
    runs: int = 0

    def __post_init__(self) -> None:
        self.builds: list[dict[str, Any]] = []
        self.listen(None)

    def listen(self, session: boto3.Session | None) -> None:
        """Make the clients of this session from now on."""
        self.stores.listen(session)
        self.stores.aws._made["codebuild"] = self  # moto's builds end by themselves at once

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_builds_for_project"
        return Pages(self.list_builds_for_project)

    def list_builds_for_project(self, **_: Any) -> Any:
        return {"ids": [build["id"] for build in self.builds]}

    def batch_get_builds(self, **_: Any) -> Any:
        return {"builds": self.builds}

    def ended(self, status: str = "STOPPED") -> None:
        """Say that the build which locked has ended."""
        started = datetime.fromisoformat("2026-11-23T04:59:00+00:00")
        build = {"id": "terraform:7", "startTime": started, "buildStatus": status}
        self.builds = [build if status == "IN_PROGRESS" else build | {"endTime": started + HOUR}]

    def run(
        self,
        event: Any = None,
        *,
        crash: tuple[str, Moment] | None = None,
        says: Any = None,
        resumes: bool = True,
    ) -> Outcome:
        """Carry the runbook out once, on its schedule if nothing else is said."""
        self.runs += 1
        run = f"run-{self.runs}"
        steps = InMemorySteps(run=run, now=self.stores.now)
        self.stage.steps = steps
        if crash:
            steps.crash_at(*crash)
        if says is not None:
            self._answers(run, says)
        world = World(
            deployment=deployed(self.mode),
            settings=self.settings,
            aws=self.stores.aws,
            ledger=self.stage.ledger,
            notifier=self.stage.notifier,
            alarms=self.stage.alarms,
            incidents=self.stage.incidents,
            follow_up=self.stage.follow_up,
            approvals=self.stage.approvals,
            surroundings=self.stage.surroundings,
            clock=steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        told = scheduled_event(at=self.stores.now) | {"id": f"tick-{self.runs}"} if event is None else event
        while True:
            try:
                return carry_out(RUNBOOK, told, steps, world)
            except CrashError:
                if not resumes:
                    raise
                steps.resume()

    def _answers(self, run: str, says: str) -> None:
        from clear_stale_lock.decide import decide  # noqa: PLC0415 - what would be asked
        from clear_stale_lock.diagnose import diagnose  # noqa: PLC0415
        from clear_stale_lock.settings import Incident  # noqa: PLC0415

        verdict = decide(diagnose(self.stores.aws, self.settings, Incident()), self.settings, (), self.stores.now)
        hash_ = plan_hash(run, RUNBOOK.name, verdict, PLACE)  # type: ignore[arg-type]
        at = self.stores.now + MINUTE
        self.stage.approvals.spoken[ADA, run] = Spoken(says=says, about=run, by=ADA, at=at, hash=hash_)  # type: ignore[arg-type]
        self.stage.steps.replies["approval 1"] = (MINUTE, json.dumps({"by": ADA}))
