"""Whole runs on a strict ElastiCache: what is saved and deleted, what is told, and that it uses what it declares."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.aws.caches import Cache, cache
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.outcome import Outcome
from remediation.core.spec import Mode
from snapshot_redis.actions import delete_snapshot, take_snapshot
from snapshot_redis.facts import Judged
from snapshot_redis.runbook import RUNBOOK
from snapshot_redis.settings import Incident, Settings
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.functions.recorder import Recorder
from tests.functions.snapshot_redis.caches import DAY, HOUR, SETTINGS
from tests.support.carried import carried
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.toy import PLACE, alarm_event, scheduled_event
from tests.support.world import Stage

NAME = "remedy-dev-redis-202611230340"
OURS = {"ManagedBy": "remediation", "Environment": "dev"}
MEMORY = {"namespace": "AWS/ElastiCache", "name": "DatabaseMemoryUsagePercentage"}


class Night:
    """One night with one cache, unless a test adds more."""

    def __init__(self, *, cluster: bool = True, settings: Settings = SETTINGS, mode: Mode = "act") -> None:
        self.steps, self.stage = InMemorySteps(), Stage()
        self.world = CacheWorld(clock=self.steps.clock)
        self.settings, self.mode = settings, mode
        if cluster:
            self.world.cluster("dev-redis")
        self.aws: Any = CacheClients(self.world, PLACE)

    def run(self, event: Any = None, **more: Any) -> Outcome:
        """Carry it out, on its schedule if nothing else is said."""
        told = scheduled_event(at=self.steps.now) | {"id": self.steps.run} if event is None else event
        return carried(RUNBOOK, self.aws, self.settings, told, self.steps, stage=self.stage, mode=self.mode, **more)

    def later(self, run: str, after: timedelta) -> None:
        """Begin another run, after some time."""
        self.steps = InMemorySteps(run=run, now=self.steps.now + after)
        self.world.clock = self.aws.now = self.steps.clock

    @property
    def kept(self) -> list[str]:
        """Return the names of the snapshots that there are."""
        return sorted(self.world.snapshots)


def test_a_cache_is_saved_waited_for_and_said_to_be_saved_when_it_is() -> None:
    night = Night()
    outcome = night.run()
    assert (outcome.status, night.kept) == ("healed", [NAME])
    assert night.world.snapshots[NAME].tags == OURS
    assert night.world.status(night.world.snapshots[NAME]) == "available"
    assert outcome.because.startswith(f"dev-redis is saved: {NAME}: available, 2026-11-23 03:43 UTC, 1 shard(s), 4 MB")


def test_by_hand_it_is_a_plan_first_and_done_with_apply() -> None:
    night = Night()
    planned = night.run({"cache": "dev-redis"})
    assert (planned.status, night.kept, night.aws.mutations) == ("observed", [], [])
    assert Night().run({"cache": "dev-redis", "apply": True}).status == "healed"


def test_an_environment_that_observes_saves_nothing() -> None:
    night = Night(mode="observe")
    assert (night.run().status, night.aws.mutations) == ("observed", [])


@pytest.mark.parametrize(
    ("shards", "replicas", "clustered", "of"),
    [(1, 1, False, "dev-redis-002"), (1, 0, False, "dev-redis"), (3, 1, True, "dev-redis")],
)
def test_groups_are_saved_by_a_replica_or_as_a_whole(shards: int, replicas: int, clustered: bool, of: str) -> None:
    night = Night(cluster=False)
    night.world.group("dev-redis", shards=shards, replicas=replicas, clustered=clustered)
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert night.world.snapshots[NAME].by == of


def test_a_serverless_cache_is_saved_by_a_call_of_its_own() -> None:
    night = Night(cluster=False)
    night.world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available", "Engine": "redis"}
    assert night.run().status == "healed"
    assert night.aws.mutations == ["CreateServerlessCacheSnapshot"]


def test_a_run_that_dies_after_its_call_meets_its_own_snapshot() -> None:
    night = Night()
    outcome = night.run(crash=("take-snapshot 1", "after"))
    assert (outcome.status, night.kept) == ("healed", [NAME]), outcome.text()
    assert (night.steps.invocations, night.aws.mutations) == (2, ["CreateSnapshot"])


def test_who_asks_a_second_time_in_the_same_minute_meets_the_first_ones_snapshot() -> None:
    night = Night()
    target = Judged(id=NAME, cache="dev-redis", of="dev-redis")
    assert take_snapshot(night.aws, SETTINGS, target) == f"dev-redis is being saved as {NAME}."
    assert take_snapshot(night.aws, SETTINGS, target) == f"{NAME} was asked for before."
    assert night.kept == [NAME]


def test_a_cache_that_somebody_begins_to_work_on_before_the_call_is_waited_for_and_saved_then() -> None:
    night = Night()
    create = night.aws.acting.elasticache.create_snapshot
    cluster = night.world.clusters["dev-redis"]

    def modified_meanwhile(**asked: Any) -> Any:
        night.aws.acting.elasticache.create_snapshot = create
        cluster["CacheClusterStatus"] = "modifying"
        night.world.made["dev-redis"] = night.steps.now  # it is available again after a while
        return create(**asked)

    night.aws.acting.elasticache.create_snapshot = modified_meanwhile
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert len(night.kept) == 1
    assert night.aws.mutations == ["CreateSnapshot", "CreateSnapshot"]


def test_the_quota_of_aws_is_told_with_its_own_word_and_not_tried_again() -> None:
    night = Night()
    night.world.refuses["CreateSnapshot"] = "SnapshotQuotaExceededFault"
    outcome = night.run()
    assert outcome.status == "escalated"
    assert "SnapshotQuotaExceededFault" in outcome.because
    assert night.aws.mutations == ["CreateSnapshot"]


def test_an_alarm_on_the_memory_of_a_node_saves_its_cache_and_tells_that_it_is_full() -> None:
    night = Night(cluster=False)
    night.world.group("dev-redis")
    event = alarm_event(name="dev-redis-memory-high", dimensions={"CacheClusterId": "dev-redis-001"})
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"] |= MEMORY
    assert night.run(event).status in {"healed", "refused"}


def test_old_snapshots_of_ours_go_one_by_one_and_nobody_elses() -> None:
    night = Night(settings=replace(SETTINGS, keep=3, keep_for=2 * DAY))
    for days in range(6):
        night.world.kept(f"remedy-old-{days}", "dev-redis", days * DAY + HOUR, tags=OURS)
    night.world.kept("remedy-untagged", "dev-redis", 30 * DAY)
    night.world.kept("before-migration", "dev-redis", 60 * DAY, tags=OURS)
    night.world.kept("remedy-other", "dev-other", 60 * DAY, tags=OURS)
    for n in range(3):
        assert night.run().status in {"healed", "nothing-to-do"}
        night.later(f"later-{n}", timedelta(hours=1))
    assert night.kept == [
        "before-migration", "remedy-old-0", "remedy-old-1", "remedy-old-2", "remedy-other", "remedy-untagged",
    ]  # fmt: skip


def test_a_snapshot_that_is_gone_already_was_not_deleted_by_us() -> None:
    night = Night()
    with pytest.raises(LeftAloneError, match="remedy-x is gone already"):
        delete_snapshot(night.aws, SETTINGS, Judged(id="remedy-x", cache="dev-redis"))


def test_another_environments_cache_is_refused() -> None:
    assert Night().run({"cache": "prod-redis"}).status == "ignored"


def test_what_is_not_there_is_not_mistaken_for_what_cannot_be_read() -> None:
    night = Night(cluster=False)
    assert cache(night.aws, "dev-redis") == Cache(id="dev-redis", kind="cluster", status="not there")

    class Down:
        def describe_cache_clusters(self, **_: Any) -> Any:
            raise AwsError("ElastiCache did not answer.", operation="DescribeCacheClusters", code="Timeout")

    night.aws.elasticache = Down()
    with pytest.raises(AwsError):
        cache(night.aws, "dev-redis")


def test_the_declared_permissions_are_the_used_ones() -> None:
    night = Night(settings=replace(SETTINGS, caches=("dev-redis", "dev-flat"), keep=3, keep_for=2 * DAY))
    night.world.serverless["dev-flat"] = {"ServerlessCacheName": "dev-flat", "Status": "available", "Engine": "redis"}
    for name, by in (("a", "dev-redis"), ("b", "dev-flat")):
        for days in range(4 + (by == "dev-redis")):
            night.world.kept(f"remedy-{name}-{days}", by, days * DAY + 25 * HOUR, tags=OURS)
    recorder = Recorder(night.aws)
    night.aws = recorder.aws
    night.aws.now = night.steps.clock
    for n in range(6):  # each saves one cache, or deletes one snapshot
        outcome = night.run({"apply": True})
        assert outcome.status in {"healed", "nothing-to-do"}, outcome.text()
        night.later(f"later-{n}", timedelta(hours=1))
    with_creation = {"elasticache:AddTagsToResource"}  # asked by AWS itself where a snapshot is made with tags
    assert recorder.actions == {allow.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes)} - with_creation


def test_looking_alone_uses_no_write() -> None:
    night = Night(mode="observe")
    recorder = Recorder(night.aws)
    recorder.aws.now = night.steps.clock
    RUNBOOK.diagnose(recorder.aws, SETTINGS, Incident())
    assert recorder.actions <= {allow.action for allow in RUNBOOK.reads}


assert NIGHT.minute == 40, "the names above are of that minute"
