"""Whole runs of restore-redis-access: exactly one rule comes back, or somebody is told why not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from remediation.adapters.clients import Clients
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restore_redis_access import diagnose
from restore_redis_access.actions import TAKEN_BACK, restore_rule
from restore_redis_access.decide import REBOOT, RESTORE, TOLD_BY
from restore_redis_access.facts import Way
from restore_redis_access.runbook import RUNBOOK
from restore_redis_access.settings import Settings
from tests.functions.fakes.firewall import Firewall, MemorySightings
from tests.functions.recorder import Recorder
from tests.functions.restore_redis_access.nights import APPLICATION, CI, GROUP, SETTINGS, Night, probed
from tests.support.carried import approved
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

HOUR = timedelta(hours=1)
WAY = Way(id=GROUP)


def test_a_rule_that_ci_took_away_is_restored_and_redis_answers() -> None:
    night = Night()
    night.removed(role=CI)
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert night.open
    assert night.changed.count("AuthorizeSecurityGroupIngress") == 1
    assert len(night.firewall.rules) == 2, "nobody else's rule was touched"
    assert [done.target for done in outcome.acts] == [GROUP]
    assert outcome.drift


def test_a_rule_that_a_person_took_away_stays_away_and_its_team_is_told_who() -> None:
    night = Night()
    night.removed(user="mallory-or-ada")
    outcome = night.run()
    assert (outcome.status, night.open, night.changed) == ("escalated", False, [])
    assert "mallory-or-ada took a rule away" in outcome.because
    assert outcome.paged


def test_a_federated_user_is_a_person_whoever_issued_the_session() -> None:
    night = Night()
    night.removed(role=CI, type_="FederatedUser")
    outcome = night.run()
    assert (outcome.status, night.open) == ("escalated", False)
    assert outcome.paged


@pytest.mark.parametrize("operation", ["describe_events", "describe_snapshots", "get_metric_data"])
def test_what_only_helps_a_person_may_be_unreadable(operation: str) -> None:
    night = Night()
    night.removed(role=CI)

    def down(**_: Any) -> Any:
        raise AwsError("It did not answer.", operation=operation, code="Timeout")

    setattr(night.aws.cloudwatch if operation == "get_metric_data" else night.aws.elasticache, operation, down)
    outcome = night.run()
    assert (outcome.status, night.open) == ("healed", True), outcome.text()


def test_who_took_it_away_is_waited_for_and_then_it_heals_or_calls() -> None:
    late = Night()
    late.trail.events.clear()
    outcome = late.run()
    assert (outcome.status, late.open) == ("escalated", False)
    assert late.steps.now - NIGHT >= timedelta(minutes=15)
    night = Night()
    told = iter(range(100))
    look = night.trail.lookup_events

    def later(**asked: Any) -> Any:
        if next(told) == 3:
            night.removed(minutes=3, role=CI)
        return look(**asked)

    night.trail.lookup_events = later  # type: ignore[method-assign]
    assert (night.run().status, night.open) == ("healed", True)


def allow_too(firewall: Firewall) -> None:
    firewall.add(6379, group=APPLICATION)


def ssh_too(firewall: Firewall) -> None:
    firewall.add(22, cidr="10.0.0.0/16")


def test_it_is_restored_once_a_day_and_then_never_by_itself() -> None:
    night = Night()
    night.removed(role=CI)
    assert night.run().status == "healed"
    for _ in range(3):
        night.later(f"run-{_ + 2}", 5 * HOUR)
        night.firewall.rules.pop(max(night.firewall.rules))
        night.removed(minutes=16, role=CI)
        outcome = night.run({"apply": True})
        assert (outcome.status, night.open) == ("escalated", False), outcome.text()
        assert "It is restored once in 24 hours." in outcome.because
        night.firewall.add(6379, group=APPLICATION)
    assert night.changed.count("AuthorizeSecurityGroupIngress") == 1


def test_an_observing_environment_changes_nothing() -> None:
    night = Night(mode="observe")
    night.removed(role=CI)
    assert (night.run().status, night.open, night.changed) == ("observed", False, [])


def test_a_run_that_dies_after_its_call_does_not_make_it_twice() -> None:
    night = Night()
    night.removed(role=CI)
    outcome = night.run(crash=(f"{RESTORE} 1", "after"))
    assert (outcome.status, night.open) == ("healed", True)
    assert night.changed.count("AuthorizeSecurityGroupIngress") == 1


def test_a_probe_that_fails_is_told_and_nothing_is_touched() -> None:
    night = Night(rule=True)
    night.server = "boom"
    outcome = night.run()
    assert (outcome.status, night.changed) == ("escalated", [])
    assert "the probe cannot be asked: The probe dev-probe-dependencies:live failed." in outcome.because


def test_a_server_that_refuses_the_token_is_told_in_plain_words() -> None:
    night = Night(rule=True)
    night.server = probed("auth", "token-wrong", "dev-redis refuses the configured token (WRONGPASS).")
    outcome = night.run()
    assert outcome.status == "escalated"
    assert (
        "The server refuses the token (WRONGPASS): it was rotated in one place and not in the other." in outcome.because
    )


# -------------------------------------------------------------------------------------------------------------- rebooting


def test_a_dead_node_is_rebooted_when_a_person_agrees() -> None:
    night = Night(rule=True)
    night.server = probed("tcp", "refused", "nothing listens.")
    act = night.decided()
    assert isinstance(act, Act)
    approved(night.stage, night.steps, RUNBOOK, act)
    reboot = night.aws.acting.elasticache.reboot_cache_cluster

    def rebooted(**asked: Any) -> Any:
        answer = reboot(**asked)
        night.world.clusters["dev-redis"]["CacheClusterStatus"] = "available"
        night.server = probed()
        return answer

    night.aws.acting.elasticache.reboot_cache_cluster = rebooted
    outcome = night.run()
    assert outcome.status == "healed", outcome.text()
    assert [done.action for done in outcome.acts] == [REBOOT]


def test_a_dead_node_is_not_rebooted_when_nobody_agrees() -> None:
    night = Night(rule=True)
    night.server = probed("tcp", "refused", "nothing listens.")
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.changed) == ("refused", "approval", [])


def test_a_node_that_hangs_is_not_rebooted_without_a_snapshot() -> None:
    night = Night(rule=True)
    night.server = probed("ping", "no-answer", "it hangs.")
    night.stage.backups.fresh, night.stage.backups.says = "", "It cannot be saved."
    act = night.decided()
    approved(night.stage, night.steps, RUNBOOK, act)
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.changed) == ("refused", "snapshot", [])


# ------------------------------------------------------------------------------------------------------------- the action


def test_a_rule_that_is_there_by_then_is_left_alone() -> None:
    with pytest.raises(LeftAloneError, match="is there already"):
        restore_rule(Night(rule=True).aws, SETTINGS, WAY)


def test_somebody_who_was_faster_is_done() -> None:
    night = Night()
    night.firewall.meanwhile = allow_too
    assert restore_rule(night.aws, SETTINGS, WAY) == f"tcp 6379 from {APPLICATION} to {GROUP} was there by then."
    assert len(night.firewall.rules) == 2


def test_another_rule_that_appears_at_the_same_moment_takes_ours_back_and_stays() -> None:
    night = Night()

    def widen(firewall: Firewall) -> None:
        firewall.add(0, cidr="0.0.0.0/0", to=65535)

    night.firewall.meanwhile = widen
    with pytest.raises(AwsError, match=r"2 rules of .* are new instead of one") as caught:
        restore_rule(night.aws, SETTINGS, WAY)
    assert caught.value.code == TAKEN_BACK
    assert not night.open
    assert [rule.get("CidrIpv4") for rule in night.firewall.rules.values()] == ["10.0.0.0/16", "0.0.0.0/0"]


def test_another_rule_that_goes_at_the_same_moment_takes_ours_back() -> None:
    night = Night()
    night.firewall.meanwhile = lambda firewall: firewall.rules.clear()
    with pytest.raises(AwsError, match="changed at the same moment"):
        restore_rule(night.aws, SETTINGS, WAY)
    assert night.firewall.rules == {}


def test_a_rule_that_was_taken_back_is_told_to_a_person_and_counts_as_todays() -> None:
    night = Night()
    night.removed(role=CI)

    def widen(firewall: Firewall) -> None:
        firewall.add(0, cidr="0.0.0.0/0", to=65535)

    night.firewall.meanwhile = widen
    outcome = night.run()
    assert (outcome.status, night.open, outcome.paged) == ("escalated", False, True), outcome.text()
    assert "was taken back" in outcome.because
    assert night.aws.sightings.texts


@pytest.mark.parametrize("before", [1, 2])
def test_what_another_run_mends_while_this_one_looks_is_no_fault_of_something_else(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    night, looks = Night(), count(1)
    night.removed(role=CI)

    def meanwhile(look: Any) -> Any:
        def looked(*args: Any) -> Any:
            if next(looks) == before:
                night.firewall.add(6379, group=APPLICATION)
            return look(*args)

        return looked

    for name in ("ingress_rules", "probe"):
        monkeypatch.setattr(diagnose, name, meanwhile(getattr(diagnose, name)))
    assert isinstance(night.decided(), Nothing)


def test_a_rule_that_is_missing_again_weeks_later_is_waited_for_as_the_first_time() -> None:
    night = Night()
    began = night.steps.now
    assert night.run({"apply": True}).status == "escalated"  # CloudTrail never tells who it was
    assert night.steps.now - began >= TOLD_BY
    night.later("run-2", timedelta(days=14))
    assert isinstance(night.decided(), Wait)
    again = night.steps.now
    assert night.run({"apply": True}).status == "escalated"
    assert night.steps.now - again >= TOLD_BY
    night.later("run-3", timedelta(minutes=5))
    assert isinstance(night.decided(), Escalate)  # it is still the same


def test_a_group_that_went_meanwhile_is_left_alone() -> None:
    night = Night()
    night.firewall.exists = False
    with pytest.raises(LeftAloneError, match="does not exist"):
        restore_rule(night.aws, SETTINGS, WAY)


def test_a_group_that_goes_after_the_call_is_not_called_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left alone is given back to the budgets; here a call was made."""
    night = Night()
    ec2 = night.aws.acting.ec2
    authorize = ec2.authorize_security_group_ingress

    def and_it_goes(**asked: Any) -> Any:
        made = authorize(**asked)
        night.firewall.exists = False
        return made

    monkeypatch.setattr(ec2, "authorize_security_group_ingress", and_it_goes)
    with pytest.raises(AwsError):
        restore_rule(night.aws, SETTINGS, WAY)


def test_fifty_at_once_make_one_rule_of_ec2_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        ec2 = boto3.client("ec2", "us-east-1")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group, source = (
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in ("cache", "app")
        )
        settings = Settings(cache="dev-redis", group=group, source=source)

        aws: Any = Clients(PLACE, boto3.Session(region_name="us-east-1"))
        aws.sightings = MemorySightings(lambda: NIGHT)

        def restore(_: int) -> str:
            try:
                return restore_rule(aws, settings, Way(id=group))
            except (AwsError, LeftAloneError) as error:
                return type(error).__name__

        with ThreadPoolExecutor(10) as pool:
            said = list(pool.map(restore, range(50)))
        (permission,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        assert (permission["IpProtocol"], permission["FromPort"], permission["ToPort"]) == ("tcp", 6379, 6379)
        assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [source]
        assert (permission["IpRanges"], permission["Ipv6Ranges"], permission["PrefixListIds"]) == ([], [], [])
        assert len(said) == 50


# -------------------------------------------------------------------------------------------------------------- permissions


def test_the_declared_permissions_are_the_used_ones() -> None:
    used = set()
    for kind in ("cluster", "group", "serverless"):
        night = Night(rule=kind == "other")
        if kind == "group":
            night.world.clusters.clear()
            night.world.group("dev-redis")
        elif kind == "serverless":
            night.world.clusters.clear()
            night.world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available"}
        night.removed(role=CI)
        recorder = Recorder(night.aws)
        recorder.aws.now = night.aws.now
        setattr(night.aws.acting, "lambda", night.probe)  # what botocore calls it
        recorder.aws.sightings = night.aws.sightings
        night.aws = recorder.aws
        night.firewall.rules.clear()  # a group without a rule is asked for itself
        if kind == "cluster":
            night.firewall.meanwhile = ssh_too
        night.run()
        used |= recorder.actions
    dead = Night(rule=True)
    recorder = Recorder(dead.aws)
    dead.server = probed("tcp", "refused", "nothing listens.")
    RUNBOOK.actions[REBOOT](recorder.aws, SETTINGS, Way(id="dev-redis", node="0001"))
    used |= recorder.actions
    declared = {allow.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes)}
    assert {action.replace("lambda:Invoke", "lambda:InvokeFunction") for action in used} == declared
