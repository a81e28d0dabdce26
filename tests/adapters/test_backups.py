"""Snapshots before a risky act: one that is fresh and free is named, and else what became of the run that was asked for one."""

import json
from datetime import timedelta
from typing import Any

import pytest

from remediation.adapters.backups import AwsBackups
from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.errors import AwsError
from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.triggers import Invoked
from snapshot_redis.runbook import RUNBOOK
from snapshot_redis.settings import Incident, Settings
from tests.adapters.conftest import TABLE
from tests.adapters.ledger_of import close, receive
from tests.functions.fakes.caches import TAKES, CacheWorld
from tests.functions.fakes.elasticache import ElastiCache
from tests.functions.fakes.strict import Calls
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE = timedelta(minutes=1)
REQUEST = "run-1-snapshot-1"
CACHE = "dev-redis"


class Lambda:
    """Invoke: the same name again is refused, as a durable function's is."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}

    def invoke(self, **asked: Any) -> Any:
        assert (asked["FunctionName"], asked["InvocationType"]) == ("dev-snapshot-redis:live", "Event")
        if asked["DurableExecutionName"] in self.started:
            raise AwsError("Again.", operation="Invoke", code="DurableExecutionAlreadyStartedException")
        self.started[asked["DurableExecutionName"]] = json.loads(asked["Payload"])
        return {"StatusCode": 202}


@pytest.fixture
def world(aws: Clients) -> CacheWorld:
    world = CacheWorld(clock=lambda: NIGHT)
    world.cluster(CACHE)
    aws._made["elasticache"] = ElastiCache(world, Calls())
    return world


@pytest.fixture
def lambda_(aws: Clients) -> Lambda:
    lambda_ = Lambda()
    aws.acting._made["lambda"] = lambda_
    return lambda_


@pytest.fixture
def backups(aws: Clients, table: str, world: CacheWorld, lambda_: Lambda) -> AwsBackups:
    return AwsBackups(aws, table=TABLE)


def asked(aws: Clients, lambda_: Lambda) -> DynamoLedger:
    """Let the run begin that was asked for a snapshot; its ledger."""
    ledger = DynamoLedger(aws, table=TABLE, environment="dev")
    trigger = parse(lambda_.started[REQUEST])
    assert isinstance(trigger, Invoked)
    receive(ledger, "run-2", trigger.key, runbook="snapshot-redis", trigger="a manual invocation (apply)")
    return ledger


def test_a_fresh_and_complete_snapshot_is_named(backups: AwsBackups, world: CacheWorld) -> None:
    world.kept("of-somebody", CACHE, 33 * MINUTE)
    found = backups.look(CACHE, REQUEST, NIGHT)
    assert (found.snapshot, found.ended) == ("of-somebody", False)
    assert found.because == "of-somebody is a fresh snapshot of dev-redis."


@pytest.mark.parametrize("ago", [34 * MINUTE, timedelta(0)], ids=["too old", "being taken"])
def test_one_that_is_too_old_or_not_ready_is_none(backups: AwsBackups, world: CacheWorld, ago: timedelta) -> None:
    world.kept("of-somebody", CACHE, ago)
    found = backups.look(CACHE, REQUEST, NIGHT)
    assert (found.snapshot, found.ended) == ("", False)
    assert found.because == "dev-redis has no snapshot that is younger than 30 min."


def test_a_cache_that_is_not_there_will_have_none(backups: AwsBackups) -> None:
    found = backups.look("dev-other", REQUEST, NIGHT)
    assert (found.snapshot, found.ended, found.because) == ("", True, "There is no cache dev-other.")


def test_to_ask_twice_is_to_ask_once_and_snapshot_redis_understands_it(backups: AwsBackups, lambda_: Lambda) -> None:
    backups.take(CACHE, REQUEST)
    backups.take(CACHE, REQUEST)
    ((name, payload),) = lambda_.started.items()
    trigger = parse(payload)
    assert (name, isinstance(trigger, Invoked)) == (REQUEST, True)
    assert isinstance(trigger, Invoked)
    assert (trigger.apply, trigger.request) == (True, REQUEST)
    routed = route(RUNBOOK, trigger, PLACE, Settings(caches=(CACHE,)))
    assert routed == Incident(cache=CACHE, fresh_within=30)


def test_while_the_run_is_open_not_even_its_snapshot_counts(
    aws: Clients, backups: AwsBackups, world: CacheWorld, lambda_: Lambda
) -> None:
    backups.take(CACHE, REQUEST)
    ledger = asked(aws, lambda_)
    world.kept("remedy-new", CACHE, TAKES)
    found = backups.look(CACHE, REQUEST, NIGHT)
    assert (found.snapshot, found.ended) == ("", False)
    assert found.because == "Run run-2 of snapshot-redis is saving dev-redis."
    close(ledger, "run-2", None, runbook="snapshot-redis")
    assert backups.look(CACHE, REQUEST, NIGHT).snapshot == "remedy-new"


def test_a_run_that_came_to_nothing_is_told_with_its_reason(aws: Clients, backups: AwsBackups, lambda_: Lambda) -> None:
    backups.take(CACHE, REQUEST)
    ledger = asked(aws, lambda_)
    close(ledger, "run-2", None, status="escalated", runbook="snapshot-redis")
    found = backups.look(CACHE, REQUEST, NIGHT)
    assert (found.snapshot, found.ended) == ("", True)
    assert "Run run-2 of snapshot-redis ended escalated: " in found.because


def test_a_request_that_no_run_has_begun_is_still_waited_for(backups: AwsBackups) -> None:
    backups.take(CACHE, REQUEST)
    assert backups.look(CACHE, REQUEST, NIGHT).ended is False


def test_elasticache_that_does_not_answer_is_an_error_of_the_step(aws: Clients, backups: AwsBackups) -> None:
    class Down:
        def describe_cache_clusters(self, **_: Any) -> Any:
            raise AwsError("ElastiCache did not answer.", operation="DescribeCacheClusters", code="Timeout")

    aws._made["elasticache"] = Down()
    with pytest.raises(AwsError):
        backups.look(CACHE, REQUEST, NIGHT)
