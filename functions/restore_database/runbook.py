"""Restore the database to a new cluster (RUNBOOK.md, "Database Operations", "Database Corruption"). By hand, by two people.

Why: RUNBOOK.md restores with `aws mongodb-atlas backup restore`, which does not exist (FACTS.md, section 2). Done by hand at
night, in place, it writes over what is still good, with a snapshot that nobody has looked into.

The rules of the domain (HAZARDS.md, 1.9; docs/mongodb-backups.md):

- Never in place. A new cluster is made in the shape of the old one, and only that is filled; a name that exists is refused, here
  and by the writer, which alone has the key that may.
- Two people agree: who asked, and somebody else, who approves the snapshot and the new cluster at once.
- A cluster that an earlier run has made is looked into before it is filled: with a document in it, it is left alone.
- It is restored when there are documents in it, counted through its own host. How many the live one has is said beside it,
  once: whether that is what was lost, people see and no rule does. A login that was refused waits a quarter of an hour.
- What is read is the application's connection string, and what is said to a database are `dbStats`, `listCollections` and `count`.
  The secret is never changed: the change-over is a decision of its own, and the old cluster is kept after it.
"""

from datetime import timedelta

from remediation.core.spec import Allow, Guardrails, Manual, Runbook
from restore_database.actions import create_cluster, restore_snapshot
from restore_database.decide import CREATE, REFILL, decide
from restore_database.diagnose import diagnose
from restore_database.facts import Facts
from restore_database.settings import Incident, Settings, scope

RUNBOOK = Runbook(
    name="restore-database",
    team="database",
    summary="Restores a snapshot of the database to a new cluster, by hand and after two people agreed, and counts what is in it.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Manual(example={"new_cluster": "dev-restored-1"}),),
    reads=(
        Allow("secretsmanager:GetSecretValue", "{each}", each="reader"),
        Allow("secretsmanager:GetSecretValue", "{each}", each="secret"),
        Allow("ssm:GetParameter", "arn:aws:ssm:{region}:{account}:parameter{each}", each="parameter"),
    ),
    writes=(
        Allow("lambda:InvokeFunction", "arn:aws:lambda:{region}:{account}:function:{environment}-atlas-writer:restore"),
    ),
    guardrails=Guardrails(heal_within=timedelta(hours=6), cooldown=timedelta(0), max_acts=2),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={CREATE: create_cluster, REFILL: restore_snapshot},
    asks=(CREATE, REFILL),
    speaks=("pymongo",),
    sightings=True,
)
