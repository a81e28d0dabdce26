"""The command `snapshots`: every snapshot of the environment's caches, and whether one is fresh enough to risk something."""

import io
import json
from datetime import timedelta

import pytest

from remediation.adapters.clients import Clients
from tests.functions.fakes.caches import TAKES, CacheWorld
from tests.remedy.cached import caches_of
from tests.remedy.console import fine, refused
from tests.remedy.people import Console

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TAKE = "remedy invoke snapshot-redis --target dev-redis --env dev --apply"


@pytest.fixture
def world(aws: Clients, people: Console, monkeypatch: pytest.MonkeyPatch) -> CacheWorld:
    """Return a world with the environment's cache."""
    assert aws.place.environment == "dev"
    world = caches_of(people, monkeypatch)
    world.cluster("dev-redis")
    return world


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_every_snapshot_is_a_row_the_newest_first_and_the_cache_is_told(world: CacheWorld) -> None:
    world.kept("remedy-dev-redis-202611230320", "dev-redis", TAKES + 20 * MINUTE)
    world.kept("before-migration", "dev-redis", TAKES + 2 * DAY)
    world.kept("automatic.dev-redis-2026-11-22", "dev-redis", TAKES + DAY, source="automated")
    world.kept("of-another-cache", "dev-sessions", TAKES + MINUTE)
    assert rows(fine("snapshots")) == [
        "snapshot cache taken age status shards size whose fresh",
        "remedy-dev-redis-202611230320 dev-redis 2026-11-23 03:20:00 UTC 20 min available 1 of 1 4 MB ours yes",
        "automatic.dev-redis-2026-11-22 dev-redis 2026-11-22 03:40:00 UTC 1 d available 1 of 1 4 MB automatic no",
        "before-migration dev-redis 2026-11-21 03:40:00 UTC 2 d available 1 of 1 4 MB somebody's no",
        "dev-redis is available; remedy-dev-redis-202611230320 is fresh enough to risk something.",
    ]


def test_a_snapshot_that_is_being_taken_or_came_to_nothing_is_not_fresh(world: CacheWorld) -> None:
    world.kept("being-taken", "dev-redis", MINUTE)
    world.kept("broken", "dev-redis", TAKES + MINUTE, status="failed")
    assert rows(fine("snapshots"))[1:] == [
        "broken dev-redis - - failed 0 of 1 - somebody's no",
        "being-taken dev-redis - - creating 0 of 1 - somebody's no",
        f"dev-redis is available; no complete snapshot is younger than 30 min: {TAKE}",
    ]


def test_a_snapshot_that_lacks_shards_says_how_many(world: CacheWorld) -> None:
    world.clusters.clear()
    world.group("dev-redis", shards=3, clustered=True)
    world.kept("incomplete", "dev-redis", TAKES + MINUTE, lost=1)
    assert " 2 of 3 " in rows(fine("snapshots"))[1]
    assert rows(fine("snapshots"))[1].endswith(" no")


def test_where_there_is_none_the_command_to_take_one_is_told(world: CacheWorld) -> None:
    assert world.snapshots == {}
    assert fine("snapshots") == f"dev-redis is available; no complete snapshot is younger than 30 min: {TAKE}\n"


def test_a_cache_that_is_not_there_is_told(world: CacheWorld) -> None:
    world.clusters.clear()
    assert fine("snapshots") == "There is no cache dev-redis (setting `caches` of snapshot-redis).\n"


def test_for_machines_it_is_one_line_of_json(world: CacheWorld) -> None:
    world.kept("remedy-1", "dev-redis", TAKES + 20 * MINUTE)
    told = json.loads(fine("snapshots", "--json"))
    assert told["snapshots"] == [
        {
            "name": "remedy-1",
            "cache": "dev-redis",
            "status": "available",
            "whose": "ours",
            "fresh": True,
            "shards": "1 of 1",
            "taken": "2026-11-23T03:20:00Z",
            "age": "PT1200S",
            "size": "4 MB",
        }
    ]
    assert (told["environment"], told["at"]) == ("dev", "2026-11-23T03:40:00Z")


def test_on_a_terminal_it_is_a_table(world: CacheWorld, terminal: io.StringIO) -> None:
    world.kept("remedy-1", "dev-redis", TAKES + 20 * MINUTE)
    world.kept("broken", "dev-redis", TAKES + MINUTE, status="failed")
    assert fine("snapshots") == ""
    shown = terminal.getvalue()
    assert "remedy-1" in shown
    assert "\x1b[32m" in shown, "what is fresh is green"
    assert "\x1b[33m" in shown, "what is good for nothing is yellow"


def test_what_may_not_be_seen_is_one_sentence(world: CacheWorld, people: Console) -> None:
    assert world.clusters
    people.denied.add("DescribeCacheClusters")
    assert refused("snapshots", status=1) == (
        "These credentials may not do ElastiCache:DescribeCacheClusters in dev. Use those of its operators."
    )
