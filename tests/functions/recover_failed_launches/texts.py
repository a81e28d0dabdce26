"""What AWS says when a launch fails, and what that is: the fixture of the classification.

Each is the wording of one documented or publicly reported failure, with names of ours in it. Sources: the Auto Scaling user
guide's pages on launch failures, capacity limits and machine images; the EC2 API's error codes and state reasons.
"""

from recover_failed_launches.causes import Cause

FAILED = "Launching EC2 instance failed."

GUIDE: tuple[tuple[Cause, str], ...] = (
    (
        Cause.UNSUPPORTED,
        f"The requested configuration is currently not supported. Please check the documentation. {FAILED}",
    ),
    (Cause.SECURITY_GROUP, f"The security group 'sg-0000000000000dead' does not exist. {FAILED}"),
    (
        Cause.SECURITY_GROUP,
        f"The security group 'sg-0000000000000dead' does not exist in VPC 'vpc-0000000000000001'. {FAILED}",
    ),
    (Cause.KEY_PAIR, f"The key pair 'starttech-key' does not exist. {FAILED}"),
    (
        Cause.ZONE,
        (
            "Your requested instance type (t3.small) is not supported in your requested Availability Zone (us-east-1e)."
            f" Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b. {FAILED}"
        ),
    ),
    (
        Cause.ZONE,
        (
            "The requested Availability Zone is no longer supported. Please retry your request by not specifying an"
            f" Availability Zone or choosing us-east-1a. {FAILED}"
        ),
    ),
    (
        Cause.SPOT_PRICE,
        (
            "Your Spot request price of 0.015 is lower than the minimum required Spot request fulfillment price of 0.0735."
            f" {FAILED}"
        ),
    ),
    (Cause.DEVICES, f"Invalid device name /dev/sdzz. {FAILED}"),
    (Cause.DEVICES, f"Invalid device name upload. {FAILED}"),
    (
        Cause.DEVICES,
        f"Value (ephemeral) for parameter virtualName is invalid. Expected format: 'ephemeralNUMBER'. {FAILED}",
    ),
    (Cause.DEVICES, f"EBS block device mappings not supported for instance-store AMIs. {FAILED}"),
    (Cause.PLACEMENT, f"Placement groups may not be used with instances of type 'm1.large'. {FAILED}"),
    (Cause.ENCRYPTION, f"Client.InternalError: Client error on launch. {FAILED}"),
    (
        Cause.CAPACITY,
        (
            "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (us-east-1a). Our"
            " system will be working on provisioning additional capacity. You can currently get t3.small capacity by not"
            f" specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c. {FAILED}"
        ),
    ),
    (
        Cause.RESERVATION,
        f"The requested reservation does not have sufficient compatible and available capacity for this request. {FAILED}",
    ),
    (Cause.RESERVATION, f"Your Capacity Block reservation cr-0000000000000001 is not active yet. {FAILED}"),
    (Cause.CAPACITY, f"There is no Spot capacity available that matches your request. {FAILED}"),
    (Cause.QUOTA, f"20 instance(s) are already running. {FAILED}"),
    (Cause.IMAGE, f"The AMI ID 'ami-0000000000000dead' does not exist. {FAILED}"),
    (Cause.IMAGE_PENDING, f"AMI 'ami-0000000000000dead' is pending, and cannot be run. {FAILED}"),
    (
        Cause.UNSUPPORTED,
        (
            "Non-Windows AMIs with a virtualization type of 'hvm' currently may only be used with Cluster Compute instance"
            f" types. {FAILED}"
        ),
    ),
    (
        Cause.UNSUPPORTED,
        (
            "The requested instance type's architecture (i386) does not match the architecture in the manifest for"
            f" ami-6622f00f (x86_64). {FAILED}"
        ),
    ),
    (Cause.ACCOUNT, "You are not subscribed to this service. Please see https://aws.amazon.com/."),
    (Cause.GROUP_GONE, "AutoScalingGroup dev-backend-asg not found."),
    (Cause.UNKNOWN, f"The moon is in the wrong phase. {FAILED}"),
)
"""The 25: those of the guide's three pages, and one that nobody has ever seen."""

REPORTED: tuple[tuple[Cause, str], ...] = (
    (
        Cause.QUOTA,
        (
            "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the"
            f" specified instance type belongs to. {FAILED}"
        ),
    ),
    (Cause.QUOTA, f"You've reached your quota for maximum Fleet Requests for this account. {FAILED}"),
    (Cause.QUOTA, f"Max spot instance count exceeded. {FAILED}"),
    (
        Cause.SUBNET_FULL,
        f"There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances. {FAILED}",
    ),
    (Cause.SUBNET, f"The subnet ID 'subnet-dead' does not exist. {FAILED}"),
    (
        Cause.PROFILE,
        f"Value (dev-ec2-profile) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name. {FAILED}",
    ),
    (Cause.IMAGE, f"The image id '[ami-0000000000000dead]' does not exist. {FAILED}"),
    (Cause.IMAGE, f"Not authorized for images: [ami-0000000000000dead]. {FAILED}"),
    (
        Cause.PLACEMENT,
        (
            "The dev Placement Group has already been used in another Availability Zone. Specify the correct Availability Zone"
            f" and try again. {FAILED}"
        ),
    ),
    (Cause.PERMISSION, f"Authentication Failure. {FAILED}"),
    (
        Cause.PERMISSION,
        f"You are not authorized to perform this operation. Encoded authorization failure message: AbC1. {FAILED}",
    ),
    (Cause.PERMISSION, f"You are not authorized to use launch template: lt-00000000000000001. {FAILED}"),
    (Cause.TEMPLATE, f"The specified launch template, with template ID lt-00000000000000001, does not exist. {FAILED}"),
    (Cause.VOLUMES, "Client.VolumeLimitExceeded: Volume limit exceeded"),
    (Cause.SNAPSHOT, "Client.InvalidSnapshot.NotFound: The specified snapshot was not found."),
    (Cause.CAPACITY, "Server.InsufficientInstanceCapacity: Insufficient capacity to satisfy instance request"),
    (Cause.INTERNAL, "Server.InternalError: Internal error on launch"),
    (Cause.THROTTLED, f"Request limit exceeded. {FAILED}"),
    (
        Cause.HOOK,
        (
            "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 0f1e was abandoned: Heartbeat"
            " Timeout"
        ),
    ),
    (Cause.TARGET_GROUP, "One or more target groups not found. Validating load balancer configuration failed."),
    (
        Cause.ACCOUNT,
        f"In order to use this AWS Marketplace product you need to accept terms and subscribe. OptInRequired. {FAILED}",
    ),
    (
        Cause.ACCOUNT,
        f"Your account is currently blocked and not recognized as a valid account. Please contact AWS Support. {FAILED}",
    ),
)
"""Others that people met, and the reasons that EC2 gives for an instance's end."""
