"""Clear a Terraform lock whose holder is gone (RUNBOOK.md, "Terraform State Locked").

Why: an apply that was killed leaves its lock behind, and nobody can deploy until somebody removes it. The page in RUNBOOK.md
scans the table and deletes by a key that lacks the bucket, which deletes nothing and says nothing; and `force-unlock` deletes
whatever holds the lock by then. This reads exactly the configured locks, by their names, in both stores.

The rules of the domain (FACTS.md, section 4; HAZARDS.md, 1.3):

- To take the lock of a live apply loses state, silently. So young, moving or alive is left alone, a source that cannot be
  asked counts as alive, and silence is no death: without evidence that its holder ended, a person decides.
- `Created` is the holder's clock, from before it waited. The age is what S3 says, and since when we see this very lock.
- A plan of CI's is cleared by itself where configuration says so. An apply, an unknown operation, or a person asks.
- Removed is exactly what was judged: the item if its information is the same, then the object if its ETag is. Whatever
  changed is somebody else's lock. The digest (`-md5`) is no lock and is never touched; the state is never read.
"""

from datetime import timedelta

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.decide import CLEAR, decide
from clear_stale_lock.diagnose import diagnose
from clear_stale_lock.facts import Facts
from clear_stale_lock.settings import Incident, Settings, scope
from remediation.core.spec import Alarm, Allow, Every, Guardrails, Lines, Manual, OnAlarm, Runbook

_TABLE = "arn:aws:dynamodb:{region}:{account}:table/{table}"
_LOCK = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{lock_id}"}, "Null": {"dynamodb:LeadingKeys": "false"}}
_DIGEST = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{digest_id}"},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
_OBJECT = "arn:aws:s3:::{bucket}/{lock_key}"
_AS_READ = {"Null": {"s3:if-match": "false"}, "StringNotEquals": {"s3:if-match": "*"}}
"""Only with the ETag that was read: without one, and with `*`, whatever is there by then would be deleted."""

_METRIC = ("Remediation/{environment}", "StateLockErrors")

RUNBOOK = Runbook(
    name="clear-stale-lock",
    team="infrastructure",
    summary="Clears the Terraform lock of a plan or apply that is gone, after age, signs of life and, mostly, a person's yes.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        Every(minutes=5),
        OnAlarm(namespace=_METRIC[0], metric=_METRIC[1], where="ci_log_group"),
        Manual(example={"lock": "starttech"}),
    ),
    reads=(
        Allow("dynamodb:GetItem", _TABLE, _LOCK, each="states"),
        Allow("dynamodb:GetItem", _TABLE, _DIGEST, each="states"),
        Allow("s3:GetObject", _OBJECT, each="lockfiles"),
        # Listing shows the state's time and ETag, and makes S3 answer 404 and not 403 for a lock that is not there.
        Allow("s3:ListBucket", "arn:aws:s3:::{bucket}", each="states"),
        Allow("ec2:DescribeInstances"),
        Allow("secretsmanager:GetSecretValue", "{each}", each="github_token"),
        Allow(
            "codebuild:ListBuildsForProject", "arn:aws:codebuild:{region}:{account}:project/{each}", each="codebuild"
        ),
        Allow("codebuild:BatchGetBuilds", "arn:aws:codebuild:{region}:{account}:project/{each}", each="codebuild"),
        Allow("cloudtrail:LookupEvents", each="ci_role"),
    ),
    writes=(
        Allow("dynamodb:DeleteItem", _TABLE, _LOCK, each="states"),
        Allow("s3:DeleteObject", _OBJECT, _AS_READ, each="lockfiles"),
    ),
    guardrails=Guardrails(heal_within=timedelta(minutes=10), cooldown=timedelta(minutes=15), max_acts=2),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={CLEAR: clear_lock},
    alarms=(
        Alarm(
            name="state-lock-error",
            summary="Terraform could not lock its state in CI.",
            namespace=_METRIC[0],
            metric=_METRIC[1],
            statistic="Sum",
            threshold=1,
            period=timedelta(minutes=5),
            # One such line keeps it in ALARM for an hour: longer than a person is asked, after whose yes it is looked at again.
            evaluate=12,
            breach=1,
            lines=Lines(group="{ci_log_group}", pattern='"Error acquiring the state lock"'),
            where="ci_log_group",
        ),
    ),
    asks=(CLEAR,),
    sightings=True,
)
