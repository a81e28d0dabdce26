"""The commands `database status` and `database backups`: what there is at Atlas, what is wrong, and what can be restored."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest

from remediation.adapters.clients import Clients
from remedy.environment import environment
from restore_database.settings import Incident, scope
from tests.functions.fakes.atlas import PRIVATE, AtlasWorld
from tests.functions.fakes.atlas_service import PROJECT
from tests.remedy.atlas import NAME, atlas_of, saved
from tests.remedy.console import fine, refused
from tests.remedy.people import Console
from tests.support.steps import NIGHT


@pytest.fixture
def world(aws: Clients, people: Console, monkeypatch: pytest.MonkeyPatch) -> AtlasWorld:
    """Return a project with the environment's cluster, and an access list that has nothing wrong."""
    assert aws.place.environment == "dev"
    world = atlas_of(people, monkeypatch)
    world.cluster(NAME)
    world.allow("198.51.100.7/32", "NAT gateway of dev")
    return world


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


# ---------------------------------------------------------------------------------------------------------------- status


def test_a_sound_project_is_its_clusters_and_not_a_word_more(world: AtlasWorld) -> None:
    world.flex_cluster("sandbox")
    assert rows(fine("database", "status")) == [
        "cluster state tier version where backups host",
        f"{NAME} IDLE M10 8.0.13 AWS US_EAST_1 on {NAME}.ab1cd.mongodb.net",
        "sandbox IDLE FLEX 8.0.13 AWS US_EAST_1 daily, by Atlas sandbox.ab1cd.mongodb.net",
    ]
    assert world.written == []


def test_an_m0_has_no_backups_and_it_says_so(world: AtlasWorld) -> None:
    world.clusters.clear()
    world.cluster(NAME, "M0")
    _, row, finding = rows(fine("database", "status"))
    assert "none: an M0 has none" in row
    assert finding.startswith(f"{NAME} is an M0: it has no backups, and nothing brings its data back.")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"backupEnabled": False}, f"{NAME} (M10) has no backups: Cloud Backup is switched off."),
        (
            {"paused": True},
            f"{NAME} is paused: nobody can connect to it. Resume it with: atlas clusters start {NAME} --projectId {PROJECT}",
        ),
    ],
)
def test_what_is_wrong_with_a_cluster_is_a_sentence(world: AtlasWorld, more: dict[str, Any], why: str) -> None:
    world.cluster(NAME, **more)
    assert rows(fine("database", "status"))[-1].startswith(why)


@pytest.mark.parametrize(
    ("cidr", "why"),
    [
        ("0.0.0.0/0", "0.0.0.0/0 is on the access list (for the demo): everybody on the internet may try passwords."),
        ("::/0", "::/0 is on the access list (for the demo): everybody on the internet may try passwords."),
        ("8.8.0.0/16", "8.8.0.0/16 is on the access list (for the demo): it lets 65,536 public addresses in."),
        ("3.0.0.0/9", "3.0.0.0/9 is on the access list (for the demo): it lets 8,388,608 public addresses in."),
    ],
)
def test_a_line_that_lets_strangers_in_is_a_finding(world: AtlasWorld, cidr: str, why: str) -> None:
    world.allow(cidr, "for the demo")
    assert rows(fine("database", "status"))[-1].startswith(why)


@pytest.mark.parametrize("cidr", ["8.8.8.0/24", "10.0.0.0/8", "198.51.100.9/32"])
def test_a_line_of_ones_own_network_is_none(world: AtlasWorld, cidr: str) -> None:
    world.allow(cidr)
    assert len(rows(fine("database", "status"))) == 2


def test_when_a_line_ends_by_itself_it_is_told(world: AtlasWorld) -> None:
    world.allow("0.0.0.0/0", until=NIGHT + timedelta(hours=2))
    assert rows(fine("database", "status"))[-1].endswith("It is there until 2026-11-23 05:40:00 UTC.")


def test_a_line_that_has_ended_is_no_finding_while_atlas_has_not_taken_it_away(world: AtlasWorld) -> None:
    world.keeps_ended = True
    world.allow("0.0.0.0/0", until=NIGHT - timedelta(hours=3))
    assert len(rows(fine("database", "status"))) == 2
    assert len(world.access) == 2
    world.allow("8.8.0.0/16", until=NIGHT + timedelta(minutes=1))
    (finding,) = rows(fine("database", "status"))[2:]
    assert finding.startswith("8.8.0.0/16 is on the access list")


def test_a_project_without_the_environments_cluster_says_which_setting_is_wrong(world: AtlasWorld) -> None:
    world.clusters.clear()
    assert rows(fine("database", "status")) == [
        f"There is no cluster in the project {PROJECT}.",
        f"There is no cluster {NAME} (setting `cluster` of backup-database).",
    ]


def test_for_machines_the_status_is_one_line_of_json(world: AtlasWorld) -> None:
    world.allow("0.0.0.0/0")
    told = json.loads(fine("database", "status", "--json"))
    assert (told["environment"], told["at"], told["project"]) == ("dev", "2026-11-23T03:40:00Z", PROJECT)
    (cluster,) = told["clusters"]
    assert (cluster["name"], cluster["backups"], cluster["ours"]) == (NAME, "on", True)
    assert len(told["findings"]) == 1


def test_on_a_terminal_the_status_is_a_table_and_what_is_wrong_is_red(world: AtlasWorld, terminal: io.StringIO) -> None:
    world.allow("0.0.0.0/0")
    world.cluster("other", stateName="UPDATING")
    assert fine("database", "status") == ""
    shown = terminal.getvalue()
    for colour in ("\x1b[31m", "\x1b[32m", "\x1b[33m"):
        assert colour in shown


# --------------------------------------------------------------------------------------------------------------- backups


def test_every_snapshot_is_a_row_the_newest_first_and_how_to_restore_is_told(world: AtlasWorld) -> None:
    older, newest, failed, taken = (
        saved(world, 26),
        saved(world, 2, on_demand=True),
        saved(world, 1, status="failed"),
        saved(world, 0.04, on_demand=True),
    )
    assert rows(fine("database", "backups")) == [
        "snapshot taken age kind state size kept until restorable",
        f"{taken} 2026-11-23 03:37:36 UTC 2 min 24 s by hand inProgress 1.2 MB 2026-12-01 03:37:36 UTC no",
        f"{failed} 2026-11-23 02:40:00 UTC 1 h schedule failed 1.2 MB 2026-12-01 02:40:00 UTC no",
        f"{newest} 2026-11-23 01:40:00 UTC 2 h by hand completed 1.2 MB 2026-12-01 01:40:00 UTC yes",
        f"{older} 2026-11-22 01:40:00 UTC 1 d 2 h schedule completed 1.2 MB 2026-11-30 01:40:00 UTC yes",
        (
            f"{newest}, 2 h old, is the newest that can be restored, to a new cluster: "
            f"remedy invoke restore-database --target dev-restored-1 --set snapshot={newest} --env dev"
        ),
    ]


def test_the_name_that_is_told_to_restore_to_is_one_that_is_free_and_that_the_runbook_takes(world: AtlasWorld) -> None:
    id_ = saved(world, 2)
    world.cluster("dev-restored-1")
    told = rows(fine("database", "backups"))[-1]
    assert told.endswith(f"--target dev-restored-2 --set snapshot={id_} --env dev")
    there = environment("dev")
    settings: Any = there.settings(there.runbook("restore-database"))
    assert scope(Incident(new_cluster="dev-restored-2"), settings, there.place) is None


def test_where_nobody_knows_how_old_a_snapshot_is_the_sentence_reads_well_all_the_same(world: AtlasWorld) -> None:
    id_ = saved(world, 2, createdAt=None, status="completed")
    assert rows(fine("database", "backups"))[-1].startswith(
        f"{id_} is the newest that can be restored, to a new cluster: "
    )


def test_another_cluster_is_neither_saved_nor_restored_by_a_runbook_and_no_command_says_so(world: AtlasWorld) -> None:
    world.cluster("other")
    assert fine("database", "backups", "--cluster", "other") == (
        f"No snapshot of other is completed: by hand in Atlas; backup-database saves {NAME} only.\n"
    )
    id_ = world.snapshot("other", timedelta(hours=2))["id"]
    assert rows(fine("database", "backups", "--cluster", "other"))[-1] == (
        f"{id_}, 2 h old, is the newest that can be restored: by hand in Atlas; restore-database restores {NAME} only."
    )


@pytest.mark.parametrize(
    ("tier", "more", "why"),
    [
        ("M0", {}, f"No backup exists: {NAME} is an M0 (free), and an M0 has none."),
        ("M10", {"backupEnabled": False}, f"No backup exists: Cloud Backup of {NAME} (M10) is switched off."),
        ("M10", {}, f"No snapshot of {NAME} is completed: remedy invoke backup-database --env dev --apply"),
    ],
)
def test_that_there_is_none_is_an_answer(world: AtlasWorld, tier: str, more: dict[str, Any], why: str) -> None:
    world.cluster(NAME, tier, **more)
    assert fine("database", "backups") == f"{why}\n"


def test_a_flex_clusters_snapshots_are_restored_elsewhere(world: AtlasWorld) -> None:
    world.clusters.clear()
    world.flex_cluster(NAME)
    world.snapshots[NAME] = [
        {
            "id": "f" * 24,
            "status": "COMPLETED",
            "startTime": "2026-11-22T03:40:00Z",
            "expiration": "2026-11-30T00:00:00Z",
        }
    ]
    assert rows(fine("database", "backups"))[-1] == (
        f"{'f' * 24}, 1 d old, is the newest that can be restored: to a Flex cluster, by hand in Atlas."
    )


def test_of_another_cluster_it_has_to_be_one_of_the_project(world: AtlasWorld) -> None:
    world.cluster("other", "M0")
    assert fine("database", "backups", "--cluster", "other").startswith("No backup exists: other is an M0")
    assert refused("database", "backups", "--cluster", "othr", status=2) == (
        f"There is no cluster 'othr' in the project {PROJECT}; there are: {NAME}, other."
    )


def test_for_machines_the_backups_are_one_line_of_json(world: AtlasWorld) -> None:
    id_ = saved(world, 2, description="before the migration")
    told = json.loads(fine("database", "backups", "--json"))
    assert told["snapshots"] == [
        {
            "id": id_,
            "cluster": NAME,
            "kind": "schedule",
            "state": "completed",
            "restorable": True,
            "taken": "2026-11-23T01:40:00Z",
            "age": "PT7200S",
            "kept_until": "2026-12-01T01:40:00Z",
            "size": 1_234_567,
            "description": "before the migration",
        }
    ]


def test_on_a_terminal_what_can_be_restored_is_green(world: AtlasWorld, terminal: io.StringIO) -> None:
    saved(world, 2)
    saved(world, 1, status="failed")
    assert fine("database", "backups") == ""
    assert "\x1b[32m" in terminal.getvalue()
    assert "\x1b[33m" in terminal.getvalue()


# ------------------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("command", ["status", "backups"])
def test_what_atlas_refuses_is_told_in_its_words_and_without_a_secret(world: AtlasWorld, command: str) -> None:
    world.logins.keys.clear()
    told = refused("database", command, status=1)
    assert told.startswith("Atlas:ListClusters failed with")
    assert "the API key or service account is unknown or no longer valid" in told
    assert PRIVATE not in told


@pytest.mark.parametrize("command", ["status", "backups"])
def test_who_may_not_read_the_secret_is_told_so(world: AtlasWorld, people: Console, command: str) -> None:
    assert world.clusters
    people.denied.add("GetSecretValue")
    assert refused("database", command, status=1) == (
        "These credentials may not do Secrets Manager:GetSecretValue in dev. Use those of its operators."
    )


def test_a_busy_atlas_is_not_taken_for_a_busy_aws(world: AtlasWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediation.atlas.transport.time.sleep", lambda _: None)
    world.refuses["listClusters"] = (429, "RATE_LIMITED")
    told = refused("database", "status", status=1)
    assert "Atlas is being asked too often" in told
    assert "AWS is busy" not in told
