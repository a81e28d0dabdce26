"""AWS around one deploy: what each service answers tonight, asked and answering only as botocore's models admit."""

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from explain_slow_deploy.settings import Settings
from remediation.adapters.sightings import Seen
from remediation.aws.terraform import APPLY, State
from remediation.core.errors import AwsError
from tests.functions.fakes.strict import Calls, Fake
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE = timedelta(minutes=1)
ID = "0cfc0d6d-3745-d690-5f1d-24b6113c2c3d"
WHO = "runner@fv-az123-456"
STATE = State(
    name="starttech",
    bucket="dev-starttech-terraform-state-123456789012",
    key="starttech/terraform.tfstate",
    table="dev-starttech-terraform-locks",
    lockfile=True,
)
SETTINGS = Settings(
    states=(STATE,),
    asgs=("dev-backend-asg",),
    target_groups=("dev-backend-tg-v2",),
    load_balancers=("dev-alb-v2",),
    caches=("dev-redis",),
    replication_groups=("dev-sessions",),
    roles=("github-actions-terraform",),
)
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
SERVICES = ("autoscaling", "cloudtrail", "dynamodb", "ec2", "elasticache", "elbv2", "health", "s3")


def refusal(operation: str, code: str = "AccessDenied") -> AwsError:
    return AwsError(f"{operation} failed with {code}.", operation=operation, code=code)


def info(**changes: Any) -> str:
    """Return a lock's information, as Terraform writes it."""
    said = {"ID": ID, "Operation": APPLY, "Info": "", "Who": WHO, "Version": "1.14.3", "Path": STATE.lock_id}
    return json.dumps(said | {"Created": "2026-11-23T03:00:00.736618348Z"} | changes)


class Sightings:
    """Sightings in a dict, on the cloud's clock."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self.seen: dict[str, tuple[str, datetime]] = {}
        self.texts: dict[str, str] = {}

    def see(self, subject: str, id_: str, mark: str) -> Seen:  # noqa: ARG002 - as the real ones have it
        known, at = self.seen.get(subject, ("", self._cloud.now))
        self.seen[subject] = (id_, at if known == id_ else self._cloud.now)
        at = self.seen[subject][1]
        return Seen(at=at, moved_at=at, now=self._cloud.now)

    def keep(self, subject: str, text: str) -> None:
        self.texts[subject] = text

    def kept(self, subject: str) -> str:
        return self.texts.get(subject, "")


class Service(Fake):
    """One service: it answers what the cloud has for the operation, and knows no operation that is not there."""

    def __init__(self, cloud: "Cloud", service: str) -> None:
        super().__init__(cloud.calls)
        self.service, self._cloud = service, cloud
        model = ServiceModel(Loader().load_service_model(service, "service-2"))
        self._operations = {xform_name(name): name for name in model.operation_names}

    def get_paginator(self, name: str) -> Any:
        def paginate(*, PaginationConfig: object = None, **asked: Any) -> Iterator[Any]:  # noqa: N803 - botocore's name
            yield getattr(self, name)(**asked)

        return SimpleNamespace(paginate=paginate)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._operations:
            raise AttributeError(name)
        return partial(self._call, self._operations[name])

    def _call(self, operation: str, **asked: Any) -> Any:
        self._asked(operation, asked)
        answer = self._cloud.answers[f"{self.service}:{operation}"]
        if isinstance(answer, Exception):
            raise answer
        return self._answered(operation, answer() if callable(answer) else answer)


class Cloud:
    """What is handed in as `aws`. All is quiet and healthy until a test says otherwise; nobody holds the lock."""

    def __init__(self, now: datetime = NIGHT) -> None:
        self.place, self.now, self.calls = PLACE, now, Calls()
        self.sightings: Any = Sightings(self)
        self.answers: dict[str, Any] = {
            "dynamodb:GetItem": {},
            "s3:GetObject": refusal("s3:GetObject", "NoSuchKey"),
            "autoscaling:DescribeScalingActivities": {"Activities": []},
            "autoscaling:DescribeInstanceRefreshes": {"InstanceRefreshes": []},
            "ec2:DescribeInstances": {"Reservations": []},
            "ec2:DescribeInstanceStatus": {"InstanceStatuses": []},
            "elbv2:DescribeTargetGroups": {
                "TargetGroups": [{"TargetGroupArn": ARN, "TargetGroupName": "dev-backend-tg-v2", "Port": 8080}]
            },
            "elbv2:DescribeTargetHealth": {"TargetHealthDescriptions": []},
            "elbv2:DescribeLoadBalancers": {
                "LoadBalancers": [{"LoadBalancerName": "dev-alb-v2", "State": {"Code": "active"}}]
            },
            "elasticache:DescribeCacheClusters": {"CacheClusters": [{"CacheClusterStatus": "available"}]},
            "elasticache:DescribeReplicationGroups": {"ReplicationGroups": [{"Status": "available"}]},
            "cloudtrail:LookupEvents": {"Events": []},
            "health:DescribeEvents": {"events": []},
        }
        for service in SERVICES:
            setattr(self, service, Service(self, service))

    def lock(self, *, since: datetime, **changes: Any) -> None:
        """Lock as Terraform does: the object first, which S3 wrote at that time."""
        raw = info(**changes)
        item = {"LockID": {"S": STATE.lock_id}, "Info": {"S": raw}}
        self.answers["dynamodb:GetItem"] = {"Item": item}
        # A body is read once, so each answer has its own.
        self.answers["s3:GetObject"] = lambda: {
            "Body": io.BytesIO(raw.encode()),
            "ETag": '"e1"',
            "LastModified": since,
        }

    def slow(self, minutes: int = 12, **changes: Any) -> None:
        """Let an apply hold the lock for so long, and be seen from the beginning."""
        self.lock(since=self.now - minutes * MINUTE, **changes)
        self.sightings.seen[f"deploy/{STATE.lock_id}"] = (changes.get("ID", ID), self.now - minutes * MINUTE)

    # ------------------------------------------------------------------------------------------- what may be wrong

    def launch(self, status: str, message: str = "", *, ago: timedelta = MINUTE) -> None:
        """Add a launch to the group's history, newest first."""
        self.answers["autoscaling:DescribeScalingActivities"]["Activities"].insert(
            0,
            {
                "ActivityId": "a",
                "AutoScalingGroupName": "dev-backend-asg",
                "Description": "Launching a new EC2 instance",
                "Cause": "capacity",
                "StartTime": self.now - ago,
                "StatusCode": status,
                **({"StatusMessage": message} if message else {}),
            },
        )

    def refresh(self, status: str, **more: Any) -> None:
        found = {"InstanceRefreshId": "08b91cf7", "Status": status, "StartTime": self.now - 8 * MINUTE}
        self.answers["autoscaling:DescribeInstanceRefreshes"]["InstanceRefreshes"] = [found | more]

    def instance(self, id_: str, state: str = "running", check: str = "ok") -> None:
        found = {"InstanceId": id_, "State": {"Name": state}, "LaunchTime": self.now - 5 * MINUTE}
        self.answers["ec2:DescribeInstances"]["Reservations"].append({"Instances": [found]})
        if state == "running":
            status = {"InstanceId": id_, "InstanceStatus": {"Status": check}, "SystemStatus": {"Status": "ok"}}
            self.answers["ec2:DescribeInstanceStatus"]["InstanceStatuses"].append(status)

    def target(self, id_: str, state: str, reason: str = "") -> None:
        health = {"State": state} | ({"Reason": reason} if reason else {})
        self.answers["elbv2:DescribeTargetHealth"]["TargetHealthDescriptions"].append(
            {"Target": {"Id": id_, "Port": 8080}, "TargetHealth": health}
        )

    def refused(self, code: str, *, role: str = "github-actions-terraform", ago: timedelta = MINUTE) -> None:
        said = {
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "errorCode": code,
            "errorMessage": "User is not authorized to perform: iam:PassRole",
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": role}}},
        }
        self.answers["cloudtrail:LookupEvents"]["Events"].append(
            {"EventName": "RunInstances", "EventTime": self.now - ago, "CloudTrailEvent": json.dumps(said)}
        )
