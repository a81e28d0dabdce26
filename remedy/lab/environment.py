"""The StartTech environment in the lab, by the same calls that its Terraform makes (FACTS.md, section 1).

Names, sizes and relations are those of `dev`. The health check runs more often than its 30 s and the grace period is shorter,
so that nobody has to wait; the time-out, thresholds, path and matcher are the real ones.
"""

import base64
import json
from typing import Any

from botocore.exceptions import ClientError

from remedy.lab.configuration import MongoDB, Redis
from remedy.lab.lab import ACCOUNT, Lab
from remedy.lab.processes import eventually

INTERVAL = 5
GRACE = 15
AGE = 3600.0
"""Seconds for which the environment looks as if it had been running: the young are not judged (HAZARDS.md, R5)."""
NOTICES_AFTER = 120.0
"""Seconds for which a target is unhealthy before Auto Scaling replaces it, unless a scenario says otherwise."""
BALANCER_ID = "50dc6c495c0c9188"
"""Of the balancer and of the target group, as config/dev.toml names them."""
TARGET_GROUP, BALANCER, GROUP = "dev-backend-tg-v2", "dev-alb-v2", "dev-backend-asg"
CACHE, CACHE_PORT, CACHE_GROUP, INSTANCE_GROUP = "dev-redis", 6379, "dev-elasticache-sg", "dev-ec2-sg"
STATES, LOCKS = f"dev-starttech-terraform-state-{ACCOUNT}", "dev-starttech-terraform-locks"
"""The bucket and the table of Terraform's S3 backend."""
STATE = "starttech/terraform.tfstate"
EMPTY = {"version": 4, "serial": 1, "lineage": "3f1b6c5e-0d5a-4a3e-9a57-5f0f6b1f7c11", "outputs": {}, "resources": []}
"""A state that Terraform goes on from."""
TAGS = {"Project": "StartTech", "Environment": "dev", "ManagedBy": "Terraform"}
DESIRED = 2


def build(lab: Lab) -> None:
    """Create everything, and wait until both targets are healthy."""
    vpc, subnets = _network(lab.client("ec2"))
    alb_group, ec2_group = _security_groups(lab.client("ec2"), vpc)
    _cache(lab, vpc, subnets, ec2_group)
    target_group = _balancer(lab.client("elbv2"), vpc, subnets, alb_group)
    _group(lab, subnets, ec2_group, target_group)
    backend(lab)
    lab.world("age", {"seconds": AGE})
    eventually("the targets are healthy", lambda: healthy(lab) == DESIRED, seconds=60)


def healthy(lab: Lab) -> int:
    """Return how many targets are healthy."""
    return sum(state == "healthy" for state in states(lab).values())


def states(lab: Lab) -> dict[str, str]:
    """Return the health of every target, by instance."""
    elbv2 = lab.client("elbv2")
    arn = elbv2.describe_target_groups(Names=[TARGET_GROUP])["TargetGroups"][0]["TargetGroupArn"]
    described = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in described}


def _network(ec2: Any) -> tuple[str, list[str]]:  # noqa: ANN401
    vpc: str = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=_tagged("vpc", "dev-vpc"))["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.0.{10 + number}.0/24",
            AvailabilityZone=f"us-east-1{zone}",
            TagSpecifications=_tagged("subnet", f"dev-private-subnet-{number}"),
        )["Subnet"]["SubnetId"]
        for number, zone in ((1, "a"), (2, "b"))
    ]
    return vpc, subnets


def nat_gateway(lab: Lab) -> str:
    """Lead the private subnets to the internet through one NAT gateway, and return its address."""
    ec2, subnets = lab.client("ec2"), _private_subnets(lab)
    address = ec2.allocate_address(Domain="vpc")
    gateway = ec2.create_nat_gateway(SubnetId=subnets[0]["SubnetId"], AllocationId=address["AllocationId"])
    table = ec2.create_route_table(VpcId=subnets[0]["VpcId"])["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": gateway["NatGateway"]["NatGatewayId"]}
    ec2.create_route(RouteTableId=table, **route)
    return str(address["PublicIp"])


def replace_nat_gateway(lab: Lab) -> str:
    """Replace the NAT gateway, as Terraform does it: the new one has an address of its own, which is returned."""
    ec2 = lab.client("ec2")
    (old,) = nat_gateways(lab)
    address = ec2.allocate_address(Domain="vpc")
    new = ec2.create_nat_gateway(SubnetId=old["SubnetId"], AllocationId=address["AllocationId"])["NatGateway"]
    (table,) = (
        each["RouteTableId"]
        for each in ec2.describe_route_tables()["RouteTables"]
        if any(route.get("NatGatewayId") == old["NatGatewayId"] for route in each["Routes"])
    )
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": new["NatGatewayId"]}
    ec2.replace_route(RouteTableId=table, **route)
    ec2.delete_nat_gateway(NatGatewayId=old["NatGatewayId"])
    return str(address["PublicIp"])


def nat_gateways(lab: Lab) -> list[Any]:
    """Return the NAT gateways that there are."""
    filters = [{"Name": "state", "Values": ["available"]}]
    found: list[Any] = lab.client("ec2").describe_nat_gateways(Filters=filters)["NatGateways"]
    return found


def mongodb(lab: Lab) -> MongoDB:
    """Return from where the environment's MongoDB is come to, as EC2 tells it."""
    subnets = tuple(each["SubnetId"] for each in _private_subnets(lab))
    return MongoDB(subnets=subnets, group=group_id(lab, INSTANCE_GROUP))


def _private_subnets(lab: Lab) -> list[Any]:
    filters = [{"Name": "tag:Name", "Values": ["dev-private-subnet-*"]}]
    found: list[Any] = lab.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return found


def _security_groups(ec2: Any, vpc: str) -> tuple[str, str]:  # noqa: ANN401
    alb, instances = (
        ec2.create_security_group(
            GroupName=name, Description=name, VpcId=vpc, TagSpecifications=_tagged("security-group", name)
        )["GroupId"]
        for name in ("dev-alb-sg", INSTANCE_GROUP)
    )
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    app = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": alb}]}
    ec2.authorize_security_group_ingress(GroupId=alb, IpPermissions=[web])
    ec2.authorize_security_group_ingress(GroupId=instances, IpPermissions=[app])
    return alb, instances


def _cache(lab: Lab, vpc: str, subnets: list[str], instances: str) -> None:
    ec2, elasticache = lab.client("ec2"), lab.client("elasticache")
    group = ec2.create_security_group(
        GroupName=CACHE_GROUP,
        Description=CACHE_GROUP,
        VpcId=vpc,
        TagSpecifications=_tagged("security-group", CACHE_GROUP),
    )["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[cache_rule(instances)])
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=CACHE, CacheSubnetGroupDescription=CACHE, SubnetIds=subnets
    )
    elasticache.create_cache_cluster(
        CacheClusterId=CACHE,
        Engine="redis",
        EngineVersion="7.0",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
        Port=CACHE_PORT,
        CacheSubnetGroupName=CACHE,
        SecurityGroupIds=[group],
        Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()],
    )


def cache_rule(instances: str) -> dict[str, Any]:
    """Return the one rule of the cache's security group: its port, for the instances."""
    return {
        "IpProtocol": "tcp",
        "FromPort": CACHE_PORT,
        "ToPort": CACHE_PORT,
        "UserIdGroupPairs": [{"GroupId": instances}],
    }


def restore_cache(lab: Lab) -> None:
    """Give the cache's security group its rule back, and forget its snapshots."""
    group, rule = group_id(lab, CACHE_GROUP), cache_rule(group_id(lab, INSTANCE_GROUP))
    try:
        lab.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidPermission.Duplicate":
            raise
    elasticache = lab.client("elasticache")
    for snapshot in elasticache.describe_snapshots()["Snapshots"]:
        elasticache.delete_snapshot(SnapshotName=snapshot["SnapshotName"])


def redis(lab: Lab) -> Redis:
    """Return where the environment's Redis is, as ElastiCache and EC2 tell it."""
    described = lab.client("elasticache").describe_cache_clusters(CacheClusterId=CACHE, ShowCacheNodeInfo=True)
    at = described["CacheClusters"][0]["CacheNodes"][0]["Endpoint"]
    group, source = group_id(lab, CACHE_GROUP), group_id(lab, INSTANCE_GROUP)
    return Redis(host=at["Address"], port=at["Port"], group=group, source=source)


def group_id(lab: Lab, name: str) -> str:
    """Return the id of a security group of the environment."""
    filters = [{"Name": "group-name", "Values": [name]}]
    (found,) = lab.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return str(found["GroupId"])


def _balancer(elbv2: Any, vpc: str, subnets: list[str], group: str) -> str:  # noqa: ANN401
    balancer = elbv2.create_load_balancer(Name=BALANCER, Subnets=subnets, SecurityGroups=[group], Type="application")
    target_group: str = elbv2.create_target_group(
        Name=TARGET_GROUP,
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        TargetType="instance",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=INTERVAL,
        HealthCheckTimeoutSeconds=3,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
        Matcher={"HttpCode": "200"},
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    return target_group


def _group(lab: Lab, subnets: list[str], security_group: str, target_group: str) -> None:
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    user_data = base64.b64encode(b"#!/bin/bash\n# writes /etc/starttech/config.env\n").decode()
    ec2.create_launch_template(
        LaunchTemplateName="dev-backend-lt",
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "t3.micro",
            "SecurityGroupIds": [security_group],
            "UserData": user_data,
        },
    )
    lab.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateName": "dev-backend-lt", "Version": "1"},
        MinSize=2,
        MaxSize=6,
        DesiredCapacity=DESIRED,
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[target_group],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=GRACE,
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in TAGS.items()],
    )
    lab.client("autoscaling").enable_metrics_collection(
        AutoScalingGroupName=GROUP, Metrics=["GroupInServiceInstances"], Granularity="1Minute"
    )


def backend(lab: Lab) -> None:
    """Create the backend of Terraform: a versioned bucket with a state, and the table with its digest. Nobody holds a lock."""
    s3, dynamodb = lab.client("s3"), lab.client("dynamodb")
    s3.create_bucket(Bucket=STATES)
    s3.put_bucket_versioning(Bucket=STATES, VersioningConfiguration={"Status": "Enabled"})
    dynamodb.create_table(
        TableName=LOCKS,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    written = s3.put_object(Bucket=STATES, Key=STATE, Body=json.dumps(EMPTY).encode())
    digest = {"LockID": {"S": f"{STATES}/{STATE}-md5"}, "Digest": {"S": written["ETag"].strip('"')}}
    dynamodb.put_item(TableName=LOCKS, Item=digest)


def _tagged(kind: str, name: str) -> list[dict[str, Any]]:
    tags = {**TAGS, "Name": name}
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
