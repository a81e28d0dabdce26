"""Whole runs of flush-redis: nothing without two people and a snapshot, and everything that goes wrong is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace

import flush_redis.actions
import flush_redis.diagnose
from flush_redis.decide import decide
from flush_redis.diagnose import diagnose
from flush_redis.runbook import RUNBOOK
from flush_redis.settings import Incident, Settings
from remediation.core.outcome import Outcome
from remediation.core.probed import RedisState
from remediation.core.spec import Mode
from remediation.core.spoken import Says
from remediation.core.verdict import Act
from remediation.reach.unreachable import UnreachableError
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.functions.recorder import Recorder
from tests.support.carried import ADA, BY_ADA, approved, carried, requested
from tests.support.steps import InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import MemoryBackups, Stage

SETTINGS = Settings(cache="dev-redis", allowed=True)
HOST = "dev-redis.abc123.0001.use1.cache.amazonaws.com"
APPLY = {"cache": "dev-redis", "apply": True, **BY_ADA}


class Server:
    """The server behind the endpoint. `drops` is a command after which it hangs up."""

    def __init__(self, keys: int = 1204, role: Literal["master", "slave"] = "master") -> None:
        self.left, self.role, self.drops, self.dead = keys, role, "", False
        self.said: list[str] = []

    @contextmanager
    def linked(self, _: Any, __: Settings, host: str, port: int, *, tls: bool) -> Iterator["Server"]:
        assert (host, port, tls) == (HOST, 6379, False)
        if self.dead:
            raise UnreachableError("tcp", "refused", f"{host}:{port} refuses connections.")
        yield self

    def info(self) -> RedisState:
        return RedisState(role=self.role, used_memory=1, max_memory=0, clients=1, loading=False)

    def keys(self) -> int:
        return self.left

    def flush(self) -> None:
        self.said.append("FLUSHALL ASYNC")
        self.left = 0
        if self.drops == "flush":
            raise UnreachableError("info", "cut-off", "It hung up.")


class Night:
    """One night with a cache, and people who agree unless a test says otherwise."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        server: Server | None = None,
        *,
        mode: Mode = "act",
        settings: Settings = SETTINGS,
        backups: MemoryBackups | None = None,
    ) -> None:
        self.steps, self.server = InMemorySteps(), server or Server()
        self.stage = Stage(backups=backups or MemoryBackups(fresh="remedy-1"))
        self.world = CacheWorld(clock=self.steps.clock)
        self.world.cluster("dev-redis")
        self.aws: Any = CacheClients(self.world, PLACE)
        self.settings, self.mode = settings, mode
        for module in (flush_redis.actions, flush_redis.diagnose):
            monkeypatch.setattr(module, "linked", self.server.linked)

    def agreed(self, *, says: Says = "approve", **incident: Any) -> None:
        """Let ada ask, and grace agree to what she would be asked."""
        facts = diagnose(self.aws, self.settings, Incident(**incident))
        act = decide(facts, self.settings, (), self.steps.now)
        assert isinstance(act, Act)
        requested(self.stage, self.steps, RUNBOOK, {"cache": "dev-redis", **incident})
        approved(self.stage, self.steps, RUNBOOK, act, says=says)

    def run(self, event: Any = APPLY, **more: Any) -> Outcome:
        return carried(RUNBOOK, self.aws, self.settings, event, self.steps, stage=self.stage, mode=self.mode, **more)


def test_two_people_a_snapshot_and_it_is_flushed_once_and_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed()
    outcome = night.run()
    assert (outcome.status, night.server.said) == ("healed", ["FLUSHALL ASYNC"]), outcome.text()
    assert outcome.because == "dev-redis was flushed: DBSIZE went from 1,204 to 0. DBSIZE is 0 now."
    assert "remedy-1 is a fresh snapshot of dev-redis." in [
        entry.text for entry in night.stage.ledger.runs["run-1"].timeline
    ]


def test_without_apply_it_is_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    assert (night.run({"cache": "dev-redis"}).status, night.server.said) == ("observed", [])


def test_nobody_who_answers_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.server.said) == ("refused", "approval", [])


def test_one_person_alone_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed()
    night.stage.approvals.spoken.pop((ADA, "remedy-1"))
    assert (night.run().status, night.server.said) == ("refused", [])


def test_one_of_two_who_says_no_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed(says="reject")
    outcome = night.run()
    assert (outcome.status, night.server.said) == ("refused", [])


def test_without_a_snapshot_it_is_not_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch, backups=MemoryBackups(says="The quota is used up."))
    night.agreed()
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.server.said) == ("refused", "snapshot", [])
    assert "The quota is used up." in outcome.because


def test_two_people_may_agree_to_do_without_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch, backups=MemoryBackups(says="The quota is used up."))
    night.agreed(without_snapshot=True)
    outcome = night.run(APPLY | {"without_snapshot": True})
    assert (outcome.status, night.server.said, night.stage.backups.looks) == ("healed", ["FLUSHALL ASYNC"], [])


def test_a_yes_to_one_plan_is_none_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed()
    outcome = night.run(APPLY | {"without_snapshot": True})
    assert (outcome.status, night.server.said) == ("refused", [])


def test_a_server_that_hangs_up_is_looked_at_and_not_flushed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed()
    night.server.drops = "flush"
    outcome = night.run()
    assert (outcome.status, night.server.said) == ("healed", ["FLUSHALL ASYNC"])
    assert outcome.because == "dev-redis was flushed: it had 1,204 keys, and DBSIZE is 0 now."


def test_a_primary_that_became_a_replica_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.agreed()
    looked = iter(["master", "slave", "slave", "slave"])
    monkeypatch.setattr(
        night.server,
        "info",
        lambda: RedisState(role=next(looked), used_memory=1, max_memory=0, clients=1, loading=False),  # type: ignore[arg-type]
    )
    outcome = night.run()
    assert night.server.said == []
    assert outcome.status == "escalated"


def test_a_server_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch)
    night.server.dead = True
    outcome = night.run()
    assert outcome.status == "escalated"
    assert outcome.because == f"dev-redis cannot be looked at: {HOST}:6379 refuses connections."


def test_where_configuration_does_not_allow_it_nobody_can(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(monkeypatch, settings=replace(SETTINGS, allowed=False))
    outcome = night.run()
    assert (outcome.status, night.server.said) == ("ignored", [])
    assert "is not to be flushed in dev" in outcome.because


def test_the_declared_reads_are_the_used_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    token = f"arn:aws:secretsmanager:us-east-1:{PLACE.account}:secret:dev/redis-AbCdEf"
    found = set()
    for kind in ("cluster", "group", "serverless"):
        night = Night(monkeypatch)
        monkeypatch.undo()
        night.world.clusters.clear()
        if kind == "group":
            night.world.group("dev-redis")
        elif kind == "serverless":
            night.world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available"}
        else:
            night.world.cluster("dev-redis")
        recorder = Recorder(night.aws)
        diagnose(recorder.aws, replace(SETTINGS, token=token, networks=()), Incident())
        found |= recorder.actions
    assert found == {allow.action for allow in RUNBOOK.reads}
    assert RUNBOOK.writes == ()
    assert RUNBOOK.guardrails.heal_within > timedelta(minutes=30), "it may have to wait for a snapshot"
