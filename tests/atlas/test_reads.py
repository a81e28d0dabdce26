"""What Atlas says becomes typed facts: each read against the strict fake, which holds every request against the description."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediation.atlas import reads
from remediation.atlas.facts import Access, Maintenance
from remediation.core.errors import AwsError
from tests.functions.fakes.atlas import AtlasWorld

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world() -> AtlasWorld:
    return AtlasWorld(lambda: NOW)


# ------------------------------------------------------------------------------------------------------------ clusters


def test_a_free_cluster_has_no_backups_and_is_not_asked_for_any(world: AtlasWorld) -> None:
    world.cluster("dev-starttech-cluster", tier="M0", backupEnabled=True)
    found = reads.cluster(world.connect(), "dev-starttech-cluster")
    assert found is not None
    assert (found.tier, found.state, found.backups, found.paused) == ("M0", "IDLE", False, False)
    assert (found.provider, found.region, found.disk) == ("AWS", "US_EAST_1", None)
    assert found.host == "dev-starttech-cluster.ab1cd.mongodb.net"
    asked = len(world.requests)
    assert reads.snapshots(world.connect(), found) == ()
    assert reads.restores(world.connect(), found) == ()
    assert len(world.requests) == asked


def test_a_dedicated_cluster_says_its_tier_its_version_and_its_disk(world: AtlasWorld) -> None:
    world.cluster("prod", tier="M30", stateName="UPDATING", paused=True)
    found = reads.cluster(world.connect(), "prod")
    assert found is not None
    assert (found.tier, found.state, found.paused, found.version) == ("M30", "UPDATING", True, "8.0.13")
    assert (found.backups, found.replica_set, found.disk) == (True, True, 10 * 1024**3)


def test_a_flex_cluster_is_found_although_atlas_refuses_it_among_clusters(world: AtlasWorld) -> None:
    world.flex_cluster("small")
    found = reads.cluster(world.connect(), "small")
    assert found is not None
    assert (found.tier, found.backups, found.paused, found.provider) == ("FLEX", True, False, "AWS")
    assert [each.operation.id for each in world.asked] == ["getCluster", "getFlexCluster"]


def test_the_hosts_of_all_of_a_clusters_strings_are_known(world: AtlasWorld) -> None:
    domain = "ab1cd.mongodb.net"
    endpoint = {
        "connectionString": f"mongodb://pl-0-us-east-1.{domain}:1024,pl-0-us-east-1.{domain}:1025/?ssl=true&replicaSet=x",
        "srvConnectionString": f"mongodb+srv://prod-pl-0.{domain}",
        "srvShardOptimizedConnectionString": f"mongodb+srv://prod-pl-0-lb.{domain}",
        "type": "MONGOS",
        "endpoints": [{"endpointId": "vpce-1", "providerName": "AWS", "region": "US_EAST_1"}],
    }
    strings: dict[str, Any] = {
        "standard": f"mongodb://ac-1A-shard-00-00.{domain}:27017,ac-1A-shard-00-01.{domain}:27017/?ssl=true",
        "standardSrv": f"mongodb+srv://prod.{domain}",
        "private": f"mongodb://prod-shard-00-00-pri.{domain}:27017",
        "privateSrv": f"mongodb+srv://prod-pri.{domain}",
        "privateEndpoint": [endpoint, {"srvConnectionString": "what nobody understands"}],
    }
    world.cluster("prod", connectionStrings=strings)
    found = reads.cluster(world.connect(), "prod")
    assert found is not None
    assert found.host == f"prod.{domain}"
    names = (
        "ac-1a-shard-00-00", "ac-1a-shard-00-01", "pl-0-us-east-1", "prod", "prod-pl-0", "prod-pl-0-lb", "prod-pri",
        "prod-shard-00-00-pri",
    )  # fmt: skip
    assert set(found.hosts) == {f"{name}.{domain}" for name in names}


@pytest.mark.parametrize("strings", [{}, None])
def test_a_cluster_that_is_being_made_has_no_host_yet(world: AtlasWorld, strings: Any) -> None:
    world.cluster("prod", connectionStrings=strings)
    found = reads.cluster(world.connect(), "prod")
    assert found is not None
    assert (found.host, found.hosts) == ("", ())


def test_a_cluster_that_is_not_there_is_none_and_any_other_refusal_is_an_error(world: AtlasWorld) -> None:
    assert reads.cluster(world.connect(), "gone") is None
    world.refuses["getCluster"] = (404, "GROUP_NOT_FOUND")
    with pytest.raises(AwsError, match="Atlas:GetCluster failed with GROUP_NOT_FOUND"):
        reads.cluster(world.connect(), "gone")


def test_a_state_that_was_not_published_is_other(world: AtlasWorld) -> None:
    world.cluster("prod", stateName="LEVITATING")
    found = reads.cluster(world.connect(), "prod")
    assert found is not None
    assert found.state == "OTHER"


def test_all_clusters_are_listed_by_name_and_a_flex_one_once(world: AtlasWorld) -> None:
    for name in ("prod", "dev"):
        world.cluster(name)
    world.cluster("small", tier="FLEX")
    world.flex_cluster("small", stateName="CREATING")
    found = reads.clusters(world.connect())
    assert [(each.name, each.tier, each.state) for each in found] == [
        ("dev", "M10", "IDLE"),
        ("prod", "M10", "IDLE"),
        ("small", "FLEX", "CREATING"),
    ]


# --------------------------------------------------------------------------------------------- access and maintenance


def test_the_access_list_shows_blocks_groups_comments_and_ends(world: AtlasWorld) -> None:
    world.allow("0.0.0.0/0", "everybody")
    world.allow("198.51.100.7/32", "nat", NOW + HOUR)
    world.access.append({"ipAddress": "198.51.100.8", "comment": None})
    world.access.append({"awsSecurityGroup": "sg-0123456789abcdef0"})
    assert reads.access(world.connect()) == (
        Access(cidr="0.0.0.0/0", comment="everybody"),
        Access(cidr="198.51.100.7/32", comment="nat", until=NOW + HOUR),
        Access(cidr="198.51.100.8/32"),
        Access(group="sg-0123456789abcdef0"),
    )


def test_a_list_of_many_pages_is_read_to_its_end(world: AtlasWorld) -> None:
    for number in range(250):
        world.allow(f"198.51.{100 + number // 200}.{number % 200}/32")
    assert len(reads.access(world.connect())) == 250
    assert [each.query["pageNum"] for each in world.asked] == ["1", "2", "3"]


def test_a_list_without_an_end_is_an_error_instead_of_half_the_truth(world: AtlasWorld) -> None:
    for number in range(2_000):
        world.event("HOST_UP", MINUTE, hostname=str(number))
    with pytest.raises(AwsError, match="Atlas:ListEvents has more than the 2,000 entries that are read"):
        reads.happenings(world.connect(), NOW - HOUR)


def test_a_project_without_a_maintenance_window_has_none(world: AtlasWorld) -> None:
    assert reads.maintenance(world.connect()) is None
    world.maintenance |= {"dayOfWeek": 3, "hourOfDay": 2, "startASAP": True}
    assert reads.maintenance(world.connect()) == Maintenance(day=3, hour=2, as_soon_as_possible=True)


# ---------------------------------------------------------------------------------------------------------- happenings


def test_events_since_an_instant_are_told_newest_first(world: AtlasWorld) -> None:
    world.event("CLUSTER_UPDATE_STARTED", 50 * MINUTE, "prod")
    world.event("HOST_RESTARTED", 5 * MINUTE, "prod", hostname="prod-shard-00-01.ab1cd.mongodb.net")
    world.event("MAINTENANCE_STARTED", 2 * HOUR)
    found = reads.happenings(world.connect(), NOW - HOUR)
    assert [(each.kind, each.at) for each in found] == [
        ("HOST_RESTARTED", NOW - 5 * MINUTE),
        ("CLUSTER_UPDATE_STARTED", NOW - 50 * MINUTE),
    ]
    assert found[0].text == "on prod-shard-00-01.ab1cd.mongodb.net"


def test_events_of_one_cluster_are_asked_for_by_its_name(world: AtlasWorld) -> None:
    world.event("HOST_DOWN", MINUTE, "prod")
    world.event("HOST_DOWN", MINUTE, "dev")
    assert [each.cluster for each in reads.happenings(world.connect(), NOW - HOUR, "prod")] == ["prod"]


def test_only_open_alerts_are_told(world: AtlasWorld) -> None:
    world.alert("NO_PRIMARY", MINUTE, "prod")
    world.alert("HOST_DOWN", HOUR, "prod", status="CLOSED")
    found = reads.alerts(world.connect())
    assert [(each.kind, each.cluster, each.at) for each in found] == [("NO_PRIMARY", "prod", NOW - MINUTE)]


# ----------------------------------------------------------------------------------------------------------- snapshots


def test_snapshots_are_told_newest_first_with_their_states(world: AtlasWorld) -> None:
    world.cluster("prod")
    world.snapshot("prod", 2 * DAY)
    world.snapshot("prod", MINUTE / 2, on_demand=True, description="before a restore")
    world.snapshot("prod", DAY, status="failed")
    world.snapshot("prod", 3 * DAY, status="evaporating")
    prod = reads.cluster(world.connect(), "prod")
    assert prod is not None
    found = reads.snapshots(world.connect(), prod)
    assert [each.state for each in found] == ["queued", "failed", "completed", "inProgress"]
    assert (found[0].on_demand, found[0].description, found[0].cluster) == (True, "before a restore", "prod")
    assert (found[2].at, found[2].expires, found[2].size) == (NOW - 2 * DAY, NOW + 6 * DAY, 1_234_567)


def test_snapshots_of_a_sharded_cluster_are_another_list(world: AtlasWorld) -> None:
    world.cluster("big", shards=2)
    world.snapshot("big", DAY)
    big = reads.cluster(world.connect(), "big")
    assert big is not None
    assert not big.replica_set
    assert [each.state for each in reads.snapshots(world.connect(), big)] == ["completed"]
    assert world.asked[-1].operation.id == "listBackupShardedClusters"


def test_flex_clusters_have_snapshots_and_restores_of_their_own_kind(world: AtlasWorld) -> None:
    world.flex_cluster("small")
    world.snapshots["small"] = [
        {"id": world.id(), "status": "COMPLETED", "startTime": "2026-11-23T03:00:00Z", "mongoDBVersion": "8.0.3"},
        {"id": world.id(), "status": "QUEUED", "scheduledTime": "2026-11-24T03:00:00Z"},
    ]
    for status in ("RUNNING", "COMPLETED", "FAILED"):
        job = {"id": world.id(), "status": status, "targetDeploymentItemName": "new", "snapshotId": world.id()}
        world.flex_restores.setdefault("small", []).append(job)
    small = reads.cluster(world.connect(), "small")
    assert small is not None
    assert [(each.state, each.at) for each in reads.snapshots(world.connect(), small)] == [
        ("queued", NOW),
        ("completed", NOW - DAY),
    ]
    told = [(each.finished, each.failed) for each in reads.restores(world.connect(), small)]
    assert told == [(False, False), (True, False), (False, True)]


def test_a_restore_that_was_cancelled_has_failed(world: AtlasWorld) -> None:
    world.cluster("prod")
    job = {"id": world.id(), "snapshotId": world.id(), "targetClusterName": "new", "finishedAt": "2026-11-24T02:00:00Z"}
    base = {"failed": False, "timestamp": "2026-11-24T02:00:00Z"}
    world.restores["prod"] = [base | job, base | job | {"cancelled": True}]
    prod = reads.cluster(world.connect(), "prod")
    assert prod is not None
    assert [(each.finished, each.failed) for each in reads.restores(world.connect(), prod)] == [
        (True, False),
        (False, True),
    ]
