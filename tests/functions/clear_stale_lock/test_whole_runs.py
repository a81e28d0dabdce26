"""From the schedule to the outcome: the real engine, the real stores on moto, and a person who is asked where it is due."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Settings
from remediation.adapters.clients import Clients
from remediation.core.approval import plan_hash
from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import Mode
from remediation.core.spoken import Spoken
from tests.functions.clear_stale_lock.locks import HOUR, MINUTE, SETTINGS, STATE, info
from tests.functions.clear_stale_lock.stores import Stores, stores
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
        codebuild: Any = boto3.client("codebuild")
        self.builds: list[dict[str, Any]] = []
        self.stores.aws._made["codebuild"] = self  # moto's builds end by themselves at once
        assert codebuild

    def list_builds_for_project(self, **_: Any) -> Any:
        return {"ids": [build["id"] for build in self.builds]}

    def batch_get_builds(self, **_: Any) -> Any:
        return {"builds": self.builds}

    def ended(self, status: str = "STOPPED") -> None:
        """Say that the build which locked has ended."""
        started = datetime.fromisoformat("2026-11-23T04:59:00+00:00")
        build = {"id": "terraform:7", "startTime": started, "buildStatus": status}
        self.builds = [build if status == "IN_PROGRESS" else build | {"endTime": started + HOUR}]

    def run(self, event: Any = None, *, crash: tuple[str, Moment] | None = None, says: Any = None) -> Outcome:
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


@pytest.fixture
def night() -> Iterator[Night]:
    with stores(START, CODEBUILD) as made:
        yield Night(made)


def aged(night: Night, by: timedelta = 7 * HOUR) -> None:
    """Let the lock be seen once, and time pass."""
    night.run()
    night.stores.now += by


def test_a_lock_is_seen_first_and_cleared_when_it_is_old_and_its_holder_has_ended(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    first = night.run()
    assert first.status == "nothing-to-do"
    assert "seen for 0 s, and at least 60 min make it stale" in first.because
    night.stores.now += 2 * HOUR
    outcome = night.run()
    assert outcome.status == "healed"
    assert outcome.because.startswith("The lock of starttech is free: plan before you apply.")
    assert night.stores.held == (False, False)
    assert [(act.action, act.target, act.result) for act in outcome.acts] == [
        ("clear-lock", "0cfc0d6d-3745-d690-5f1d-24b6113c2c3d", "done")
    ]


def test_a_build_that_is_running_keeps_its_lock_for_ever(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended("IN_PROGRESS")
    for _ in range(4):
        aged(night, 24 * HOUR)
    outcome = night.run()
    assert (outcome.status, night.stores.held) == ("nothing-to-do", (True, False))
    assert "terraform:7 is running" in outcome.because


@pytest.mark.parametrize(("says", "status", "held"), [("approve", "healed", False), ("reject", "refused", True)])
def test_an_apply_is_cleared_only_if_a_person_says_so(night: Night, says: str, status: str, held: bool) -> None:
    night.stores.lock(info(Operation="OperationTypeApply"), item=True, file=False)
    night.ended()
    aged(night)
    outcome = night.run(says=says)
    assert (outcome.status, night.stores.held[0]) == (status, held), outcome.because
    (notice,) = night.stage.notifier.notices
    assert notice.kind == "approval-wanted"
    assert "may have left things half done" in notice.because


def test_nobody_who_answers_leaves_it(night: Night) -> None:
    night.stores.lock(info(Who="ada@laptop"), item=True, file=False)
    aged(night)
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.stores.held) == ("refused", "approval", (True, False))


def test_observing_and_planning_remove_nothing_and_say_what_they_would(night: Night) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    aged(night)
    assert night.run({"lock": "starttech"}).would.startswith("clear-lock 0cfc0d6d")
    night.mode = "observe"
    assert night.run().status == "observed"
    assert night.stores.held == (True, False)


def test_what_cannot_be_read_calls_a_person(night: Night) -> None:
    night.stores.lock("{", item=True, file=False)
    outcome = night.run()
    assert (outcome.status, outcome.paged, night.stores.held) == ("escalated", True, (True, False))
    assert "says nothing that can be read" in outcome.because


def test_without_the_table_nothing_is_concluded(night: Night) -> None:
    night.stores.dynamodb.delete_table(TableName=STATE.table)
    assert night.run().status == "failed"


@pytest.mark.parametrize("moment", ["before", "started", "after"])
def test_a_process_that_dies_at_the_act_leaves_it_locked_or_free_and_the_next_run_finishes(
    night: Night, moment: Moment
) -> None:
    night.stores.lock(item=True, file=False)
    night.ended()
    aged(night)
    outcome = night.run(crash=("clear-lock 1", moment))
    assert night.stores.held[0] == (outcome.status != "healed")
    night.stores.now += HOUR
    night.run()
    assert night.stores.held == (False, False)


def test_both_stores_are_cleared_where_s3_says_that_it_is_old(night: Night) -> None:
    night.stores.lock()
    night.ended()
    night.run()
    night.stores.now += 7 * HOUR
    night.settings = replace(CODEBUILD, stale_after=HOUR)
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.stores.held == (False, False)
    assert night.stores.objects == {STATE.key}, "the state stays"
    assert isinstance(night.stores.aws, Clients)
