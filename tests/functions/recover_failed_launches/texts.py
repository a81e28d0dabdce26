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
    (Cause.FLEET_QUOTA, f"You've reached your quota for maximum Fleet Requests for this account. {FAILED}"),
    (Cause.SPOT_QUOTA, f"Max spot instance count exceeded. {FAILED}"),
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

NOT_IN_SERVICE = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason:"
ON_DEMAND, SPOT = "Could not launch On-Demand Instances.", "Could not launch Spot Instances."
LOAD_BALANCING = "Auto Scaling User Guide, Troubleshoot: Load balancer issues"
ERRORS = "EC2 API Reference, Error codes"
REPORTS = "public reports of failed launches"

HELD_OUT: tuple[tuple[Cause, str, str], ...] = (
    (
        Cause.TARGET_GROUP,
        "One or more target groups not found. Validating load balancer configuration failed.",
        LOAD_BALANCING,
    ),
    (
        Cause.TARGET_GROUP,
        "Cannot find Load Balancer dev-elb. Validating load balancer configuration failed.",
        LOAD_BALANCING,
    ),
    (
        Cause.TARGET_GROUP,
        "There is no ACTIVE Load Balancer named dev-elb. Updating load balancer configuration failed.",
        LOAD_BALANCING,
    ),
    (
        Cause.TARGET_GROUP,
        "EC2 instance i-0000000000000000a is not in VPC. Updating load balancer configuration failed.",
        LOAD_BALANCING,
    ),
    (
        Cause.TARGET_GROUP,
        "One or more load balancers not found. Validating load balancer configuration failed.",
        REPORTS,
    ),
    (
        Cause.TARGET_GROUP,
        "Provided Target Groups may not be valid. Please ensure they exist and try again.",
        "Auto Scaling's answer to AttachLoadBalancerTargetGroups",
    ),
    (
        Cause.ENCRYPTION,
        f"{NOT_IN_SERVICE} Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
        "AWS re:Post Knowledge Center, EKS managed node groups",
    ),
    (Cause.ENCRYPTION, f"{NOT_IN_SERVICE} Client.InternalError: Client error on launch", REPORTS),
    (Cause.VOLUMES, f"{NOT_IN_SERVICE} Client.VolumeLimitExceeded: Volume limit exceeded", REPORTS),
    (Cause.SHUT_DOWN, f"{NOT_IN_SERVICE} Client.UserInitiatedShutdown: User initiated shutdown", REPORTS),
    (Cause.SHUT_DOWN, f"{NOT_IN_SERVICE} Client.InstanceInitiatedShutdown: Instance initiated shutdown", REPORTS),
    (
        Cause.QUOTA,
        (
            f"{ON_DEMAND} VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit of 0 allows"
            f" for the instance bucket that the specified instance type belongs to. {FAILED}"
        ),
        REPORTS,
    ),
    (
        Cause.QUOTA,
        f"Your quota allows for 0 more running instance(s). You requested at least 1. {FAILED}",
        "Elastic Beanstalk's events",
    ),
    (
        Cause.QUOTA,
        (
            "You have requested more instances (7) than your current instance limit of 6 allows for the specified instance"
            f" type. {FAILED}"
        ),
        "kubernetes/autoscaler issue 1263",
    ),
    (Cause.SPOT_QUOTA, f"{SPOT} MaxSpotInstanceCountExceeded - Max spot instance count exceeded. {FAILED}", REPORTS),
    (
        Cause.INTERFACES,
        "NetworkInterfaceLimitExceeded - You have reached the maximum number of network interfaces.",
        ERRORS,
    ),
    (
        Cause.CAPACITY,
        f"{ON_DEMAND} InsufficientInstanceCapacity - We currently do not have sufficient t3.xlarge capacity. {FAILED}",
        REPORTS,
    ),
    (Cause.CAPACITY, f"Insufficient capacity. {FAILED}", REPORTS),
    (Cause.CAPACITY, "Server.SpotInstanceTermination: Spot instance termination", "EC2 API Reference, StateReason"),
    (
        Cause.UNFULFILLABLE,
        (
            f"{SPOT} UnfulfillableCapacity - Unable to fulfill capacity due to your request configuration. Please adjust your"
            f" request and try again. {FAILED}"
        ),
        "AWS re:Post Knowledge Center, Spot managed node groups",
    ),
    (
        Cause.ACCOUNT,
        (
            f"{ON_DEMAND} InvalidParameterCombination - The specified instance type is not eligible for Free Tier. For a list"
            " of Free Tier instance types, run 'describe-instance-types' with the filter 'free-tier-eligible=true'."
            f" {FAILED}"
        ),
        REPORTS,
    ),
    (
        Cause.ACCOUNT,
        (
            "PendingVerification - Your request for accessing resources in this region is being validated, and you will not be"
            " able to launch additional resources in this region until the validation is complete."
        ),
        ERRORS,
    ),
    (
        Cause.ACCOUNT,
        f"Your account is currently being verified. Verification normally takes less than 2 hours. {FAILED}",
        REPORTS,
    ),
    (Cause.ACCOUNT, f"This account is currently blocked and not recognized as a valid account. {FAILED}", REPORTS),
    (
        Cause.PERMISSION,
        (
            "Access denied when attempting to assume role arn:aws:iam::123456789012:role/aws-service-role/"
            "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling. Validating load balancer configuration failed."
        ),
        REPORTS,
    ),
    (
        Cause.NETWORKS,
        f"Security group sg-00000000000000001 and subnet subnet-1 belong to different networks. {FAILED}",
        ERRORS,
    ),
    (Cause.NETWORKS, f"VPC security groups may not be used for a non-VPC launch. {FAILED}", REPORTS),
    (
        Cause.SECURITY_GROUP,
        f"The security groups 'sg-0000000000000dead, sg-0000000000000beef' do not exist. {FAILED}",
        ERRORS,
    ),
    (
        Cause.UNSUPPORTED,
        (
            "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 't3.small' instance type. Ensure"
            f" that you are using an AMI that is enabled for ENA. {FAILED}"
        ),
        REPORTS,
    ),
    (Cause.ZONE, f"The following supplied instance types do not exist: [x9.small]. {FAILED}", ERRORS),
    (Cause.DEVICES, f"The parameter iops is not supported for gp2 volumes. {FAILED}", ERRORS),
    (Cause.DEVICES, f"Volume of size 8GB is smaller than snapshot 'snap-1', expect size >= 30GB. {FAILED}", ERRORS),
    (Cause.IMAGE, f"{ON_DEMAND} InvalidAMIID.NotFound - The image id '[ami-dead]' does not exist. {FAILED}", REPORTS),
    (
        Cause.IMAGE,
        "InvalidAMIID.Unavailable: The specified AMI has been deregistered or is no longer available.",
        ERRORS,
    ),
    (
        Cause.UNSUPPORTED,
        (
            "You must use a valid fully-formed launch template. The architecture 'arm64' of the specified instance type does"
            " not match the architecture 'x86_64' of the specified AMI."
        ),
        REPORTS,
    ),
    (
        Cause.PROFILE,
        (
            "You must use a valid fully-formed launch template. Value (gone) for parameter iamInstanceProfile.name is invalid."
            " Invalid IAM Instance Profile name"
        ),
        "terraform-provider-aws, aws_autoscaling_group",
    ),
    (
        Cause.SUBNET,
        "You must use a valid fully-formed launch template. No default subnet for availability zone: 'us-east-1c'.",
        REPORTS,
    ),
    (Cause.IMAGE, 'You must use a valid fully-formed launch template. Invalid id: "ami-00000000000000001 "', REPORTS),
    (
        Cause.ZONE,
        "You must use a valid fully-formed launch template. Invalid value 'm5.medium' for InstanceType.",
        REPORTS,
    ),
    (
        Cause.TEMPLATE,
        (
            "You must use a valid fully-formed launch template. You can specify either a launch template ID or a launch"
            " template name, but not both."
        ),
        REPORTS,
    ),
    (
        Cause.TEMPLATE,
        "Invalid launch template: When a network interface is provided, the security groups must be a part of it.",
        "terraform-provider-aws issue 4570",
    ),
    (
        Cause.TEMPLATE,
        "Network interfaces and an instance-level security groups may not be specified on the same request",
        "ansible/community.aws issue 225",
    ),
)
"""Real texts that the patterns were not made from to begin with, each with where it is from. All of them have to be right."""
