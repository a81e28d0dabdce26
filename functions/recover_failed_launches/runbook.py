"""Say why instances do not start, and take back what keeps them from it (RUNBOOK.md, "Instances Not Starting").

Why: a group that cannot launch says so in its scaling activities, in words that hide the cause: the version of the launch
template, a tag that ECR does not have, a role that lost a right, a subnet without addresses. The page in RUNBOOK.md looks at the
log of an instance, the image and the role by hand; this looks at all of it at once, names the cause, and who mends it.

The rules of the domain (HAZARDS.md, section 1.4):

- It is a diagnostician. Two things are done, each with a person's yes: the last good version of the launch template is launched
  again, where it is proven that it works and the newer one never did; a process is resumed that a maintenance left suspended.
- What an activity says is written by whoever names things. Its class is taken (causes.py);
  its words are quoted, redacted and cut, in the evidence, and reach no subject and no command.
- Auto Scaling tries again by itself, also in other zones. What passes, such as a shortage of capacity, is waited for first.
- User data and consoles hold secrets. Of user data the image's reference is kept and nothing else; a console is read only
  where the settings say so.
- What cannot be read is named in the evidence, and stops nothing. All failures of a group are one incident.
"""

from datetime import timedelta

from recover_failed_launches.actions import resume_process, roll_back_refresh, start_refresh
from recover_failed_launches.decide import decide
from recover_failed_launches.diagnose import diagnose
from recover_failed_launches.documents import DOCUMENTS
from recover_failed_launches.facts import Facts
from recover_failed_launches.settings import Incident, Settings, scope
from recover_failed_launches.suspended import RESUME
from recover_failed_launches.taking_back import ROLL_BACK, START
from remediation.core.spec import Alarm, Allow, Guardrails, Manual, OnAlarm, OnAsgEvent, Runbook
from remediation.core.triggers import ASG_EVENTS

_GROUP = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{asg}"
_OURS = {"StringEquals": {"aws:ResourceTag/Environment": "{environment}"}}
_INSTANCES = "arn:aws:ec2:{region}:{account}:instance/*"

RUNBOOK = Runbook(
    name="recover-failed-launches",
    team="infrastructure",
    summary="Says why an Auto Scaling group cannot launch instances, and goes back to the last version that works, if asked.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAsgEvent(detail_types=tuple(sorted(ASG_EVENTS)), group="{asg}", incident={"asg": "group"}),
        OnAlarm(
            namespace="AWS/AutoScaling",
            metric="GroupInServiceInstances",
            dimensions={"AutoScalingGroupName": "{asg}"},
            incident={"asg": "AutoScalingGroupName"},
        ),
        Manual(example={"asg": "dev-backend-asg"}),
    ),
    alarms=(
        # An alarm that starts a runbook watches one plain metric, so it cannot compare what is in service with what is
        # desired. It compares with the group's minimum, which Terraform sets too; diagnose looks at what is desired. A quarter
        # of an hour is longer than a replacement or a deploy (an instance starts in minutes) and shorter than a night.
        # The group has to publish its metrics: where it does not, the runbook tells of it.
        Alarm(
            name="too-few-in-service",
            summary="Fewer instances are in service than the group's minimum, for a quarter of an hour.",
            namespace="AWS/AutoScaling",
            metric="GroupInServiceInstances",
            dimensions={"AutoScalingGroupName": "{asg}"},
            statistic="Maximum",
            threshold_from="in_service_at_least",
            below=True,
            period=timedelta(seconds=60),
            evaluate=15,
            breach=15,
        ),
        # Instances that come up and die leave the group complete for as long as their load balancer spares new ones, so no
        # quarter of an hour is short throughout, and no event tells of it. Each round is short for a minute or more: rounds
        # of up to ten minutes touch half of the periods of an hour. A deploy of two instances, one after the other, touches
        # four of the twelve, and the replacement of one touches two, though each takes five minutes to leave.
        Alarm(
            name="instances-come-and-go",
            summary="In half of the last hour's periods of five minutes, fewer instances were in service at some time than the group's minimum.",
            namespace="AWS/AutoScaling",
            metric="GroupInServiceInstances",
            dimensions={"AutoScalingGroupName": "{asg}"},
            statistic="Minimum",
            threshold_from="in_service_at_least",
            below=True,
            period=timedelta(minutes=5),
            evaluate=12,
            breach=6,
        ),
    ),
    reads=(
        Allow("autoscaling:DescribeAutoScalingGroups"),
        Allow("autoscaling:DescribeInstanceRefreshes"),
        Allow("autoscaling:DescribeScalingActivities"),
        Allow("ec2:DescribeImages"),
        Allow("ec2:DescribeInstances"),
        Allow("ec2:DescribeInstanceStatus"),
        Allow("ec2:DescribeInstanceTypeOfferings"),
        Allow("ec2:DescribeLaunchTemplateVersions"),
        Allow("ec2:DescribeRouteTables"),
        Allow("ec2:DescribeSecurityGroups"),
        Allow("ec2:DescribeSubnets"),
        Allow("ec2:GetConsoleOutput", _INSTANCES, _OURS, each="console"),
        Allow("ecr:DescribeImages", "arn:aws:ecr:{region}:{account}:repository/{each}", each="repository"),
        Allow("iam:GetInstanceProfile", "arn:aws:iam::{account}:instance-profile/{instance_profile}", each="role"),
        Allow("iam:SimulatePrincipalPolicy", "arn:aws:iam::{account}:role/{each}", each="role"),
        Allow("servicequotas:GetServiceQuota", "arn:aws:servicequotas:{region}:{account}:ec2/L-1216C47A"),
        Allow("ssm:DescribeInstanceInformation"),
        Allow("ssm:GetCommandInvocation"),
        Allow("ssm:SendCommand", "arn:aws:ssm:{region}:{account}:document/{environment}-remediation-read-start"),
        Allow("ssm:SendCommand", _INSTANCES, {"StringEquals": {"ssm:resourceTag/Environment": "{environment}"}}),
    ),
    writes=(
        Allow("autoscaling:ResumeProcesses", _GROUP, _OURS),
        Allow("autoscaling:RollbackInstanceRefresh", _GROUP, _OURS),
        Allow("autoscaling:StartInstanceRefresh", _GROUP, _OURS, each="may_launch"),
    ),
    documents=DOCUMENTS,
    guardrails=Guardrails(heal_within=timedelta(minutes=60), cooldown=timedelta(minutes=30), max_acts=2),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={ROLL_BACK: roll_back_refresh, START: start_refresh, RESUME: resume_process},
    asks=(ROLL_BACK, START, RESUME),
    # Not to a deploy: launches that fail because of one are what it is about.
    yields_to=("nat", "storm"),
    sightings=True,
)
