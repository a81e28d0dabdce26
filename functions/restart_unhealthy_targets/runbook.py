"""Restart what the load balancer finds unhealthy, one target at a time (RUNBOOK.md, "ALB Health Check Failures").

Why: a target that fails its health check is out of service until somebody restarts its container, and most of the time
that is all it takes. The page in RUNBOOK.md asks a person to look at the target health, the container, its port and its
log; this does the same without `ssh`, and says what it saw where it does not help.

The rules of the domain (HAZARDS.md, section 1.1):

- The load balancer fails open: where all targets are unhealthy it sends requests to all of them. So what may still serve
  is left alone unless others do serve, by the judgement and once more right before the act. What is dead (its container
  does not run, its port refuses, or two paths close the connection) has nothing to lose, but needs MongoDB and Redis.
- `/health` is unhealthy when MongoDB or Redis is. Then no restart helps, and every target is affected: a person is called.
- The Auto Scaling group replaces what fails ELB health checks. That is left to it; a restart meanwhile does no harm. If
  it replaces one after the other, that is a loop, and a person is called.
- Act on what was judged: a restart names the start of the container that it is about, and is void after any other.

The ladder: restart the container; if the target still is unhealthy, have the instance replaced; else a person.
"""

from datetime import timedelta

from remediation.core.spec import Alarm, Allow, Guardrails, Manual, OnAlarm, Runbook
from restart_unhealthy_targets.actions import replace_instance, restart_container
from restart_unhealthy_targets.decide import REPLACE, RESTART, decide
from restart_unhealthy_targets.diagnose import diagnose
from restart_unhealthy_targets.documents import DOCUMENTS
from restart_unhealthy_targets.facts import Facts
from restart_unhealthy_targets.settings import Incident, Settings, scope

_DOCUMENT = "arn:aws:ssm:{region}:{account}:document/{environment}-remediation-"
_SEND_TO_OUR_INSTANCES = Allow(
    "ssm:SendCommand",
    "arn:aws:ec2:{region}:{account}:instance/*",
    {"StringEquals": {"ssm:resourceTag/Environment": "{environment}"}},
)

RUNBOOK = Runbook(
    name="restart-unhealthy-targets",
    team="infrastructure",
    summary="Restarts the container of a target that the load balancer finds unhealthy, and sees that it becomes healthy.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAlarm(
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions={"TargetGroup": "targetgroup/{target_groups}*"},
            incident={"target_group": "TargetGroup"},
        ),
        Manual(example={"target_group": "dev-backend-tg-v2"}),
    ),
    alarms=(
        # The environment's own alarm on this metric has no dimensions and can never fire (FACTS.md, section 1). One
        # minute alone is a deploy or a blip; two of three are not, and still are faster than a person.
        Alarm(
            name="unhealthy-targets",
            summary="At least one target fails the load balancer's health check.",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions={"TargetGroup": "{target_group}", "LoadBalancer": "{load_balancer}"},
            statistic="Maximum",
            threshold=1,
            period=timedelta(seconds=60),
            evaluate=3,
            breach=2,
        ),
    ),
    reads=(
        Allow("elasticloadbalancing:DescribeTargetGroups"),
        Allow("elasticloadbalancing:DescribeTargetHealth"),
        Allow("elasticloadbalancing:DescribeLoadBalancers"),
        Allow("autoscaling:DescribeAutoScalingGroups"),
        Allow("autoscaling:DescribeInstanceRefreshes"),
        Allow("autoscaling:DescribeScalingActivities"),
        Allow("ec2:DescribeInstances"),
        Allow("ec2:DescribeSecurityGroups"),
        Allow("ec2:DescribeLaunchTemplateVersions"),
        Allow("ssm:DescribeInstanceInformation"),
        Allow("ssm:GetCommandInvocation"),
        Allow("ssm:SendCommand", _DOCUMENT + "inspect-container"),
        _SEND_TO_OUR_INSTANCES,
    ),
    writes=(
        Allow("ssm:SendCommand", _DOCUMENT + "restart-container"),
        _SEND_TO_OUR_INSTANCES,
        Allow(
            "autoscaling:SetInstanceHealth",
            "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{asg}",
            {"StringEquals": {"aws:ResourceTag/Environment": "{environment}"}},
        ),
    ),
    documents=DOCUMENTS,
    # Lambda answers a synchronous invocation of a durable function within 15 minutes.
    guardrails=Guardrails(heal_within=timedelta(minutes=13), cooldown=timedelta(minutes=15), max_acts=3),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={RESTART: restart_container, REPLACE: replace_instance},
    yields_to=("mongodb", "redis", "nat", "storm", "deploy"),
)
