"""What Atlas's published OpenAPI description says of the calls that are used: every request is held against it.

Facts, in our own words, of github.com/mongodb/atlas-sdk-go, openapi/atlas-api-transformed.yaml at commit
68a9d51c470a255f82f2c50e3126e9a40c1560e2: paths, methods, versions, parameters, what a body must and may have, and the status of
success. That file lists no values of closed choices; those are of its sentences, and of MongoDB's own pages. Whatever is not
described is refused, as Atlas refuses it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from remediation.atlas.transport import Request

HOST = "cloud.mongodb.com"
ROOT = "/api/atlas/v2"
TOKEN = "/api/oauth/token"
NAME = r"[a-zA-Z0-9][a-zA-Z0-9-]*"
ID = r"[a-f0-9]{24}"
PAGED = {"pageNum": r"[1-9]\d*", "itemsPerPage": r"[1-9]\d?|[1-4]\d\d|500", "includeCount": "true|false"}
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
CIDR = r"(\d{1,3}\.){3}\d{1,3}/\d{1,3}"


@dataclass(frozen=True)
class Field:
    """One field of a body: what it is, and what it matches where it is a text."""

    kind: type | tuple[type, ...]
    pattern: str = ""
    fields: "Mapping[str, Field] | None" = None
    """Of an object, or of each object of a list."""


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    id: str
    method: str
    path: str
    version: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Field] | None = None
    required: tuple[str, ...] = ()
    many: bool = False
    """Whether the body is a list of such objects."""
    status: int = 200
    """What it is answered with where it is done."""


SPECS = {
    "instanceSize": Field(str, r"M\d+(_NVME)?|R\d+"),
    "nodeCount": Field(int),
    "diskSizeGB": Field((int, float)),
    "diskIOPS": Field(int),
    "ebsVolumeType": Field(str, "STANDARD|PROVISIONED|HIGH_PERFORMANCE"),
}
SCALING = {
    "compute": Field(
        dict,
        fields={
            "enabled": Field(bool),
            "scaleDownEnabled": Field(bool),
            "minInstanceSize": Field(str),
            "maxInstanceSize": Field(str),
        },
    ),
    "diskGB": Field(dict, fields={"enabled": Field(bool)}),
}
REGION = {
    "providerName": Field(str, "AWS|GCP|AZURE|TENANT"),
    "backingProviderName": Field(str, "AWS|GCP|AZURE"),
    "regionName": Field(str),
    "priority": Field(int),
    "electableSpecs": Field(dict, fields=SPECS),
    "readOnlySpecs": Field(dict, fields=SPECS),
    "analyticsSpecs": Field(dict, fields=SPECS),
    "autoScaling": Field(dict, fields=SCALING),
    "analyticsAutoScaling": Field(dict, fields=SCALING),
}
CLUSTER = {
    "name": Field(str, NAME),
    "clusterType": Field(str, "REPLICASET|SHARDED|GEOSHARDED"),
    "backupEnabled": Field(bool),
    "pitEnabled": Field(bool),
    "configServerManagementMode": Field(str, "ATLAS_MANAGED|FIXED_TO_DEDICATED"),
    "globalClusterSelfManagedSharding": Field(bool),
    "mongoDBMajorVersion": Field(str, r"\d+\.\d+"),
    "versionReleaseSystem": Field(str, "LTS|CONTINUOUS"),
    "encryptionAtRestProvider": Field(str, "NONE|AWS|AZURE|GCP"),
    "terminationProtectionEnabled": Field(bool),
    "replicationSpecs": Field(list, fields={"zoneName": Field(str), "regionConfigs": Field(list, fields=REGION)}),
    "tags": Field(list, fields={"key": Field(str), "value": Field(str)}),
}
ENTRY = {
    "cidrBlock": Field(str, CIDR),
    "ipAddress": Field(str, r"(\d{1,3}\.){3}\d{1,3}"),
    "awsSecurityGroup": Field(str, r"([0-9]*/)?sg-([0-9]*).*"),
    "comment": Field(str, r"(?s).{0,80}"),
    "deleteAfterDate": Field(str, DATE),
}
SNAPSHOT = {"description": Field(str), "retentionInDays": Field(int)}
RESTORE = {
    "deliveryType": Field(str, "automated|download|pointInTime"),
    "snapshotId": Field(str, ID),
    "targetClusterName": Field(str, NAME),
    "targetGroupId": Field(str, ID),
}

GROUP = f"/groups/(?P<group>{ID})"
ONE, FLEX = rf"{GROUP}/clusters/(?P<cluster>{NAME})", rf"{GROUP}/flexClusters/(?P<cluster>{NAME})"
EVENTS = {**PAGED, "minDate": DATE, "maxDate": DATE, "clusterNames": NAME}
ALERTS = {**PAGED, "status": "TRACKING|OPEN|CLOSED"}

OPERATIONS = (
    Operation("listClusters", "GET", f"{GROUP}/clusters", "2024-08-05", PAGED),
    Operation("getCluster", "GET", ONE, "2024-08-05"),
    Operation("listFlexClusters", "GET", f"{GROUP}/flexClusters", "2024-11-13", PAGED),
    Operation("getFlexCluster", "GET", FLEX, "2024-11-13"),
    Operation("listAccessListEntries", "GET", f"{GROUP}/accessList", "2023-01-01", PAGED),
    Operation("getMaintenanceWindow", "GET", f"{GROUP}/maintenanceWindow", "2023-01-01"),
    Operation("listGroupEvents", "GET", f"{GROUP}/events", "2023-01-01", EVENTS),
    Operation("listAlerts", "GET", f"{GROUP}/alerts", "2023-01-01", ALERTS),
    Operation("listBackupSnapshots", "GET", f"{ONE}/backup/snapshots", "2023-01-01", PAGED),
    # Not paged: the description gives it no parameters but the path's.
    Operation("listBackupShardedClusters", "GET", f"{ONE}/backup/snapshots/shardedClusters", "2023-01-01"),
    Operation("listFlexBackupSnapshots", "GET", f"{FLEX}/backup/snapshots", "2024-11-13", PAGED),
    Operation("listBackupRestoreJobs", "GET", f"{ONE}/backup/restoreJobs", "2023-01-01", PAGED),
    Operation("listFlexRestoreJobs", "GET", f"{FLEX}/backup/restoreJobs", "2024-11-13", PAGED),
    Operation("createAccessListEntry", "POST", f"{GROUP}/accessList", "2023-01-01", PAGED, body=ENTRY, many=True),
    Operation("createCluster", "POST", f"{GROUP}/clusters", "2024-10-23", body=CLUSTER, status=201),
    Operation("takeSnapshots", "POST", f"{ONE}/backup/snapshots", "2023-01-01", body=SNAPSHOT),
    Operation(
        "createBackupRestoreJob",
        "POST",
        f"{ONE}/backup/restoreJobs",
        "2023-01-01",
        body=RESTORE,
        required=("deliveryType",),
    ),
)


@dataclass(frozen=True)
class Described:
    """A request that the description admits."""

    operation: Operation
    group: str
    cluster: str
    query: Mapping[str, str]
    body: Any


class NotDescribedError(Exception):
    """A request that the description does not admit; `status` is what Atlas answers."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def described(request: Request) -> Described:
    """Hold a request against the description. Raises NotDescribedError."""
    url = urlsplit(request.url)
    if (url.scheme, url.netloc, url.fragment) != ("https", HOST, "") or not url.path.startswith(ROOT):
        raise NotDescribedError(404, f"{request.url} is not Atlas's")
    path = unquote(url.path.removeprefix(ROOT))
    fitting = [(each, found) for each in OPERATIONS if (found := re.fullmatch(each.path, path))]
    if not fitting:
        raise NotDescribedError(404, f"there is no {path}")
    for operation, found in fitting:
        if operation.method == request.method:
            where = found.groupdict()
            query = _query(operation, url.query)
            return Described(operation, where["group"], where.get("cluster", ""), query, _body(operation, request))
    raise NotDescribedError(405, f"{request.method} {path}")


def _query(operation: Operation, text: str) -> dict[str, str]:
    found = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)))
    for name, value in found.items():
        if not re.fullmatch(operation.query.get(name, "(?!)"), value):
            raise NotDescribedError(400, f"the query {name}={value}")
    return found


def _body(operation: Operation, request: Request) -> Any:
    media = f"application/vnd.atlas.{operation.version}+json"
    if request.headers.get("Accept") != media:
        raise NotDescribedError(406, f"{operation.id} is not published as {request.headers.get('Accept')}")
    if operation.body is None:
        if request.body or "Content-Type" in request.headers:
            raise NotDescribedError(400, f"{operation.id} takes no body")
        return None
    if request.headers.get("Content-Type") != media:
        raise NotDescribedError(415, f"{operation.id} does not take {request.headers.get('Content-Type')}")
    body = json.loads(request.body)
    if isinstance(body, list) != operation.many:
        raise NotDescribedError(400, f"the body of {operation.id} is {type(body).__name__}")
    for each in body if operation.many else (body,):
        _fields(each, operation.body, operation.id)
        if missing := [name for name in operation.required if name not in each]:
            raise NotDescribedError(400, f"{operation.id} lacks {', '.join(missing)}")
    return body


def _fields(value: Any, fields: Mapping[str, Field], where: str) -> None:
    for name, each in value.items():
        known = fields.get(name)
        if known is None:
            raise NotDescribedError(400, f"{where} has no field {name}")
        if not isinstance(each, known.kind) or (known.kind is int and isinstance(each, bool)):
            raise NotDescribedError(400, f"{where}.{name} is {type(each).__name__}")
        if isinstance(each, str) and known.pattern and not re.fullmatch(known.pattern, each):
            raise NotDescribedError(400, f"{where}.{name} is {each!r}")
        if known.fields is not None:
            for inner in each if isinstance(each, list) else (each,):
                _fields(inner, known.fields, f"{where}.{name}")
