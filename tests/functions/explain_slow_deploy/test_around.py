"""What is asked of AWS, once a deploy is slow and not before; and that no source that fails stops the others."""

from typing import cast

import pytest
from msgspec.structs import replace

from explain_slow_deploy.diagnose import diagnose
from explain_slow_deploy.facts import Facts
from explain_slow_deploy.runbook import RUNBOOK
from explain_slow_deploy.settings import Incident, scope
from remediation.adapters.clients import Clients
from remediation.aws.terraform import APPLY, PLAN
from remediation.core.spec import filled
from tests.functions.explain_slow_deploy.cloud import ID, MINUTE, SETTINGS, STATE, Cloud, refusal
from tests.functions.recorder import Recorder
from tests.support.toy import PLACE

LOCKS = {"dynamodb:GetItem", "s3:GetObject"}
SOURCES = {
    "autoscaling:DescribeScalingActivities": "Auto Scaling group dev-backend-asg",
    "autoscaling:DescribeInstanceRefreshes": "Auto Scaling group dev-backend-asg",
    "ec2:DescribeInstances": "EC2 instances",
    "ec2:DescribeInstanceStatus": "EC2 status checks",
    "elbv2:DescribeTargetGroups": "target group dev-backend-tg-v2",
    "elbv2:DescribeTargetHealth": "target group dev-backend-tg-v2",
    "elbv2:DescribeLoadBalancers": "load balancer dev-alb-v2",
    "elasticache:DescribeCacheClusters": "cache dev-redis",
    "elasticache:DescribeReplicationGroups": "replication group dev-sessions",
    "cloudtrail:LookupEvents": "CloudTrail",
    "health:DescribeEvents": "AWS Health",
}


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.slow()
    made.instance("i-0aaa")
    return made


def looked(cloud: Cloud, deploy: str = "") -> Facts:
    return diagnose(cast("Clients", cloud), SETTINGS, Incident(deploy=deploy))


# ---------------------------------------------------------------------------------------------------------- the lock


def test_only_the_lock_is_read_while_no_apply_is_slow() -> None:
    cloud = Cloud()
    for _ in range(2):
        looked(cloud)
        cloud.slow(9)
    assert cloud.calls.permissions == LOCKS
    assert {(call["Bucket"], call["Key"]) for call in cloud.calls.of("GetObject")} == {(STATE.bucket, STATE.lock_key)}
    assert [call["Key"] for call in cloud.calls.of("GetItem")] == [{"LockID": {"S": STATE.lock_id}}] * 2


def test_a_plans_lock_is_no_deploy(cloud: Cloud) -> None:
    cloud.slow(60, Operation=PLAN)
    assert looked(cloud) == Facts(environment="dev")
    cloud.slow(60, Operation=APPLY)
    assert len(looked(cloud).deploys) == 1


def test_created_never_counts_and_what_is_seen_for_the_first_time_is_young() -> None:
    cloud = Cloud()
    cloud.lock(since=cloud.now - 60 * MINUTE, Created="2020-01-01T00:00:00Z")
    assert looked(cloud).deploys[0].held_for == 0 * MINUTE
    cloud.now += 11 * MINUTE
    assert looked(cloud).deploys[0].held_for == 11 * MINUTE
    cloud.lock(since=cloud.now - 3 * MINUTE)
    assert looked(cloud).deploys[0].held_for == 3 * MINUTE, "S3 says so"
    cloud.lock(since=cloud.now - 60 * MINUTE, ID="another")
    assert looked(cloud).deploys[0].held_for == 0 * MINUTE


def test_s3s_clock_ahead_of_ours_is_no_negative_age() -> None:
    cloud = Cloud()
    cloud.lock(since=cloud.now + MINUTE)
    assert looked(cloud).deploys[0].held_for == 0 * MINUTE


def test_the_lock_is_kept_under_a_subject_of_its_own() -> None:
    cloud = Cloud()
    cloud.lock(since=cloud.now)
    looked(cloud)
    assert list(cloud.sightings.seen) == [f"deploy/{STATE.lock_id}"], "clear-stale-lock's has marks of the state"


def test_one_state_may_be_asked_for_by_its_name() -> None:
    two = replace(SETTINGS, states=(STATE, replace(STATE, name="network")))
    assert scope(Incident(deploy="network"), two, PLACE) is None
    assert scope(Incident(), two, PLACE) is None
    assert "there are: starttech, network" in (scope(Incident(deploy="x"), two, PLACE) or "")
    assert "no Terraform state is configured for dev" in (scope(Incident(), replace(SETTINGS, states=()), PLACE) or "")
    cloud = Cloud()
    cloud.slow()
    found = diagnose(cast("Clients", cloud), two, Incident(deploy="network"))
    assert [deploy.name for deploy in found.deploys] == ["network"]


# ------------------------------------------------------------------------------------------------------- the sources


@pytest.mark.parametrize("operation", SOURCES)
@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "Timeout"])
def test_a_source_that_cannot_be_asked_is_named_and_the_others_are_asked(
    cloud: Cloud, operation: str, code: str
) -> None:
    cloud.answers[operation] = refusal(operation, code)
    around = looked(cloud).around
    assert around is not None
    assert [(source.source, source.why) for source in around.unasked] == [
        (SOURCES[operation], f"{operation} failed with {code}.")
    ]
    behind = {
        "ec2:DescribeInstances": {"ec2:DescribeInstanceStatus"},
        "elbv2:DescribeTargetGroups": {"elbv2:DescribeTargetHealth"},
    }
    behind["autoscaling:DescribeScalingActivities"] = {"autoscaling:DescribeInstanceRefreshes"}
    asked = {f"{call.service}:{call.operation}" for call in cloud.calls.made}
    assert asked == LOCKS | set(SOURCES) - behind.get(operation, set())


def test_an_answer_that_is_none_is_named_too(cloud: Cloud) -> None:
    cloud.answers["elbv2:DescribeLoadBalancers"] = {"LoadBalancers": []}
    around = looked(cloud).around
    assert around is not None
    assert [source.source for source in around.unasked] == ["load balancer dev-alb-v2"]


def test_without_a_support_plan_aws_health_is_not_available_which_is_no_error(cloud: Cloud) -> None:
    cloud.answers["health:DescribeEvents"] = refusal("health:DescribeEvents", "SubscriptionRequiredException")
    around = looked(cloud).around
    assert around is not None
    assert [source.why for source in around.unasked] == ["it is not available without a Business support plan"]


def test_aws_health_is_not_asked_from_another_region(cloud: Cloud) -> None:
    cloud.place = replace(PLACE, region="eu-west-1")
    around = looked(cloud).around
    assert around is not None
    (unasked,) = around.unasked
    assert unasked.why == "It answers in us-east-1 only, and this function is kept to eu-west-1."
    assert cloud.calls.of("DescribeEvents") == []


def test_cloudtrail_is_asked_every_ten_minutes_and_remembered_in_between(cloud: Cloud) -> None:
    cloud.refused("AccessDenied")
    counts = []
    for _ in range(5):
        around = looked(cloud).around
        assert around is not None
        assert [refused.code for refused in around.refused] == ["AccessDenied"]
        counts.append(len(cloud.calls.of("LookupEvents")))
        cloud.now += 5 * MINUTE
        cloud.sightings.seen = {f"deploy/{STATE.lock_id}": (ID, cloud.now - 60 * MINUTE)}
    assert counts == [2, 2, 4, 4, 6], "two look-ups, writes and reads, each time"


def test_what_was_kept_and_cannot_be_read_is_asked_again(cloud: Cloud) -> None:
    cloud.sightings.texts["deploy/cloudtrail"] = "{"
    looked(cloud)
    assert len(cloud.calls.of("LookupEvents")) == 2


def test_only_what_is_configured_is_asked(cloud: Cloud) -> None:
    bare = replace(SETTINGS, asgs=(), target_groups=(), load_balancers=(), caches=(), replication_groups=())
    diagnose(cast("Clients", cloud), bare, Incident())
    asked = cloud.calls.permissions - LOCKS
    assert {action.partition(":")[0] for action in asked} == {"ec2", "cloudtrail", "health"}


# ---------------------------------------------------------------------------------------------------- the permissions


def test_a_run_uses_exactly_the_declared_reads_and_nothing_changes() -> None:
    cloud = Cloud()
    cloud.slow()
    cloud.instance("i-0aaa")
    recorder = Recorder(cloud)
    recorder.aws.sightings = cloud.sightings
    diagnose(recorder.aws, SETTINGS, Incident())
    # Listing is not called: the right to it makes S3 say that a lock is not there.
    assert recorder.actions == {allow.action for allow in RUNBOOK.reads} - {"s3:ListBucket"}
    assert (RUNBOOK.writes, dict(RUNBOOK.actions), RUNBOOK.documents) == ((), {}, ())


def test_what_can_be_narrowed_is_allowed_on_exactly_what_is_configured() -> None:
    on = {each.on for allow in RUNBOOK.reads for each in filled(allow, PLACE, SETTINGS)} - {"*"}
    assert on == {
        "arn:aws:dynamodb:us-east-1:123456789012:table/dev-starttech-terraform-locks",
        f"arn:aws:s3:::{STATE.bucket}/{STATE.lock_key}",
        f"arn:aws:s3:::{STATE.bucket}",
        "arn:aws:elasticache:us-east-1:123456789012:cluster:dev-redis",
        "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:dev-sessions",
    }
