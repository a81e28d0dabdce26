"""What Atlas's answers look like, as far as we read them; what it adds is passed over, and what it leaves out is empty."""

from datetime import datetime

from msgspec import Struct, field


class Endpoint(Struct, rename="camel"):
    """Where to connect to through a private endpoint."""

    connection_string: str = ""
    srv_connection_string: str = ""
    srv_shard_optimized_connection_string: str = ""


class Strings(Struct, rename="camel"):
    """Where to connect to: over the internet, by a peering (`private`), or through private endpoints."""

    standard_srv: str = ""
    standard: str = ""
    private_srv: str = ""
    private: str = ""
    private_endpoint: list[Endpoint] = field(default_factory=list)


class Specs(Struct, rename="camel"):
    """The machines of a region."""

    instance_size: str = ""
    disk_size_gb: float | None = field(name="diskSizeGB", default=None)


class Region(Struct, rename="camel"):
    """Where nodes are. Of a shared cluster the provider is `TENANT`, and who really runs it the backing one."""

    provider_name: str = ""
    backing_provider_name: str = ""
    region_name: str = ""
    priority: int = 0
    electable_specs: Specs | None = None


class Replication(Struct, rename="camel"):
    """One shard."""

    region_configs: list[Region] = field(default_factory=list)


class Tag(Struct):
    """A tag of a cluster."""

    key: str = ""
    value: str = ""


class ClusterAnswer(Struct, rename="camel"):
    """A cluster, dedicated or free."""

    name: str
    state_name: str = ""
    paused: bool = False
    version: str = field(name="mongoDBVersion", default="")
    cluster_type: str = ""
    backup_enabled: bool = False
    connection_strings: Strings | None = None
    replication_specs: list[Replication] = field(default_factory=list)
    create_date: datetime | None = None
    tags: list[Tag] = field(default_factory=list)


class FlexBackups(Struct, rename="camel"):
    """Whether Atlas takes any."""

    enabled: bool = False


class FlexProvider(Struct, rename="camel"):
    """Where it is."""

    backing_provider_name: str = ""
    region_name: str = ""
    disk_size_gb: float | None = field(name="diskSizeGB", default=None)


class FlexAnswer(Struct, rename="camel"):
    """A Flex cluster."""

    name: str
    state_name: str = ""
    version: str = field(name="mongoDBVersion", default="")
    backup_settings: FlexBackups | None = None
    connection_strings: Strings | None = None
    provider_settings: FlexProvider | None = None


class AccessAnswer(Struct, rename="camel"):
    """One line of the access list: one of the three is there; of an address, Atlas also shows the block."""

    cidr_block: str = ""
    ip_address: str = ""
    aws_security_group: str = ""
    comment: str = ""
    delete_after_date: datetime | None = None


class MaintenanceAnswer(Struct, rename="camel"):
    """The window; day 0 where there is none."""

    day_of_week: int = 0
    hour_of_day: int = 0
    start_asap: bool = field(name="startASAP", default=False)


class HappeningAnswer(Struct, rename="camel"):
    """An event or an alert."""

    event_type_name: str
    created: datetime
    cluster_name: str = ""
    hostname: str = ""
    hostname_and_port: str = ""
    replica_set_name: str = ""
    metric_name: str = ""


class SnapshotAnswer(Struct, rename="camel"):
    """A snapshot of a dedicated cluster."""

    id: str
    status: str = ""
    snapshot_type: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""
    storage_size_bytes: int | None = None
    mongod_version: str = ""


class FlexSnapshotAnswer(Struct, rename="camel"):
    """A snapshot of a Flex cluster: Atlas takes them by its own schedule only."""

    id: str
    status: str = ""
    start_time: datetime | None = None
    finish_time: datetime | None = None
    scheduled_time: datetime | None = None
    expiration: datetime | None = None
    version: str = field(name="mongoDBVersion", default="")


class RestoreAnswer(Struct, rename="camel"):
    """A restore job of a dedicated cluster."""

    id: str
    snapshot_id: str = ""
    target_cluster_name: str = ""
    finished_at: datetime | None = None
    failed: bool = False
    cancelled: bool = False
    expired: bool = False


class FlexRestoreAnswer(Struct, rename="camel"):
    """A restore job of a Flex cluster."""

    id: str
    snapshot_id: str = ""
    target: str = field(name="targetDeploymentItemName", default="")
    status: str = ""
