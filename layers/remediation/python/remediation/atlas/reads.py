"""What Atlas says of a project, read with a key that may do nothing but read. Every function raises AwsError.

M0 and Flex clusters are other things than dedicated ones: a Flex cluster is refused where clusters are asked for by name, and
an M0 has no backups, so it is not asked for any.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import get_args

from remediation.atlas import calls
from remediation.atlas.answers import (
    AccessAnswer,
    ClusterAnswer,
    FlexAnswer,
    FlexRestoreAnswer,
    FlexSnapshotAnswer,
    HappeningAnswer,
    MaintenanceAnswer,
    RestoreAnswer,
    SnapshotAnswer,
)
from remediation.atlas.client import Atlas
from remediation.atlas.facts import (
    Access,
    Cluster,
    ClusterState,
    Happening,
    Maintenance,
    Origin,
    Restore,
    Snapshot,
    SnapshotState,
)
from remediation.atlas.strings import host, hosts
from remediation.core.errors import AwsError

FREE, FLEX = "M0", "FLEX"
MADE_FOR = "remediation-restore-of"
"""The tag of a cluster that the writer has made; its value is the cluster whose data it is for."""
_GIGABYTE = 1024**3
_STATES: Mapping[str, ClusterState] = {state: state for state in get_args(ClusterState)}
_SNAPSHOTS: Mapping[str, SnapshotState] = {state: state for state in get_args(SnapshotState)}
_FLEX_SNAPSHOTS: Mapping[str, SnapshotState] = {
    "PENDING": "queued",
    "QUEUED": "queued",
    "RUNNING": "inProgress",
    "COMPLETED": "completed",
    "FAILED": "failed",
}
_OBJECT_ID = re.compile(r"[a-f0-9]{24}\Z")
_IS_FLEX = "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"
_NO_CLUSTER = "CLUSTER_NOT_FOUND"


def cluster(atlas: Atlas, name: str) -> Cluster | None:
    """Return a cluster of whatever kind; None where there is none of the name."""
    try:
        return _cluster(atlas.ask(calls.GET_CLUSTER, ClusterAnswer, cluster=name))
    except AwsError as error:
        if error.code == _NO_CLUSTER:
            return None
        if error.code != _IS_FLEX:
            raise
    return _flex(atlas.ask(calls.GET_FLEX, FlexAnswer, cluster=name))


def clusters(atlas: Atlas) -> tuple[Cluster, ...]:
    """Return all clusters, by name. A Flex cluster is what the list of those says, should both have it."""
    found = {each.name: _cluster(each) for each in atlas.pages(calls.LIST_CLUSTERS, ClusterAnswer)}
    found |= {each.name: _flex(each) for each in atlas.pages(calls.LIST_FLEX, FlexAnswer)}
    return tuple(found[name] for name in sorted(found))


def origin(atlas: Atlas, name: str) -> Origin | None:
    """Return since when there is a cluster and what it was made for; None where there is none, or it is a Flex cluster."""
    try:
        found = atlas.ask(calls.GET_CLUSTER, ClusterAnswer, cluster=name)
    except AwsError as error:
        if error.code not in {_NO_CLUSTER, _IS_FLEX}:
            raise
        return None
    if found.create_date is None:
        return None
    made_for = next((tag.value for tag in found.tags if tag.key == MADE_FOR), "")
    return Origin(at=found.create_date.astimezone(UTC), made_for=made_for)


def access(atlas: Atlas) -> tuple[Access, ...]:
    """Return the access list."""
    return tuple(map(line, atlas.pages(calls.LIST_ACCESS, AccessAnswer)))


def maintenance(atlas: Atlas) -> Maintenance | None:
    """Return the project's maintenance window; None where it has none, and Atlas chooses."""
    found = atlas.ask(calls.GET_MAINTENANCE, MaintenanceAnswer)
    if found.day_of_week == 0:
        return None
    return Maintenance(day=found.day_of_week, hour=found.hour_of_day, as_soon_as_possible=found.start_asap)


def happenings(atlas: Atlas, since: datetime, cluster: str = "") -> tuple[Happening, ...]:
    """Return the project's events since an instant, or those of one cluster, newest first."""
    of = {"clusterNames": cluster} if cluster else {}
    found = atlas.pages(calls.LIST_EVENTS, HappeningAnswer, query={"minDate": stamp(since), **of})
    return _newest_first(_happening(each, cluster) for each in found)


def alerts(atlas: Atlas) -> tuple[Happening, ...]:
    """Return the alerts that are open, newest first."""
    found = atlas.pages(calls.LIST_ALERTS, HappeningAnswer, query={"status": "OPEN"})
    return _newest_first(_happening(each, "") for each in found)


def snapshots(atlas: Atlas, cluster: Cluster) -> tuple[Snapshot, ...]:
    """Return the snapshots of a cluster, newest first, and before them what has only been queued."""
    if cluster.tier == FREE:
        return ()
    if cluster.tier == FLEX:
        flex = atlas.pages(calls.LIST_FLEX_SNAPSHOTS, FlexSnapshotAnswer, cluster=cluster.name)
        found = [_flex_snapshot(each, cluster.name) for each in flex]
    else:
        call = calls.LIST_SNAPSHOTS if cluster.replica_set else calls.LIST_SHARDED
        found = [snapshot(each, cluster.name) for each in atlas.pages(call, SnapshotAnswer, cluster=cluster.name)]
    return tuple(
        sorted(
            found,
            key=lambda each: (each.at is None, each.at or datetime.min.replace(tzinfo=UTC), each.id),
            reverse=True,
        )
    )


def restores(atlas: Atlas, cluster: Cluster) -> tuple[Restore, ...]:
    """Return the restore jobs of a cluster's snapshots, as Atlas lists them."""
    if cluster.tier == FREE:
        return ()
    if cluster.tier == FLEX:
        flex = atlas.pages(calls.LIST_FLEX_RESTORES, FlexRestoreAnswer, cluster=cluster.name)
        return tuple(map(_flex_restore, flex))
    return tuple(map(restore, atlas.pages(calls.LIST_RESTORES, RestoreAnswer, cluster=cluster.name)))


# --------------------------------------------------------------------------------------------------------------- facts


def line(found: AccessAnswer) -> Access:
    """Return a line with its block in one form: `10.0.0.1` is `10.0.0.1/32`."""
    said = found.cidr_block or found.ip_address
    try:
        cidr = str(ip_network(said, strict=False)) if said else ""
    except ValueError:
        cidr = said
    until = _utc(found.delete_after_date)
    return Access(cidr=cidr, group=found.aws_security_group, comment=found.comment, until=until)


def snapshot(found: SnapshotAnswer, cluster: str) -> Snapshot:
    """Return a snapshot as a fact; one in a state that we do not know is one to wait for."""
    return Snapshot(
        id=found.id,
        cluster=cluster,
        state=_SNAPSHOTS.get(found.status, "inProgress"),
        on_demand=found.snapshot_type == "onDemand",
        at=_utc(found.created_at),
        expires=_utc(found.expires_at),
        description=found.description,
        size=found.storage_size_bytes,
        version=found.mongod_version,
    )


def restore(found: RestoreAnswer) -> Restore:
    """Return a restore job as a fact. One that has finished and expires afterwards has restored what it had to."""
    ended = found.finished_at is not None
    failed = found.failed or found.cancelled or (found.expired and not ended)
    return Restore(
        id=found.id,
        snapshot=found.snapshot_id,
        target=found.target_cluster_name,
        finished=ended and not failed,
        failed=failed,
        at=_utc(found.finished_at) or _born(found.id),
    )


def stamp(at: datetime) -> str:
    """Return an instant as Atlas takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cluster(found: ClusterAnswer) -> Cluster:
    regions = [region for shard in found.replication_specs for region in shard.region_configs]
    first = max(regions, key=lambda region: region.priority, default=None)
    specs = first.electable_specs if first else None
    tier = specs.instance_size if specs else ""
    return Cluster(
        name=found.name,
        state=_STATES.get(found.state_name, "OTHER"),
        paused=found.paused,
        version=found.version,
        tier=tier,
        backups=found.backup_enabled and tier != FREE,
        host=host(found.connection_strings),
        hosts=hosts(found.connection_strings),
        provider=(first.backing_provider_name or first.provider_name) if first else "",
        region=first.region_name if first else "",
        replica_set=found.cluster_type in {"", "REPLICASET"},
        disk=_bytes(specs.disk_size_gb) if specs else None,
    )


def _flex(found: FlexAnswer) -> Cluster:
    provider = found.provider_settings
    return Cluster(
        name=found.name,
        state=_STATES.get(found.state_name, "OTHER"),
        paused=False,  # a Flex cluster cannot be
        version=found.version,
        tier=FLEX,
        backups=bool(found.backup_settings and found.backup_settings.enabled),
        host=host(found.connection_strings),
        hosts=hosts(found.connection_strings),
        provider=provider.backing_provider_name if provider else "",
        region=provider.region_name if provider else "",
        disk=_bytes(provider.disk_size_gb) if provider else None,
    )


def _happening(found: HappeningAnswer, cluster: str) -> Happening:
    where = found.hostname_and_port or found.hostname or found.replica_set_name
    text = " ".join(part for part in (found.metric_name, where and f"on {where}") if part)
    return Happening(
        kind=found.event_type_name,
        at=found.created.astimezone(UTC),
        cluster=found.cluster_name or cluster,
        text=text,
    )


def _newest_first(found: Iterable[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _flex_snapshot(found: FlexSnapshotAnswer, cluster: str) -> Snapshot:
    return Snapshot(
        id=found.id,
        cluster=cluster,
        state=_FLEX_SNAPSHOTS.get(found.status, "inProgress"),
        on_demand=False,
        at=_utc(found.start_time or found.scheduled_time),
        expires=_utc(found.expiration),
        version=found.version,
    )


def _flex_restore(found: FlexRestoreAnswer) -> Restore:
    return Restore(
        id=found.id,
        snapshot=found.snapshot_id,
        target=found.target,
        finished=found.status == "COMPLETED",
        failed=found.status == "FAILED",
    )


def _bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else round(gigabytes * _GIGABYTE)


def _born(id_: str) -> datetime | None:
    """Return when an id was made: Atlas's are ObjectIds, which begin with their second. None of what is no such id."""
    return datetime.fromtimestamp(int(id_[:8], 16), UTC) if _OBJECT_ID.match(id_) else None


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None else None
