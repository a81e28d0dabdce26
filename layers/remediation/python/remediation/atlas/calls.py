"""Every call that is ever made to Atlas: what it is called in errors, its path, and the version of it that we know.

Source: Atlas's published OpenAPI description (github.com/mongodb/openapi). A call that is not here cannot be made; none of
them deletes, pauses or changes anything that exists, or touches a user (HAZARDS D2, D4).
"""

from typing import Literal, TypeAlias

from msgspec import Struct

Version: TypeAlias = Literal["2023-01-01", "2024-08-05", "2024-10-23", "2024-11-13"]


class Call(Struct, frozen=True, kw_only=True):
    """One operation, below `/api/atlas/v2/groups/<project>`."""

    name: str
    path: str
    version: Version
    method: Literal["GET", "POST"] = "GET"
    paged: bool = True
    """Of a call that lists: whether it can be asked for a page."""

    @property
    def operation(self) -> str:
        """Return what errors call it."""
        return f"Atlas:{self.name}"

    @property
    def media(self) -> str:
        """Return the media type that asks for its version."""
        return f"application/vnd.atlas.{self.version}+json"


_CLUSTER, _FLEX = "/clusters/{cluster}", "/flexClusters/{cluster}"

LIST_CLUSTERS = Call(name="ListClusters", path="/clusters", version="2024-08-05")
GET_CLUSTER = Call(name="GetCluster", path=_CLUSTER, version="2024-08-05")
LIST_FLEX = Call(name="ListFlexClusters", path="/flexClusters", version="2024-11-13")
GET_FLEX = Call(name="GetFlexCluster", path=_FLEX, version="2024-11-13")
LIST_ACCESS = Call(name="ListAccessListEntries", path="/accessList", version="2023-01-01")
GET_MAINTENANCE = Call(name="GetMaintenanceWindow", path="/maintenanceWindow", version="2023-01-01")
LIST_EVENTS = Call(name="ListEvents", path="/events", version="2023-01-01")
LIST_ALERTS = Call(name="ListAlerts", path="/alerts", version="2023-01-01")
LIST_SNAPSHOTS = Call(name="ListSnapshots", path=f"{_CLUSTER}/backup/snapshots", version="2023-01-01")
LIST_SHARDED = Call(
    name="ListShardedSnapshots",
    path=f"{_CLUSTER}/backup/snapshots/shardedClusters",
    version="2023-01-01",
    paged=False,
)
LIST_FLEX_SNAPSHOTS = Call(name="ListFlexSnapshots", path=f"{_FLEX}/backup/snapshots", version="2024-11-13")
LIST_RESTORES = Call(name="ListRestoreJobs", path=f"{_CLUSTER}/backup/restoreJobs", version="2023-01-01")
LIST_FLEX_RESTORES = Call(name="ListFlexRestoreJobs", path=f"{_FLEX}/backup/restoreJobs", version="2024-11-13")

ALLOW = Call(name="CreateAccessListEntry", method="POST", path="/accessList", version="2023-01-01")
SAVE = Call(name="TakeSnapshot", method="POST", path=f"{_CLUSTER}/backup/snapshots", version="2023-01-01")
CREATE = Call(name="CreateCluster", method="POST", path="/clusters", version="2024-10-23")
REFILL = Call(name="CreateRestoreJob", method="POST", path=f"{_CLUSTER}/backup/restoreJobs", version="2023-01-01")

READS = (
    LIST_CLUSTERS, GET_CLUSTER, LIST_FLEX, GET_FLEX, LIST_ACCESS, GET_MAINTENANCE, LIST_EVENTS, LIST_ALERTS,
    LIST_SNAPSHOTS, LIST_SHARDED, LIST_FLEX_SNAPSHOTS, LIST_RESTORES, LIST_FLEX_RESTORES,
)  # fmt: skip
WRITES = (ALLOW, SAVE, CREATE, REFILL)
