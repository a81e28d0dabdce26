"""Explain why a `terraform apply` takes so long (RUNBOOK.md, "Deployment Takes Too Long").

Why: an apply that hangs says "Still creating..." and nothing else; the reason stands somewhere in AWS. The page in RUNBOOK.md
looks at the instances and then applies in stages, which is no explanation. This looks at everything that an apply of this
environment may wait for, at once, and says which of it most likely is the reason, with the evidence.

The rules of the domain (HAZARDS.md, 1.8; FACTS.md, section 4):

- It only looks. Whoever breaks an apply off, or takes its lock, tears the state; so nothing here can, and nothing here
  advises it.
- A deploy is slow when an apply holds the lock for longer than usual: by what S3 says and since when we see this very lock,
  never by `Created`, which is the holder's clock. After two hours the lock is more likely left over (clear-stale-lock).
- Likeliest is what cannot get better by itself: calls that are denied, launches that fail; then what is there and does not
  work; a refresh that does not end; what is still changing; throttling; an issue of AWS's own.
- The team is told once of each apply, as a warning; once more, as critical, where it cannot go on. It wakes nobody twice.
- A source that cannot be asked is named in the evidence. CloudTrail is asked at most every ten minutes.
"""

from datetime import timedelta

from explain_slow_deploy.decide import decide
from explain_slow_deploy.diagnose import diagnose
from explain_slow_deploy.facts import Facts
from explain_slow_deploy.settings import Incident, Settings, scope
from remediation.core.spec import Allow, Every, Guardrails, Manual, Runbook

_LOCK = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{lock_id}"}, "Null": {"dynamodb:LeadingKeys": "false"}}

RUNBOOK = Runbook(
    name="explain-slow-deploy",
    team="infrastructure",
    summary="Says what a `terraform apply` that takes too long most likely waits for, with the evidence. Only looks.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Every(minutes=5), Manual(example={"deploy": "starttech"})),
    reads=(
        Allow("dynamodb:GetItem", "arn:aws:dynamodb:{region}:{account}:table/{table}", _LOCK, each="states"),
        Allow("s3:GetObject", "arn:aws:s3:::{bucket}/{lock_key}", each="lockfiles"),
        # Without the right to list, S3 answers 403 instead of 404 for a lock that is not there.
        Allow("s3:ListBucket", "arn:aws:s3:::{bucket}", each="lockfiles"),
        Allow("autoscaling:DescribeScalingActivities"),
        Allow("autoscaling:DescribeInstanceRefreshes"),
        Allow("ec2:DescribeInstances"),
        Allow("ec2:DescribeInstanceStatus"),
        Allow("elasticloadbalancing:DescribeTargetGroups"),
        Allow("elasticloadbalancing:DescribeTargetHealth"),
        Allow("elasticloadbalancing:DescribeLoadBalancers"),
        Allow(
            "elasticache:DescribeCacheClusters", "arn:aws:elasticache:{region}:{account}:cluster:{each}", each="caches"
        ),
        Allow(
            "elasticache:DescribeReplicationGroups",
            "arn:aws:elasticache:{region}:{account}:replicationgroup:{each}",
            each="replication_groups",
        ),
        Allow("cloudtrail:LookupEvents"),
        Allow("health:DescribeEvents"),
    ),
    writes=(),
    guardrails=Guardrails(heal_within=timedelta(minutes=5)),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={},
    sightings=True,
)
