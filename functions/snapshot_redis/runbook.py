"""Save the environment's caches (RUNBOOK.md, "Cache Management", "Backup Redis Data").

Why: what is in the cache is lost with its node. RUNBOOK.md makes a snapshot by hand, under a name that nobody finds again, and
does not look whether it was ever finished. This takes one on schedule, when somebody asks, and before another runbook does what
may lose data, and says so only when AWS has it whole.

The rules of the domain (HAZARDS.md, 1.2):

- A replica saves, where there is one. A single node that is short of memory, evicting or busy is left alone, and a person told.
- Only `available` with every shard counts; `creating` does not.
- Names are made of cache and minute: who tries again meets the snapshot that was made before.
- Deleted is only what bears our name and our tag, is old, and is not among the newest that are kept.
"""

from datetime import timedelta

from remediation.core.spec import Allow, Every, Guardrails, Manual, OnAlarm, Runbook
from snapshot_redis.actions import delete_snapshot, take_snapshot
from snapshot_redis.decide import DELETE, TAKE, decide
from snapshot_redis.diagnose import diagnose
from snapshot_redis.facts import Facts
from snapshot_redis.settings import Incident, Settings, scope

_HERE = "arn:aws:elasticache:{region}:{account}:"
_OWN, _OWN_SERVERLESS = f"{_HERE}snapshot:remedy-*", f"{_HERE}serverlesscachesnapshot:remedy-*"
_TAGGED = {"StringEquals": {"aws:ResourceTag/ManagedBy": "remediation"}}

RUNBOOK = Runbook(
    name="snapshot-redis",
    team="infrastructure",
    summary="Saves the caches: on schedule, by hand, before an act that may lose data; and deletes old snapshots of its own.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        Every(minutes=60),
        OnAlarm(
            namespace="AWS/ElastiCache",
            metric="DatabaseMemoryUsagePercentage",
            dimensions={"CacheClusterId": "{environment}-redis*"},
            incident={"cache": "CacheClusterId"},
        ),
        Manual(example={"cache": "dev-redis"}),
    ),
    reads=(
        Allow("elasticache:DescribeCacheClusters", f"{_HERE}cluster:{{each}}*", each="caches"),
        Allow("elasticache:DescribeReplicationGroups", f"{_HERE}replicationgroup:{{each}}", each="caches"),
        Allow("elasticache:DescribeServerlessCaches", f"{_HERE}serverlesscache:{{each}}", each="caches"),
        # Listed: a snapshot of a replica is filed under the replica's name.
        Allow("elasticache:DescribeSnapshots", f"{_HERE}snapshot:*"),
        Allow("elasticache:DescribeServerlessCacheSnapshots", f"{_HERE}serverlesscachesnapshot:*"),
        Allow("elasticache:ListTagsForResource", _OWN),
        Allow("elasticache:ListTagsForResource", _OWN_SERVERLESS),
        Allow("cloudwatch:GetMetricData"),
    ),
    writes=(
        Allow("elasticache:CreateSnapshot", f"{_HERE}cluster:{{each}}*", each="caches"),
        Allow("elasticache:CreateSnapshot", f"{_HERE}replicationgroup:{{each}}", each="caches"),
        Allow("elasticache:CreateSnapshot", _OWN),
        Allow("elasticache:CreateServerlessCacheSnapshot", f"{_HERE}serverlesscache:{{each}}", each="caches"),
        Allow("elasticache:CreateServerlessCacheSnapshot", _OWN_SERVERLESS),
        Allow("elasticache:AddTagsToResource", _OWN),
        Allow("elasticache:AddTagsToResource", _OWN_SERVERLESS),
        Allow("elasticache:DeleteSnapshot", _OWN, _TAGGED),
        Allow("elasticache:DeleteServerlessCacheSnapshot", _OWN_SERVERLESS, _TAGGED),
    ),
    # An act that waits for a snapshot of the same cache follows at once, so there is no cooldown; per_day is the limit.
    guardrails=Guardrails(heal_within=timedelta(minutes=60), cooldown=timedelta(0), max_acts=2),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={TAKE: take_snapshot, DELETE: delete_snapshot},
)
