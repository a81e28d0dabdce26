"""The scenario under the bench: an alarm, one unhealthy target of two, and the first act of `restart-unhealthy-targets`.

One event is one whole invocation of the durable function: every gate, the diagnosis with an inspection on the instance,
the admission, the restart of the container, and the suspension until its effect can be seen.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec

from bench.aws import Answers
from bench.measure import Scenario
from layers.dependencies.build import operations_of
from layers.dependencies.requirements import ROOT
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Contact, Deployment
from remediation.core.spec import Place, Team
from remediation.core.watched import Deploys, Lock, Watched
from restart_unhealthy_targets.runbook import RUNBOOK
from restart_unhealthy_targets.settings import Settings

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
SETTINGS_OF_DEV = Settings()
ALARM = "dev-remediation-unhealthy-targets"
SICK, WELL = "i-0123456789abcdef0", "i-0123456789abcdef1"
ELB = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
GROUP, BALANCER = f"{ELB}:{SETTINGS_OF_DEV.target_group}", f"{ELB}:loadbalancer/{SETTINGS_OF_DEV.load_balancer}"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TEAMS: tuple[Team, ...] = ("infrastructure", "database", "application", "critical")
INSPECTION = {
    "container": "exited", "started_at": "none", "restarts": 0, "http": 0, "curl": 7, "ping": 0, "body": "", "logs": "",
    "mongodb": "yes", "mongodb_at": "db:27017", "redis": "yes", "redis_at": "cache:6379",
}  # fmt: skip
CALLS = Counter(
    {
        "cloudwatch:DescribeAlarms": 2,
        "elbv2:DescribeTargetGroups": 1,
        "elbv2:DescribeTargetHealth": 2,
        "elbv2:DescribeLoadBalancers": 1,
        "autoscaling:DescribeAutoScalingGroups": 2,
        "autoscaling:DescribeInstanceRefreshes": 2,
        "autoscaling:DescribeScalingActivities": 1,
        "ec2:DescribeInstances": 1,
        "ec2:DescribeSecurityGroups": 1,
        "ssm:DescribeInstanceInformation": 1,
        "ssm:SendCommand": 2,
        "ssm:GetCommandInvocation": 2,
        "dynamodb:TransactGetItems": 1,
        "dynamodb:TransactWriteItems": 3,
        "dynamodb:GetItem": 1,
        "dynamodb:UpdateItem": 2,
    }
)
"""Beside what the diagnosis and the act need: the ledger is asked to receive, note twice, admit (what stands, then the
transaction) and confirm; and the gates look around for alarms, an instance refresh and Terraform's lock."""


class World:
    """What AWS knows. It remembers the alarm's time, and which run has recorded the event as its own."""

    def __init__(self) -> None:
        self._raised = LONG_AGO
        self._owners: dict[str, Any] = {}

    def event(self, number: int) -> bytes:
        """Answer the first invocation of a new durable execution; the alarm went off just before the life's first."""
        if number == 0:
            self._raised = datetime.now(UTC).replace(microsecond=0)
        now = self._raised
        execution = f"arn:aws:lambda:us-east-1:123456789012:function:bench:1/durable-execution/{number}/{number}"
        operation = {
            "Id": str(number),
            "Type": "EXECUTION",
            "Status": "STARTED",
            "StartTimestamp": int(now.timestamp() * 1000),
            "ExecutionDetails": {"InputPayload": json.dumps(_alarm(now, number))},
        }
        state = {"Operations": [operation]}
        invocation = {"DurableExecutionArn": execution, "CheckpointToken": "0", "InitialExecutionState": state}
        return json.dumps(invocation).encode()

    def answers(self) -> Answers:
        """Answer what AWS answers, by operation."""
        return {
            "autoscaling:DescribeAutoScalingGroups": {"AutoScalingGroups": [_GROUP]},
            "autoscaling:DescribeInstanceRefreshes": {"InstanceRefreshes": []},
            "autoscaling:DescribeScalingActivities": {"Activities": []},
            "cloudwatch:DescribeAlarms": self._alarms,
            "dynamodb:GetItem": {},
            "dynamodb:TransactGetItems": self._standing,
            "dynamodb:TransactWriteItems": self._claimed,
            "dynamodb:UpdateItem": {},
            "ec2:DescribeInstances": {"Reservations": [{"Instances": [_INSTANCE]}]},
            "ec2:DescribeSecurityGroups": {"SecurityGroups": [_SECURITY_GROUP]},
            "elbv2:DescribeLoadBalancers": {"LoadBalancers": [{"SecurityGroups": ["sg-0123456789abcdef1"]}]},
            "elbv2:DescribeTargetGroups": {"TargetGroups": [_TARGET_GROUP]},
            "elbv2:DescribeTargetHealth": _health,
            "lambda:CheckpointDurableExecution": _checkpoint,
            "sns:Publish": {"MessageId": "0"},
            "ssm:DescribeInstanceInformation": {
                "InstanceInformationList": [{"InstanceId": SICK, "PingStatus": "Online"}]
            },
            "ssm:GetCommandInvocation": _answered,
            "ssm:SendCommand": _sent,
        }

    def _alarms(self, _: bytes) -> Mapping[str, Any]:
        at = self._raised
        alarm = {"AlarmName": ALARM, "StateValue": "ALARM", "ActionsEnabled": True}
        return {"MetricAlarms": [alarm | {"StateUpdatedTimestamp": at, "StateTransitionedTimestamp": at}]}

    def _claimed(self, body: bytes) -> Mapping[str, Any]:
        for item in json.loads(body)["TransactItems"]:
            update = item.get("Update", {})
            if (key := update.get("Key", {}).get("pk", {}).get("S", "")).startswith("EVENT#"):
                self._owners[key] = update["ExpressionAttributeValues"][":run"]
        return {}

    def _standing(self, body: bytes) -> Mapping[str, Any]:
        """Answer whose the event is, and that nothing else is there yet: no lease, no switch, nothing spent."""
        keys = [item["Get"]["Key"]["pk"]["S"] for item in json.loads(body)["TransactItems"]]
        return {"Responses": [{"Item": {"run": self._owners[key]}} if key in self._owners else {} for key in keys]}


def scenario() -> Scenario:
    """Answer the scenario."""
    world = World()
    contact = Contact(topic="arn:aws:sns:us-east-1:123456789012:contact", response=timedelta(minutes=15))
    deployment = Deployment(
        place=PLACE,
        mode="act",
        ledger="dev-remediation-ledger",
        outcomes="arn:aws:sns:us-east-1:123456789012:outcomes",
        contacts=dict.fromkeys(TEAMS, contact),
        watched=Watched(
            alarm_prefix="dev-",
            deploys=Deploys(asgs=(SETTINGS_OF_DEV.asg,), locks=(Lock(table="locks", id="state/terraform.tfstate"),)),
        ),
    )
    environment = {
        DEPLOYMENT: msgspec.json.encode(deployment).decode(),
        SETTINGS: msgspec.json.encode(SETTINGS_OF_DEV).decode(),
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "POWERTOOLS_SERVICE_NAME": RUNBOOK.name,
    }
    return Scenario(
        handler=f"{RUNBOOK.package}.handler.handler",
        room=ROOT / "functions" / RUNBOOK.package,
        shared=ROOT / "layers" / "remediation",
        environment=environment,
        event=world.event,
        answers=world.answers(),
        operations=operations_of(allow.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes)),
        accept=lambda answer: json.loads(answer).get("Status") == "PENDING",
        calls=CALLS,
    )


def _alarm(now: datetime, number: int) -> Mapping[str, Any]:
    at = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    dimensions = {"TargetGroup": SETTINGS_OF_DEV.target_group, "LoadBalancer": SETTINGS_OF_DEV.load_balancer}
    metric = {"namespace": "AWS/ApplicationELB", "name": "UnHealthyHostCount", "dimensions": dimensions}
    watched = {"id": "m1", "metricStat": {"metric": metric, "period": 60, "stat": "Maximum"}, "returnData": True}
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": PLACE.account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": PLACE.region,
        "resources": [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{ALARM}"],
        "detail": {
            "alarmName": ALARM,
            "configuration": {"metrics": [watched]},
            "previousState": {"value": "OK", "timestamp": "2026-01-01T00:00:00.000+0000", "reason": ""},
            "state": {"value": "ALARM", "timestamp": at, "reason": "Threshold Crossed"},
        },
    }


def _health(body: bytes) -> Mapping[str, Any]:
    asked = parse_qs(body.decode()).get("Targets.member.1.Id", [SICK, WELL])
    sick = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    return {
        "TargetHealthDescriptions": [
            {"Target": {"Id": target, "Port": 8080}, "TargetHealth": sick if target == SICK else {"State": "healthy"}}
            for target in asked
        ]
    }


def _sent(body: bytes) -> Mapping[str, Any]:
    kind = "1" if "restart" in json.loads(body)["DocumentName"] else "0"
    return {"Command": {"CommandId": f"00000000-0000-4000-8000-00000000000{kind}"}}


def _answered(body: bytes) -> Mapping[str, Any]:
    inspection = json.loads(body)["CommandId"].endswith("0")
    return {"Status": "Success", "StandardOutputContent": json.dumps(INSPECTION) if inspection else "restarted"}


def _checkpoint(body: bytes) -> Mapping[str, Any]:
    """Answer the state of every operation just reported, as Lambda does."""
    asked = json.loads(body)
    now = datetime.now(UTC)
    status = {"START": "STARTED", "SUCCEED": "SUCCEEDED", "FAIL": "FAILED", "RETRY": "PENDING"}
    operations = []
    for update in asked["Updates"]:
        operation = {
            "Id": update["Id"],
            "Type": update["Type"],
            "Status": status[update["Action"]],
            "StartTimestamp": now,
        }
        operation |= {key: update[key] for key in ("ParentId", "Name", "SubType") if key in update}
        if update["Type"] == "STEP":
            operation["StepDetails"] = {"Attempt": 1, "Result": update.get("Payload", "")}
        if update["Type"] == "WAIT":
            pause = timedelta(seconds=update["WaitOptions"]["WaitSeconds"])
            operation["WaitDetails"] = {"ScheduledEndTimestamp": now + pause}
        operations.append(operation)
    token = str(int(asked["CheckpointToken"]) + 1)
    return {"CheckpointToken": token, "NewExecutionState": {"Operations": operations}}


_GROUP = {
    "AutoScalingGroupName": SETTINGS_OF_DEV.asg,
    "MinSize": 2,
    "MaxSize": 6,
    "DesiredCapacity": 2,
    "DefaultCooldown": 300,
    "AvailabilityZones": ["us-east-1a"],
    "HealthCheckType": "ELB",
    "HealthCheckGracePeriod": 300,
    "CreatedTime": LONG_AGO,
    "Instances": [
        {
            "InstanceId": instance,
            "AvailabilityZone": "us-east-1a",
            "LifecycleState": "InService",
            "HealthStatus": "Healthy",
            "LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "1"},
            "ProtectedFromScaleIn": False,
        }
        for instance in (SICK, WELL)
    ],
}
_INSTANCE = {
    "InstanceId": SICK,
    "State": {"Code": 16, "Name": "running"},
    "LaunchTime": LONG_AGO,
    "SecurityGroups": [{"GroupId": "sg-0123456789abcdef0", "GroupName": "dev-ec2-sg"}],
}
_SECURITY_GROUP = {
    "GroupId": "sg-0123456789abcdef0",
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8080,
            "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef1"}],
        }
    ],
}
_TARGET_GROUP = {
    "TargetGroupArn": GROUP,
    "TargetGroupName": "dev-backend-tg-v2",
    "Protocol": "HTTP",
    "Port": 8080,
    "TargetType": "instance",
    "HealthCheckPort": "traffic-port",
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 30,
    "HealthCheckTimeoutSeconds": 3,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
    "LoadBalancerArns": [BALANCER],
}
