"""From the request to the new cache: the real engine, a person who is asked, a strict ElastiCache and the probe."""

from typing import Any

import pytest
from msgspec.structs import replace

from restore_redis_snapshot.actions import asked_version
from restore_redis_snapshot.runbook import RUNBOOK
from tests.functions.fakes.restoring import GROUP, SUBNETS
from tests.functions.restore_redis_snapshot.nights import APPLY, NAME, NEW, PLAN, SETTINGS, Night
from tests.support.carried import approved, carried


def test_a_cluster_is_made_from_a_snapshot_as_the_old_one_is_and_answers() -> None:
    night = Night().cluster()
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    new = night.world.clusters[NEW]
    for same in ("CacheSubnetGroupName", "SecurityGroups", "CacheNodeType"):
        assert new[same] == night.world.clusters["dev-redis"][same]
    (made,) = night.aws.calls.of("CreateCacheCluster")
    assert (made["SnapshotName"], made["EngineVersion"], made["Port"]) == (NAME, "7.0", 6379)
    assert {"Key": "RestoredFrom", "Value": NAME} in made["Tags"]
    host = f"{NEW}.abc123.0001.use1.cache.amazonaws.com"
    assert night.aws.probe.asked == [(host, 6379)]
    assert outcome.because == f"{NEW} is restored from {NAME}, and answers at {host}:6379."
    assert outcome.next_steps[0].startswith(f"terraform import aws_elasticache_cluster.restored {NEW}")


@pytest.mark.parametrize(
    ("shape", "asked"),
    [
        ({"replicas": 1}, {"NumCacheClusters": 2, "AutomaticFailoverEnabled": True}),
        ({"replicas": 0}, {"NumCacheClusters": 1, "AutomaticFailoverEnabled": False}),
        (
            {"shards": 3, "clustered": True},
            {"NumNodeGroups": 3, "ReplicasPerNodeGroup": 1, "AutomaticFailoverEnabled": True},
        ),
    ],
    ids=["with a replica", "of one node", "in cluster mode"],
)
def test_a_group_is_made_of_the_same_shape(shape: Any, asked: dict[str, Any]) -> None:
    night = Night().group(**shape)
    night.world.groups["dev-redis"]["AtRestEncryptionEnabled"] = True
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    (made,) = night.aws.calls.of("CreateReplicationGroup")
    assert made.items() >= asked.items()
    assert (made["AtRestEncryptionEnabled"], made["TransitEncryptionEnabled"]) == (True, False)
    assert night.aws.mutations == ["CreateReplicationGroup"]
    assert outcome.next_steps[0].startswith(f"terraform import aws_elasticache_replication_group.restored {NEW}")


def test_a_group_with_tls_and_a_token_comes_back_with_tls_and_the_token_is_said_to_be_missing() -> None:
    night = Night().group()
    night.world.groups["dev-redis"]["AuthTokenEnabled"] = True
    for node in night.world.clusters.values():
        node |= {"TransitEncryptionEnabled": True, "AuthTokenEnabled": True}
    night.aws.probe.fails = ("auth", "token-not-wanted")
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert night.aws.calls.of("CreateReplicationGroup")[0]["TransitEncryptionEnabled"]
    assert outcome.because.endswith("It asks for no login yet.")


def test_a_cache_that_is_gone_comes_back_with_the_security_groups_of_the_settings() -> None:
    night = Night(settings=replace(SETTINGS, security_groups=(GROUP,))).cluster()
    del night.world.clusters["dev-redis"]
    assert night.run().status == "healed"
    (made,) = night.aws.calls.of("CreateCacheCluster")
    assert (made["SecurityGroupIds"], made["CacheSubnetGroupName"]) == ([GROUP], SUBNETS)


def test_a_group_in_cluster_mode_that_is_gone_comes_back_with_its_shards_and_replicas_and_encrypted() -> None:
    night = Night(settings=replace(SETTINGS, security_groups=(GROUP,))).group(shards=3, clustered=True)
    night.world.groups.clear()
    night.world.clusters.clear()
    assert night.run().status == "healed"
    (made,) = night.aws.calls.of("CreateReplicationGroup")
    assert (made["NumNodeGroups"], made["ReplicasPerNodeGroup"], made["AtRestEncryptionEnabled"]) == (3, 1, True)


def test_a_cache_that_is_gone_is_not_restored_where_nobody_said_its_security_groups() -> None:
    night = Night().cluster()
    del night.world.clusters["dev-redis"]
    outcome = night.run()
    assert (outcome.status, night.aws.mutations) == ("escalated", [])
    assert "say them in `security_groups`" in outcome.because


def test_without_apply_it_is_a_plan_which_says_what_a_person_would_be_asked() -> None:
    night = Night().cluster()
    outcome = night.run(PLAN)
    assert (outcome.status, outcome.would, night.aws.mutations) == ("observed", f"restore-snapshot {NEW}", [])
    assert "It costs what dev-redis costs" in outcome.asks


def test_nothing_is_made_unless_a_person_agrees() -> None:
    night = Night().cluster()
    assert (night.run(says="reject").status, night.aws.mutations) == ("refused", [])
    silent = Night().cluster()
    outcome = carried(RUNBOOK, silent.aws, SETTINGS, APPLY, silent.steps, stage=silent.stage)
    assert (outcome.status, silent.aws.mutations) == ("refused", [])


def test_an_environment_that_observes_makes_nothing() -> None:
    night = Night(mode="observe").cluster()
    assert (night.run().status, night.aws.mutations) == ("observed", [])


@pytest.mark.parametrize("kind", ["cluster", "group"])
def test_a_name_that_is_taken_stays_as_it_is(kind: str) -> None:
    night = Night().cluster()
    getattr(night.world, kind)(NEW)
    outcome = night.run()
    assert (outcome.status, night.aws.mutations) == ("escalated", [])
    assert "is not overwritten" in outcome.because


def test_a_name_that_is_taken_between_the_look_and_the_call_stays_as_it_is() -> None:
    night = Night().cluster()
    verdict = night.verdict
    taken = night.aws.acting.elasticache.create_cache_cluster

    def late(**asked: Any) -> Any:
        night.world.cluster(NEW, CacheNodeType="cache.r7g.large")
        return taken(**asked)

    night.aws.acting.elasticache.create_cache_cluster = late
    approved(night.stage, night.steps, RUNBOOK, verdict)
    outcome = carried(RUNBOOK, night.aws, SETTINGS, APPLY, night.steps, stage=night.stage)
    assert (outcome.status, night.world.clusters[NEW]["CacheNodeType"]) == ("escalated", "cache.r7g.large")
    assert outcome.because == f"{NEW} exists (available) and is not overwritten; give the new cache another name."


@pytest.mark.parametrize("moment", ["started", "after"])
def test_a_run_that_dies_at_its_call_makes_one_cache_at_most_and_says_what_is_true(moment: Any) -> None:
    night = Night().cluster()
    outcome = night.run(crash=("restore-snapshot 2", moment))
    assert night.aws.mutations == ["CreateCacheCluster"] * (moment == "after")
    assert outcome.status == ("healed" if moment == "after" else "escalated"), outcome.text()


def test_the_new_cache_is_waited_for_until_it_answers_and_a_person_is_called_if_it_never_does() -> None:
    night = Night().cluster()
    night.aws.probe.fails = ("dns", "name-unknown")
    outcome = night.run()
    assert outcome.status == "not-healed", outcome.text()
    assert "is available at" in outcome.because
    assert len(night.aws.probe.asked) > 10
    assert NEW in night.world.clusters, "it is not deleted"


def test_aws_has_no_room_for_it() -> None:
    night = Night().cluster()
    night.world.refuses["CreateCacheCluster"] = "InsufficientCacheClusterCapacity"
    outcome = night.run()
    assert outcome.status == "escalated"
    assert "InsufficientCacheClusterCapacity" in outcome.because


@pytest.mark.parametrize(
    ("new_id", "why"),
    [
        ("dev-redis", "is called dev-restored-..."),
        ("prod-restored-1", "is called dev-restored-..."),
        ("dev-restored-", "no name that ElastiCache takes"),
        ("dev-restored--1", "no name that ElastiCache takes"),
        ("dev-restored-A", "no name that ElastiCache takes"),
    ],
)
def test_a_name_that_is_not_a_new_one_of_this_environment_is_refused(new_id: str, why: str) -> None:
    outcome = Night().cluster().run(APPLY | {"new_id": new_id})
    assert (outcome.status, outcome.gate) == ("ignored", "scope")
    assert why in outcome.because


def test_the_name_of_a_node_of_a_cache_is_not_a_new_one() -> None:
    settings = replace(SETTINGS, prefix="dev-")
    outcome = Night(settings=settings).cluster().run(APPLY | {"new_id": "dev-redis-001"})
    assert outcome.because.endswith("dev-redis-001 is the name of a cache of dev; what is restored is a new one.")


@pytest.mark.parametrize(
    ("said", "asked"), [("7.0.7", "7.0"), ("7.0", "7.0"), ("6.2.6", "6.2"), ("5.0.6", "5.0.6"), ("8.1", "8.1")]
)
def test_a_version_is_asked_for_as_elasticache_takes_it(said: str, asked: str) -> None:
    assert asked_version(said) == asked
