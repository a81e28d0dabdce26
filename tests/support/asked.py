"""What IAM is asked when an operation is called: the actions, the resources and what AWS knows of the call.

Only operations that are used somewhere are known; another one has to be looked up in the service authorization reference first.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import boto3
from botocore.model import OperationModel

from remediation.core.spec import Place
from tests.support.iam import Call, Context

Parameters: TypeAlias = Mapping[str, Any]
Described: TypeAlias = Mapping[str, str]
"""Values of the tag `Environment`, by the id of an instance or the name of a group."""

NO_RESOURCE = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeScalingActivities",
        "cloudtrail:LookupEvents",
        "cloudwatch:ListMetrics",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeSecurityGroups",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
    }
)
_SERVICES = {"elbv2": "elasticloadbalancing"}
_IN_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_MADE_OF = {
    "CacheParameterGroupName": "parametergroup",
    "CacheSubnetGroupName": "subnetgroup",
    "SnapshotName": "snapshot",
}
_CACHES: Mapping[str, Mapping[str, str]] = {
    "CreateCacheCluster": {"CacheClusterId": "cluster", **_MADE_OF},
    "CreateReplicationGroup": {"ReplicationGroupId": "replicationgroup", **_MADE_OF},
    "CreateSnapshot": {
        "SnapshotName": "snapshot",
        "CacheClusterId": "cluster",
        "ReplicationGroupId": "replicationgroup",
    },
    "CreateServerlessCacheSnapshot": {
        "ServerlessCacheSnapshotName": "serverlesscachesnapshot",
        "ServerlessCacheName": "serverlesscache",
    },
    "DeleteSnapshot": {"SnapshotName": "snapshot"},
    "DeleteServerlessCacheSnapshot": {"ServerlessCacheSnapshotName": "serverlesscachesnapshot"},
    "DescribeCacheClusters": {"CacheClusterId": "cluster"},
    "DescribeReplicationGroups": {"ReplicationGroupId": "replicationgroup"},
    "DescribeServerlessCaches": {"ServerlessCacheName": "serverlesscache"},
    "DescribeServerlessCacheSnapshots": {"ServerlessCacheSnapshotName": "serverlesscachesnapshot"},
    "DescribeSnapshots": {"SnapshotName": "snapshot"},
}
"""What of an operation of ElastiCache's names which resource; where nothing does, it is about all of that kind."""


class Asking:
    """Turns operations into questions to IAM, in one environment."""

    def __init__(self, place: Place, tags: Described | None = None, *, by: str = "") -> None:
        self._place, self._tags, self._by = place, tags or {}, by

    def calls(self, service: str, operation: str, parameters: Parameters) -> Iterator[Call]:
        """Yield the questions; the key that things are encrypted with is asked for as well. Raises LookupError."""
        service = _SERVICES.get(service, service)
        action = f"{service}:{operation}"
        if action in NO_RESOURCE:
            yield Call(action, "*", self._here())
            return
        known: dict[str, Callable[[str, Parameters], Iterator[Call]]] = {
            "autoscaling": self._autoscaling,
            "cloudformation": self._cloudformation,
            "cloudwatch": self._cloudwatch,
            "codebuild": self._codebuild,
            "dynamodb": self._dynamodb,
            "elasticache": self._elasticache,
            "events": self._events,
            "lambda": self._lambda,
            "s3": self._s3,
            "secretsmanager": self._secretsmanager,
            "sns": self._sns,
            "ssm": self._ssm,
        }
        if service not in known:
            raise LookupError(f"Nobody said yet what {action} asks of IAM.")
        yield from known[service](operation, parameters)

    def _autoscaling(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        if operation != "SetInstanceHealth":
            raise LookupError(operation)
        group = self._tags["asg"]
        resource = f"autoScalingGroup:0f1e:autoScalingGroupName/{group}"
        tag = {"aws:ResourceTag/Environment": self._tags[parameters["InstanceId"]]}
        yield self._on("autoscaling", operation, resource, tag)

    def _cloudformation(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        yield self._on("cloudformation", operation, f"stack/{parameters['StackName']}/0f1e")

    def _cloudwatch(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        kind = "alarm-mute-rule" if "MuteRule" in operation else "alarm"
        named = parameters.get("AlarmNames") or [parameters.get("AlarmMuteRuleName", "any")]
        for name in named:
            yield self._on("cloudwatch", operation, f"{kind}:{name}")

    def _codebuild(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        named = parameters.get("ids") or [parameters["projectName"]]
        for project in {name.partition(":")[0] for name in named}:  # a build is called <project>:<id>
            yield self._on("codebuild", operation, f"project/{project}")

    def _dynamodb(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        match operation:
            case "TransactWriteItems" | "TransactGetItems":
                for item in parameters["TransactItems"]:
                    for kind, each in item.items():
                        yield self._item(_IN_TRANSACTION[kind], each)
            case "Query":
                (partition,) = (value for name, value in _values(parameters) if name == ":partition")
                part = f"/index/{parameters['IndexName']}"
                yield self._item(operation, parameters, partition, part)
            case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem":
                yield self._item(operation, parameters)
            case _:
                raise LookupError(operation)
        if parameters.get("TableName", "").endswith("-ledger") or "TransactItems" in parameters:
            yield self._key("Decrypt", "dynamodb")

    def _item(self, operation: str, parameters: Parameters, key: str = "", part: str = "") -> Call:
        if not key:
            keys = parameters.get("Key") or {"pk": parameters["Item"]["pk"]}
            (key,) = (value["S"] for value in keys.values())
        resource = f"table/{parameters['TableName']}{part}"
        return self._on("dynamodb", operation, resource, {"dynamodb:LeadingKeys": (key,)})

    def _elasticache(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        match operation:
            case "ListTagsForResource":
                yield Call(f"elasticache:{operation}", parameters["ResourceName"], self._here())
                return
            case _ if operation not in _CACHES:
                raise LookupError(operation)
            case _:
                kinds = _CACHES[operation]
                things = [f"{kinds[key]}:{value}" for key, value in parameters.items() if key in kinds]
                if operation == "CreateReplicationGroup":
                    things.append(f"cluster:{parameters['ReplicationGroupId']}-001")
                for thing in things or [f"{kind}:any" for kind in kinds.values()]:
                    yield self._on("elasticache", operation, thing)
                if "Tags" in parameters:  # what is made is what the operation names first
                    made = next(iter(kinds))
                    yield self._on("elasticache", "AddTagsToResource", f"{kinds[made]}:{parameters[made]}")

    def _events(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        for entry in parameters["Entries"]:
            bus = entry.get("EventBusName", "default")
            yield self._on("events", operation, f"event-bus/{bus}", {"events:source": entry["Source"]})

    def _lambda(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        match operation:
            case "Invoke":
                name, qualifier = parameters["FunctionName"], parameters.get("Qualifier")
                name = name.rpartition(":function:")[2]
                called = f"function:{name}{f':{qualifier}' if qualifier else ''}"
                yield self._on("lambda", "InvokeFunction", called)
            case "ListDurableExecutionsByFunction":
                yield self._on("lambda", operation, f"function:{parameters['FunctionName']}")
            case "GetDurableExecution":
                yield Call(f"lambda:{operation}", parameters["DurableExecutionArn"], self._here())
            case "SendDurableExecutionCallbackSuccess":  # the callback is the token of an execution, which IAM knows
                called = f"{self._place.environment}-escalate-incident:7/durable-execution/incident-1/0f1e"
                yield self._on("lambda", operation, f"function:{called}")
            case _:
                raise LookupError(operation)

    def _s3(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        bucket = f"arn:aws:s3:::{parameters['Bucket']}"
        match operation:
            case "GetObject":  # and to list, or what is not there is 403
                yield Call("s3:GetObject", f"{bucket}/{parameters['Key']}", self._here())
                yield Call("s3:ListBucket", bucket, self._here())
            case "ListObjectsV2":
                yield Call("s3:ListBucket", bucket, self._here())
            case "DeleteObject":  # a conditional one takes the right to read as well
                match_ = {"s3:if-match": parameters["IfMatch"]} if "IfMatch" in parameters else {}
                yield Call("s3:DeleteObject", f"{bucket}/{parameters['Key']}", self._here(match_))
                yield Call("s3:GetObject", f"{bucket}/{parameters['Key']}", self._here())
            case _:
                raise LookupError(operation)

    def _secretsmanager(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        yield Call(f"secretsmanager:{operation}", parameters["SecretId"], self._here())

    def _sns(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        yield Call(f"sns:{operation}", parameters["TopicArn"], self._here())
        yield self._key("Decrypt", "sns")
        yield self._key("GenerateDataKey", "sns")

    def _ssm(self, operation: str, parameters: Parameters) -> Iterator[Call]:
        match operation:
            case "SendCommand":
                yield self._on("ssm", operation, f"document/{parameters['DocumentName']}")
                for instance in parameters["InstanceIds"]:
                    tag = self._tags[instance]
                    tags = {"ssm:resourceTag/Environment": tag, "aws:ResourceTag/Environment": tag}
                    resource = f"arn:aws:ec2:{self._place.region}:{self._place.account}:instance/{instance}"
                    yield Call("ssm:SendCommand", resource, self._here(tags))
            case "GetParameter":
                yield self._on("ssm", operation, f"parameter{parameters['Name']}")
            case "GetCalendarState":
                for name in parameters["CalendarNames"]:
                    yield self._on("ssm", operation, f"document/{name}")
            case _:
                raise LookupError(operation)

    def _key(self, action: str, service: str) -> Call:
        through = f"{service}.{self._place.region}.amazonaws.com"
        return self._on("kms", action, "key/environment", {"kms:ViaService": through})

    def _on(self, service: str, action: str, resource: str, context: Context | None = None) -> Call:
        arn = f"arn:aws:{service}:{self._place.region}:{self._place.account}:{resource}"
        return Call(f"{service}:{action}", arn, self._here(context))

    def _here(self, context: Context | None = None) -> Context:
        who = {"aws:userid": self._by} if self._by else {}
        return {"aws:RequestedRegion": self._place.region, **who, **(context or {})}


class Listener:
    """A session whose every operation is kept, before it leaves for AWS."""

    def __init__(self, place: Place) -> None:
        self.session = boto3.Session(region_name=place.region)
        self.heard: list[tuple[str, str, Parameters]] = []
        self.session.events.register("before-parameter-build", self._hear)

    def _hear(self, params: Parameters, model: OperationModel, **_: object) -> None:
        self.heard.append((model.service_model.service_name, model.name, dict(params)))


def _values(parameters: Parameters) -> Iterator[tuple[str, str]]:
    for name, value in parameters["ExpressionAttributeValues"].items():
        yield name, next(iter(value.values()))
