"""Give the application its Redis back (RUNBOOK.md, "Redis Connection Errors").

Why: "connection refused" has two dozen causes and each has somebody else to mend it. RUNBOOK.md looks at the security group, the
status and the token, one after the other, by hand and with the token on the command line. This looks at all layers at once, from
where the application stands, and says which one fails. It changes two things only: the one declared rule of the cache's security
group, and, if a person agrees, it reboots a dead single node.

The rules of the domain (HAZARDS.md, 1.7; FACTS.md, section 1):

- The rule that is restored is the declared one, {tcp, port, security group}: never a CIDR block, never another port.
- Not if a person took it away, and unknown is a person; once in 24 hours; read back, and taken away if the difference is more.
- A cache that is being modified, saved or rebooted is left alone.
- A reboot of a single node loses what it holds: a person agrees to that, after a snapshot if the node can still be saved.
- PING and INFO are all that is said to a server. The token is the probe's, and nobody else sees it.
"""

from datetime import timedelta

from remediation.core.spec import Alarm, Allow, Guardrails, Manual, OnAlarm, Runbook
from restore_redis_access.actions import reboot_node, restore_rule
from restore_redis_access.decide import REBOOT, RESTORE, decide
from restore_redis_access.diagnose import diagnose
from restore_redis_access.facts import Facts
from restore_redis_access.settings import Incident, Settings, scope

_CACHE = "arn:aws:elasticache:{region}:{account}:"
_GROUP = "arn:aws:ec2:{region}:{account}:security-group/{group}"
_DOWN = {"environment": "{environment}", "dependency": "redis"}

RUNBOOK = Runbook(
    name="restore-redis-access",
    team="infrastructure",
    summary="Finds the layer at which Redis cannot be reached; restores the one rule of its security group that a machine removed.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAlarm(namespace="Remediation", metric="DependencyDown", dimensions=_DOWN),
        # Of ElastiCache's own metrics this one is about access: at 65,000 the next client is refused.
        OnAlarm(
            namespace="AWS/ElastiCache",
            metric="CurrConnections",
            dimensions={"CacheClusterId": "{cache}*"},
            incident={"cache": "CacheClusterId"},
        ),
        Manual(example={"cache": "dev-redis"}),
    ),
    reads=(
        Allow(
            "lambda:InvokeFunction", "arn:aws:lambda:{region}:{account}:function:{environment}-probe-dependencies:live"
        ),
        Allow("elasticache:DescribeCacheClusters", f"{_CACHE}cluster:{{cache}}*"),
        Allow("elasticache:DescribeReplicationGroups", f"{_CACHE}replicationgroup:{{cache}}"),
        Allow("elasticache:DescribeServerlessCaches", f"{_CACHE}serverlesscache:{{cache}}"),
        Allow("elasticache:DescribeSnapshots", f"{_CACHE}snapshot:*"),
        Allow("elasticache:DescribeServerlessCacheSnapshots", f"{_CACHE}serverlesscachesnapshot:*"),
        Allow("elasticache:DescribeEvents"),
        Allow("ec2:DescribeSecurityGroupRules"),
        Allow("ec2:DescribeSecurityGroups"),
        Allow("cloudtrail:LookupEvents"),
        Allow("cloudwatch:GetMetricData"),
    ),
    writes=(
        Allow("ec2:AuthorizeSecurityGroupIngress", _GROUP),
        Allow("ec2:RevokeSecurityGroupIngress", _GROUP),
        Allow("elasticache:RebootCacheCluster", f"{_CACHE}cluster:{{cache}}"),
    ),
    guardrails=Guardrails(heal_within=timedelta(minutes=40), cooldown=timedelta(minutes=30), max_acts=1),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={RESTORE: restore_rule, REBOOT: reboot_node},
    alarms=(
        Alarm(
            name="redis-unreachable",
            summary="The probe in the VPC cannot reach Redis: three looks in a row.",
            namespace="Remediation",
            metric="DependencyDown",
            dimensions=_DOWN,
            statistic="Maximum",
            threshold=1,
            period=timedelta(minutes=1),
            evaluate=3,
            breach=3,
        ),
    ),
    yields_to=("deploy",),
    asks=(REBOOT,),
    snapshots=(REBOOT,),
    sightings=True,
)
