"""Every branch of snapshot-redis: what it says, and that the good case is left working beside each refusal."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.aws.caches import Cache, Node
from remediation.aws.snapshots import Snapshot
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from snapshot_redis.decide import BUSY, DELETE, TAKE, decide
from snapshot_redis.facts import Facts, Judged, Load
from snapshot_redis.naming import LONGEST, name_of, sound
from snapshot_redis.settings import Settings
from tests.functions.snapshot_redis.caches import CACHE, DAY, GROUP, HOUR, NOW, SETTINGS, facts, snapshot

MINUTE = timedelta(minutes=1)
NAME = "remedy-dev-redis-202611230340"


def decided(
    seen: Facts, *tried: Attempt[Judged], settings: Settings = SETTINGS, now: datetime = NOW
) -> Verdict[Judged]:
    return decide(seen, settings, tried, now)


def act(seen: Facts, **more: Any) -> Act[Judged]:
    verdict = decided(seen, **more)
    assert isinstance(verdict, Act), verdict
    return verdict


def tried(
    name: str = NAME,
    *,
    action: str = TAKE,
    result: Any = "done",
    ago: timedelta = MINUTE,
    receipt: str = "As AWS said.",
) -> Attempt[Judged]:
    target = Judged(id=name, cache="dev-redis", of="dev-redis")
    return Attempt(action=action, target=target, at=NOW - ago, result=result, receipt=receipt)


# ---------------------------------------------------------------------------------------------------------------- taking


def test_a_cache_without_a_snapshot_is_saved_under_a_name_of_its_own_and_the_minute() -> None:
    verdict = act(facts())
    assert (verdict.action, verdict.target) == (
        TAKE,
        Judged(id=NAME, cache="dev-redis", of="dev-redis", kind="cluster"),
    )
    assert verdict.resource == "cache dev-redis"
    assert verdict.because == ("dev-redis has no snapshot that is young enough: it has none. dev-redis saves it.")


def test_a_cache_whose_newest_snapshot_is_too_old_is_saved_and_a_young_one_is_enough() -> None:
    assert act(facts(snapshot(ago=DAY + MINUTE))).action == TAKE
    young = decided(facts(snapshot(ago=DAY - MINUTE)))
    assert isinstance(young, Nothing)
    assert young.because == (
        "dev-redis is saved: remedy-dev-redis-202611221200: available, 2026-11-22 03:41 UTC, 1 shard(s), size unknown."
    )


def test_who_is_about_to_risk_something_wants_one_that_is_young_indeed() -> None:
    half = timedelta(minutes=30)
    assert act(facts(snapshot(ago=half + MINUTE), within=half, asked=True)).action == TAKE
    assert isinstance(decided(facts(snapshot(ago=half), within=half, asked=True)), Nothing)


@pytest.mark.parametrize("status", ["creating", "deleting", "failed", "restoring", "copying", "exporting", ""])
def test_only_an_available_snapshot_counts(status: str) -> None:
    verdict = decided(facts(snapshot(status=status)))
    assert not isinstance(verdict, Nothing)


def test_somebody_elses_snapshot_counts_as_well_as_ours() -> None:
    assert isinstance(decided(facts(snapshot("automatic.dev-redis-2026-11-22", manual=False))), Nothing)


def test_a_snapshot_that_lacks_a_shard_does_not_count() -> None:
    sharded = replace(GROUP, shards=2, clustered=True)
    assert act(facts(snapshot(shards=1), cache=sharded)).action == TAKE
    assert isinstance(decided(facts(snapshot(shards=2), cache=sharded)), Nothing)


def test_a_snapshot_from_the_future_does_not_count() -> None:
    assert act(facts(snapshot(ago=-MINUTE))).action == TAKE


@pytest.mark.parametrize(
    ("cache", "of", "kind"),
    [
        (CACHE, "dev-redis", "cluster"),
        (GROUP, "dev-redis-002", "cluster"),
        (replace(GROUP, nodes=GROUP.nodes[:1]), "dev-redis", "group"),
        (replace(GROUP, clustered=True, shards=2), "dev-redis", "group"),
        (replace(GROUP, clustered=True), "dev-redis", "group"),
        (replace(CACHE, kind="serverless", nodes=(), node_type=""), "dev-redis", "serverless"),
    ],
    ids=["cluster", "replica", "group of one", "cluster mode", "cluster mode with one shard", "serverless"],
)
def test_a_replica_saves_where_there_is_one_and_cluster_mode_is_saved_as_a_whole(
    cache: Cache, of: str, kind: str
) -> None:
    target = act(facts(cache=cache)).target
    assert (target.of, target.kind) == (of, kind)


def test_one_that_is_being_taken_is_waited_for_and_no_second_one_is_asked_for() -> None:
    verdict = decided(facts(snapshot("of-somebody", None)))
    assert isinstance(verdict, Wait)
    assert verdict.because == "of-somebody of dev-redis is being taken."


@pytest.mark.parametrize("status", [*BUSY, "rebooting cluster nodes"])
def test_a_cache_that_is_being_worked_on_is_waited_for(status: str) -> None:
    verdict = decided(facts(cache=replace(CACHE, status=status)))
    assert isinstance(verdict, Wait)
    assert verdict.because == f"dev-redis is {status}."


@pytest.mark.parametrize("status", ["deleting", "incompatible-network", "restore-failed", "unknown"])
def test_a_cache_that_is_neither_available_nor_busy_is_a_persons(status: str) -> None:
    verdict = decided(facts(cache=replace(CACHE, status=status)))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"dev-redis is {status} and cannot be saved."


def test_a_cache_that_is_not_there_is_said_to_be() -> None:
    verdict = decided(facts(cache=Cache(id="dev-redis", kind="cluster", status="not there")))
    assert isinstance(verdict, Escalate)
    assert verdict.because == "There is no cache dev-redis."


@pytest.mark.parametrize(
    ("cache", "what"),
    [(replace(CACHE, engine="memcached"), "Memcached"), (replace(CACHE, node_type="cache.t1.micro"), "cache.t1.micro")],
)
def test_what_aws_cannot_save_is_said_and_not_tried(cache: Cache, what: str) -> None:
    verdict = decided(facts(cache=cache))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"dev-redis cannot be saved: AWS takes no snapshots of {what}."


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (Load(memory=75.1), "its memory is 75 % full (at most 75 %)"),
        (Load(evictions=1), "it evicted 1 keys in 10 minutes"),
        (Load(cpu=60.1), "its CPU is at 60 % (at most 60 %)"),
        (Load(memory=90, cpu=80), "its memory is 90 % full (at most 75 %) and its CPU is at 80 % (at most 60 %)"),
    ],
)
def test_a_single_node_under_strain_is_not_burdened_and_the_numbers_are_told(load: Load, reason: str) -> None:
    verdict = decided(facts(load=load))
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"dev-redis is a single node and under strain: {reason}. A snapshot would add to it."


@pytest.mark.parametrize("load", [Load(memory=75, evictions=0, cpu=60), Load()], ids=["at the edge", "unknown"])
def test_a_single_node_at_the_edge_or_of_unknown_load_is_saved(load: Load) -> None:
    assert act(facts(load=load)).action == TAKE


def test_a_group_with_a_replica_is_saved_under_any_strain() -> None:
    assert act(facts(cache=GROUP, load=Load(memory=99, evictions=1000, cpu=99))).target.of == "dev-redis-002"


def test_the_fifth_of_ours_within_a_day_is_refused_with_the_numbers_and_the_fourth_is_not() -> None:
    old = [snapshot(f"remedy-dev-redis-{n}", 2 * HOUR + n * MINUTE) for n in range(4)]
    verdict = decided(facts(*old, within=HOUR))
    assert isinstance(verdict, Escalate)
    assert verdict.because == (
        "dev-redis got 4 snapshots within 24 hours, 4 of them ours; the limits are 20 of AWS and 4 of ours (`per_day`)."
    )
    assert act(facts(*old[:3], within=HOUR)).action == TAKE
    aged = [snapshot(f"remedy-dev-redis-{n}", DAY + n * MINUTE) for n in range(4)]
    assert act(facts(*aged, within=HOUR)).action == TAKE


@pytest.mark.parametrize(("kind", "most"), [("cluster", 20), ("serverless", 24)])
def test_the_quota_of_aws_counts_everybodys(kind: Any, most: int) -> None:
    cache = replace(CACHE, kind=kind)
    of_people = [snapshot(f"people-{n}", 2 * HOUR) for n in range(most)]
    assert isinstance(decided(facts(*of_people, cache=cache, within=HOUR)), Escalate)
    automatic = [replace(each, manual=False) for each in of_people]
    assert act(facts(*of_people[1:], *automatic, cache=cache, within=HOUR)).action == TAKE


# --------------------------------------------------------------------------------------------------- what came of it


def test_a_snapshot_that_this_run_asked_for_is_waited_for_until_it_is_whole() -> None:
    waits = decided(facts(snapshot(NAME, None)), tried())
    assert isinstance(waits, Wait)
    assert waits.because == f"{NAME} is being taken."
    assert isinstance(decided(facts(snapshot(NAME, timedelta(0))), tried()), Nothing)


def test_a_snapshot_that_does_not_show_yet_is_waited_for_and_then_told() -> None:
    waits = decided(facts(), tried(ago=timedelta(minutes=4)))
    assert isinstance(waits, Wait)
    assert waits.because == f"{NAME} does not show yet."
    lost = decided(facts(), tried(ago=timedelta(minutes=5)))
    assert isinstance(lost, Escalate)
    assert lost.because == f"{NAME} was asked for and is not there."


def test_an_interrupted_request_is_looked_for_and_not_made_twice() -> None:
    assert isinstance(decided(facts(snapshot(NAME, None)), tried(result="unknown")), Wait)
    assert isinstance(decided(facts(), tried(result="unknown")), Wait)


def test_a_request_that_aws_refused_is_told_with_its_reason() -> None:
    verdict = decided(facts(), tried(result="failed", receipt="SnapshotQuotaExceededFault."))
    assert isinstance(verdict, Escalate)
    assert verdict.because == "dev-redis could not be saved: SnapshotQuotaExceededFault."


@pytest.mark.parametrize("status", ["failed", "deleting"])
def test_a_snapshot_that_came_to_nothing_is_told(status: str) -> None:
    verdict = decided(facts(snapshot(NAME, status=status)), tried())
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"{NAME} is {status}; dev-redis is not saved."


def test_a_snapshot_that_lacks_a_shard_is_good_for_no_restore() -> None:
    sharded = replace(GROUP, shards=3, clustered=True)
    verdict = decided(facts(snapshot(NAME, MINUTE, shards=2), cache=sharded), tried())
    assert isinstance(verdict, Escalate)
    assert verdict.because == f"{NAME} holds 2 of 3 shards of dev-redis; it is good for no restore."


def test_a_memory_that_is_nearly_full_is_told_once_a_day_beside_the_snapshot() -> None:
    told = decided(facts(snapshot(), load=Load(memory=92)))
    assert isinstance(told, Nothing)
    assert told.tell is not None
    assert told.tell.title == "dev-redis is saved, and its memory is 92 % full: a larger node, or fewer keys"
    quiet = decided(facts(snapshot(), load=Load(memory=89)))
    assert isinstance(quiet, Nothing)
    assert quiet.tell is None


def test_each_cache_gets_its_turn() -> None:
    other = replace(CACHE, id="dev-sessions")
    both = Facts(caches=(*facts(snapshot()).caches, *facts(cache=other).caches), within=DAY)
    assert act(both).target.cache == "dev-sessions"


# -------------------------------------------------------------------------------------------------------------- rotation

AGED = [snapshot(f"remedy-dev-redis-{n:02d}", timedelta(days=n) + MINUTE * 30) for n in range(30)]


def test_the_oldest_of_ours_goes_first_and_only_beyond_what_is_kept() -> None:
    verdict = act(facts(*AGED))
    assert (verdict.action, verdict.target.id) == (DELETE, "remedy-dev-redis-29")
    assert verdict.because == ("remedy-dev-redis-29 is ours, 696 h old, and 7 newer ones of dev-redis are kept.")
    assert isinstance(decided(facts(*AGED[:7])), Nothing)
    assert isinstance(decided(facts(*AGED[:14])), Nothing), "the eighth and more are not yet old enough"
    assert act(facts(*AGED[:15])).target.id == "remedy-dev-redis-14"


def test_a_run_deletes_one_and_leaves_the_others_to_the_next() -> None:
    done = decided(facts(*AGED[:-1]), tried("remedy-dev-redis-29", action=DELETE))
    assert isinstance(done, Nothing)


def test_a_run_that_saved_a_cache_deletes_nothing_and_to_delete_does_not_take_the_cache() -> None:
    assert isinstance(decided(facts(snapshot(NAME, MINUTE), *AGED), tried()), Nothing)
    assert act(facts(*AGED)).resource == "snapshots of dev-redis"
    assert act(facts()).resource == "cache dev-redis"


def test_a_snapshot_that_took_longer_than_it_may_be_old_is_enough_for_the_run_that_took_it() -> None:
    late = facts(snapshot(NAME, 40 * MINUTE), within=30 * MINUTE, asked=True)
    assert isinstance(decided(late, tried(ago=41 * MINUTE)), Nothing)
    assert act(late).action == TAKE, "for any other it is too old"


def test_a_run_looks_after_one_cache_and_leaves_the_others_to_the_next() -> None:
    other = replace(CACHE, id="dev-sessions")
    both = Facts(caches=(*facts(cache=other).caches, *facts(snapshot(NAME, MINUTE)).caches), within=DAY)
    verdict = decided(both, tried())
    assert isinstance(verdict, Nothing)
    assert verdict.because.startswith("dev-redis is saved")


def test_who_waits_for_a_snapshot_does_not_wait_for_others_to_be_deleted() -> None:
    assert isinstance(decided(facts(*AGED, within=HOUR, asked=True)), Nothing)


def test_a_deletion_that_failed_is_told_and_not_repeated() -> None:
    verdict = decided(
        facts(*AGED), tried("remedy-dev-redis-29", action=DELETE, result="failed", receipt="AccessDenied.")
    )
    assert isinstance(verdict, Escalate)
    assert verdict.because == "remedy-dev-redis-29 could not be deleted: AccessDenied."


@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),  # days
            st.booleans(),  # our name
            st.booleans(),  # our tag
            st.booleans(),  # by hand
            st.sampled_from(["available", "available", "available", "failed", "creating"]),
            st.sampled_from(["dev-redis", "dev-redis", "dev-sessions"]),
        ),
        max_size=30,
    ),
    st.integers(3, 10),
    st.integers(0, 30),
)
def test_what_is_not_ours_and_the_newest_is_never_deleted_and_never_fewer_are_left_than_are_to_be_kept(
    made: list[tuple[int, bool, bool, bool, str, str]], keep: int, days: int
) -> None:
    known = sorted(
        (
            Snapshot(
                name=f"{'remedy-' if ours else 'people-'}{n}",
                cache=cache,
                status=status,
                at=NOW - timedelta(days=age, minutes=n + 1),
                shards=1,
                manual=manual,
            )
            for n, (age, ours, _, manual, status, cache) in enumerate(made)
        ),
        key=lambda each: each.at or NOW,
        reverse=True,
    )
    tagged = tuple(each.name for each in known if made[int(each.name.partition("-")[2])][2])
    verdict = decided(
        facts(*known, tagged=tagged, within=timedelta(days=400)),
        settings=replace(SETTINGS, keep=keep, keep_for=timedelta(days=days)),
    )
    if not isinstance(verdict, Act) or verdict.action != DELETE:
        return
    good = [each for each in known if each.complete(CACHE)]
    (gone,) = [each for each in known if each.name == verdict.target.id]
    assert gone.named_by_us
    assert gone.name in tagged
    assert gone.cache == "dev-redis"
    assert gone is not good[0]
    assert gone.at is not None
    assert NOW - gone.at > timedelta(days=days)
    assert sum(each.named_by_us for each in good) - 1 >= keep


@given(st.from_regex(r"\A[a-z](-?[a-z0-9])*\Z").filter(lambda name: len(name) <= 50), st.datetimes())
def test_every_name_is_one_that_elasticache_takes(cache: str, at: datetime) -> None:
    name = name_of(cache, at)
    assert sound(name)
    assert len(name) <= LONGEST
    assert name == name_of(cache, at + timedelta(microseconds=1)) or at.second == 59


def test_nodes_are_known_by_their_caches_name() -> None:
    settings = Settings(caches=("dev-redis", "dev-redis-sessions"))
    assert [settings.called(name) for name in ("dev-redis", "dev-redis-001", "dev-redis-0001-002")] == ["dev-redis"] * 3
    assert settings.called("dev-redis-sessions-001") == "dev-redis-sessions"
    assert [settings.called(name) for name in ("prod-redis", "dev-redis-x", "dev-redi")] == ["", "", ""]


def test_a_node_list_is_not_needed_to_save_a_group() -> None:
    unknown = replace(GROUP, nodes=(Node(id="dev-redis-001", role="unknown"),))
    assert act(facts(cache=unknown)).target.kind == "group"
