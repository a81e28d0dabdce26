"""Take a snapshot of the database now (RUNBOOK.md, "Database Operations", "MongoDB Atlas"). By hand.

Why: RUNBOOK.md types `aws mongodb-atlas backup ...`, which does not exist (FACTS.md, section 2): whoever relies on it before a
risky change has no backup and does not know. This takes one, and says that it is there only when Atlas says `completed`.

The rules of the domain (FACTS.md, section 1; docs/mongodb-backups.md):

- An M0 has no backups. "No backup exists" is an answer, and a person gets it at once instead of a run that hopes.
- One snapshot at a time: one that is being taken is waited for, and one that was taken just now is as good as another,
  if it is kept as long.
- Nothing is taken of a cluster that Atlas is working on, and nothing is ever deleted: Atlas does that when its days are over.
- The key that may write to Atlas is the writer's; this asks it (docs/atlas.md).
"""

from datetime import timedelta

from backup_database.actions import take_snapshot
from backup_database.decide import SAVE, decide
from backup_database.diagnose import diagnose
from backup_database.facts import Facts
from backup_database.settings import Incident, Settings, scope
from remediation.core.spec import Allow, Guardrails, Manual, Runbook

RUNBOOK = Runbook(
    name="backup-database",
    team="database",
    summary="Takes a snapshot of the database at Atlas, by hand, and waits until it is completed; says so where none can be.",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(Manual(example={"cluster": "dev-starttech-cluster"}),),
    reads=(Allow("secretsmanager:GetSecretValue", "{each}", each="reader"),),
    writes=(
        Allow("lambda:InvokeFunction", "arn:aws:lambda:{region}:{account}:function:{environment}-atlas-writer:save"),
    ),
    guardrails=Guardrails(heal_within=timedelta(hours=2), cooldown=timedelta(0), max_acts=1),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={SAVE: take_snapshot},
)
