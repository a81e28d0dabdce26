"""One night with a cache and a snapshot of it: the real engine, a person who is asked, a strict ElastiCache and the probe."""

from datetime import timedelta
from typing import Any, Literal

from remediation.core.outcome import Outcome
from remediation.core.spec import Mode
from remediation.core.verdict import Act
from restore_redis_snapshot.runbook import RUNBOOK
from restore_redis_snapshot.settings import Incident, Settings
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.restoring import SHARDED_PARAMETERS, RestoringClients
from tests.support.carried import approved, carried
from tests.support.steps import InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import Stage

SETTINGS = Settings(caches=("dev-redis",), prefix="dev-restored-")
NAME, NEW = "remedy-dev-redis-202611230310", "dev-restored-1"
PLAN = {"snapshot": NAME, "new_id": NEW}
APPLY = PLAN | {"apply": True}
HALF = timedelta(minutes=30)


class Night:
    """One night with a cache and a snapshot of it that is half an hour old."""

    def __init__(self, *, settings: Settings = SETTINGS, mode: Mode = "act") -> None:
        self.steps, self.stage = InMemorySteps(), Stage()
        self.world = CacheWorld(clock=self.steps.clock)
        self.settings, self.mode = settings, mode
        self.aws = RestoringClients(self.world, PLACE)

    def cluster(self) -> "Night":
        """Let the cache be a cluster."""
        self.world.cluster("dev-redis")
        self.world.kept(NAME, "dev-redis", HALF)
        return self

    def group(self, *, shards: int = 1, replicas: int = 1, clustered: bool = False) -> "Night":
        """Let the cache be a replication group."""
        self.world.group("dev-redis", shards=shards, replicas=replicas, clustered=clustered)
        if clustered:
            for node in self.world.clusters.values():
                node["CacheParameterGroup"] = {"CacheParameterGroupName": SHARDED_PARAMETERS}
        self.world.kept(NAME, "dev-redis" if clustered or not replicas else "dev-redis-002", HALF)
        return self

    @property
    def verdict(self) -> Any:
        """Return what it would do first."""
        facts = RUNBOOK.diagnose(self.aws, self.settings, Incident(snapshot=NAME, new_id=NEW))
        return RUNBOOK.decide(facts, self.settings, (), self.steps.now)

    def run(self, told: Any = None, *, says: Literal["approve", "reject"] = "approve", **more: Any) -> Outcome:
        """Carry it out, by hand; whoever is asked says this."""
        verdict = self.verdict
        if isinstance(verdict, Act):
            approved(self.stage, self.steps, RUNBOOK, verdict, says=says)
        event = APPLY if told is None else told
        return carried(RUNBOOK, self.aws, self.settings, event, self.steps, stage=self.stage, mode=self.mode, **more)
