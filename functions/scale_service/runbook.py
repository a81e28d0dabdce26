"""Scale the service by hand (RUNBOOK.md, "Scaling Infrastructure", "Manual Scaling").

Why: `set-desired-capacity` answers at once and says nothing of what comes of it: whether the instances launch, whether they
become healthy, and that the next `terraform apply` sets the size back. This says beforehand what would happen, does it, and
ends when as many instances as were asked for are in service and healthy.

The rules of the domain (HAZARDS.md, section 1.5; FACTS.md, section 3):

- Only by hand, and a plan unless the request says `"apply": true`.
- An absolute size within the group's minimum and maximum; never none, which is an outage and the business of people who recover
  a database (RUNBOOK.md, "Database Corruption Recovery").
- What the group could not do (a process is suspended, all instances are protected) is not asked for; and a size that a policy
  takes back, because its alarm is on, is not called lasting.
- Not while a deploy or an activity is on, and never over a size that somebody else has set since it was judged.
- The call honours the group's cooldown. Terraform owns the size, which every message about it says.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.aws import scaling
from remediation.aws.scaling import Size
from remediation.core.spec import Allow, Guardrails, Manual, Runbook
from scale_service.decide import SCALE, decide
from scale_service.diagnose import diagnose
from scale_service.facts import Facts
from scale_service.settings import Incident, Settings, scope

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def resize(aws: "Clients", settings: Settings, target: Size) -> str:
    """Ask the group for the size, if it still has the one that was judged."""
    return scaling.resize(aws, target)


RUNBOOK = Runbook(
    name="scale-service",
    team="infrastructure",
    summary="Scales a group of instances to a number that somebody asks for, and sees that as many become healthy.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Manual(example={"desired": 3}),),
    reads=(
        Allow("autoscaling:DescribeAutoScalingGroups"),
        Allow("autoscaling:DescribeInstanceRefreshes"),
        Allow("autoscaling:DescribePolicies"),
        Allow("autoscaling:DescribeScalingActivities"),
        Allow("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:{region}:{account}:alarm:*"),
        Allow("elasticloadbalancing:DescribeTargetGroupAttributes"),
        Allow("elasticloadbalancing:DescribeTargetHealth"),
    ),
    writes=(
        Allow(
            "autoscaling:SetDesiredCapacity",
            "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{asg}",
            {"StringEquals": {"aws:ResourceTag/Environment": "{environment}"}},
        ),
    ),
    # Lambda answers a synchronous invocation of a durable function within 15 minutes.
    guardrails=Guardrails(heal_within=timedelta(minutes=13), cooldown=timedelta(minutes=5), max_acts=1),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={SCALE: resize},
    yields_to=("deploy",),
)
