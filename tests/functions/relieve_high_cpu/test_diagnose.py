"""What a look finds out, and what it asks of AWS for it."""

from datetime import timedelta
from typing import Any, Literal

import msgspec
import pytest

from relieve_high_cpu.diagnose import diagnose
from relieve_high_cpu.facts import Facts
from relieve_high_cpu.settings import Incident
from remediation.aws import ec2, load
from remediation.aws.load import Figure
from remediation.core.errors import AwsError
from tests.functions.fakes.fleet import BOOT, MINUTE, Watch, watches
from tests.functions.fakes.fleet_night import FleetNight
from tests.functions.relieve_high_cpu.nights import SETTINGS, lame, night, surge
from tests.support.steps import NIGHT


def look(tonight: FleetNight) -> Facts:
    return diagnose(tonight.aws, SETTINGS, Incident())  # type: ignore[arg-type]


def asked(tonight: FleetNight) -> list[str]:
    return [call.operation for call in tonight.aws.calls.made]


def test_a_group_that_is_not_busy_takes_five_calls_and_no_instance_is_asked() -> None:
    tonight = night(load=lambda _: 80.0)
    look(tonight)
    assert asked(tonight) == [
        "DescribeAutoScalingGroups",
        "DescribeInstances",
        "GetMetricData",
        "GetMetricData",
        "DescribeInstanceRefreshes",
    ]


def test_cpu_is_that_of_the_group_and_of_each_instance_in_values_of_five_minutes_that_have_ended() -> None:
    tonight = night()
    tonight.steps.now += 2 * MINUTE
    facts = look(tonight)
    assert [round(point.value) for point in facts.group_cpu[-6:]] == [40, 85, 85, 85, 85, 85]
    for instance in facts.instances:
        assert [round(point.value) for point in instance.cpu[-6:]] == [40, 85, 85, 85, 85, 85]
        assert instance.cpu[-1].at == NIGHT - 5 * MINUTE


def test_what_is_usual_is_of_the_last_day() -> None:
    facts = look(night())
    assert facts.requests.now == pytest.approx(5 * 10 * 170 / 2)
    assert facts.requests.usual == pytest.approx(5 * 10 * 80 / 2, rel=0.01)
    assert facts.usual_hosts == pytest.approx(2.0)


def test_hours_without_requests_are_hours_with_none() -> None:
    """A balancer publishes nothing for them. What is usual of a service that idles at night is no more than what it does by day."""
    tonight = night(
        load=lambda at: 0.0 if at < NIGHT - timedelta(hours=12) and at > NIGHT - timedelta(hours=24) else 170.0
    )
    facts = look(tonight)
    assert facts.requests.usual == pytest.approx(5 * 10 * 170 / 2 / 2, rel=0.1)


def test_how_full_the_database_and_the_cache_are() -> None:
    facts = look(night(mongodb_per_instance=100.0))
    assert [(each.name, each.used) for each in facts.databases] == [("MongoDB connections", 0.4)]
    assert [(each.name, round(each.used or 0, 4)) for each in facts.caches] == [("Redis connections", 0.0031)]


def test_what_has_no_value_is_unknown_and_not_zero() -> None:
    silent = {"MongoConnections", "CurrConnections", "RequestCountPerTarget", "HealthyHostCount", "CPUCreditBalance"}
    facts = look(night(silent=silent))
    assert [each.used for each in (*facts.databases, *facts.caches)] == [None, None]
    assert (facts.requests.now, facts.requests.usual, facts.usual_hosts) == (None, None, None)
    assert [each.credits for each in facts.instances] == [None, None]


@pytest.mark.parametrize(("minutes", "known"), [(5, True), (25, False)])
def test_a_metric_that_stopped_is_unknown_whatever_it_said_last(minutes: int, known: bool) -> None:
    """What fills up the database may be what stops its figures."""
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.silent |= {"MongoConnections", "RequestCountPerTarget"}
    tonight.steps.now += minutes * MINUTE
    facts = look(tonight)
    assert (facts.databases[0].used is not None, facts.requests.now is not None) == (known, known)
    assert facts.caches[0].used is not None


def test_credits_are_those_that_are_left_now() -> None:
    tonight = night()
    for n, box in enumerate(tonight.fleet.boxes.values()):
        box.credits = 12.0 * n
    assert [each.credits for each in look(tonight).instances] == [0.0, 12.0]


@pytest.mark.parametrize(("minutes", "known"), [(5, True), (25, False)])
def test_credits_whose_figures_stopped_are_unknown(minutes: int, known: bool) -> None:
    tonight = night()
    for box in tonight.fleet.boxes.values():
        box.credits = 12.0
    tonight.fleet.catch_up()
    tonight.fleet.silent.add("CPUCreditBalance")
    tonight.steps.now += minutes * MINUTE
    assert [each.credits for each in look(tonight).instances] == ([12.0, 12.0] if known else [None, None])


@pytest.mark.parametrize("mode", ["standard", "unlimited"])
def test_one_that_is_not_busy_is_looked_at_closer_if_it_has_no_credits_and_is_slowed_down(
    mode: Literal["standard", "unlimited"],
) -> None:
    tonight = night(load=lambda _: 80.0)
    poor, _ = tonight.fleet.boxes.values()
    poor.credits, poor.credit_mode = 0.0, mode
    facts = look(tonight)
    assert [each.credit_mode for each in facts.instances] == [mode, ""]
    assert [each["InstanceIds"] for each in tonight.aws.calls.of("SendCommand")] == (
        [[poor.id]] if mode == "standard" else []
    )
    assert (facts.healthy is not None) is (mode == "standard")


def test_policies_come_with_the_alarms_that_they_follow() -> None:
    tonight = night(watches=watches(), suspended=("AlarmNotification",))
    facts = look(tonight)
    assert [(policy.name, policy.adds_to(2), policy.alarms) for policy in facts.policies] == [
        ("dev-scale-down", False, ("dev-backend-cpu-low",)),
        ("dev-scale-up", True, ("dev-backend-cpu-high",)),
    ]
    assert {alarm.name: alarm.state for alarm in facts.alarms} == {
        "dev-backend-cpu-high": "ALARM",
        "dev-backend-cpu-low": "OK",
    }


def test_the_sizes_that_were_asked_for_lately_are_read_from_the_groups_own_history() -> None:
    tonight = night()
    tonight.fleet.catch_up()
    tonight.fleet.resize(4, "a user request explicitly set group desired capacity")
    tonight.steps.now += BOOT + MINUTE
    facts = look(tonight)
    assert [(asked.from_, asked.to, asked.at) for asked in facts.history.asked] == [(2, 4, NIGHT)]
    assert len(facts.history.launches) == 2
    assert facts.history.unfinished == ()


def test_alarms_of_low_load_are_not_looked_at() -> None:
    """They make a group smaller: what would make it larger is the question."""
    names = [f"TargetTracking-dev-backend-asg-Alarm{which}-0123" for which in ("High", "Low")]
    tonight = night(watches=[Watch(name=name, policy="tracks", threshold=70, change=1) for name in names])
    described = tonight.aws.autoscaling._describe_policies

    def tracking(**asked: Any) -> Any:
        first, second = described(**asked)["ScalingPolicies"]
        kept = {key: first[key] for key in ("PolicyName", "AutoScalingGroupName", "Enabled")}
        alarms = first["Alarms"] + second["Alarms"]
        return {"ScalingPolicies": [kept | {"PolicyType": "TargetTrackingScaling", "Alarms": alarms}]}

    tonight.aws.autoscaling._describe_policies = tracking  # type: ignore[method-assign]
    facts = look(tonight)
    assert [(policy.alarms, policy.lows) for policy in facts.policies] == [((names[0],), (names[1],))]
    assert [alarm.name for alarm in facts.alarms] == [names[0]]


def test_what_a_policy_asked_for_is_no_step_of_ours() -> None:
    tonight = night(watches=watches(), load=surge(170))
    facts = look(tonight)
    assert facts.history.launches
    assert facts.history.asked == ()


def test_the_last_deploy_is_the_later_of_a_refresh_and_a_template() -> None:
    template = night(template_created_at=NIGHT - 40 * MINUTE, refresh=("Successful", NIGHT - 60 * MINUTE))
    refresh = night(template_created_at=NIGHT - 60 * MINUTE, refresh=("Successful", NIGHT - 40 * MINUTE))
    said = [change.what for tonight in (template, refresh) if (change := look(tonight).change)]
    assert said == [
        "version 7 of launch template lt-00000000000000001",
        "instance refresh 08b91cf7 (Successful)",
    ]


def test_busy_instances_say_what_they_do_by_our_own_document_and_without_secrets() -> None:
    tonight = night()
    tonight.aws.ssm.says = "load: 3.10\nprocess: node (4711, u) 99%\ncontainer: backend token=hunter2hunter2 12%\n"
    facts = look(tonight)
    (sent,) = tonight.aws.calls.of("SendCommand")
    assert (sent["DocumentName"], sent["Parameters"]) == ("dev-remediation-show-load", {"Lines": ["4"]})
    assert sent["InstanceIds"] == [each.id for each in facts.instances]
    assert facts.instances[0].busy[:2] == ("load: 3.10", "process: node (4711, u) 99%")
    assert "hunter2" not in msgspec.json.encode(facts).decode()


def test_at_most_five_are_asked_and_those_are_the_busiest() -> None:
    tonight = night(size=8, max_size=10, load=lambda _: 8 * 75)
    for n, box in enumerate(tonight.fleet.boxes.values()):
        box.extra = float(n)
    look(tonight)
    (sent,) = tonight.aws.calls.of("SendCommand")
    assert sent["InstanceIds"] == [f"i-{n:017x}" for n in (8, 7, 6, 5, 4)]


def test_an_instance_out_of_reach_and_one_that_does_not_answer_say_so() -> None:
    tonight = night()
    next(iter(tonight.fleet.boxes.values())).in_ssm = False
    tonight.aws.ssm.status = "TimedOut"
    facts = look(tonight)
    assert [each.unanswered for each in facts.instances] == [
        "Systems Manager does not reach it",
        "its answer is TimedOut",
    ]


@pytest.mark.parametrize("broken", ["DescribeInstanceInformation", "SendCommand", "GetCommandInvocation"])
def test_evidence_that_systems_manager_does_not_give_stops_nothing(broken: str) -> None:
    tonight = night()
    tonight.aws.ssm.broken = tonight.aws.acting.ssm.broken = broken
    facts = look(tonight)
    assert [each.unanswered for each in facts.instances] == [
        f"{broken} failed with ThrottlingException: Rate exceeded"
    ] * 2
    assert facts.healthy == frozenset(each.id for each in facts.instances)
    assert tonight.run().status == "healed"
    assert [size for _, size in tonight.fleet.sizes] == [3]


def test_what_the_policies_are_is_no_evidence_but_decides() -> None:
    """Only Systems Manager may fail: without the rest nothing can be judged."""
    tonight = night(watches=lame())

    def refuse(_: str) -> object:
        raise AwsError("Rate exceeded", operation="autoscaling:DescribePolicies", code="Throttling")

    tonight.aws.autoscaling.get_paginator = refuse  # type: ignore[assignment, method-assign]
    assert tonight.run().status == "failed"
    assert tonight.aws.mutations == []


@pytest.mark.parametrize("mode", ["standard", "unlimited"])
def test_what_happens_without_credits_is_asked_of_busy_ones_that_have_none(
    mode: Literal["standard", "unlimited"],
) -> None:
    tonight = night()
    poor, rich = tonight.fleet.boxes.values()
    poor.credits, rich.credits, poor.credit_mode = 0.0, 300.0, mode
    assert [each.credit_mode for each in look(tonight).instances] == [mode, ""]
    (asked_for,) = tonight.aws.calls.of("DescribeInstanceCreditSpecifications")
    assert asked_for == {"InstanceIds": [poor.id]}


@pytest.mark.parametrize("gone", [["i-0"], ["i-zzz"], ["i-0", "i-00000000000000002z", "i-zzz"], []])
def test_an_instance_that_is_gone_while_its_mode_is_asked_for_hides_no_other_one(gone: list[str]) -> None:
    tonight = night(size=3)
    for box in tonight.fleet.boxes.values():
        box.credits = 0.0
    modes = ec2.credit_modes(tonight.aws, [*gone, *tonight.fleet.boxes])  # type: ignore[arg-type]
    assert modes == dict.fromkeys(tonight.fleet.boxes, "unlimited")
    assert len(tonight.aws.calls.of("DescribeInstanceCreditSpecifications")) == 1 or gone
    assert ec2.credit_modes(tonight.aws, gone) == {}  # type: ignore[arg-type]


def test_what_else_is_refused_while_the_mode_is_asked_for_is_a_failure() -> None:
    tonight = night()

    def refuse(**_: Any) -> Any:
        tonight.aws.ec2._refuse("DescribeInstanceCreditSpecifications", "RequestLimitExceeded", "Rate exceeded")

    tonight.aws.ec2.describe_instance_credit_specifications = refuse  # type: ignore[method-assign]
    with pytest.raises(AwsError, match="Rate exceeded"):
        ec2.credit_modes(tonight.aws, list(tonight.fleet.boxes))  # type: ignore[arg-type]


def test_the_type_is_that_of_the_instances_and_not_of_the_settings() -> None:
    tonight = night()
    for box in tonight.fleet.boxes.values():
        box.type = "t3.small"
    assert [each.type for each in look(tonight).instances] == ["t3.small", "t3.small"]


def test_who_takes_no_requests_is_seen() -> None:
    tonight = night()
    ill, well = tonight.fleet.boxes.values()
    ill.healthy = False
    assert look(tonight).healthy == frozenset({well.id})
    assert look(tonight).registered == frozenset({ill.id, well.id})
    ill.registered = False
    assert look(tonight).registered == frozenset({well.id})
    assert look(night(load=lambda _: 80.0)).healthy is None, "a group that is not busy is not asked about"


def test_one_that_the_load_balancer_is_told_to_forget_is_no_target_any_more() -> None:
    tonight = night()
    first, second = tonight.fleet.boxes
    describe = tonight.aws.elbv2.describe_target_health

    def draining(**asked: Any) -> Any:
        answer = describe(**asked)
        answer["TargetHealthDescriptions"][0]["TargetHealth"]["State"] = "draining"
        return answer

    tonight.aws.elbv2.describe_target_health = draining  # type: ignore[method-assign]
    assert look(tonight).registered == frozenset({second}), first


def test_more_instances_than_one_filter_takes_are_asked_for_in_more() -> None:
    tonight = night(size=201, max_size=300, load=lambda _: 80.0)
    assert all(each.launched_at for each in look(tonight).instances)
    assert [len(call["Filters"][0]["Values"]) for call in tonight.aws.calls.of("DescribeInstances")] == [200, 1]


@pytest.mark.parametrize("weighted", [True, False])
def test_that_instances_have_weights_is_seen(weighted: bool) -> None:
    tonight = night()
    describe = tonight.aws.autoscaling.describe_auto_scaling_groups

    def described(**asked: Any) -> Any:
        answer = describe(**asked)
        if weighted:
            answer["AutoScalingGroups"][0]["Instances"][0]["WeightedCapacity"] = "2"
        return answer

    tonight.aws.autoscaling.describe_auto_scaling_groups = described  # type: ignore[method-assign]
    facts = look(tonight)
    assert facts.group
    assert facts.group.weighted is weighted


def test_where_no_instance_is_in_reach_nothing_is_sent() -> None:
    tonight = night()
    for box in tonight.fleet.boxes.values():
        box.in_ssm = False
    look(tonight)
    assert tonight.aws.calls.of("SendCommand") == []


def test_a_group_that_does_not_exist_is_told_as_such() -> None:
    facts = diagnose(night().aws, msgspec.structs.replace(SETTINGS, asg="gone"), Incident())  # type: ignore[arg-type]
    assert facts.group is None


def test_facts_go_both_ways_and_those_of_fifty_instances_fit_into_a_checkpoint() -> None:
    tonight = night(size=50, max_size=60, load=lambda _: 50 * 80)
    tonight.aws.ssm.says = "process: " + "x" * 300 + "\n"
    tonight.aws.ssm.says *= 20
    facts = look(tonight)
    encoded = msgspec.json.encode(facts)
    assert msgspec.json.decode(encoded, type=Facts) == facts
    assert len(encoded) < 128 * 1024


def test_more_figures_than_one_call_takes_are_asked_for_in_more() -> None:
    tonight = night()
    cpu = Figure(
        namespace="AWS/EC2",
        metric="CPUUtilization",
        dimensions={"InstanceId": "i-00000000000000001"},
        statistic="Average",
        period=timedelta(minutes=5),
    )
    found = load.read(tonight.aws, [cpu] * 501, since=NIGHT - 10 * MINUTE, until=NIGHT)  # type: ignore[arg-type]
    assert [len(call["MetricDataQueries"]) for call in tonight.aws.calls.of("GetMetricData")] == [500, 1]
    assert len(found) == 501
    assert found[0] == found[500] != ()


def test_figures_that_cannot_be_read_are_an_error_and_not_an_idle_group() -> None:
    tonight = night()

    def refuse(_: str) -> object:
        raise AwsError("CloudWatch did not answer.", operation="cloudwatch:GetMetricData", code="Throttling")

    tonight.aws.cloudwatch.get_paginator = refuse  # type: ignore[assignment, method-assign]
    assert tonight.run().status == "failed"
    assert tonight.aws.mutations == []
