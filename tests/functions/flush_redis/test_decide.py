"""Whether the cache is flushed, branch by branch."""

from typing import Any

import pytest

from flush_redis.decide import FLUSH, decide
from flush_redis.facts import Facts, Flush
from flush_redis.settings import Incident, Settings, scope
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

SETTINGS = Settings(cache="dev-redis", allowed=True)
HOST = "dev-redis.abc123.0001.use1.cache.amazonaws.com"


def facts(**more: Any) -> Facts:
    known: dict[str, Any] = {
        "cache": "dev-redis",
        "status": "available",
        "host": HOST,
        "port": 6379,
        "keys": 1204,
        "role": "master",
    }
    return Facts(**(known | more))


def tried(result: Any, receipt: str = "DBSIZE went from 1,204 to 0.") -> tuple[Attempt[Flush], ...]:
    target = Flush(id="dev-redis", host=HOST, port=6379, tls=False, keys=1204)
    return (Attempt(action=FLUSH, target=target, at=NIGHT, result=result, receipt=receipt),)


def verdict(before: tuple[Attempt[Flush], ...] = (), **more: Any) -> Verdict[Flush]:
    return decide(facts(**more), SETTINGS, before, NIGHT)


def test_the_primary_is_flushed_once_two_people_agree_after_a_snapshot() -> None:
    act = verdict()
    assert isinstance(act, Act)
    assert (act.action, act.resource, act.after_snapshot) == (FLUSH, "cache dev-redis", "dev-redis")
    assert act.target == Flush(id="dev-redis", host=HOST, port=6379, tls=False, keys=1204)
    assert act.approval is not None
    assert act.approval.people == 2
    assert act.approval.because == (
        "All 1,204 keys of dev-redis are lost, and the database bears the load until it is warm again. "
        "A fresh snapshot is taken first."
    )


def test_without_a_snapshot_the_two_people_are_told_so() -> None:
    act = verdict(without_snapshot=True)
    assert isinstance(act, Act)
    assert act.after_snapshot == ""
    assert act.approval is not None
    assert (act.approval.people, act.approval.because.endswith("No snapshot is taken: nothing brings them back.")) == (
        2,
        True,
    )


@pytest.mark.parametrize("status", ["creating", "modifying", "snapshotting", "rebooting cluster nodes"])
def test_while_the_cache_is_being_worked_on_nothing_is_flushed(status: str) -> None:
    waits = verdict(status=status)
    assert isinstance(waits, Wait)
    assert waits.because == f"dev-redis is {status}; nothing is flushed meanwhile."


def test_a_server_that_cannot_be_looked_at_is_left_alone() -> None:
    told = verdict(keys=None, unseen="it refuses the connection.")
    assert isinstance(told, Escalate)
    assert told.because == "dev-redis cannot be looked at: it refuses the connection."


@pytest.mark.parametrize("role", ["slave", ""])
def test_a_replica_is_left_alone(role: str) -> None:
    told = verdict(role=role)
    assert isinstance(told, Escalate)
    assert "is a replica of dev-redis and takes no FLUSHALL" in told.because


def test_one_shard_of_several_is_not_flushed_alone() -> None:
    told = verdict(sharded=True)
    assert isinstance(told, Escalate)
    assert "has several shards" in told.because


def test_an_empty_cache_is_left_alone() -> None:
    assert verdict(keys=0) == Nothing(because="dev-redis holds no key.")


def test_what_the_application_has_put_into_it_since_does_not_count_against_it() -> None:
    assert verdict(tried("done"), keys=2000) == Nothing(
        because="dev-redis was flushed: DBSIZE went from 1,204 to 0. DBSIZE is 2,000 now."
    )


def test_after_an_interruption_fewer_keys_than_before_tell_that_it_was_flushed() -> None:
    assert verdict(tried("unknown"), keys=7) == Nothing(
        because="dev-redis was flushed: it had 1,204 keys, and DBSIZE is 7 now."
    )


@pytest.mark.parametrize("keys", [1204, 1300])
def test_after_an_interruption_as_many_keys_as_before_tell_nothing(keys: int) -> None:
    told = verdict(tried("unknown"), keys=keys)
    assert isinstance(told, Escalate)
    assert told.because.startswith("Whether dev-redis was flushed is not known")


def test_what_failed_is_not_tried_again() -> None:
    told = verdict(tried("failed", "Redis refuses FLUSHALL: NOPERM."))
    assert isinstance(told, Escalate)
    assert told.because == "dev-redis could not be flushed: Redis refuses FLUSHALL: NOPERM."


@pytest.mark.parametrize(
    ("incident", "settings", "why"),
    [
        (Incident(), SETTINGS, None),
        (Incident(cache="dev-redis"), SETTINGS, None),
        (Incident(cache="prod-redis"), SETTINGS, "prod-redis is not the cache of dev, which is dev-redis"),
        (
            Incident(),
            Settings(cache="dev-redis"),
            "dev-redis is not to be flushed in dev (setting `allowed` of flush-redis)",
        ),
    ],
)
def test_only_the_environments_own_cache_is_flushed_and_only_where_configuration_says_so(
    incident: Incident, settings: Settings, why: str | None
) -> None:
    assert scope(incident, settings, PLACE) == why
