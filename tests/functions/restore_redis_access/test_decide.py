"""Every branch of restore-redis-access: what it says, and that the good case is left working beside each refusal."""

from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.aws.caches import Cache, Node
from remediation.aws.cloudtrail import Change
from remediation.aws.rules import Rule
from remediation.core.probed import OWN_FAULTS, Fault, Layer, RedisFault
from remediation.core.redact import redact
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from restore_redis_access.advice import MEANS, NEXT
from restore_redis_access.decide import BUSY, DEAD, REBOOT, RESTORE, TOLD_BY, decide
from restore_redis_access.facts import Facts, Way
from restore_redis_access.rule import exact, opens, permission
from restore_redis_access.settings import Incident, Settings, scope
from tests.functions.restore_redis_access.nights import APPLICATION, CI, GROUP, SETTINGS, probed
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RULE = Rule(id="sgr-1", protocol="tcp", from_port=6379, to_port=6379, group=APPLICATION)
CACHE = Cache(
    id="dev-redis",
    kind="cluster",
    status="available",
    engine="redis",
    nodes=(Node(id="dev-redis", role="primary"),),
    security_groups=(GROUP,),
)
BY_CI = Change(call="RevokeSecurityGroupIngress", by=CI, at=NIGHT - 20 * MINUTE, role=True)
BY_ADA = replace(BY_CI, by="ada", role=False)
MISSING = f"dev-redis cannot be reached: the rule tcp 6379 from {APPLICATION} to {GROUP} is missing"


def facts(layer: Layer | None = "tcp", fault: Fault = "no-answer", **more: Any) -> Facts:
    """Return a night on which this layer fails, and the rule is there."""
    known: dict[str, Any] = {
        "environment": "dev",
        "cache": CACHE,
        "probed": probed(layer, fault),
        "rules": (RULE,),
    }
    return Facts(**(known | more))


def cut_off(**more: Any) -> Facts:
    """Return a night on which CI has taken the rule away."""
    known: dict[str, Any] = {"rules": (), "removals": (BY_CI,), "missing_since": NIGHT - 20 * MINUTE}
    return facts(**(known | more))


def decided(seen: Facts, *tried: Attempt[Way], now: datetime = NIGHT) -> Verdict[Way]:
    return decide(seen, SETTINGS, tried, now)


def because(verdict: Verdict[Way], type_: type[Any] = Escalate) -> str:
    assert isinstance(verdict, type_), verdict
    return str(verdict.because)


def tried(
    action: str = RESTORE, *, result: Any = "done", ago: timedelta = MINUTE, receipt: str = "As it was."
) -> Attempt[Way]:
    return Attempt(action=action, target=Way(id=GROUP), at=NIGHT - ago, result=result, receipt=receipt)


# --------------------------------------------------------------------------------------------------------- what is well


def test_a_redis_that_answers_is_well() -> None:
    verdict = decided(facts(None))
    assert because(verdict, Nothing) == (
        "dev-redis.abc123.0001.use1.cache.amazonaws.com:6379 answers PING; it is a primary."
    )


def test_one_that_answers_is_well_whatever_its_rules_and_its_status() -> None:
    assert isinstance(decided(facts(None, rules=(), cache=replace(CACHE, status="modifying"))), Nothing)


def test_connections_that_are_nearly_used_up_are_told_with_the_number_and_fewer_are_not() -> None:
    assert because(decided(facts(None, connections=61_750.0))) == (
        "dev-redis answers, and has 61,750 of 65,000 connections: the next clients are refused."
    )
    assert isinstance(decided(facts(None, connections=61_749.0)), Nothing)


# ---------------------------------------------------------------------------------------------------- what is not known


def test_a_probe_that_cannot_be_asked_is_a_persons() -> None:
    verdict = decided(facts(probed=None, unasked="The probe dev-probe-dependencies:live failed.", rules=()))
    assert because(verdict) == (
        "Whether dev-redis can be reached is not known, because the probe cannot be asked: "
        "The probe dev-probe-dependencies:live failed."
    )


def test_a_cache_that_is_not_there_is_said_to_be() -> None:
    assert because(decided(facts(cache=replace(CACHE, status="not there")))) == "There is no cache dev-redis."


@pytest.mark.parametrize("status", [*BUSY, "rebooting cluster nodes"])
def test_a_cache_that_is_being_worked_on_is_left_alone_though_the_rule_is_missing(status: str) -> None:
    verdict = decided(cut_off(cache=replace(CACHE, status=status)))
    assert because(verdict, Wait) == f"dev-redis is {status}; nothing is done meanwhile."


# ------------------------------------------------------------------------------------------------------------ the rule


def test_a_rule_that_a_machine_took_away_is_restored() -> None:
    verdict = decided(cut_off())
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target, verdict.approval) == (RESTORE, Way(id=GROUP), None)
    assert verdict.resource == f"security group {GROUP}"
    assert verdict.because == f"{MISSING}: {CI}, a machine, took it away at 2026-11-23 03:20 UTC."
    assert verdict.drift.startswith(f"Terraform owns the ingress of {GROUP}")


@pytest.mark.parametrize(
    "by",
    [
        BY_ADA,
        replace(BY_CI, by="Admin"),
        replace(BY_CI, role=False),
        replace(BY_CI, by="Root", role=False),
        replace(BY_CI, by=f"{CI}-2"),
    ],
    ids=["user", "role of a person", "user named as CI", "root", "role named nearly as CI"],
)
def test_a_rule_that_anybody_else_took_away_is_not_put_back(by: Change) -> None:
    assert because(decided(cut_off(removals=(by,)))) == (
        f"{MISSING}: {by.by} took a rule away (RevokeSecurityGroupIngress) at 2026-11-23 03:20 UTC. That may be meant so; "
        "it is not undone."
    )


def test_one_person_among_machines_is_enough_to_leave_it() -> None:
    assert isinstance(decided(cut_off(removals=(BY_CI, BY_ADA))), Escalate)
    assert isinstance(decided(cut_off(removals=(BY_CI, BY_CI))), Act)


def test_who_took_it_away_is_waited_for_until_cloudtrail_has_to_know_and_then_it_is_a_persons() -> None:
    soon = cut_off(removals=(), missing_since=NIGHT - TOLD_BY + MINUTE)
    assert because(decided(soon), Wait).endswith(
        "CloudTrail does not tell yet who took it away; it does within 15 minutes."
    )
    late = cut_off(removals=(), missing_since=NIGHT - TOLD_BY)
    assert because(decided(late)) == (
        f"{MISSING}, and CloudTrail knows of nobody who took it away. That may be meant so; it is not undone."
    )


def test_a_cloudtrail_that_does_not_answer_is_a_person() -> None:
    assert because(decided(cut_off(removals=None))).endswith(
        "Who took it away cannot be seen: CloudTrail does not answer."
    )


def test_it_is_restored_once_in_24_hours() -> None:
    again = decided(cut_off(restored_at=NIGHT - 24 * HOUR + MINUTE))
    assert because(again) == (
        f"{MISSING} again: it was restored on 2026-11-22 03:41 UTC, and {CI} took it away at 2026-11-23 03:20 UTC. "
        "It is restored once in 24 hours."
    )
    assert isinstance(decided(cut_off(restored_at=NIGHT - 24 * HOUR)), Act)


def test_a_group_that_does_not_exist_is_not_made() -> None:
    assert because(decided(cut_off(rules=None))) == f"dev-redis cannot be reached: {GROUP} does not exist."


def test_a_cache_in_another_group_would_not_be_helped() -> None:
    elsewhere = replace(CACHE, security_groups=("sg-0123456789abcdef0",))
    assert because(decided(cut_off(cache=elsewhere))) == (
        f"{MISSING}, and dev-redis is not in {GROUP} but in sg-0123456789abcdef0."
    )


@pytest.mark.parametrize(
    ("layer", "fault"),
    [("tcp", "refused"), ("dns", "name-unknown"), ("auth", "token-wrong"), ("tls", "certificate-expired")],
)
def test_a_missing_rule_is_not_why_where_another_layer_fails(layer: Layer, fault: Fault) -> None:
    assert isinstance(decided(cut_off(probed=probed(layer, fault))), Escalate)


def test_a_wider_rule_that_lets_the_application_in_is_enough() -> None:
    wide = replace(RULE, from_port=0, to_port=65535)
    every = replace(RULE, protocol="-1", from_port=-1, to_port=-1)
    for rule in (wide, every):
        assert not isinstance(decided(cut_off(rules=(rule,))), Act)


# -------------------------------------------------------------------------------------------------------- what came of it


def test_after_the_rule_is_back_redis_gets_two_minutes_to_answer() -> None:
    assert because(decided(facts(), tried(ago=MINUTE)), Wait).startswith("Since the rule is back, the layer tcp fails.")
    assert because(decided(facts(), tried(ago=2 * MINUTE))).startswith(
        "Although the rule is back, the layer tcp fails."
    )
    assert isinstance(decided(facts(None), tried()), Nothing)


def test_a_rule_that_is_missing_again_is_not_fought_for() -> None:
    assert because(decided(cut_off(), tried())) == (
        f"The rule tcp 6379 from {APPLICATION} to {GROUP} was restored at 2026-11-23 03:39 UTC and is missing again: somebody "
        "or something takes it away."
    )


@pytest.mark.parametrize(
    ("action", "what"), [(RESTORE, "The rule could not be restored"), (REBOOT, "The node could not be rebooted")]
)
def test_what_failed_is_told_with_its_reason(action: str, what: str) -> None:
    assert (
        because(decided(cut_off(), tried(action, result="failed", receipt="AccessDenied."))) == f"{what}: AccessDenied."
    )


def test_a_node_that_was_rebooted_and_does_not_answer_is_a_persons() -> None:
    busy = facts("tcp", "refused", cache=replace(CACHE, status="rebooting cluster nodes"))
    assert isinstance(decided(busy, tried(REBOOT)), Wait)
    assert because(decided(facts("tcp", "refused"), tried(REBOOT, ago=2 * MINUTE))).startswith(
        "Although the node was rebooted, the layer tcp fails."
    )


@pytest.mark.parametrize("fault", [*sorted(OWN_FAULTS), "no-route", "cut-off"])
def test_what_is_not_silence_restores_no_rule_and_reboots_nothing(fault: Fault) -> None:
    assert isinstance(decided(cut_off()), Act)
    assert isinstance(decided(replace(cut_off(), probed=probed("tcp", fault))), Escalate)
    assert isinstance(decided(facts("tcp", fault)), Escalate)


# ------------------------------------------------------------------------------------------------------------- the node


@pytest.mark.parametrize(("layer", "fault"), sorted(DEAD))
def test_a_dead_single_node_is_rebooted_if_a_person_agrees_to_lose_what_it_holds(layer: Layer, fault: Fault) -> None:
    verdict = decided(facts(layer, fault, saved="remedy-1 of 2026-11-23 02:00 UTC"))
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target) == (REBOOT, Way(id="dev-redis", node="0001"))
    assert verdict.approval is not None
    assert verdict.approval.because == (
        "A reboot of its only node loses every key that it holds; the newest snapshot is remedy-1 of 2026-11-23 02:00 UTC."
    )
    assert verdict.after_snapshot == ("" if layer == "tcp" else "dev-redis")


@pytest.mark.parametrize(
    "more",
    [
        {"cache": replace(CACHE, kind="group")},
        {"cache": replace(CACHE, kind="serverless")},
        {"cache": replace(CACHE, status="incompatible-network")},
        {"rules": ()},
        {"rules": None},
    ],
    ids=["group", "serverless", "not available", "rule missing", "group missing"],
)
def test_nothing_else_is_rebooted(more: dict[str, Any]) -> None:
    assert isinstance(decided(facts("tcp", "refused", **more)), Escalate)


@pytest.mark.parametrize("layer", ["tcp", "tls", "auth", "ping", "info"])
@pytest.mark.parametrize("fault", sorted(OWN_FAULTS))
def test_what_the_probe_had_no_time_for_is_no_reason_to_reboot(layer: Layer, fault: Fault) -> None:
    assert isinstance(decided(facts(layer, fault)), Escalate)


def test_packets_that_vanish_although_the_rule_is_there_are_no_reason_to_reboot() -> None:
    verdict = decided(facts())
    assert because(verdict) == "dev-redis: the layer tcp fails. No answer comes back. As the server says."
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps[0].startswith("Look at the network ACLs and the routes")


# -------------------------------------------------------------------------------------------------- what the server says


def test_a_server_that_is_loading_is_waited_for() -> None:
    assert isinstance(decided(facts("ping", "loading")), Wait)
    assert isinstance(decided(facts("info", "loading")), Wait)


@pytest.mark.parametrize(
    "fault", [fault for fault in get_args(RedisFault) if fault not in {"loading", "refused", "no-answer"}]
)
def test_every_other_fault_is_told_in_a_sentence_of_its_own_with_what_is_done_next(fault: Fault) -> None:
    verdict = decided(facts("ping", fault))
    assert because(verdict) == f"dev-redis: the layer ping fails. {MEANS[fault]} As the server says."
    assert isinstance(verdict, Escalate)
    assert len(verdict.next_steps) == len(NEXT[fault]) >= 1
    assert not [step for step in verdict.next_steps if "{" in step]


def test_no_two_faults_are_told_alike() -> None:
    assert set(MEANS) == set(get_args(RedisFault))
    assert set(NEXT) == set(get_args(RedisFault)) - {"loading"}
    assert len(set(MEANS.values())) == len(MEANS)
    said = (*MEANS.values(), *(step for steps in NEXT.values() for step in steps))
    assert [each for each in said if redact(each) != each] == [], "what reads as a secret is not told"


# ----------------------------------------------------------------------------------------------------- shapes and bounds

ANY_RULE = st.builds(
    Rule,
    id=st.just("sgr-1"),
    protocol=st.sampled_from(["tcp", "tcp", "udp", "-1", "6", "icmp", ""]),
    from_port=st.sampled_from([6379, 6379, 0, 22, -1, 6378, 6380]),
    to_port=st.sampled_from([6379, 6379, 65535, 22, -1, 6380]),
    group=st.sampled_from([APPLICATION, APPLICATION, GROUP, "sg-0123456789abcdef0", ""]),
    cidr=st.sampled_from(["", "", "0.0.0.0/0", "10.0.0.0/8", "::/0"]),
    prefix_list=st.sampled_from(["", "", "pl-123"]),
    description=st.text(max_size=5),
)


@given(ANY_RULE)
def test_one_shape_of_rule_is_the_one(rule: Rule) -> None:
    same = replace(rule, description="")
    assert exact(rule, SETTINGS) == (same == RULE)
    if exact(rule, SETTINGS):
        assert opens(rule, SETTINGS)


@given(st.integers(1, 65535), st.from_regex(r"\Asg-[0-9a-f]{8,17}\Z"))
def test_what_is_asked_of_ec2_has_one_port_and_one_group_and_nothing_else(port: int, source: str) -> None:
    settings = Settings(cache="dev-redis", group=GROUP, source=source, port=port)
    asked = permission(settings)
    assert set(asked) == {"IpProtocol", "FromPort", "ToPort", "UserIdGroupPairs"}
    assert (asked["IpProtocol"], asked["FromPort"], asked["ToPort"]) == ("tcp", port, port)
    (pair,) = asked["UserIdGroupPairs"]
    assert (pair["GroupId"], set(pair)) == (source, {"GroupId", "Description"})


FACTS = st.builds(
    Facts,
    environment=st.just("dev"),
    cache=st.builds(
        replace,
        st.just(CACHE),
        status=st.sampled_from(["available", "available", "modifying", "deleting", "not there"]),
        kind=st.sampled_from(["cluster", "group"]),
        security_groups=st.sampled_from([(GROUP,), ("sg-0123456789abcdef0",), ()]),
    ),
    probed=st.one_of(
        st.none(),
        st.builds(
            probed,
            st.sampled_from([None, "dns", "tcp", "tcp", "auth", "ping", "info"]),
            st.sampled_from(["no-answer", "no-answer", *get_args(RedisFault)]),
        ),
    ),
    rules=st.one_of(st.none(), st.lists(ANY_RULE, max_size=2).map(tuple)),
    missing_since=st.one_of(st.none(), st.integers(0, 60).map(lambda m: NIGHT - m * MINUTE)),
    removals=st.one_of(st.none(), st.lists(st.sampled_from([BY_CI, BY_CI, BY_ADA]), max_size=2).map(tuple)),
    restored_at=st.one_of(st.none(), st.integers(0, 48).map(lambda h: NIGHT - h * HOUR)),
)


@given(FACTS)
def test_a_rule_is_restored_under_exactly_its_conditions(seen: Facts) -> None:
    verdict = decided(seen)
    failed = seen.probed.failed if seen.probed else None
    conditions = (
        failed is not None
        and (failed.layer, failed.fault) == ("tcp", "no-answer")
        and seen.cache.status not in {"modifying", "not there"}
        and seen.rules is not None
        and not any(opens(rule, SETTINGS) for rule in seen.rules)
        and GROUP in seen.cache.security_groups
        and bool(seen.removals)
        and all(each == BY_CI for each in seen.removals or ())
        and (seen.restored_at is None or NIGHT - seen.restored_at >= 24 * HOUR)
    )
    assert (isinstance(verdict, Act) and verdict.action == RESTORE) == conditions
    if isinstance(verdict, Act) and verdict.action == REBOOT:
        assert verdict.approval is not None


def test_only_the_environments_cache_is_this_runbooks() -> None:
    assert scope(Incident(), SETTINGS, PLACE) is None
    assert scope(Incident(cache="dev-redis-001"), SETTINGS, PLACE) is None
    assert (
        scope(Incident(cache="prod-redis"), SETTINGS, PLACE) == "prod-redis is not the cache of dev, which is dev-redis"
    )
