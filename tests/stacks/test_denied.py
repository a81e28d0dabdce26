"""Calls of functions that must be denied are, by the synthesised policies; and what they must not be mistaken for is not.

Each sentence is one mistake, or one attack. It is put to both environments as they would be deployed.
"""

import pytest

from stacks.permissions import ESCALATION, PROBE, SWEEP
from tests.stacks.callers import ALICE, CUSTOMER_KEY, Attempt, elsewhere, environment
from tests.support.iam import Call

RUNBOOK = "restart-unhealthy-targets"
SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
"""Where the probe stands (config/)."""

BY_FUNCTIONS: dict[str, Attempt] = {
    # The ledger.
    "a function raises the mode of its environment": lambda e: e.runbook.asks(e.item("UpdateItem", f"MODE#{e.name}")),
    "a function raises its own mode": lambda e: e.runbook.asks(e.item("UpdateItem", f"MODE#{e.name}#{RUNBOOK}")),
    "a function puts a new mode in the old one's place": lambda e: e.runbook.asks(e.item("PutItem", f"MODE#{e.name}")),
    "a function lifts a freeze": lambda e: e.runbook.asks(e.item("UpdateItem", f"FREEZE#{e.name}")),
    "a function speaks for a person": lambda e: e.runbook.asks(e.item("UpdateItem", f"SAID#{ALICE}#run-1")),
    "a function speaks for itself": lambda e: e.runbook.asks(
        e.item("UpdateItem", "SAID#AROAFUNCTION:run#run-1", by="AROAFUNCTION:run")
    ),
    "a function writes what people changed": lambda e: e.runbook.asks(e.item("UpdateItem", f"AUDIT#{e.name}#1#a")),
    "a function hides a mode among its own items": lambda e: e.runbook.asks(
        e.item("UpdateItem", "RUN#1", f"MODE#{e.name}", "RESOURCE#x")
    ),
    "a function writes an item without saying which": lambda e: e.runbook.asks(e.scanned("UpdateItem")),
    "a function deletes what was recorded": lambda e: e.runbook.asks(e.item("DeleteItem", "RUN#1")),
    "a function replaces what was recorded": lambda e: e.runbook.asks(e.item("PutItem", "RUN#1")),
    "a function replaces many records at once": lambda e: e.runbook.asks(e.item("BatchWriteItem", "RUN#1")),
    "a function reads the whole ledger": lambda e: e.runbook.asks(e.scanned("Scan")),
    "a function writes by SQL": lambda e: e.runbook.asks(e.item("PartiQLUpdate", f"MODE#{e.name}")),
    "a runbook lists runs": lambda e: e.runbook.asks(e.scanned("Query", "/index/runs")),
    "a function deletes the ledger": lambda e: e.runbook.asks(e.scanned("DeleteTable")),
    "a function lets the ledger forget": lambda e: e.runbook.asks(e.scanned("UpdateTimeToLive")),
    "a function writes another environment's ledger": lambda e: e.runbook.asks(
        e.on(
            "dynamodb:UpdateItem",
            "dynamodb",
            f"table/{e.other}-remediation-ledger",
            {"dynamodb:LeadingKeys": ("RUN#1",)},
        )
    ),
    "a function writes the ledger of another Region": lambda e: e.runbook.asks(
        elsewhere(e.item("UpdateItem", "RUN#1"))
    ),
    "a function reads another state's lock": lambda e: e.runbook.asks(e.lock("GetItem", "another/terraform.tfstate")),
    "a function reads the digest beside a lock": lambda e: e.runbook.asks(e.lock("GetItem", f"{e.lock_id}-md5")),
    "a function that only looks at a lock clears it": lambda e: e.runbook.asks(e.lock("DeleteItem", e.lock_id)),
    # Itself, and other functions.
    "a function changes its code": lambda e: e.runbook.asks(e.function("UpdateFunctionCode")),
    "a function changes its settings": lambda e: e.runbook.asks(e.function("UpdateFunctionConfiguration")),
    "a function lets others invoke it": lambda e: e.runbook.asks(e.function("AddPermission")),
    "a function lifts its limit": lambda e: e.runbook.asks(e.function("DeleteFunctionConcurrency")),
    "a function starts itself": lambda e: e.runbook.asks(e.invoke(RUNBOOK)),
    "a function starts the sweep": lambda e: e.runbook.asks(e.invoke(SWEEP)),
    "a function starts another version of the follow-up": lambda e: e.runbook.asks(e.invoke(ESCALATION, ":7")),
    "a runbook approves its own plan": lambda e: e.runbook.asks(
        e.execution("SendDurableExecutionCallbackSuccess", RUNBOOK)
    ),
    "a runbook acknowledges its own incident": lambda e: e.runbook.asks(
        e.execution("SendDurableExecutionCallbackSuccess", ESCALATION)
    ),
    "a function stops an execution": lambda e: e.runbook.asks(e.execution("StopDurableExecution", RUNBOOK)),
    "a function writes the checkpoints of another one": lambda e: e.runbook.asks(
        e.execution("CheckpointDurableExecution", ESCALATION)
    ),
    # Who may do what.
    "a function hands a role on": lambda e: e.runbook.asks(
        Call("iam:PassRole", f"arn:aws:iam::{e.names.place.account}:role/admin", e.here())
    ),
    "a function gives itself a right": lambda e: e.runbook.asks(
        Call("iam:PutRolePolicy", f"arn:aws:iam::{e.names.place.account}:role/self", e.here())
    ),
    "a function becomes an operator": lambda e: e.runbook.asks(
        Call("sts:AssumeRole", f"arn:aws:iam::{e.names.place.account}:role/{e.name}-remediation-operator", e.here())
    ),
    "a function deletes the key": lambda e: e.runbook.asks(e.on("kms:ScheduleKeyDeletion", "kms", "key/environment")),
    "a function changes who may use the key": lambda e: e.runbook.asks(
        e.on("kms:PutKeyPolicy", "kms", "key/environment")
    ),
    "a function decrypts by itself": lambda e: e.runbook.asks(e.on("kms:Decrypt", "kms", "key/environment")),
    "a function decrypts through another service": lambda e: e.runbook.asks(e.key_use("Decrypt", "s3")),
    "a function uses another key": lambda e: e.runbook.asks(e.key_use("Decrypt", "dynamodb", "another")),
    # Rules, alarms and traces.
    "a function makes a rule": lambda e: e.runbook.asks(e.on("events:PutRule", "events", "rule/any")),
    "a function leads a rule elsewhere": lambda e: e.runbook.asks(e.on("events:PutTargets", "events", "rule/any")),
    "a runbook sends events": lambda e: e.runbook.asks(e.sent("starttech.sweep")),
    "a function sets an alarm": lambda e: e.runbook.asks(e.alarm("SetAlarmState")),
    "a function changes an alarm": lambda e: e.runbook.asks(e.alarm("PutMetricAlarm")),
    "a function deletes an alarm": lambda e: e.runbook.asks(e.alarm("DeleteAlarms")),
    "a function silences an alarm": lambda e: e.runbook.asks(e.alarm("DisableAlarmActions")),
    "a function mutes alarms": lambda e: e.sweep.asks(
        e.on("cloudwatch:PutAlarmMuteRule", "cloudwatch", "alarm-mute-rule:all")
    ),
    "a function publishes to another topic": lambda e: e.runbook.asks(e.on("sns:Publish", "sns", "invoices")),
    "a function publishes to another environment's topic": lambda e: e.runbook.asks(
        e.on("sns:Publish", "sns", f"{e.other}-remediation-outcomes")
    ),
    "a function subscribes to pages": lambda e: e.runbook.asks(
        e.on("sns:Subscribe", "sns", f"{e.name}-remediation-outcomes")
    ),
    "a function writes another one's log": lambda e: e.runbook.asks(e.logged("PutLogEvents", SWEEP)),
    "a function deletes its log": lambda e: e.runbook.asks(e.logged("DeleteLogGroup", RUNBOOK)),
    "a function empties its dead letters": lambda e: e.runbook.asks(
        e.on("sqs:PurgeQueue", "sqs", f"{e.name}-remediation-{RUNBOOK}-dlq")
    ),
    # The world.
    "a function runs a script of its own making": lambda e: e.runbook.asks(
        *e.command("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", e.name)
    ),
    "a function runs another environment's document": lambda e: e.runbook.asks(
        *e.command(e.names.arn("ssm", f"document/{e.other}-remediation-inspect-container"), e.name)
    ),
    "a function sends a command to an instance of nobody": lambda e: e.runbook.asks(
        *e.command("inspect-container", None)
    ),
    "a function sends a command to another environment": lambda e: e.runbook.asks(
        *e.command("inspect-container", e.other)
    ),
    "a function rewrites its document": lambda e: e.runbook.asks(
        e.on("ssm:UpdateDocument", "ssm", f"document/{e.name}-remediation-inspect-container")
    ),
    "a function opens a shell": lambda e: e.runbook.asks(
        e.on("ssm:StartSession", "ec2", "instance/i-0123456789abcdef0")
    ),
    "a function reads a secret": lambda e: e.runbook.asks(
        e.on("secretsmanager:GetSecretValue", "secretsmanager", "secret:mongodb-AbCdEf")
    ),
    "a function terminates an instance": lambda e: e.runbook.asks(
        e.on("ec2:TerminateInstances", "ec2", "instance/i-0123456789abcdef0")
    ),
    "a function shrinks a group": lambda e: e.runbook.asks(
        e.group("UpdateAutoScalingGroup", f"{e.name}-backend-asg", e.name)
    ),
    "a function gives up an instance of another group": lambda e: e.runbook.asks(
        e.group("SetInstanceHealth", f"{e.name}-batch-asg", e.name)
    ),
    "a function gives up an instance of a group of nobody": lambda e: e.runbook.asks(
        e.group("SetInstanceHealth", f"{e.name}-backend-asg", None)
    ),
    "a function gives up an instance of another environment": lambda e: e.runbook.asks(
        e.group("SetInstanceHealth", f"{e.name}-backend-asg", e.other)
    ),
    "a function opens a port": lambda e: e.runbook.asks(
        e.on("ec2:AuthorizeSecurityGroupIngress", "ec2", "security-group/sg-0123456789abcdef0")
    ),
    "a function looks around in another Region": lambda e: e.runbook.asks(
        Call("ec2:DescribeInstances", "*", {"aws:RequestedRegion": "eu-west-1"})
    ),
    "a function reads a state": lambda e: e.runbook.asks(
        Call("s3:GetObject", f"arn:aws:s3:::{e.name}-starttech-terraform-state/starttech/terraform.tfstate", e.here())
    ),
}

BY_SYSTEM_FUNCTIONS: dict[str, Attempt] = {
    "the sweep raises a mode": lambda e: e.sweep.asks(e.item("UpdateItem", f"MODE#{e.name}")),
    "the sweep writes what people changed": lambda e: e.sweep.asks(e.item("UpdateItem", f"AUDIT#{e.name}#1#a")),
    "the sweep asks for approvals": lambda e: e.sweep.asks(e.item("UpdateItem", "APPROVAL#1")),
    "the sweep approves": lambda e: e.sweep.asks(e.execution("SendDurableExecutionCallbackSuccess", RUNBOOK)),
    "the sweep starts a runbook past its rule": lambda e: e.sweep.asks(e.invoke(RUNBOOK)),
    "the sweep acts": lambda e: e.sweep.asks(*e.command("restart-container", e.name)),
    "the sweep pretends to be CloudWatch": lambda e: e.sweep.asks(e.sent("aws.cloudwatch")),
    "the sweep pretends to be a drill": lambda e: e.sweep.asks(e.sent("starttech.drill")),
    "the sweep sends events without a source": lambda e: e.sweep.asks(e.sent(None)),
    "the sweep sends to another bus": lambda e: e.sweep.asks(e.sent("starttech.sweep", "event-bus/payments")),
    "the sweep reads the whole ledger": lambda e: e.sweep.asks(e.scanned("Scan")),
    "the sweep lists by another index": lambda e: e.sweep.asks(e.scanned("Query", "/index/people")),
    "the sweep stops an execution": lambda e: e.sweep.asks(e.execution("StopDurableExecution", RUNBOOK)),
    "the follow-up changes a run": lambda e: e.escalation.asks(e.item("UpdateItem", "RUN#1")),
    "the follow-up acknowledges for a person": lambda e: e.escalation.asks(e.item("UpdateItem", f"SAID#{ALICE}#run-1")),
    "the follow-up answers itself": lambda e: e.escalation.asks(
        e.execution("SendDurableExecutionCallbackSuccess", ESCALATION)
    ),
    "the follow-up starts a runbook": lambda e: e.escalation.asks(e.invoke(RUNBOOK)),
    "the follow-up sends events": lambda e: e.escalation.asks(e.sent("starttech.sweep")),
    "the probe's code makes an interface": lambda e: e.probe.asks(
        e.interface("CreateNetworkInterface", f"subnet/{SUBNET}", by_code=True)
    ),
    "the probe's code deletes an interface": lambda e: e.probe.asks(
        e.interface("DeleteNetworkInterface", "network-interface/eni-1", by_code=True)
    ),
    "Lambda puts the probe into another subnet": lambda e: e.probe.asks(
        e.interface("CreateNetworkInterface", "subnet/subnet-0aaaaaaaaaaaaaaaa")
    ),
    "Lambda gives the probe another security group": lambda e: e.probe.asks(
        e.interface("CreateNetworkInterface", "security-group/sg-0aaaaaaaaaaaaaaaa")
    ),
    "the probe reads another secret": lambda e: e.probe.asks(e.secret(f"{e.name}/atlas-AbCdEf")),
    "the probe reads a parameter that it was not told of": lambda e: e.probe.asks(
        e.on("ssm:GetParameter", "ssm", f"parameter/{e.name}/starttech/mongodb-uri")
    ),
    "the probe reads when a run logged in": lambda e: e.probe.asks(e.item("GetItem", "AUTH#mongodb", "RUN#1")),
    "the probe writes of another dependency's logins": lambda e: e.probe.asks(e.item("UpdateItem", "AUTH#redis")),
    "the probe forgets when it logged in": lambda e: e.probe.asks(e.item("DeleteItem", "AUTH#mongodb")),
    "a runbook makes the probe log in again": lambda e: e.runbook.asks(e.item("UpdateItem", "AUTH#mongodb")),
    "the probe decrypts by itself": lambda e: e.probe.asks(e.on("kms:Decrypt", "kms", f"key/{CUSTOMER_KEY}", {})),
    "the probe tells people": lambda e: e.probe.asks(e.on("sns:Publish", "sns", f"{e.name}-remediation-critical")),
    "the probe reads the ledger": lambda e: e.probe.asks(e.item("GetItem", "RUN#1")),
    "the probe starts a runbook": lambda e: e.probe.asks(e.invoke(RUNBOOK)),
    "a runbook makes an interface": lambda e: e.runbook.asks(e.interface("CreateNetworkInterface", f"subnet/{SUBNET}")),
    "the follow-up acts": lambda e: e.escalation.asks(*e.command("restart-container", e.name)),
}

DENIED = BY_FUNCTIONS | BY_SYSTEM_FUNCTIONS

ALLOWED: dict[str, Attempt] = {
    "a function records what it does": lambda e: e.runbook.asks(
        e.item("UpdateItem", "EVENT#a", "RUN#1", "RESOURCE#x", f"BUDGET#{e.name}"),
        e.item("UpdateItem", f"CIRCUIT#{e.name}#{RUNBOOK}", "APPROVAL#1", "INCIDENT#a"),
    ),
    "a function looks whether it may act, and what people said": lambda e: e.runbook.asks(
        e.item("ConditionCheckItem", f"MODE#{e.name}", f"FREEZE#{e.name}"),
        e.item("GetItem", f"SAID#{ALICE}#run-1"),
    ),
    "a function looks at the lock": lambda e: e.runbook.asks(e.lock("GetItem", e.lock_id)),
    "a function has an incident followed up": lambda e: e.runbook.asks(e.invoke(ESCALATION)),
    "a function keeps its checkpoints": lambda e: e.runbook.asks(
        e.execution("CheckpointDurableExecution", RUNBOOK), e.execution("GetDurableExecutionState", RUNBOOK)
    ),
    "a function reads and writes what is encrypted": lambda e: e.runbook.asks(
        e.key_use("Decrypt", "dynamodb"), e.key_use("GenerateDataKey", "sns")
    ),
    "a function tells people": lambda e: e.runbook.asks(
        *(e.on("sns:Publish", "sns", f"{e.name}-remediation-{to}") for to in ("outcomes", "critical", "database"))
    ),
    "a function writes its log and its dead letters": lambda e: e.runbook.asks(
        e.logged("PutLogEvents", RUNBOOK), e.on("sqs:SendMessage", "sqs", f"{e.name}-remediation-{RUNBOOK}-dlq")
    ),
    "a function looks at alarms and instances": lambda e: e.runbook.asks(
        e.alarm("DescribeAlarms"), Call("ec2:DescribeInstances", "*", e.here())
    ),
    "a function looks at a container": lambda e: e.runbook.asks(*e.command("inspect-container", e.name)),
    "the sweep offers an alarm again": lambda e: e.sweep.asks(e.sent("starttech.sweep")),
    "the sweep finds what was left lying": lambda e: e.sweep.asks(
        e.scanned("Query", "/index/runs"), e.item("GetItem", "RUN#1"), e.execution("GetDurableExecution", RUNBOOK)
    ),
    "the sweep closes what nobody closes": lambda e: e.sweep.asks(
        e.item("UpdateItem", "RUN#1", "RESOURCE#x", f"CIRCUIT#{e.name}#{RUNBOOK}"),
        e.item("UpdateItem", "INCIDENT#a", f"DOCTOR#{e.name}"),
    ),
    "the sweep says that an incident is over": lambda e: e.sweep.asks(
        e.execution("SendDurableExecutionCallbackSuccess", ESCALATION)
    ),
    "the sweep knows what is muted": lambda e: e.sweep.asks(
        e.on("cloudwatch:GetAlarmMuteRule", "cloudwatch", "alarm-mute-rule:deploys"),
        Call("cloudwatch:ListMetrics", "*", e.here()),
    ),
    "Lambda puts the probe into the application's subnets and takes it out": lambda e: e.probe.asks(
        e.interface("CreateNetworkInterface", f"subnet/{SUBNET}"),
        e.interface("CreateNetworkInterface", f"security-group/{GROUP}"),
        e.interface("CreateNetworkInterface", "network-interface/eni-1"),
        e.interface("DeleteNetworkInterface", "network-interface/eni-1"),
        Call("ec2:DescribeNetworkInterfaces", "*", e.here()),
    ),
    "the probe reads the token of Redis": lambda e: e.probe.asks(
        e.secret(f"{e.name}/redis-AbCdEf"), e.key_use("Decrypt", "secretsmanager", CUSTOMER_KEY)
    ),
    "the probe reads the connection string of MongoDB, and keeps when it logged in": lambda e: e.probe.asks(
        e.secret(f"{e.name}/starttech-mongodb-AbCdEf"),
        e.item("GetItem", "AUTH#mongodb"),
        e.item("UpdateItem", "AUTH#mongodb"),
        e.key_use("Decrypt", "dynamodb"),
    ),
    "the probe writes its log": lambda e: e.probe.asks(e.logged("PutLogEvents", PROBE)),
    "the follow-up keeps and tells": lambda e: e.escalation.asks(
        e.item("UpdateItem", "INCIDENT#a"),
        e.on("sns:Publish", "sns", f"{e.name}-remediation-critical"),
        e.execution("CheckpointDurableExecution", ESCALATION),
        e.alarm("DescribeAlarms"),
    ),
}
ALLOWED_TO_ACT: dict[str, Attempt] = {
    "a function restarts a container": lambda e: e.runbook.asks(*e.command("restart-container", e.name)),
    "a function gives up an instance": lambda e: e.runbook.asks(
        e.group("SetInstanceHealth", f"{e.name}-backend-asg", e.name)
    ),
}


@pytest.mark.parametrize("sentence", DENIED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_denied_that(where: str, sentence: str) -> None:
    answer = DENIED[sentence](environment(where))
    assert not answer.allowed, f"in {where}, {sentence}"


@pytest.mark.parametrize("sentence", ALLOWED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_allowed_that(where: str, sentence: str) -> None:
    answer = ALLOWED[sentence](environment(where))
    assert answer.allowed, f"in {where}, {sentence}: {answer.because}"


@pytest.mark.parametrize("sentence", ALLOWED_TO_ACT)
def test_it_is_allowed_where_the_mode_is_act_only_that(sentence: str) -> None:
    acting, watching = (ALLOWED_TO_ACT[sentence](environment(where)) for where in ("dev", "prod"))
    assert acting.allowed, acting.because
    assert not watching.allowed, "prod observes"


def test_there_are_more_than_eighty_of_them() -> None:
    assert len(DENIED) > 80
