"""The reader of snapshots: how old one is, whose it is, and when it is good for a restore."""

from datetime import timedelta
from typing import Any, cast

import pytest
from msgspec.structs import replace

from remediation.adapters.clients import Clients
from remediation.aws.caches import Cache, Node, cache
from remediation.aws.snapshots import FRESH, Snapshot, newest_fresh, snapshots
from tests.functions.fakes.caches import TAKES, CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SHARDED = Cache(
    id="dev-redis",
    kind="group",
    status="available",
    shards=2,
    clustered=True,
    nodes=(Node(id="dev-redis-0001-001", role="unknown"), Node(id="dev-redis-0002-001", role="unknown", shard="0002")),
)
WHOLE = Snapshot(name="a", cache="dev-redis", status="available", at=NIGHT, shards=2, manual=True)


class Listing:
    """ElastiCache with just these snapshots."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self._found = found
        self.elasticache = self

    def get_paginator(self, operation: str) -> "Listing":
        assert operation == "describe_snapshots"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        """Return a page for each, as a long list comes."""
        return [{"Snapshots": [each]} for each in self._found]


def listed(*found: dict[str, Any]) -> tuple[Snapshot, ...]:
    return snapshots(cast("Clients", Listing(*found)), SHARDED)


def described(name: str, *ago: timedelta, **told: Any) -> dict[str, Any]:
    parts = [{"CacheSize": "4 MB", "SnapshotCreateTime": NIGHT - each} for each in ago]
    return {
        "SnapshotName": name,
        "SnapshotStatus": "available",
        "SnapshotSource": "manual",
        "ReplicationGroupId": "dev-redis",
        "NodeSnapshots": parts,
    } | told


def test_a_snapshot_is_as_old_as_the_shard_that_was_saved_first() -> None:
    (found,) = listed(described("a", 31 * MINUTE, 29 * MINUTE))
    assert found.at == NIGHT - 31 * MINUTE
    assert newest_fresh([found], SHARDED, NIGHT) is None
    assert newest_fresh(listed(described("a", 29 * MINUTE, 28 * MINUTE)), SHARDED, NIGHT) is not None


def test_the_newest_is_first_and_what_is_not_saved_yet_before_it() -> None:
    found = listed(described("old", *[9 * MINUTE] * 2), described("new", *[MINUTE] * 2), described("none"))
    assert [each.name for each in found] == ["none", "new", "old"]
    assert newest_fresh(found, SHARDED, NIGHT) == found[1]


def test_snapshots_of_a_node_are_those_of_its_group_and_those_of_others_are_not() -> None:
    of_node = {"ReplicationGroupId": "", "CacheClusterId": "dev-redis-0002-001"}
    of_other = {"ReplicationGroupId": "dev-redis-2"}
    found = listed(described("node", MINUTE, **of_node), described("other", MINUTE, MINUTE, **of_other))
    assert [each.name for each in found] == ["node"]
    assert not found[0].complete(SHARDED), "one shard of two"


@pytest.mark.parametrize(
    ("source", "manual"), [("manual", True), ("user", True), ("automated", False), ("system", False)]
)
def test_only_what_somebody_asked_for_is_manual(source: str, manual: bool) -> None:
    (found,) = listed(described("remedy-a", MINUTE, SnapshotSource=source))
    assert (found.manual, found.named_by_us) == (manual, manual)


@pytest.mark.parametrize("status", ["creating", "restoring", "copying", "exporting", "deleting", "failed", "unknown"])
def test_one_status_in_eight_is_good(status: str) -> None:
    assert WHOLE.complete(SHARDED)
    assert not replace(WHOLE, status=status).complete(SHARDED)


@pytest.mark.parametrize(
    ("ago", "fresh"), [(timedelta(0), True), (FRESH, True), (FRESH + SECOND, False), (-SECOND, False)]
)
def test_half_an_hour_is_fresh_and_the_future_is_not(ago: timedelta, fresh: bool) -> None:
    assert replace(WHOLE, at=NIGHT - ago).fresh(SHARDED, NIGHT) is fresh


@pytest.mark.parametrize("kind", ["cluster", "group", "serverless"])
def test_a_snapshot_of_every_kind_of_cache_is_found_by_the_caches_name(kind: str) -> None:
    world = CacheWorld(clock=lambda: NIGHT)
    if kind == "serverless":
        world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available"}
    else:
        getattr(world, kind)("dev-redis")
    world.kept("remedy-a", "dev-redis", TAKES + MINUTE)
    aws = cast("Clients", CacheClients(world, PLACE))
    found = cache(aws, "dev-redis")
    fresh = newest_fresh(snapshots(aws, found), found, NIGHT)
    assert (found.kind, fresh.name if fresh else "") == (kind, "remedy-a")
