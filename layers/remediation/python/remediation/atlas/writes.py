"""The four calls that change something at Atlas. Only functions/atlas_writer makes them, after it has checked everything.

Each is sent once, and adds something: an address for some hours, a snapshot, a cluster, data into a cluster that is new. Every
function raises AwsError.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from remediation.atlas import calls
from remediation.atlas.answers import AccessAnswer, ClusterAnswer, RestoreAnswer, SnapshotAnswer
from remediation.atlas.client import Atlas
from remediation.atlas.facts import Access, Restore, Snapshot
from remediation.atlas.reads import MADE_FOR, access, line, restore, snapshot, stamp
from remediation.core.errors import AwsError

_SPECS = ("instanceSize", "nodeCount", "diskSizeGB", "ebsVolumeType")
_KINDS = ("electableSpecs", "readOnlySpecs", "analyticsSpecs")
_REGION = ("providerName", "regionName", "priority")
_LARGEST = {"itemsPerPage": "500"}
"""The largest page that Atlas gives."""


class _Lines(Struct):
    results: list[AccessAnswer]


def allow(atlas: Atlas, address: str, comment: str, until: datetime) -> Access:
    """Let one IPv4 address in until an instant, when Atlas takes the line away by itself. Returns the line that there is now.

    It may end at another time: where the address had a line, Atlas may keep that. The answer is one page of the list, so a line that
    is not in it is looked for in the whole of it.
    """
    block = f"{address}/32"
    entry = {"cidrBlock": block, "comment": comment, "deleteAfterDate": stamp(until)}
    answer = atlas.ask(calls.ALLOW, _Lines, query=_LARGEST, body=[entry]).results
    found = _of(block, map(line, answer)) or _of(block, _read_back(atlas))
    if found is None:
        raise _unknown(f"Atlas answered, and its list has no line for {address}")
    return found


def save(atlas: Atlas, cluster: str, description: str, days: int) -> Snapshot:
    """Take a snapshot of a cluster, kept for so many days."""
    asked = {"description": description, "retentionInDays": days}
    return snapshot(atlas.ask(calls.SAVE, SnapshotAnswer, cluster=cluster, body=asked), cluster)


def create(atlas: Atlas, name: str, like: str) -> None:
    """Make a new, empty cluster with the machines, disks, regions and version of another one, protected from being deleted."""
    pattern: dict[str, Any] = atlas.ask(calls.GET_CLUSTER, dict[str, Any], cluster=like)
    atlas.ask(calls.CREATE, ClusterAnswer, body=shape(pattern, name, like))


def refill(atlas: Atlas, snapshot: str, cluster: str, target: str) -> Restore:
    """Restore a snapshot of a cluster to another one."""
    asked = {
        "deliveryType": "automated",
        "snapshotId": snapshot,
        "targetClusterName": target,
        "targetGroupId": atlas.project,
    }
    return restore(atlas.ask(calls.REFILL, RestoreAnswer, cluster=cluster, body=asked))


def _of(block: str, lines: Iterable[Access]) -> Access | None:
    return next((each for each in lines if each.cidr == block), None)


def _read_back(atlas: Atlas) -> tuple[Access, ...]:
    try:
        return access(atlas)
    except AwsError as error:
        raise _unknown(f"Atlas answered without it, and the list cannot be read: {error}".rstrip(".")) from error


def _unknown(why: str) -> AwsError:
    """Return that nobody knows whether an address is let in: the write was answered, so it may be."""
    operation = calls.ALLOW.operation
    return AwsError(
        f"{operation}: {why}; whether it is let in is not known.", operation=operation, code="NotUnderstood"
    )


def shape(pattern: Mapping[str, Any], name: str, like: str) -> dict[str, Any]:
    """Return what to ask for, to get a cluster shaped as `pattern` is (as Atlas describes it)."""
    kind = pattern.get("clusterType", "REPLICASET")
    own_shards = bool(pattern.get("globalClusterSelfManagedSharding"))
    wanted = {
        "name": name,
        "clusterType": kind,
        "backupEnabled": bool(pattern.get("backupEnabled")),
        "terminationProtectionEnabled": True,
        "tags": [{"key": MADE_FOR, "value": like}],
        "replicationSpecs": [
            _shard(each, zones=kind == "GEOSHARDED" and not own_shards) for each in pattern["replicationSpecs"]
        ],
    }
    if kind == "GEOSHARDED" and own_shards:  # cannot be changed any more afterwards
        wanted["globalClusterSelfManagedSharding"] = True
    if kind != "REPLICASET" and "configServerManagementMode" in pattern:
        wanted["configServerManagementMode"] = pattern["configServerManagementMode"]
    if pattern.get("pitEnabled"):
        wanted["pitEnabled"] = True
    if (encrypted := pattern.get("encryptionAtRestProvider", "NONE")) != "NONE":
        wanted["encryptionAtRestProvider"] = encrypted
    if pattern.get("versionReleaseSystem") == "CONTINUOUS":  # Atlas then takes no version
        wanted["versionReleaseSystem"] = "CONTINUOUS"
    elif "mongoDBMajorVersion" in pattern:
        wanted["mongoDBMajorVersion"] = pattern["mongoDBMajorVersion"]
    return wanted


def _shard(pattern: Mapping[str, Any], *, zones: bool) -> dict[str, Any]:
    zone = {"zoneName": pattern["zoneName"]} if zones and "zoneName" in pattern else {}
    return {**zone, "regionConfigs": [dict(_region(each)) for each in pattern["regionConfigs"]]}


def _region(pattern: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, pattern[name]) for name in _REGION if name in pattern)
    for kind in _KINDS:
        specs = pattern.get(kind, {})
        if specs.get("nodeCount"):
            names = (*_SPECS, "diskIOPS") if _speed_is_chosen(pattern.get("providerName", ""), specs) else _SPECS
            yield kind, {name: specs[name] for name in names if name in specs}
    for scaling in ("autoScaling", "analyticsAutoScaling"):
        if found := pattern.get(scaling):
            kept = {name: dict(found[name]) for name in ("compute", "diskGB") if name in found}
            compute = kept.get("compute", {})
            if not compute.get("enabled"):  # its limits are not to be named then
                kept |= {"compute": {"enabled": False}} if compute else {}
            yield scaling, kept


def _speed_is_chosen(provider: str, specs: Mapping[str, Any]) -> bool:
    """Tell whether `diskIOPS` may be named: of AWS's faster volumes, of Azure's from M40 on but for NVMe, and of no other."""
    if provider == "AZURE":
        size = re.fullmatch(r"[MR](\d+)", specs.get("instanceSize", ""))
        return size is not None and int(size[1]) >= 40
    return provider == "AWS" and specs.get("ebsVolumeType") in {"PROVISIONED", "HIGH_PERFORMANCE"}
