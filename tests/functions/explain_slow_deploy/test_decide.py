"""What is the likeliest reason: one paragraph of the ranking at a time, and never an act."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from explain_slow_deploy.decide import decide
from explain_slow_deploy.diagnose import diagnose
from explain_slow_deploy.facts import Around, Deploy, Facts, Group, Targets, Unasked
from explain_slow_deploy.settings import Incident, Settings
from explain_slow_deploy.suspects import suspects
from remediation.adapters.clients import Clients
from remediation.aws.autoscaling import ACTIVE_REFRESH, ENDED, Activity, Refresh
from remediation.aws.cloudtrail import Kind, Refused
from remediation.aws.ec2 import NOT_GONE, Instance, Status
from remediation.aws.elasticache import Cache
from remediation.aws.elbv2 import LoadBalancer, TargetHealth
from remediation.aws.health import Event
from remediation.core.verdict import Nothing, Tell
from tests.functions.explain_slow_deploy.cloud import ID, MINUTE, SETTINGS, WHO, Cloud, refusal
from tests.support.steps import NIGHT

TEARING = re.compile(r"force-unlock|\bkill|\bcancel|\bunlock|delete|terminate|(?<!-)-target\b", re.IGNORECASE)
"""What nobody is ever advised to do to a deploy."""


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.slow()
    return made


def judged(cloud: Cloud, to: Settings = SETTINGS) -> Nothing:
    return decide(diagnose(cast("Clients", cloud), to, Incident()), to, (), cloud.now)


def told(verdict: Nothing) -> Tell:
    assert verdict.tell is not None, verdict
    assert not [step for step in verdict.next_steps if TEARING.search(step)]
    return verdict.tell


# ------------------------------------------------------------------------------------------------------ is one slow


def test_without_an_apply_there_is_nothing_to_tell() -> None:
    cloud = Cloud()
    assert judged(cloud) == Nothing(because="No terraform apply holds a lock.")


@pytest.mark.parametrize(
    ("held_for", "usual", "slow"),
    [(9 * 60 + 59, 10, False), (10 * 60, 10, True), (19 * 60, 20, False), (3 * 60, 3, True), (2 * 3600, 10, False)],
)
def test_slow_is_longer_than_usual_and_not_yet_left_over(held_for: int, usual: int, slow: bool) -> None:
    to = replace(SETTINGS, usual=usual * MINUTE)
    deploy = Deploy(name="starttech", id=ID, who=WHO, held_for=timedelta(seconds=held_for))
    found = Facts(environment="dev", deploys=(deploy,), around=Around(since=NIGHT))
    assert (decide(found, to, (), NIGHT).tell is not None) == slow


def test_what_is_not_slow_is_said_all_the_same() -> None:
    cloud = Cloud()
    cloud.slow(4)
    assert judged(cloud).because == f"{WHO} applies starttech for 4 min, and up to 10 min are usual."
    cloud.slow(125)
    assert "most likely is left over, which is clear-stale-lock's business" in judged(cloud).because
    cloud.slow(60, ID="")
    assert "says nothing that can be read" in judged(cloud).because


def test_each_of_two_slow_applies_is_told_once_in_whatever_order_they_end() -> None:
    old, new = (
        Deploy(name=name, id=name, who=WHO, held_for=minutes * MINUTE) for name, minutes in (("net", 30), ("app", 11))
    )

    def told_of(*deploys: Deploy) -> str:
        found = Facts(environment="dev", deploys=deploys, around=Around(since=NIGHT))
        return told(decide(found, SETTINGS, (), NIGHT)).id

    assert [told_of(old), told_of(old, new), told_of(old), told_of(new)] == [
        "net|warning",
        "app|warning",
        "net|warning",
        "app|warning",
    ]


# ------------------------------------------------------------------------------------------------------ the ranking


def test_nothing_that_shows_it_is_said_too(cloud: Cloud) -> None:
    verdict = judged(cloud)
    assert told(verdict) == Tell(id=f"{ID}|warning", title="The terraform apply of starttech in dev takes long")
    assert verdict.because == (
        f"{WHO} applies starttech for 12 min ({ID}); up to 10 min are usual."
        " Nothing that was asked shows what it waits for."
    )
    assert verdict.next_steps[0].startswith("aws ec2 describe-instances --filters Name=tag:Environment,Values=dev")


def culprits(cloud: Cloud) -> list[str]:
    """Make everything go wrong, the least likely first, and return what is blamed after each."""
    blamed = []
    troubles: list[Callable[[], object]] = [
        lambda: cloud.answers.update(
            {"health:DescribeEvents": {"events": [{"service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE"}]}}
        ),
        lambda: cloud.refused("ThrottlingException"),
        lambda: cloud.instance("i-0aaa", "pending"),
        lambda: cloud.answers.update(
            {"elasticache:DescribeCacheClusters": {"CacheClusters": [{"CacheClusterStatus": "modifying"}]}}
        ),
        lambda: cloud.refresh("InProgress", PercentageComplete=40, StatusReason="Waiting for instances to warm up."),
        lambda: cloud.target("i-0bbb", "unhealthy", "Target.FailedHealthChecks"),
        lambda: cloud.launch("Failed", "We currently do not have sufficient t3.small capacity."),
        lambda: cloud.refused("Client.UnauthorizedOperation"),
    ]
    for goes_wrong in troubles:
        goes_wrong()
        cloud.sightings.texts.clear()  # CloudTrail may be asked again
        blamed.append(judged(cloud).because.rpartition("are usual. ")[2])
    return blamed


def test_the_likeliest_is_what_cannot_get_better_by_itself(cloud: Cloud) -> None:
    at = "03:39:00 UTC"
    assert culprits(cloud) == [
        "It most likely waits for this: AWS itself has an open issue here: AWS_EC2_OPERATIONAL_ISSUE of EC2.",
        (
            "It most likely waits for this: github-actions-terraform was throttled 2 times at ec2:RunInstances"
            f" (ThrottlingException, last at {at}): User is not authorized to perform: iam:PassRole;"
            " Terraform tries such calls again, ever slower."
        ),
        "It most likely waits for this: i-0aaa is pending (launched 03:35:00 UTC).",
        "It most likely waits for this: dev-redis of ElastiCache is modifying.",
        (
            "It most likely waits for this: the instance refresh of dev-backend-asg is InProgress at 40 %"
            " since 03:32:00 UTC: Waiting for instances to warm up."
        ),
        (
            "It most likely waits for this: 1 of 1 targets of dev-backend-tg-v2 are unhealthy"
            " (Target.FailedHealthChecks)."
        ),
        (
            "It cannot go on by itself: dev-backend-asg cannot launch an instance:"
            " We currently do not have sufficient t3.small capacity."
        ),
        (
            "It cannot go on by itself: github-actions-terraform was denied 2 times at ec2:RunInstances"
            f" (Client.UnauthorizedOperation, last at {at}): User is not authorized to perform: iam:PassRole."
        ),
    ]
    evidence = judged(cloud).evidence
    assert len([line for line in evidence if line.endswith(".")]) == len(evidence) >= 8, "the others are told as well"


def test_launches_that_fail_are_critical_and_a_launch_that_works_since_ends_that(cloud: Cloud) -> None:
    cloud.launch("Failed", "no capacity", ago=3 * MINUTE)
    cloud.launch("Failed", "no capacity", ago=2 * MINUTE)
    verdict = judged(cloud)
    assert told(verdict) == Tell(
        id=f"{ID}|critical", title="The terraform apply of starttech in dev cannot go on", severity="critical"
    )
    assert "cannot launch an instance (2 times since): no capacity." in verdict.because
    cloud.launch("Successful")
    assert told(judged(cloud)).severity == "warning"


def test_a_launch_that_failed_before_the_deploy_is_none_of_its(cloud: Cloud) -> None:
    cloud.launch("Failed", "no capacity", ago=13 * MINUTE)
    cloud.refresh("Failed", EndTime=cloud.now - 60 * MINUTE)
    assert "Nothing that was asked shows" in judged(cloud).because


def test_a_refresh_that_failed_meanwhile_is_suspected(cloud: Cloud) -> None:
    cloud.refresh("Failed", EndTime=cloud.now - MINUTE)
    assert "the instance refresh of dev-backend-asg is Failed since" in judged(cloud).because


def test_denied_calls_of_just_anybody_are_a_hint_and_launches_that_fail_come_before_them(cloud: Cloud) -> None:
    to = replace(SETTINGS, roles=())
    cloud.refused("AccessDenied", role="scanner")
    assert told(judged(cloud, to)).severity == "warning"
    assert "scanner was denied 2 times" in judged(cloud, to).because
    cloud.launch("Failed", "no capacity")
    assert "It cannot go on by itself: dev-backend-asg cannot launch" in judged(cloud, to).because


def test_calls_of_other_roles_and_of_before_are_not_the_deploys(cloud: Cloud) -> None:
    cloud.refused("AccessDenied", role="scanner")
    cloud.refused("AccessDenied", ago=13 * MINUTE)
    assert "Nothing that was asked shows" in judged(cloud).because


@pytest.mark.parametrize(("name", "only"), [("RunInstances", True), ("x; reboot", False), ("$(reboot)", False)])
def test_a_name_of_cloudtrails_is_in_a_command_only_if_it_is_a_plain_one(name: str, only: bool) -> None:
    call = Refused(kind="denied", caller="ci", call=f"ec2:{name}", code="AccessDenied", times=1, last_at=NIGHT)
    (suspect,) = suspects(Around(since=NIGHT, refused=(call,)), SETTINGS)
    assert (name in suspect.look) == only
    assert suspect.look.startswith("aws cloudtrail lookup-events --max-items 20")


@pytest.mark.parametrize(
    ("state", "check", "says"),
    [
        ("running", "impaired", "i-0aaa does not pass EC2's status checks (instance impaired, system ok)"),
        ("running", "initializing", "i-0aaa still boots (its status checks are initializing)"),
        ("stopping", "ok", "i-0aaa is stopping"),
    ],
)
def test_instances_that_do_not_come_up(cloud: Cloud, state: str, check: str, says: str) -> None:
    cloud.instance("i-0aaa", state, check)
    assert says in judged(cloud).because


def test_targets_and_balancers_that_are_not_ready(cloud: Cloud) -> None:
    cloud.answers["elbv2:DescribeLoadBalancers"]["LoadBalancers"][0]["State"] = {"Code": "provisioning"}
    assert "dev-alb-v2 is provisioning" in judged(cloud).because
    cloud.target("i-0aaa", "initial", "Elb.RegistrationInProgress")
    assert "1 of 1 targets of dev-backend-tg-v2 are initial (Elb.RegistrationInProgress)" in judged(cloud).because
    cloud.answers["elbv2:DescribeLoadBalancers"]["LoadBalancers"][0]["State"] = {
        "Code": "failed",
        "Reason": "no subnet",
    }
    assert "dev-alb-v2 is failed (no subnet)" in judged(cloud).because


def test_a_cache_that_is_not_there_yet_is_still_being_made(cloud: Cloud) -> None:
    cloud.answers["elasticache:DescribeReplicationGroups"] = refusal("x", "ReplicationGroupNotFoundFault")
    assert "dev-sessions of ElastiCache is not there" in judged(cloud).because


def test_a_launch_that_is_not_finished_is_named(cloud: Cloud) -> None:
    cloud.launch("MidLifecycleAction", ago=40 * MINUTE)
    assert (
        "dev-backend-asg: Launching a new EC2 instance since 03:00:00 UTC (MidLifecycleAction)" in judged(cloud).because
    )


# ------------------------------------------------------------------------------------------------------ any facts at all

text = st.text(max_size=20)
times = st.datetimes().map(lambda at: at.replace(tzinfo=NIGHT.tzinfo))
spans = st.integers(0, 300).map(lambda n: n * MINUTE)


def several(made: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(made, max_size=3).map(tuple)


activities = st.builds(
    Activity, description=text, status=st.sampled_from([*sorted(ENDED), "InProgress"]), started_at=times, message=text
)
refreshes = st.builds(
    Refresh,
    id=text,
    status=st.sampled_from([*sorted(ACTIVE_REFRESH), "Failed", "Successful"]),
    started_at=st.none() | times,
    ended_at=st.none() | times,
    percent=st.none() | st.integers(0, 100),
    reason=text,
)
healths = st.builds(
    TargetHealth, id=text, port=st.just(1), state=st.sampled_from(["initial", "unhealthy", "x"]), reason=text
)
arounds = st.builds(
    Around,
    since=times,
    groups=several(st.builds(Group, name=text, activities=several(activities), refresh=st.none() | refreshes)),
    instances=several(
        st.builds(Instance, id=text, state=st.sampled_from(NOT_GONE), launched_at=times, security_groups=st.just(()))
    ),
    checks=several(
        st.builds(Status, id=text, instance=st.sampled_from(["ok", "impaired", "initializing"]), system=text)
    ),
    targets=several(st.builds(Targets, name=text, arn=text, health=several(healths))),
    balancers=several(
        st.builds(LoadBalancer, name=text, state=st.sampled_from(["active", "failed", "provisioning"]), reason=text)
    ),
    caches=several(st.builds(Cache, id=text, status=st.sampled_from(["available", "creating"]))),
    refused=several(
        st.builds(
            Refused,
            kind=st.sampled_from(get_args(Kind)),
            caller=text,
            call=text,
            code=text,
            times=st.integers(1, 9),
            last_at=times,
            message=text,
        )
    ),
    all_calls=st.booleans(),
    issues=several(st.builds(Event, service=text, code=text, started_at=st.none() | times)),
    unasked=several(st.builds(Unasked, source=text, why=text)),
)
anything = st.builds(
    Facts,
    environment=st.just("dev"),
    deploys=several(st.builds(Deploy, name=st.just("starttech"), id=text, who=text, held_for=spans)),
    unreadable=several(st.just("starttech")),
    around=st.none() | arounds,
)


@settings(max_examples=1000, deadline=None)
@given(found=anything, roles=st.booleans())
def test_whatever_is_found_nothing_is_done_and_a_sentence_is_said(found: Facts, roles: bool) -> None:
    verdict = decide(found, SETTINGS if roles else replace(SETTINGS, roles=()), (), NIGHT)
    assert type(verdict) is Nothing
    assert len(verdict.because) > 20
    assert verdict.because.endswith(".")
    assert (verdict.tell is not None) == bool(verdict.next_steps)
    assert len(verdict.evidence) <= 40
