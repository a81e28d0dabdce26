"""A fake of MongoDB Atlas's Administration API, as far as it is used: it refuses what Atlas refuses, and time passes in it.

`world.send` is the Transport of the client. What Atlas refuses with a code that it has not published is a VALIDATION_ERROR
here, so that nothing comes to depend on a code that we made up.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from remediation.atlas.client import Atlas
from remediation.atlas.credentials import Credential, Keys
from remediation.atlas.transport import Reply, Request
from remediation.core.redact import Secret
from tests.functions.fakes.atlas_api import Described, NotDescribedError, described
from tests.functions.fakes.atlas_login import Logins
from tests.functions.fakes.atlas_service import PROJECT, RESTORES, Service, at, refusal, stamp, strings

PUBLIC, PRIVATE = "abcdefgh", "canary-private-key-7d1f"
CLIENT, CLIENT_SECRET = "mdb_sa_id_5f1b2c3d4e5f60718293a4b5", "mdb_sa_sk_canary-client-secret-91ab"
SHARED = {"M0", "FLEX"}


class AtlasWorld:
    """One project. `requests` is what it was sent; `refuses` names operations that fail, with a status and a code.

    Everything that takes Atlas its time takes it `faster` times less.
    """

    def __init__(self, clock: Callable[[], datetime], faster: int = 1) -> None:
        self.clock, self.faster = clock, faster
        self.logins = Logins(clock)
        self.logins.keys[PUBLIC] = PRIVATE
        self.logins.accounts[CLIENT] = CLIENT_SECRET
        self.requests: list[Request] = []
        self.asked: list[Described] = []
        """What was let in and understood."""
        self.refuses: dict[str, tuple[int, str]] = {}
        self.clusters: dict[str, dict[str, Any]] = {}
        self.flex: dict[str, dict[str, Any]] = {}
        self.access: list[dict[str, Any]] = []
        self.snapshots: dict[str, list[dict[str, Any]]] = {}
        self.restores: dict[str, list[dict[str, Any]]] = {}
        self.flex_restores: dict[str, list[dict[str, Any]]] = {}
        self.maintenance: dict[str, Any] = {"autoDeferOnceEnabled": False, "dayOfWeek": 0}
        self.events: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []
        self.ready: dict[str, datetime] = {}
        self.keeps_lines = self.forgets_lines = self.loses_lines = self.keeps_ended = False
        """Of the access list: whether a line that is there already is kept as it is, whether the answer to a new one lacks it,
        whether a new one is never listed at all, and whether a line that has ended has not been taken away yet."""
        self._ids = count(1)

    @property
    def secret(self) -> str:
        """Return what a secret with the API key holds."""
        return json.dumps({"public_key": PUBLIC, "private_key": PRIVATE})

    def connect(self, credential: Credential | None = None) -> Atlas:
        """Return a client of this project."""
        keys = Keys(public_key=PUBLIC, private_key=Secret(PRIVATE))
        seconds = count(1)
        return Atlas(
            PROJECT,
            credential or keys,
            self.send,
            clock=lambda: self.clock().timestamp(),
            salt=lambda: f"{next(seconds):032x}",
        )

    @property
    def written(self) -> list[Described]:
        """Return what was asked that changes something."""
        return [each for each in self.asked if each.operation.method != "GET"]

    # ------------------------------------------------------------------------------------------------- what there is

    def cluster(self, name: str, tier: str = "M10", *, shards: int = 0, **more: Any) -> dict[str, Any]:
        """Let there be a cluster; `shards` where it is sharded."""
        shared = tier in SHARED
        region = {
            "providerName": "TENANT" if shared else "AWS",
            "regionName": "US_EAST_1",
            "priority": 7,
            "electableSpecs": {"instanceSize": tier, **({} if shared else {"nodeCount": 3, "diskSizeGB": 10.0})},
            **({"backingProviderName": "AWS"} if shared else {}),
        }
        spec = {"id": self.id(), "zoneId": self.id(), "zoneName": "Zone 1", "regionConfigs": [region]}
        self.clusters[name] = {
            "id": self.id(),
            "groupId": PROJECT,
            "name": name,
            "stateName": "IDLE",
            "paused": False,
            "mongoDBVersion": "8.0.13",
            "mongoDBMajorVersion": "8.0",
            "versionReleaseSystem": "LTS",
            "clusterType": "SHARDED" if shards else "REPLICASET",
            "backupEnabled": tier != "M0",
            "pitEnabled": False,
            "encryptionAtRestProvider": "NONE",
            "terminationProtectionEnabled": False,
            "createDate": "2026-01-01T00:00:00Z",
            "tags": [],
            "connectionStrings": strings(name),
            "replicationSpecs": [spec] * (shards or 1),
            "links": [],
            **more,
        }
        return self.clusters[name]

    def delete(self, name: str) -> None:
        """Let somebody delete a cluster: the restore jobs to it stay where they are."""
        del self.clusters[name]
        self.ready.pop(name, None)

    def flex_cluster(self, name: str, **more: Any) -> dict[str, Any]:
        """Let there be a Flex cluster."""
        self.flex[name] = {
            "id": self.id(),
            "groupId": PROJECT,
            "name": name,
            "stateName": "IDLE",
            "mongoDBVersion": "8.0.13",
            "clusterType": "REPLICASET",
            "backupSettings": {"enabled": True},
            "connectionStrings": strings(name),
            "providerSettings": {
                "backingProviderName": "AWS",
                "diskSizeGB": 5,
                "providerName": "FLEX",
                "regionName": "US_EAST_1",
            },
            "versionReleaseSystem": "LTS",
            **more,
        }
        return self.flex[name]

    def allow(self, cidr: str, comment: str = "", until: datetime | None = None) -> None:
        """Let a block be on the access list."""
        ends = {} if until is None else {"deleteAfterDate": stamp(until)}
        single = {"ipAddress": cidr.removesuffix("/32")} if cidr.endswith("/32") else {}
        self.access.append({"cidrBlock": cidr, "comment": comment, "groupId": PROJECT, "links": [], **single, **ends})

    def snapshot(self, cluster: str, age: timedelta, *, on_demand: bool = False, **more: Any) -> dict[str, Any]:
        """Let there be a snapshot that was begun so long ago; it is completed by itself."""
        begun = self.clock() - age
        kept = {
            "id": self.id(),
            "snapshotType": "onDemand" if on_demand else "scheduled",
            "type": "replicaSet",
            "createdAt": stamp(begun),
            "expiresAt": stamp(begun + timedelta(days=8)),
            "description": "",
            "mongodVersion": "8.0.13",
            "storageSizeBytes": 1_234_567,
            **more,
        }
        self.snapshots.setdefault(cluster, []).append(kept)
        return kept

    def event(self, kind: str, ago: timedelta, cluster: str = "", **more: Any) -> None:
        """Let something have happened."""
        created = stamp(self.clock() - ago)
        told = {"id": self.id(), "groupId": PROJECT, "eventTypeName": kind, "created": created, **more}
        self.events.append(told | ({"_cluster": cluster} if cluster else {}))

    def alert(self, kind: str, ago: timedelta, cluster: str = "", status: str = "OPEN", **more: Any) -> None:
        """Let there be an alert."""
        told = {"id": self.id(), "groupId": PROJECT, "eventTypeName": kind, "status": status, **more}
        named = {"clusterName": cluster} if cluster else {}
        self.alerts.append(told | {"created": stamp(self.clock() - ago)} | named)

    def id(self) -> str:
        """Return a new id: an ObjectId, which begins with the second in which it was made."""
        return f"{int(self.clock().timestamp()):08x}{next(self._ids):016x}"

    # --------------------------------------------------------------------------------------------------- what it does

    def send(self, request: Request) -> Reply:
        """Answer one request."""
        self.requests.append(request)
        if told := self.logins.token(request) or self.logins.refused(request):
            return told
        try:
            asked = described(request)
        except NotDescribedError as error:
            return refusal(error.status, "VALIDATION_ERROR", f"{error} {request.body.decode()}")
        self.asked.append(asked)
        if asked.group != PROJECT:
            return refusal(404, "GROUP_NOT_FOUND", f"No group with ID {asked.group} exists.")
        if refused := self.refuses.get(asked.operation.id):
            return refusal(*refused, "As the test says.")
        self.tend()
        return Service(self).answer(asked)

    def tend(self) -> None:
        """Let what takes its time be done: Atlas does, whenever it is asked."""
        now = self.clock()
        for name, ready in self.ready.items():
            if now >= ready and self.clusters[name]["stateName"] == "CREATING":
                self.clusters[name]["stateName"] = "IDLE"
                self.clusters[name]["connectionStrings"] = strings(name)
        if not self.keeps_ended:
            self.access = [each for each in self.access if not (ends := each.get("deleteAfterDate")) or now < at(ends)]
        for jobs in self.restores.values():
            for job in jobs:
                if not job["failed"] and now - at(job["timestamp"]) >= RESTORES / self.faster:
                    job.setdefault("finishedAt", stamp(at(job["timestamp"]) + RESTORES / self.faster))
