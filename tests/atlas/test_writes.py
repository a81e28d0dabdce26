"""A new cluster is asked for in the shape of the old one: what may be chosen is chosen so, and what may not is left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediation.atlas import writes
from remediation.atlas.reads import MADE_FOR
from tests.functions.fakes.atlas import AtlasWorld

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def world() -> AtlasWorld:
    return AtlasWorld(lambda: NOW)


def asked(world: AtlasWorld) -> dict[str, Any]:
    """Return what is asked of Atlas for a cluster like `prod`."""
    writes.create(world.connect(), "prod-2", "prod")
    body: dict[str, Any] = world.written[-1].body
    return body


def region(world: AtlasWorld, **more: Any) -> dict[str, Any]:
    """Change the one region of `prod`, and return what is asked for it."""
    world.clusters["prod"]["replicationSpecs"][0]["regionConfigs"][0] |= more
    found: dict[str, Any] = asked(world)["replicationSpecs"][0]["regionConfigs"][0]
    return found


def specs(**more: Any) -> dict[str, Any]:
    return {
        "instanceSize": "M30",
        "nodeCount": 3,
        "diskSizeGB": 40.0,
        "ebsVolumeType": "STANDARD",
        "diskIOPS": 3000,
    } | more


def test_it_is_named_protected_tagged_and_without_the_ids_of_the_old_one(world: AtlasWorld) -> None:
    world.cluster("prod", tier="M30")
    assert asked(world) == {
        "name": "prod-2",
        "clusterType": "REPLICASET",
        "backupEnabled": True,
        "terminationProtectionEnabled": True,
        "tags": [{"key": MADE_FOR, "value": "prod"}],
        "mongoDBMajorVersion": "8.0",
        "replicationSpecs": [
            {
                "regionConfigs": [
                    {
                        "providerName": "AWS",
                        "regionName": "US_EAST_1",
                        "priority": 7,
                        "electableSpecs": {"instanceSize": "M30", "nodeCount": 3, "diskSizeGB": 10.0},
                    }
                ]
            }
        ],
    }


def test_a_version_is_not_named_where_atlas_chooses_it(world: AtlasWorld) -> None:
    world.cluster("prod", versionReleaseSystem="CONTINUOUS")
    body = asked(world)
    assert (body["versionReleaseSystem"], "mongoDBMajorVersion" in body) == ("CONTINUOUS", False)


def test_continuous_backups_and_the_customers_own_keys_are_kept(world: AtlasWorld) -> None:
    world.cluster("prod", pitEnabled=True, encryptionAtRestProvider="AWS")
    body = asked(world)
    assert (body["pitEnabled"], body["encryptionAtRestProvider"]) == (True, "AWS")


@pytest.mark.parametrize(
    ("provider", "size", "volume", "kept"),
    [
        ("AWS", "M30", "STANDARD", False),
        ("AWS", "M30", "PROVISIONED", True),
        ("AWS", "M30", "HIGH_PERFORMANCE", True),
        ("AWS", "M40_NVME", "PROVISIONED", True),
        ("AZURE", "M30", None, False),
        ("AZURE", "M40", None, True),
        ("AZURE", "R60", None, True),
        ("AZURE", "M200", None, True),
        ("AZURE", "M60_NVME", None, False),
        ("GCP", "M40", None, False),
    ],
)
def test_the_speed_of_a_disk_is_named_only_where_it_can_be_chosen(
    world: AtlasWorld, provider: str, size: str, volume: str | None, kept: bool
) -> None:
    world.cluster("prod")
    own = specs(ebsVolumeType=volume, instanceSize=size)
    machines = {name: value for name, value in own.items() if value is not None}
    found = region(world, providerName=provider, electableSpecs=machines)
    assert ("diskIOPS" in found["electableSpecs"]) == kept


def test_nodes_that_there_are_none_of_are_not_asked_for(world: AtlasWorld) -> None:
    world.cluster("prod")
    found = region(world, readOnlySpecs=specs(nodeCount=0), analyticsSpecs=specs(nodeCount=1))
    assert "readOnlySpecs" not in found
    assert found["analyticsSpecs"]["nodeCount"] == 1


def test_the_limits_of_scaling_are_named_only_where_it_scales(world: AtlasWorld) -> None:
    world.cluster("prod")
    on = {"enabled": True, "scaleDownEnabled": True, "minInstanceSize": "M10", "maxInstanceSize": "M40"}
    found = region(
        world,
        autoScaling={"compute": on, "diskGB": {"enabled": True}},
        analyticsAutoScaling={"compute": on | {"enabled": False}, "autoIndexing": {"enabled": False}},
    )
    assert found["autoScaling"] == {"compute": on, "diskGB": {"enabled": True}}
    assert found["analyticsAutoScaling"] == {"compute": {"enabled": False}}


def test_every_shard_is_asked_for_and_zones_only_of_a_global_cluster(world: AtlasWorld) -> None:
    world.cluster("prod", shards=3)
    assert [each.keys() for each in asked(world)["replicationSpecs"]] == [{"regionConfigs"}] * 3
    world.clusters.pop("prod-2")
    world.clusters["prod"]["clusterType"] = "GEOSHARDED"
    assert [each["zoneName"] for each in asked(world)["replicationSpecs"]] == ["Zone 1"] * 3


@pytest.mark.parametrize(("own", "zones"), [(True, False), (False, True), (None, True)])
def test_a_global_cluster_that_shards_itself_stays_one_and_has_no_zones(
    world: AtlasWorld, own: bool | None, zones: bool
) -> None:
    world.cluster("prod", shards=2, clusterType="GEOSHARDED", globalClusterSelfManagedSharding=own)
    body = asked(world)
    assert body.get("globalClusterSelfManagedSharding", False) == (own is True)
    assert ["zoneName" in each for each in body["replicationSpecs"]] == [zones] * 2


@pytest.mark.parametrize(("shards", "kept"), [(2, "FIXED_TO_DEDICATED"), (0, None)])
def test_how_the_config_servers_are_managed_is_kept_where_there_are_any(
    world: AtlasWorld, shards: int, kept: str | None
) -> None:
    world.cluster("prod", shards=shards, configServerManagementMode="FIXED_TO_DEDICATED", configServerType="DEDICATED")
    body = asked(world)
    assert body.get("configServerManagementMode") == kept
    assert "configServerType" not in body, "Atlas says which it is, and nobody asks for it"


def test_the_line_that_there_is_now_is_what_comes_back(world: AtlasWorld) -> None:
    until = world.clock() + timedelta(hours=1)
    line = writes.allow(world.connect(), "198.51.100.7", "run 1", until)
    assert (line.cidr, line.comment, line.until) == ("198.51.100.7/32", "run 1", until)
