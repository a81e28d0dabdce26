"""Why a launch failed, from what AWS says of it.

The texts are those of AWS's documentation of launch failures, capacity limits and machine images, and the reasons that EC2
gives for an instance's end. They quote names that somebody else chose, so what is taken from a text is its class, and nothing
else: no word of it reaches a decision or a command (hazard A4).
"""

import re
from enum import StrEnum

LONGEST_READ = 4_000
"""Characters of a text that are looked at."""


class Cause(StrEnum):
    """The classes. What is not known is `UNKNOWN`, and a person looks."""

    CAPACITY = "capacity"
    """EC2 has none of this type in this zone now. Auto Scaling tries again by itself, also in other zones."""
    RESERVATION = "reservation"
    """The capacity that was reserved is used up, or not active yet."""
    SPOT_PRICE = "spot-price"
    UNFULFILLABLE = "unfulfillable"
    """EC2 has no capacity for the request as it is made: its types, zones and options. That does not pass by itself."""
    QUOTA = "quota"
    """The account may not run more On-Demand instances."""
    SPOT_QUOTA = "spot-quota"
    """The account may not have more Spot instances."""
    FLEET_QUOTA = "fleet-quota"
    """The account may not ask for more fleets. AWS says so of accounts that may not run anything yet, too."""
    INTERFACES = "interfaces"
    """The account may not have more network interfaces."""
    VOLUMES = "volumes"
    """The account may not have more storage."""
    IMAGE = "image"
    """The machine image does not exist, or is not ours to use."""
    IMAGE_PENDING = "image-pending"
    UNSUPPORTED = "unsupported"
    """The image, the type and the options do not go together."""
    ZONE = "zone"
    """The zone does not offer the type, or nobody does."""
    SECURITY_GROUP = "security-group"
    NETWORKS = "networks"
    """A security group and the subnet are of different VPCs."""
    KEY_PAIR = "key-pair"
    PROFILE = "profile"
    DEVICES = "devices"
    SNAPSHOT = "snapshot"
    ENCRYPTION = "encryption"
    """Auto Scaling may not use the key of an encrypted volume, or the key is disabled. EC2 says no more than
    `Client.InternalError` or `Client.InvalidKMSKey.InvalidState`."""
    PLACEMENT = "placement"
    TEMPLATE = "template"
    """The launch template, or its version, does not exist or is not complete."""
    SUBNET_FULL = "subnet-full"
    SUBNET = "subnet"
    TARGET_GROUP = "target-group"
    PERMISSION = "permission"
    ACCOUNT = "account"
    """The account is not signed up, is blocked or still looked at, on the free plan, or has not accepted an image's terms."""
    HOOK = "hook"
    """A lifecycle hook gave the launch up."""
    SHUT_DOWN = "shut-down"
    """The instance was launched, and shut down before it was in service: what says why is its start."""
    GROUP_GONE = "group-gone"
    THROTTLED = "throttled"
    INTERNAL = "internal"
    """AWS's own fault."""
    CANCELLED = "cancelled"
    """It was cancelled, without a word."""
    UNKNOWN = "unknown"


PASSING = frozenset({Cause.CAPACITY, Cause.THROTTLED, Cause.INTERNAL, Cause.IMAGE_PENDING})
"""What passes by itself: Auto Scaling tries again, and one waits for a while."""

_TEXTS: tuple[tuple[Cause, str], ...] = (
    (Cause.VOLUMES, r"VolumeLimitExceeded|volume limit exceeded|maximum storage"),
    (Cause.INTERFACES, r"NetworkInterfaceLimitExceeded|maximum number of network interfaces"),
    (Cause.SNAPSHOT, r"InvalidSnapshot\.NotFound|snapshot '?snap-\w+'? does not exist"),
    (
        Cause.ENCRYPTION,
        (
            r"Client\.InternalError|client error on launch|InvalidKMSKey|KMS key provided"
            r"|KMS key .{0,200} (inaccessible|not accessible)"
        ),
    ),
    (Cause.RESERVATION, r"requested reservation does not have|Capacity Block reservation|ReservationCapacityExceeded"),
    (Cause.SPOT_PRICE, r"lower than the minimum required Spot|SpotMaxPriceTooLow"),
    (Cause.SPOT_QUOTA, r"MaxSpotInstanceCountExceeded|Max spot instance count exceeded"),
    (Cause.FLEET_QUOTA, r"quota for maximum Fleet Requests"),
    (
        Cause.QUOTA,
        (
            r"VcpuLimitExceeded|more vCPU capacity than your current|InstanceLimitExceeded|instance\(s\) are already running"
            r"|reached your quota|quota allows for \d{1,9} more running instance"
            r"|requested more instances .{0,40} than your current instance limit"
        ),
    ),
    (Cause.UNFULFILLABLE, r"due to your request configuration"),
    (
        Cause.CAPACITY,
        (
            r"InsufficientInstanceCapacity|InsufficientHostCapacity|UnfulfillableCapacity|do(es)? not have sufficient"
            r"|no Spot capacity available|insufficient (instance )?capacity|Server\.SpotInstance(Termination|Shutdown)"
        ),
    ),
    (Cause.IMAGE_PENDING, r"\bAMI\b.{0,60} is pending"),
    (
        Cause.IMAGE,
        (
            r"AMI ID .{0,80} does not exist|image id .{0,80} does not exist|Invalid id: .?ami-|Not authorized for images"
            r"|InvalidAMIID\.(NotFound|Malformed|Unavailable)|InvalidAMI\b"
        ),
    ),
    (
        Cause.ZONE,
        (
            r"requested Availability Zone is no longer supported|not supported in your requested Availability Zone"
            r"|InvalidInstanceType|instance types? .{0,80}do(es)? not exist|Invalid value .{0,60} for InstanceType"
        ),
    ),
    (
        Cause.PLACEMENT,
        (
            r"placement groups? may not be used|placement group .{0,100} (is unknown|does not exist|already been used)"
            r"|InvalidPlacementGroup"
        ),
    ),
    (
        Cause.UNSUPPORTED,
        (
            r"requested configuration is currently not supported|does not match the architecture"
            r"|virtualization type|boot mode|UnsupportedOperation|Adapter.{0,8} \(ENA\) is required"
        ),
    ),
    (
        Cause.SECURITY_GROUP,
        r"security groups? .{0,400}do(es)? not exist|InvalidGroup\.NotFound|InvalidSecurityGroupID",
    ),
    (Cause.NETWORKS, r"belong to different networks|may not be used for a non-VPC launch"),
    (Cause.KEY_PAIR, r"key pair .{0,260} does not exist|InvalidKeyPair"),
    (Cause.PROFILE, r"iamInstanceProfile|Invalid IAM instance profile"),
    (
        Cause.DEVICES,
        (
            r"Invalid device name|parameter virtualName|block device mappings? .{0,20}not supported|InvalidBlockDeviceMapping"
            r"|volume .{0,30}smaller than snapshot|parameter (iops|throughput) (is not supported|must be specified)"
            r"|IOPS to volume size ratio"
        ),
    ),
    (Cause.SUBNET_FULL, r"not enough free addresses|InsufficientFreeAddressesInSubnet"),
    (Cause.SUBNET, r"subnet ID .{0,60} does not exist|InvalidSubnet|No default subnet"),
    (Cause.HOOK, r"lifecycle (action|hook)"),
    (
        Cause.ACCOUNT,
        (
            r"not subscribed to this service|OptInRequired|accept(ed)? (the )?terms|PendingVerification|account .{0,60}blocked"
            r"|account is (currently )?being (verified|validated)|accessing resources in this region is being validated"
            r"|not eligible for Free Tier"
        ),
    ),
    (
        Cause.PERMISSION,
        (
            r"not authorized to (perform|use)|UnauthorizedOperation|Access ?Denied|authentication failure"
            r"|not have permission"
        ),
    ),
    (
        Cause.TARGET_GROUP,
        (
            r"TargetGroupNotFound|target groups? .{0,200}(not found|not be valid)|load balancers? .{0,100}not found"
            r"|Cannot find Load Balancer|no ACTIVE Load Balancer|load balancer configuration failed"
        ),
    ),
    (Cause.GROUP_GONE, r"AutoScalingGroup .{0,260}not found"),
    (Cause.THROTTLED, r"RequestLimitExceeded|request limit exceeded|Throttl"),
    (Cause.INTERNAL, r"Server\.InternalError|internal (server )?error|InternalFailure|service is unavailable"),
    (
        Cause.TEMPLATE,
        (
            r"launch template.{0,160}(does not exist|not found|has been deleted)|InvalidLaunchTemplate"
            r"|must use a valid fully-formed launch template|Invalid launch template|may not be specified on the same request"
        ),
    ),
    (
        Cause.SHUT_DOWN,
        r"Client\.(User|Instance)InitiatedShutdown|became unhealthy while waiting for instance to be in InService",
    ),
)
"""In this order: the first that is found holds. What only frames a reason comes after every reason: a template that is not
well-formed, a load balancer that was not validated, an instance that did not get into service."""
_KNOWN = tuple((cause, re.compile(text, re.IGNORECASE)) for cause, text in _TEXTS)


def classify(status: str, message: str) -> Cause:
    """Return the class of a failure. `status` is the activity's; a message may be a sentence or an error code of EC2's."""
    text = " ".join(message[:LONGEST_READ].split())
    for cause, pattern in _KNOWN:
        if pattern.search(text):
            return cause
    return Cause.CANCELLED if status == "Cancelled" and not text else Cause.UNKNOWN
