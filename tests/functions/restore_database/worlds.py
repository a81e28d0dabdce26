"""Atlas with one cluster and a snapshot of it, the databases behind the hosts, and two people who agree."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

import restore_database.diagnose
from remediation.core.outcome import Outcome
from remediation.core.probed import Fault
from remediation.core.spec import Mode
from remediation.core.spoken import Says, Spoken, request_hash
from remediation.core.verdict import Act
from remediation.reach.unreachable import UnreachableError
from restore_database.facts import Counted, Counts
from restore_database.runbook import RUNBOOK
from restore_database.settings import Incident, Settings
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_service import PROJECT
from tests.functions.fakes.atlas_writer import WriterLambda
from tests.functions.fakes.firewall import MemorySightings
from tests.functions.fakes.secrets import Parameters, Secrets
from tests.functions.fakes.strict import Calls
from tests.support.carried import ADA, BY_ADA, approved, carried
from tests.support.steps import InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import Stage

NAME, NEW = "dev-starttech-cluster", "dev-restored-1"
HOST, NEW_HOST = f"{NAME}.ab1cd.mongodb.net", f"{NEW}.ab1cd.mongodb.net"
_SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev"
READER, URI = f"{_SECRETS}/atlas-reader-AbCdEf", f"{_SECRETS}/starttech-mongodb-AbCdEf"
SETTINGS = Settings(project=PROJECT, cluster=NAME, reader=READER, secret=URI, prefix="dev-restored-")
PARAMETER = "/dev/starttech/mongodb-uri"
BY_PARAMETER = replace(SETTINGS, secret="", parameter=PARAMETER)
HOUR = timedelta(hours=1)
PLAN = {"new_cluster": NEW}
APPLY = PLAN | {"apply": True, **BY_ADA}
ORDERS, USERS = Counted(name="orders", documents=1200), Counted(name="users", documents=40)
LIVE = Counts(
    database="starttech", collections=(Counted(name="users", documents=41),), objects=41, indexes=1, data=4096
)
EMPTY = Counts(database="starttech")
RESTORED = Counts(database="starttech", collections=(ORDERS, USERS), objects=1240, indexes=3, data=3 * 1024**2)


class Night:
    """One night in which the orders are gone, and a snapshot of an hour ago still has them."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tier: str = "M10",
        *,
        mode: Mode = "act",
        settings: Settings = SETTINGS,
    ) -> None:
        self.settings = settings
        self.steps, self.stage, self.mode = InMemorySteps(), Stage(), mode
        self.request = "remedy-1"
        self.world = AtlasWorld(self.now)
        if tier == "FLEX":
            self.world.flex_cluster(NAME)
        elif tier:
            self.world.cluster(NAME, tier)
        if tier not in {"", "M0", "FLEX"}:
            self.snapshot = self.world.snapshot(NAME, HOUR)["id"]
        self.holds = {HOST: LIVE, NEW_HOST: RESTORED}
        """What is in the databases; in the new one, from when it is filled."""
        self.put_in = EMPTY
        """What somebody has put into the new one before."""
        self.fails: dict[str, Fault] = {}
        self.heals_at: datetime | None = None
        """When the new one does not fail any more."""
        self.counted: list[str] = []
        self.counted_at: list[datetime] = []
        self.calls = Calls()
        self.writer = WriterLambda(self.world, self.calls, cluster=NAME)
        self.aws: Any = SimpleNamespace(
            place=PLACE,
            now=self.now,
            sightings=MemorySightings(self.now),
            outside=self.world.send,
            ssm=Parameters(self.calls, {PARAMETER: "mongodb+srv://app:canary@a.b.mongodb.net/"}),
            secretsmanager=Secrets(
                self.calls, {READER: self.world.secret, URI: "mongodb+srv://app:canary@a.b.mongodb.net/"}
            ),
            patient=SimpleNamespace(lambda_=self.writer),
        )
        monkeypatch.setattr(restore_database.diagnose, "counted", self.count)

    def now(self) -> datetime:
        """Return the time, which passes while the run waits."""
        return self.steps.now

    def count(self, aws: Any, settings: Settings, host: str) -> Counts:
        """Answer for the database at a host. The real one reads the secret or the parameter, too."""
        if settings.parameter:
            aws.ssm.get_parameter(Name=settings.parameter, WithDecryption=True)
        else:
            aws.secretsmanager.get_secret_value(SecretId=settings.secret)
        self.counted.append(host)
        self.counted_at.append(self.now())
        well = host == NEW_HOST and self.heals_at is not None and self.now() >= self.heals_at
        if (fault := self.fails.get(host)) and not well:
            raise UnreachableError("auth", fault, f"{host} says {fault}.")
        return self.holds[host] if host == HOST or self.filled else self.put_in

    @property
    def filled(self) -> bool:
        """Tell whether a restore to the new cluster that is there now has finished."""
        made = self.world.clusters[NEW]["createDate"]
        jobs = [job for job in self.world.restores.get(NAME, []) if job.get("finishedAt", "") > made]
        return any(not job["failed"] for job in jobs)

    @property
    def written(self) -> list[str]:
        """Return what was changed at Atlas."""
        return [each.operation.id for each in self.world.written]

    def agreed(self, *, says: Says = "approve", **incident: Any) -> None:
        """Let ada ask, and grace answer what she would be asked."""
        facts = RUNBOOK.diagnose(self.aws, self.settings, Incident(**PLAN | incident))
        act = RUNBOOK.decide(facts, self.settings, (), self.steps.now)
        assert isinstance(act, Act), act
        hash_ = request_hash(RUNBOOK.name, PLAN | incident)
        asked = Spoken(says="request", about=self.request, by=ADA, at=self.steps.now, hash=hash_)
        self.stage.approvals.spoken[ADA, self.request] = asked
        approved(self.stage, self.steps, RUNBOOK, act, says=says)

    def later(self, run: str, after: timedelta = HOUR) -> None:
        """Let it be an hour later, or some other time, and somebody ask again."""
        self.request, self.steps = f"remedy-{run}", InMemorySteps(run=run, now=self.steps.now + after)

    def run(self, event: Any = APPLY, **more: Any) -> Outcome:
        """Carry it out."""
        told = event | ({"request": self.request} if "request" in event else {})
        return carried(RUNBOOK, self.aws, self.settings, told, self.steps, stage=self.stage, mode=self.mode, **more)
