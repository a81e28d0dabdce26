"""Empty the cache, by hand only (RUNBOOK.md, "Cache Management", "Clear Redis Cache").

Why: RUNBOOK.md types FLUSHALL into whatever redis-cli is connected to. Keys that a deploy made unreadable are a good reason for
it; the wrong terminal is not. So this speaks with the environment's own endpoint, as AWS tells it, and with no other.

The rules of the domain (HAZARDS.md, 1.7; FACTS.md, section 1):

- What is in the cache is load on the database once it is gone. Two people agree: who asked, and somebody else, who approves.
- A snapshot comes first, unless those two agree to do without.
- FLUSHALL ASYNC, so that the server goes on answering; on a primary; never on a cluster, of which it empties one shard.
- DBSIZE before and after is what says whether it happened: keys that are written meanwhile are the application's.
- Nowhere unless configuration says so (`allowed`), which in production is a decision of its own.
"""

from datetime import timedelta

from flush_redis.actions import flush_cache
from flush_redis.decide import FLUSH, decide
from flush_redis.diagnose import diagnose
from flush_redis.facts import Facts
from flush_redis.settings import Incident, Settings, scope
from remediation.core.spec import Allow, Guardrails, Manual, Runbook

_HERE = "arn:aws:elasticache:{region}:{account}:"

RUNBOOK = Runbook(
    name="flush-redis",
    team="infrastructure",
    summary="Empties the cache, by hand and after two people agreed: a snapshot first, then FLUSHALL ASYNC, verified by DBSIZE.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Manual(example={"cache": "dev-redis"}),),
    reads=(
        Allow("elasticache:DescribeCacheClusters", f"{_HERE}cluster:{{cache}}*"),
        Allow("elasticache:DescribeReplicationGroups", f"{_HERE}replicationgroup:{{cache}}"),
        Allow("elasticache:DescribeServerlessCaches", f"{_HERE}serverlesscache:{{cache}}"),
        Allow("secretsmanager:GetSecretValue", "{each}", each="token"),
    ),
    writes=(),
    guardrails=Guardrails(heal_within=timedelta(minutes=45), cooldown=timedelta(minutes=15), max_acts=1),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={FLUSH: flush_cache},
    asks=(FLUSH,),
    snapshots=(FLUSH,),
    speaks=("redis",),
)
