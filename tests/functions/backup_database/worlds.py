"""Atlas with one cluster as backup-database sees it: facts to judge, and whole nights behind the real writer."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from backup_database.runbook import RUNBOOK
from backup_database.settings import Settings
from remediation.core.outcome import Outcome
from remediation.core.spec import Mode
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_service import PROJECT
from tests.functions.fakes.atlas_writer import WriterLambda
from tests.functions.fakes.secrets import Secrets
from tests.functions.fakes.strict import Calls
from tests.support.carried import BY_ADA, carried
from tests.support.steps import InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import Stage

NAME = "dev-starttech-cluster"
READER = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/atlas-reader-AbCdEf"
SETTINGS = Settings(project=PROJECT, cluster=NAME, reader=READER, keep_days=7)
MINUTE = timedelta(minutes=1)
APPLY = {"cluster": NAME, "apply": True, **BY_ADA}


class Night:
    """One night with a project at Atlas. The writer is the real one."""

    def __init__(self, tier: str = "M10", *, mode: Mode = "act", **cluster: Any) -> None:
        self.steps, self.stage, self.mode = InMemorySteps(), Stage(), mode
        self.world = AtlasWorld(self.now)
        if tier == "FLEX":
            self.world.flex_cluster(NAME, **cluster)
        elif tier:
            self.world.cluster(NAME, tier, **cluster)
        self.calls = Calls()
        self.writer = WriterLambda(self.world, self.calls, cluster=NAME)
        self.aws: Any = SimpleNamespace(
            place=PLACE,
            outside=self.world.send,
            secretsmanager=Secrets(self.calls, {READER: self.world.secret}),
            patient=SimpleNamespace(lambda_=self.writer),
        )

    def now(self) -> datetime:
        """Return the time, which passes while the run waits."""
        return self.steps.now

    @property
    def written(self) -> list[str]:
        """Return what was changed at Atlas."""
        return [each.operation.id for each in self.world.written]

    def run(self, event: Any = APPLY, **more: Any) -> Outcome:
        """Carry it out."""
        return carried(RUNBOOK, self.aws, SETTINGS, event, self.steps, stage=self.stage, mode=self.mode, **more)
