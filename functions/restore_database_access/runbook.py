"""Give the application its database back (RUNBOOK.md, "Database Connection Errors").

Why: "cannot connect to MongoDB" may be Atlas at work, a cluster that somebody paused, a password, a certificate, or our address
that is not on the list any more; RUNBOOK.md tries a login by hand, with the password on the command line. This looks at all layers
from where the application stands, asks Atlas what it is doing, and says which one fails. It changes one thing only, and asks before.

The rules of the domain (HAZARDS.md, 1.6; FACTS.md, section 1):

- Who is let in is one address (`/32`) of a NAT gateway of our own, for four hours, once in 24 hours, and after a person's yes.
  Never a range, never `0.0.0.0/0`: where that is on the list, it is a security finding, and told with whatever else is said.
- Only if a member of this very cluster is silent in TCP and none was heard, at public addresses, it is idle and everything that
  Atlas was asked was answered: its outage is not ours, nor is its primary's, another cluster's is not this one's, and by a private
  way no public address counts.
- Who may write to Atlas may delete clusters. The writer is another function with its own secret (docs/atlas.md).
- Credentials are never tried, changed or shown. A login that is refused is for the database's team.
- Nothing is ever taken off the list, also not to see whether it helped: connections that are open outlive it.
"""

from datetime import timedelta

from remediation.atlas.asking import WRITER
from remediation.aws.probing import PROBE
from remediation.core.spec import Alarm, Allow, Guardrails, Lines, Manual, OnAlarm, Runbook
from restore_database_access.actions import let_in
from restore_database_access.decide import decide
from restore_database_access.diagnose import diagnose
from restore_database_access.facts import Facts
from restore_database_access.logged import MANY, METRIC, NAMESPACE, PATTERN
from restore_database_access.settings import Incident, Settings, scope
from restore_database_access.shut_out import LET_IN

_FUNCTION = "arn:aws:lambda:{region}:{account}:function:{environment}-"
_DOWN = {"environment": "{environment}", "dependency": "mongodb"}

RUNBOOK = Runbook(
    name="restore-database-access",
    team="database",
    summary="Finds the layer at which MongoDB cannot be reached; asks whether Atlas may let our own address in for four hours.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAlarm(namespace="Remediation", metric="DependencyDown", dimensions=_DOWN),
        OnAlarm(namespace=NAMESPACE, metric=METRIC, where="log_group"),
        Manual(example={"cluster": "dev-starttech-cluster"}),
    ),
    reads=(
        Allow("lambda:InvokeFunction", f"{_FUNCTION}{PROBE}:live"),
        Allow("secretsmanager:GetSecretValue", "{each}", each="reader"),
        Allow("ec2:DescribeSubnets"),
        Allow("ec2:DescribeRouteTables"),
        Allow("ec2:DescribeNatGateways"),
        Allow("cloudwatch:GetMetricData", each="log_group"),
    ),
    writes=(Allow("lambda:InvokeFunction", f"{_FUNCTION}{WRITER}:allow", each="writer"),),
    guardrails=Guardrails(heal_within=timedelta(minutes=40), cooldown=timedelta(minutes=30), max_acts=3),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={LET_IN: let_in},
    alarms=(
        Alarm(
            name="mongodb-unreachable",
            summary="The probe in the VPC cannot reach MongoDB: three looks in a row.",
            namespace="Remediation",
            metric="DependencyDown",
            dimensions=_DOWN,
            statistic="Maximum",
            threshold=1,
            period=timedelta(minutes=1),
            evaluate=3,
            breach=3,
        ),
        Alarm(
            name="database-errors",
            summary="The application logs errors of its connection to MongoDB, or of its pool.",
            namespace=NAMESPACE,
            metric=METRIC,
            statistic="Sum",
            threshold=MANY,
            period=timedelta(minutes=1),
            evaluate=5,
            breach=3,
            lines=Lines(group="{log_group}", pattern=PATTERN),
            where="log_group",
        ),
    ),
    yields_to=("deploy",),
    asks=(LET_IN,),
    sightings=True,
)
