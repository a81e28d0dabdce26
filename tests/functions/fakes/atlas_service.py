"""What the fake Atlas answers to each operation, and why it refuses what it refuses (tests/functions/fakes/atlas.py)."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from remediation.atlas.transport import Reply
from tests.functions.fakes.atlas_api import Described

if TYPE_CHECKING:
    from tests.functions.fakes.atlas import AtlasWorld

PROJECT = "5f1b2c3d4e5f60718293a4b5"
CREATES, SAVES, RESTORES = timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=20)
"""How long Atlas takes."""
LONGEST_ENTRY = timedelta(days=7)
_BUSY = {"queued", "inProgress"}


class Service:
    """The operations, over one world."""

    def __init__(self, world: "AtlasWorld") -> None:
        self.world = world

    def answer(self, asked: Described) -> Reply:
        """Answer what was let in and understood, with the status that is described."""
        reply = self._answered(asked)
        return replace(reply, status=asked.operation.status) if reply.status == 200 else reply

    def _answered(self, asked: Described) -> Reply:
        world, query = self.world, asked.query
        lists: dict[str, Callable[[], Sequence[Any]]] = {
            "listClusters": lambda: [*world.clusters.values()],
            "listFlexClusters": lambda: [*world.flex.values()],
            "listAccessListEntries": lambda: world.access,
            "listGroupEvents": lambda: self._happened(query),
            "listAlerts": lambda: [each for each in world.alerts if query.get("status") in {None, each["status"]}],
        }
        operation = asked.operation.id
        if operation in lists:
            return page(lists[operation](), query)
        if "Flex" in operation:
            return self._of_flex(asked)
        if "/backup/" in asked.operation.path:
            return self._refused_backups(asked.cluster) or self._backups(asked)
        match operation:
            case "getMaintenanceWindow":
                return told(world.maintenance)
            case "getCluster":
                return self._refused_cluster(asked.cluster) or told(world.clusters[asked.cluster])
            case "createAccessListEntry":
                return self._allowed(asked)
            case "createCluster":
                return self._created(asked.body)
            case _:
                raise AssertionError(operation)

    def _backups(self, asked: Described) -> Reply:
        name, query = asked.cluster, asked.query
        sharded = self.world.clusters[name]["clusterType"] != "REPLICASET"
        match asked.operation.id:
            case "listBackupSnapshots":
                return page([] if sharded else self._shown(name), query)
            case "listBackupShardedClusters":
                return page(self._shown(name) if sharded else [], query)
            case "takeSnapshots":
                return self._saved(name, asked.body)
            case "listBackupRestoreJobs":
                return page(self.world.restores.get(name, []), query)
            case "createBackupRestoreJob":
                return self._refilled(name, asked.body)
            case _:
                raise AssertionError(asked.operation.id)

    # ------------------------------------------------------------------------------------------------------ refusing

    def _refused_cluster(self, name: str) -> Reply | None:
        if name in self.world.flex:
            detail = f"Flex cluster {name} cannot be used in the Cluster API."
            return refusal(400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", detail)
        if name not in self.world.clusters:
            detail = f"No cluster named {name} exists in group {PROJECT}."
            return refusal(404, "CLUSTER_NOT_FOUND", detail)
        return None

    def _refused_backups(self, name: str) -> Reply | None:
        if refused := self._refused_cluster(name):
            return refused
        cluster = self.world.clusters[name]
        if not cluster["backupEnabled"]:
            return refusal(400, "VALIDATION_ERROR", f"Cloud backups are not enabled for cluster {name}.")
        return None

    def _of_flex(self, asked: Described) -> Reply:
        name = asked.cluster
        if name in self.world.clusters:
            detail = f"Cluster {name} cannot be used in the Flex API."
            return refusal(400, "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", detail)
        if name not in self.world.flex:
            return refusal(404, "CLUSTER_NOT_FOUND", f"No cluster named {name} exists in group {PROJECT}.")
        match asked.operation.id:
            case "getFlexCluster":
                return told(self.world.flex[name])
            case "listFlexBackupSnapshots":
                return page(self.world.snapshots.get(name, []), asked.query)
            case _:
                return page(self.world.flex_restores.get(name, []), asked.query)

    # ------------------------------------------------------------------------------------------------------- writing

    def _allowed(self, asked: Described) -> Reply:
        for entry in asked.body:
            if sum(name in entry for name in ("cidrBlock", "ipAddress", "awsSecurityGroup")) != 1:
                return refusal(400, "VALIDATION_ERROR", "One of cidrBlock, ipAddress and awsSecurityGroup.")
            block = entry.get("cidrBlock") or f"{entry.get('ipAddress')}/32"
            try:
                ip_network(block)
            except ValueError as error:
                return refusal(400, "VALIDATION_ERROR", str(error))
            ends = at(entry["deleteAfterDate"]) if "deleteAfterDate" in entry else None
            if ends is not None and not self.world.clock() < ends <= self.world.clock() + LONGEST_ENTRY:
                return refusal(400, "VALIDATION_ERROR", "deleteAfterDate is later than now and within a week.")
            there = any(each["cidrBlock"] == block for each in self.world.access)
            if not (there and self.world.keeps_lines) and not self.world.loses_lines:
                self.world.access = [each for each in self.world.access if each["cidrBlock"] != block]
                self.world.allow(block, entry.get("comment", ""), ends)
        return page([] if self.world.forgets_lines else self.world.access, asked.query)

    def _saved(self, name: str, body: Any) -> Reply:
        if body.get("retentionInDays", 1) < 1:
            return refusal(400, "VALIDATION_ERROR", "retentionInDays is at least 1.")
        if self.world.clusters[name]["paused"]:
            return refusal(409, "VALIDATION_ERROR", f"Cluster {name} is paused.")
        if any(each["snapshotType"] == "onDemand" and each["status"] in _BUSY for each in self._shown(name)):
            return refusal(409, "VALIDATION_ERROR", f"An on-demand snapshot of {name} is not completed yet.")
        days = timedelta(days=body.get("retentionInDays", 1))
        more = {"description": body.get("description", ""), "expiresAt": stamp(self.world.clock() + days)}
        kept = self.world.snapshot(name, timedelta(0), on_demand=True, **more)
        return told(self._state(kept))

    def _created(self, body: Any) -> Reply:
        name = body.get("name", "")
        if name in self.world.clusters or name in self.world.flex:
            detail = f"A cluster named {name} is already present in group {PROJECT}."
            return refusal(409, "DUPLICATE_CLUSTER_NAME", detail)
        if not body.get("clusterType") or not body.get("replicationSpecs"):
            return refusal(400, "VALIDATION_ERROR", "clusterType and replicationSpecs are needed.")
        if body.get("versionReleaseSystem") == "CONTINUOUS" and "mongoDBMajorVersion" in body:
            return refusal(400, "VALIDATION_ERROR", "With CONTINUOUS there is no mongoDBMajorVersion.")
        major = body.get("mongoDBMajorVersion", "8.0")
        more = body | {
            "mongoDBVersion": f"{major}.13",
            "stateName": "CREATING",
            "connectionStrings": {},
            "createDate": stamp(self.world.clock()),
        }
        made = self.world.cluster(name, **{key: value for key, value in more.items() if key != "name"})
        self.world.ready[name] = self.world.clock() + CREATES / self.world.faster
        return told(made)

    def _refilled(self, name: str, body: Any) -> Reply:
        kept = {each["id"]: each for each in self._shown(name)}
        snapshot, target = kept.get(body.get("snapshotId", "")), body.get("targetClusterName", "")
        if body["deliveryType"] != "automated" or body.get("targetGroupId") != PROJECT:
            return refusal(400, "VALIDATION_ERROR", "deliveryType automated, into this project.")
        if snapshot is None or snapshot["status"] != "completed":
            return refusal(404, "RESOURCE_NOT_FOUND", f"No such snapshot of {name} is completed.")
        if refused := self._refused_cluster(target):
            return refused
        if self.world.clusters[target]["stateName"] != "IDLE" or self.world.clusters[target]["paused"]:
            return refusal(409, "VALIDATION_ERROR", f"Cluster {target} is {self.world.clusters[target]['stateName']}.")
        job = {
            "id": self.world.id(),
            "deliveryType": "automated",
            "snapshotId": snapshot["id"],
            "targetClusterName": target,
            "targetGroupId": PROJECT,
            "timestamp": stamp(self.world.clock()),
            "failed": False,
            "cancelled": False,
            "expired": False,
        }
        self.world.restores.setdefault(name, []).append(job)
        return told(job)

    def _shown(self, name: str) -> list[dict[str, Any]]:
        return [self._state(each) for each in self.world.snapshots.get(name, [])]

    def _state(self, kept: dict[str, Any]) -> dict[str, Any]:
        if "status" in kept:
            return kept
        age = self.world.clock() - at(kept["createdAt"])
        takes = SAVES / self.world.faster
        state = "queued" if age < takes / 5 else "inProgress" if age < takes else "completed"
        found = kept | {"status": state}
        if state == "queued":
            del found["createdAt"]  # it is not taken yet
        return found

    def _happened(self, query: Any) -> list[dict[str, Any]]:
        since, of = query.get("minDate", ""), query.get("clusterNames")
        found = [each for each in self.world.events if each["created"] >= since and of in {None, each.get("_cluster")}]
        return [{key: value for key, value in each.items() if key != "_cluster"} for each in found]


def strings(name: str) -> dict[str, str]:
    host = f"{name.lower()}.ab1cd.mongodb.net"
    return {"standard": f"mongodb://{host}:27017", "standardSrv": f"mongodb+srv://{host}"}


def page(found: Sequence[Any], query: Any) -> Reply:
    size, number = int(query.get("itemsPerPage", "100")), int(query.get("pageNum", "1"))
    shown = found[(number - 1) * size : number * size]
    return told({"links": [], "results": shown, "totalCount": len(found)})


def told(what: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(what).encode())


def refusal(status: int, code: str, detail: str) -> Reply:
    return told({"error": status, "errorCode": code, "reason": "Refused", "detail": detail, "parameters": []}, status)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
