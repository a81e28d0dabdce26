"""Make a new cache from a snapshot (RUNBOOK.md, "Redis Snapshots", "Restore from snapshot"). By hand, and approved.

Why: RUNBOOK.md calls `restore-cache-cluster-from-snapshot`, which does not exist (FACTS.md, section 2). A snapshot is restored by
making a cache with it, and whoever does that by hand at night forgets the security group or the parameter group, and then has
a cache that nobody reaches.

The rules of the domain:

- What is made is new. A name that exists is refused, and ElastiCache itself refuses to make one twice; nothing is deleted.
- It is made of what the cache is made of that was saved: node type, version, port, and the groups of subnets, security and
  parameters. What AWS does not tell (a token, the users) is not copied, and the person who approves is told.
- It is restored when it is available and answers PING from where the application stands, and not before.
- Terraform does not know it. The line that makes it known is part of the answer.
"""

from datetime import timedelta

from remediation.core.spec import Allow, Guardrails, Manual, Runbook
from restore_redis_snapshot.actions import restore
from restore_redis_snapshot.decide import RESTORE, decide
from restore_redis_snapshot.diagnose import diagnose
from restore_redis_snapshot.facts import Facts
from restore_redis_snapshot.settings import Incident, Settings, scope

_HERE = "arn:aws:elasticache:{region}:{account}:"
_NEW_CLUSTER, _NEW_GROUP = f"{_HERE}cluster:{{prefix}}*", f"{_HERE}replicationgroup:{{prefix}}*"
_MADE_OF = (f"{_HERE}parametergroup:*", f"{_HERE}subnetgroup:*", f"{_HERE}snapshot:*")
"""What a cache is made of; which ones is told by the snapshot."""

RUNBOOK = Runbook(
    name="restore-redis-snapshot",
    team="infrastructure",
    summary="Makes a new cache from a snapshot, by hand and after a person agreed; never overwrites one that is there.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Manual(example={"snapshot": "remedy-dev-redis-202611230340", "new_id": "dev-restored-1"}),),
    reads=(
        Allow("elasticache:DescribeCacheClusters", f"{_HERE}cluster:*"),
        Allow("elasticache:DescribeReplicationGroups", f"{_HERE}replicationgroup:*"),
        Allow("elasticache:DescribeServerlessCaches", f"{_HERE}serverlesscache:*"),
        Allow("elasticache:DescribeSnapshots", f"{_HERE}snapshot:*"),
    ),
    writes=(
        *(Allow("elasticache:CreateCacheCluster", on) for on in (_NEW_CLUSTER, *_MADE_OF)),
        # A group's nodes are clusters whose names begin with its own.
        *(Allow("elasticache:CreateReplicationGroup", on) for on in (_NEW_GROUP, _NEW_CLUSTER, *_MADE_OF)),
        Allow("elasticache:AddTagsToResource", _NEW_CLUSTER),
        Allow("elasticache:AddTagsToResource", _NEW_GROUP),
        # The probe only looks, but to invoke is no read of AWS's; it is asked about what this has made.
        Allow(
            "lambda:InvokeFunction", "arn:aws:lambda:{region}:{account}:function:{environment}-probe-dependencies:live"
        ),
    ),
    guardrails=Guardrails(heal_within=timedelta(minutes=90), cooldown=timedelta(0), max_acts=1),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={RESTORE: restore},
    asks=(RESTORE,),
)
