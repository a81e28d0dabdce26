"""Relieve a group of instances that is too busy (RUNBOOK.md, "High CPU Usage").

Why: a group that is too busy answers slowly and then not at all. Most of the time a policy of its own adds an instance, and
that is left to it. The page in RUNBOOK.md looks at the CPU and the processes and then changes the policy or the type in
Terraform; this looks at more, adds at most two instances where the policy does not, and says what the next size costs.

The rules of the domain (HAZARDS.md, section 1.5):

- What scales by itself is not scaled a second time (C7), and what it did between a look and an act is never overridden (C2).
- A step is one instance, or a quarter, and never more than two; an absolute size that is never lower, never beyond the maximum,
  never beyond twice what is usual in 24 hours (C1, C3). The maximum, policies and alarms are never changed.
- More instances must not take down the database and the cache that all of them need: 20 % of each have to be left (C4).
- High CPU without more requests than usual is a regression, and no number of instances helps; nor does a third step (C5).
- What warms up does not count, nor do values that are old or of a part of the instances; three of the last five periods do
  (C6). A deploy or an activity is waited for (C8).
- An instance that has no CPU credits left is slowed down, and its CPU is low for that: it is not taken for calm.
- Where instances are no healthy targets the others bear their load: they are healed first, by another runbook.
- One instance that is out of line is replaced only if a person agrees: what it is busy with is evidence.
"""

from datetime import timedelta

from relieve_high_cpu.actions import replace_instance, scale_out
from relieve_high_cpu.case import REPLACE, SCALE
from relieve_high_cpu.decide import decide
from relieve_high_cpu.diagnose import diagnose
from relieve_high_cpu.documents import DOCUMENTS
from relieve_high_cpu.facts import Facts
from relieve_high_cpu.settings import Incident, Settings, scope
from remediation.core.spec import Allow, Guardrails, Manual, OnAlarm, Runbook

_GROUP = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{asg}"
_OURS = {"StringEquals": {"aws:ResourceTag/Environment": "{environment}"}}

RUNBOOK = Runbook(
    name="relieve-high-cpu",
    team="infrastructure",
    summary="Says why a group of instances is too busy, and adds one where its own policy does not and it would help.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAlarm(
            namespace="AWS/EC2",
            metric="CPUUtilization",
            dimensions={"AutoScalingGroupName": "{asg}"},
            incident={"group": "AutoScalingGroupName"},
        ),
        Manual(example={"group": "dev-backend-asg"}),
    ),
    reads=(
        Allow("autoscaling:DescribeAutoScalingGroups"),
        Allow("autoscaling:DescribeInstanceRefreshes"),
        Allow("autoscaling:DescribePolicies"),
        Allow("autoscaling:DescribeScalingActivities"),
        Allow("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:{region}:{account}:alarm:*"),
        Allow("cloudwatch:GetMetricData"),
        Allow("ec2:DescribeInstanceCreditSpecifications"),
        Allow("ec2:DescribeInstances"),
        Allow("ec2:DescribeLaunchTemplateVersions"),
        Allow("elasticloadbalancing:DescribeTargetHealth"),
        Allow("ssm:DescribeInstanceInformation"),
        Allow("ssm:GetCommandInvocation"),
        Allow("ssm:SendCommand", "arn:aws:ssm:{region}:{account}:document/{environment}-remediation-show-load"),
        Allow(
            "ssm:SendCommand",
            "arn:aws:ec2:{region}:{account}:instance/*",
            {"StringEquals": {"ssm:resourceTag/Environment": "{environment}"}},
        ),
    ),
    writes=(
        Allow("autoscaling:SetDesiredCapacity", _GROUP, _OURS),
        Allow("autoscaling:SetInstanceHealth", _GROUP, _OURS),
    ),
    documents=DOCUMENTS,
    # Two steps, each with a launch, its warm-up and two values of five minutes after that.
    guardrails=Guardrails(heal_within=timedelta(minutes=60), cooldown=timedelta(minutes=15), max_acts=3),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={SCALE: scale_out, REPLACE: replace_instance},
    yields_to=("mongodb", "redis", "nat", "storm", "deploy"),
    asks=(REPLACE,),
)
