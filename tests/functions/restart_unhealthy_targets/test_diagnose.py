"""What a look finds out, against clients that refuse what AWS refuses."""

import base64
import json
from datetime import timedelta

import msgspec
import pytest

from remediation.aws.ssm import Answer
from remediation.core.errors import AwsError
from remediation.core.verdict import Escalate, Nothing
from restart_unhealthy_targets.decide import decide
from restart_unhealthy_targets.diagnose import _understood
from restart_unhealthy_targets.facts import Facts
from restart_unhealthy_targets.runbook import RUNBOOK
from restart_unhealthy_targets.settings import Incident, Settings
from tests.functions.restart_unhealthy_targets.nights import INCIDENT, SETTINGS, Night
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.add(2)
    return night


def test_a_healthy_group_takes_three_calls(night: Night) -> None:
    facts = night.look()
    assert [call.operation for call in night.aws.calls.made] == [
        "DescribeTargetGroups",
        "DescribeTargetHealth",
        "DescribeAutoScalingGroups",
    ]
    assert [target.state for target in facts.targets] == ["healthy", "healthy"]
    assert facts.group.interval * facts.group.healthy_threshold == timedelta(seconds=60)


def test_an_unhealthy_target_is_looked_at_from_every_side(night: Night) -> None:
    ill, well = night.world.machines.values()
    night.world.fail(ill, "broken")
    target, other = night.look().targets
    assert (target.id, target.state, target.reason) == (ill.id, "unhealthy", "Target.ResponseCodeMismatch")
    assert target.lifecycle == "InService"
    assert target.launched_at == ill.launched_at
    assert target.port_open is True
    assert target.in_ssm
    assert target.inspection is not None
    assert target.inspection.http == 500
    assert (other.id, other.inspection, other.launched_at) == (well.id, None, None)


def test_one_command_asks_every_unhealthy_instance_and_nothing_else(night: Night) -> None:
    night.world.add(10)
    for machine in list(night.world.machines.values())[:4]:
        night.world.fail(machine, "hung")
    night.look()
    (sent,) = night.aws.calls.of("SendCommand")
    assert sent["InstanceIds"] == sorted(list(night.world.machines)[:4])
    assert sent["DocumentName"] == "dev-remediation-inspect-container"
    assert sent["Parameters"] == {"Container": ["backend"], "Port": ["8080"], "Path": ["/health"], "Ping": ["/ping"]}
    assert len(night.aws.calls.of("GetCommandInvocation")) == 4
    assert night.aws.mutations == []


def test_more_than_a_command_takes_are_not_asked(night: Night) -> None:
    for machine in night.world.add(60):
        night.world.fail(machine, "hung")
    facts = night.look()
    (sent,) = night.aws.calls.of("SendCommand")
    assert len(sent["InstanceIds"]) == 50
    assert sum(target.inspection is not None for target in facts.targets) == 50


def test_looking_uses_exactly_the_permissions_that_are_declared(night: Night) -> None:
    for machine in night.world.machines.values():
        night.world.fail(machine, "hung")
    night.look()
    assert night.aws.calls.permissions == {allowed.action for allowed in RUNBOOK.reads}


def test_an_instance_that_is_not_in_systems_manager_is_not_asked(night: Night) -> None:
    ill, other = night.world.machines.values()
    night.world.fail(ill, "hung")
    night.world.fail(other, "hung")
    ill.in_ssm = False
    target = next(target for target in night.look().targets if target.id == ill.id)
    (sent,) = night.aws.calls.of("SendCommand")
    assert (target.in_ssm, target.inspection) == (False, None)
    assert sent["InstanceIds"] == [other.id]


def test_without_any_instance_to_ask_no_command_is_sent(night: Night) -> None:
    ill = next(iter(night.world.machines.values()))
    night.world.fail(ill, "hung")
    ill.in_ssm = False
    night.look()
    assert night.aws.calls.of("SendCommand") == []


def test_an_instance_that_does_not_answer_is_a_fact(night: Night) -> None:
    ill, other = night.world.machines.values()
    night.world.fail(ill, "hung")
    night.world.fail(other, "hung")
    ill.agent_answers = False
    silent, spoken = night.look().targets
    assert (silent.inspection, silent.unanswered) == (None, "it did not answer in time (command InProgress)")
    assert spoken.inspection is not None, "one that is silent does not keep the others from being heard"


def test_a_closed_port_is_a_fact(night: Night) -> None:
    night.world.fail(next(iter(night.world.machines.values())), "hung")
    night.world.port_open = False
    facts = night.look()
    assert facts.targets[0].port_open is False
    verdict = decide(facts, SETTINGS, (), NIGHT)
    assert isinstance(verdict, Escalate)
    assert "--group-id sg-0000000000000ec20" in verdict.next_steps[0]
    assert "--source-group sg-0000000000000a1b0" in verdict.next_steps[0]


def test_the_launch_template_is_looked_up_for_several_unhealthy_targets(night: Night) -> None:
    first, second = night.world.machines.values()
    night.world.template_created_at = NIGHT - timedelta(minutes=10)
    night.world.fail(first, "hung")
    assert night.look().template_created_at is None
    night.world.fail(second, "hung")
    assert night.look().template_created_at == NIGHT - timedelta(minutes=10)
    (asked,) = night.aws.calls.of("DescribeLaunchTemplateVersions")
    assert asked["Versions"] == ["7"]


def test_replacements_for_failed_elb_checks_are_told_from_others(night: Night) -> None:
    first, second = night.world.machines.values()
    night.world.fail(first, "hung")
    night.world.group_reacts_after = timedelta(0)
    second.reported_unhealthy = True
    night.steps.now += timedelta(seconds=5)
    (replaced,) = night.look().replacements
    assert len(night.world.activities) == 2
    assert (replaced.instance, replaced.at) == (first.id, night.steps.now)


def test_secrets_of_a_log_are_not_in_the_facts(night: Night) -> None:
    night.world.fail(next(iter(night.world.machines.values())), "broken")
    facts = night.look()
    assert "hunter2" not in msgspec.json.encode(facts).decode()
    assert facts.targets[0].inspection
    assert facts.targets[0].inspection.logs[1] == "listening on :8080"


def test_secrets_of_a_description_are_not_in_the_facts(night: Night) -> None:
    ill = next(iter(night.world.machines.values()))
    night.world.fail(ill, "broken")
    ill.description = "Health checks failed: password=hunter2"
    facts = night.look()
    assert "hunter2" not in msgspec.json.encode(facts).decode()
    assert facts.targets[0].description == "Health checks failed: password=***"


def test_an_instance_that_has_outlived_its_launch_template_is_no_obstacle(night: Night) -> None:
    for machine in night.world.machines.values():
        machine.template_version = "6"
        night.world.fail(machine, "stopped")
    night.world.deleted_versions = ("6",)
    assert night.look().template_created_at is None
    assert len(night.aws.calls.of("DescribeLaunchTemplateVersions")) == 1


def test_facts_survive_a_checkpoint(night: Night) -> None:
    for machine in night.world.machines.values():
        night.world.fail(machine, "stopped")
    facts = night.look()
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Facts) == facts


@pytest.mark.parametrize("character", ["x", "\u20ac", "\U0001f525", '"', "\x01"])
def test_the_facts_of_as_many_instances_as_can_be_asked_fit_into_a_checkpoint(
    night: Night, monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    line = character * (740 // len(character.encode())) + "\n"
    monkeypatch.setattr("tests.functions.restart_unhealthy_targets.scripts.SECRET", line * 8)
    for machine in night.world.add(60):
        night.world.fail(machine, "hung")
    facts = night.look()
    assert sum(bool(target.inspection and target.inspection.logs) for target in facts.targets) == 50
    assert len(msgspec.json.encode(facts)) < 200_000


def test_a_body_is_cut_to_what_a_checkpoint_takes() -> None:
    inspection, _ = _understood(Answer(instance="i-1", status="Success", output=_printed(body="\u20ac" * 600)))
    assert inspection is not None
    assert inspection.body == "\u20ac" * 133


def test_an_error_is_cut_to_what_a_checkpoint_takes() -> None:
    inspection, why = _understood(Answer(instance="i-1", status="Failed", error="\x01" * 300))
    assert inspection is None
    assert len(msgspec.json.encode(why)) <= 402


def test_without_its_auto_scaling_group_there_still_are_facts(night: Night) -> None:
    night.world.fail(next(iter(night.world.machines.values())), "stopped")
    facts = night.look(msgspec.structs.replace(SETTINGS, asg="dev-other-asg"))
    assert (facts.asg, facts.replacements) == (None, ())


# ------------------------------------------------------------------------------------------------ what an answer says


def _printed(*, body: str) -> str:
    said = {"container": "running", "started_at": "none", "restarts": 0, "http": 500, "curl": 0, "ping": 0, "logs": ""}
    said |= dict.fromkeys(("mongodb", "mongodb_at", "redis", "redis_at"), "")
    return json.dumps(said | {"body": base64.b64encode(body.encode()).decode()})


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (Answer(instance="i-1", status="InProgress"), "did not answer in time"),
        (
            Answer(instance="i-1", status="Failed", error="SSM_Container: is missing. SSM Agent"),
            "ended with Failed: SSM",
        ),
        (Answer(instance="i-1", status="TimedOut"), "ended with TimedOut"),
        (Answer(instance="i-1", status="Success", output=""), "something else than expected"),
        (Answer(instance="i-1", status="Success", output='{"container":"running"}'), "something else than expected"),
        (Answer(instance="i-1", status="Success", output="<html>"), "something else than expected"),
    ],
)
def test_an_answer_of_no_use_says_why(answer: Answer, because: str) -> None:
    inspection, why = _understood(answer)
    assert inspection is None
    assert because in why


# --------------------------------------------------------------------------------------------------- which group


@pytest.mark.parametrize("said", [ARN, "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188", "dev-backend-tg-v2"])
def test_a_target_group_can_be_said_in_three_ways(night: Night, said: str) -> None:
    assert RUNBOOK.scope(Incident(target_group=said), SETTINGS, PLACE) is None
    facts = night.look(incident=Incident(target_group=said))
    assert facts.group.arn == ARN
    assert isinstance(decide(facts, SETTINGS, (), NIGHT), Nothing)


@pytest.mark.parametrize(
    "said", ["prod-backend-tg-v2", "targetgroup/prod-backend-tg-v2/50dc6c495c0c9188", "backend-tg"]
)
def test_another_environments_target_group_is_out_of_scope(said: str) -> None:
    assert "not one of dev-backend-tg*" in (RUNBOOK.scope(Incident(target_group=said), SETTINGS, PLACE) or "")


@pytest.mark.parametrize(
    "said",
    [
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:dev-backend-tg",
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/dev-backend-tg/50dc6c495c0c9188",
        "arn:aws:sqs:us-east-1:123456789012:dev-backend-tg",
        "targetgroup/dev-backend-tg-v2",
        "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188/x",
        "dev-backend-tg-v2\n",
        "dev-backend-tg;id",
        "dev-backend-tg" + "x" * 40,
    ],
)
def test_what_is_no_target_group_is_out_of_scope(said: str) -> None:
    assert "is neither a target group's ARN" in (RUNBOOK.scope(Incident(target_group=said), SETTINGS, PLACE) or "")


@pytest.mark.parametrize("where", ["us-east-1:999999999999", "eu-west-1:123456789012"])
def test_another_accounts_or_regions_arn_is_never_taken_for_ours(where: str) -> None:
    incident = Incident(target_group=ARN.replace("us-east-1:123456789012", where))
    assert "not in" in (RUNBOOK.scope(incident, SETTINGS, PLACE) or "")


def test_a_target_group_that_does_not_exist_is_an_error(night: Night) -> None:
    with pytest.raises(AwsError, match="TargetGroupNotFound"):
        night.look(incident=Incident(target_group="dev-backend-tg-v9"))


def test_the_incident_of_our_own_alarm_is_its_target_group() -> None:
    assert Settings().target_group == INCIDENT.target_group
