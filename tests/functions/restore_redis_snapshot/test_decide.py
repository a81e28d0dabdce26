"""What restore-redis-snapshot answers: each branch, and the sentence that a person reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.aws.caches import Cache
from remediation.core.probed import Fault, Probed, Step
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from restore_redis_snapshot.decide import RESTORE, SETTLING, decide
from restore_redis_snapshot.facts import Facts, Recipe, Restore
from restore_redis_snapshot.settings import Settings

NOW = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SETTINGS = Settings(caches=("dev-redis",), prefix="dev-restored-")
NAME, NEW = "remedy-dev-redis-202611230310", "dev-restored-1"
RECIPE = Recipe(
    snapshot=NAME,
    status="available",
    of="dev-redis",
    ours=True,
    at=NOW - 30 * MINUTE,
    size="4 MB",
    kind="cluster",
    engine="redis",
    version="7.0.7",
    node_type="cache.t3.micro",
    subnet_group="dev-elasticache-subnets",
    security_groups=("sg-0c0c0c0c0c0c0c0c0",),
    parameter_group="dev-redis7",
    saved=1,
)
GROUP = replace(RECIPE, kind="group", node_type="cache.t3.small", replicas=1)
MISSING = Cache(id=NEW, kind="cluster", status="not there")
THERE = Cache(id=NEW, kind="cluster", status="available", host="new.example", port=6379)


def facts(new: Cache = MISSING, recipe: Recipe | None = RECIPE, fault: Fault | None = None, **more: Any) -> Facts:
    if new.status == "available" and "probed" not in more:
        step = Step(layer="ping", because="It was asked.", fault=fault)
        more["probed"] = Probed(dependency="redis", host=new.host, port=new.port, at=NOW, steps=(step,))
    return Facts(new=new, name=NAME, recipe=recipe, **more)


def tried(result: Any = "done", ago: timedelta = MINUTE, recipe: Recipe = RECIPE) -> tuple[Attempt[Restore], ...]:
    target = Restore(id=NEW, recipe=recipe)
    return (Attempt(action=RESTORE, target=target, at=NOW - ago, result=result, receipt="It was refused."),)


def decided(seen: Facts, made: tuple[Attempt[Restore], ...] = ()) -> Verdict[Restore]:
    return decide(seen, SETTINGS, made, NOW)


def escalated(seen: Facts, made: tuple[Attempt[Restore], ...] = ()) -> Escalate:
    verdict = decided(seen, made)
    assert isinstance(verdict, Escalate), verdict
    return verdict


def waited(seen: Facts, made: tuple[Attempt[Restore], ...] = ()) -> Wait:
    verdict = decided(seen, made)
    assert isinstance(verdict, Wait), verdict
    return verdict


def act(recipe: Recipe = RECIPE) -> Act[Restore]:
    verdict = decided(facts(recipe=recipe))
    assert isinstance(verdict, Act), verdict
    return verdict


# --------------------------------------------------------------------------------------------------------------- before


def test_a_snapshot_becomes_a_new_cache_once_a_person_agrees() -> None:
    wanted = act()
    assert (wanted.action, wanted.resource, wanted.target) == (
        RESTORE, "cache dev-restored-1", Restore(id=NEW, recipe=RECIPE),
    )  # fmt: skip
    assert wanted.because == (
        f"{NAME} holds dev-redis as of 2026-11-23 03:10 UTC (4 MB)."
        " It becomes the new cache dev-restored-1; dev-redis stays as it is."
    )
    assert wanted.approval is not None
    assert wanted.approval.people == 1
    assert wanted.approval.because == (
        "dev-restored-1 is made new: a cache cluster (redis 7.0.7, cache.t3.micro) with the groups and parameters of"
        " dev-redis. It costs what dev-redis costs, until somebody deletes it."
    )


@pytest.mark.parametrize("status", ["available", "creating", "deleting", "create-failed"])
def test_a_name_that_exists_is_never_used_again_whatever_it_is(status: str) -> None:
    verdict = escalated(facts(replace(THERE, status=status)))
    assert verdict.because == f"{NEW} exists ({status}) and is not overwritten; give the new cache another name."


def test_a_snapshot_that_is_not_there_is_said_not_to_be() -> None:
    verdict = escalated(facts(recipe=None))
    assert verdict.because == f"There is no snapshot {NAME} of a cache cluster or a replication group."
    assert "remedy snapshots" in verdict.next_steps
    assert any("create-serverless-cache" in step for step in verdict.next_steps)


def test_a_snapshot_that_is_being_taken_is_waited_for() -> None:
    assert waited(facts(recipe=replace(RECIPE, status="creating"))).because == f"{NAME} is still being taken."


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        (
            {"ours": False, "of": "prod-redis"},
            f"{NAME} is of prod-redis; the caches of this environment are dev-redis.",
        ),
        ({"status": "failed"}, f"{NAME} is failed: it is good for no restore."),
        ({"status": "deleting"}, f"{NAME} is deleting: it is good for no restore."),
        ({"shards": 3, "saved": 2}, f"{NAME} holds 2 of 3 shards: it is good for no restore."),
        ({"saved": 0}, f"{NAME} holds 0 of 1 shards: it is good for no restore."),
        ({"kind": "serverless"}, "dev-redis is a serverless cache by now, and a new one of that kind is made by hand."),
        (
            {"gone": True, "security_groups": ()},
            (
                "dev-redis is gone and its security groups with it:"
                " say them in `security_groups` of restore-redis-snapshot."
            ),
        ),
        (
            {"key": "arn:aws:kms:us-east-1:123456789012:key/1"},
            (
                "dev-redis is encrypted with the key arn:aws:kms:us-east-1:123456789012:key/1,"
                " which this may not use: restore it by hand."
            ),
        ),
    ],
)
def test_what_cannot_become_a_cache_like_the_one_that_was_saved_is_a_persons(changed: Any, because: str) -> None:
    verdict = escalated(facts(recipe=replace(RECIPE, **changed)))
    assert verdict.because == because
    assert (
        verdict.next_steps[0] == f"aws elasticache describe-snapshots --snapshot-name {NAME} --show-node-group-config"
    )


def test_with_a_key_of_ones_own_the_command_names_it() -> None:
    verdict = escalated(facts(recipe=replace(GROUP, key="arn:key")))
    assert "--kms-key-id arn:key --at-rest-encryption-enabled" in verdict.next_steps[1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"token": True}, "AWS tells nobody the token of dev-redis, so the new one asks for none until one is set."),
        ({"users": True}, "The user groups of dev-redis are not copied, so the new one asks for no user until they are set."),
        ({"gone": True}, "dev-redis is gone, so this is what its snapshot tells, and the security groups of the settings."),
        ({"gone": True}, "Whether it spoke TLS or asked for a login is not known: the new one does neither."),
    ],
)  # fmt: skip
def test_whoever_approves_is_told_what_is_not_copied(changed: Any, told: str) -> None:
    asked, plain = act(replace(GROUP, **changed)).approval, act(GROUP).approval
    assert asked is not None
    assert plain is not None
    assert told in asked.because
    assert told not in plain.because


def test_a_group_is_described_as_one() -> None:
    approval = act(replace(GROUP, shards=3, saved=3)).approval
    assert approval is not None
    assert "a replication group (redis 7.0.7, cache.t3.small, 3 shard(s) with 1 replica(s) each)" in approval.because


# ---------------------------------------------------------------------------------------------------------- afterwards


def test_what_this_run_made_is_waited_for_until_it_is_available() -> None:
    assert waited(facts(replace(THERE, status="creating")), tried()).because == f"{NEW} is creating."


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_what_does_not_show_yet_is_waited_for_and_then_told(result: Any) -> None:
    assert waited(facts(), tried(result, ago=4 * MINUTE)).because == f"{NEW} does not show yet."
    assert escalated(facts(), tried(result, ago=5 * MINUTE)).because == f"{NEW} was asked for and is not there."


def test_an_interrupted_call_that_was_carried_out_is_met_again_and_not_taken_for_somebody_elses() -> None:
    assert isinstance(decided(facts(THERE), tried("unknown")), Nothing)


def test_what_aws_refused_is_told_with_its_word_even_if_somebody_made_such_a_cache_since() -> None:
    for new in (MISSING, THERE):
        assert escalated(facts(new), tried("failed")).because == f"{NEW} could not be made: It was refused."


@pytest.mark.parametrize("status", ["create-failed", "restore-failed", "incompatible-network", "deleting"])
def test_what_came_to_nothing_is_told(status: str) -> None:
    verdict = escalated(facts(replace(THERE, status=status)), tried())
    assert verdict.because == f"{NEW} is {status}; nothing was restored."


def test_it_is_restored_when_it_answers_and_then_the_endpoint_and_the_import_are_told() -> None:
    verdict = decided(facts(THERE), tried())
    assert isinstance(verdict, Nothing)
    assert verdict.because == f"{NEW} is restored from {NAME}, and answers at new.example:6379."
    assert verdict.next_steps[0].startswith(f"terraform import aws_elasticache_cluster.restored {NEW}")


def test_a_groups_import_is_of_a_group() -> None:
    verdict = decided(facts(replace(THERE, kind="group"), GROUP), tried(recipe=GROUP))
    assert isinstance(verdict, Nothing)
    assert verdict.next_steps[0].startswith(f"terraform import aws_elasticache_replication_group.restored {NEW}")
    assert not any("auth-token" in step for step in verdict.next_steps)


@pytest.mark.parametrize(("had", "step"), [("token", "--auth-token-update-strategy SET"), ("users", "user-group-ids")])
def test_a_cache_that_wants_no_login_yet_answers_as_it_has_to_where_the_old_one_wanted_one(had: str, step: str) -> None:
    recipe = replace(GROUP, **{had: True})
    verdict = decided(facts(THERE, recipe, "token-not-wanted"), tried(recipe=recipe))
    assert isinstance(verdict, Nothing)
    assert verdict.because.endswith("It asks for no login yet.")
    assert any(step in each for each in verdict.next_steps)
    assert isinstance(decided(facts(THERE, GROUP, "token-not-wanted"), tried(recipe=GROUP)), Escalate)


@pytest.mark.parametrize("fault", sorted(SETTLING))
def test_what_passes_with_a_cache_that_was_just_made_is_waited_for(fault: Fault) -> None:
    because = f"{NEW} is available at new.example:6379 and does not answer: It was asked."
    assert waited(facts(THERE, fault=fault), tried()).because == because


@pytest.mark.parametrize("fault", ["tls-wanted", "token-wrong", "address-foreign", "not-permitted"])
def test_what_does_not_pass_is_a_persons_at_once(fault: Fault) -> None:
    verdict = escalated(facts(THERE, fault=fault), tried())
    assert verdict.because == f"{NEW} is available at new.example:6379 and does not answer: It was asked."
    assert "ping: It was asked." in verdict.evidence


def test_a_probe_that_does_not_answer_says_nothing_about_the_cache() -> None:
    seen = facts(THERE, probed=None, unprobed="Lambda did not answer.")
    because = f"{NEW} is available, and whether it answers is not known: Lambda did not answer."
    assert waited(seen, tried()).because == because
    bare = facts(replace(THERE, host=""), probed=None)
    assert waited(bare, tried()).because.endswith("not known: it has no endpoint yet")
