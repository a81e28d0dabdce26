"""Clear-stale-lock on watch: the real engine and the product's own code on the lab's stores, and a clock that a test moves."""

import json
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from unittest.mock import patch

from msgspec.structs import replace

from clear_stale_lock.diagnose import diagnose
from clear_stale_lock.facts import LockFacts
from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Incident, Settings
from remediation.adapters.clients import Clients
from remediation.adapters.sightings import Sightings
from remediation.aws.terraform import State
from remediation.core.approval import Wanted
from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spoken import Spoken
from remedy.lab import environment
from remedy.lab.environment import LOCKS, STATES
from remedy.lab.lab import Lab
from remedy.lab.terraform import Terraform
from tests.support.steps import InMemorySteps
from tests.support.toy import PLACE, scheduled_event
from tests.support.world import MemoryApprovals, Stage, deployed

LEDGER, PROJECT = "dev-remediation-ledger", "terraform"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Says: TypeAlias = Literal["approve", "reject", ""]
ADA = "AROAOPERATOR:ada"
ME = f"{pwd.getpwuid(os.getuid()).pw_name}@"
"""How `Who` starts in a lock of this machine's Terraform."""


@dataclass
class Answering(MemoryApprovals):
    """Ada answers what she is asked, if she has anything to say, or only `about` one lock; `meanwhile` happens before."""

    says: Says = ""
    about: str = ""
    meanwhile: Callable[[], object] = lambda: None

    def ask(self, wanted: Wanted, callback: str, now: datetime) -> None:
        super().ask(wanted, callback, now)
        self.meanwhile()
        if self.says and self.about in {"", wanted.target}:
            said = Spoken(says=self.says, about=wanted.run, by=ADA, at=now + MINUTE, hash=wanted.hash)
            self.spoken[ADA, wanted.run] = said


@dataclass
class Watch:
    """One state, and whoever looks after its lock. Its holder is a person, unless a test says that it is CI."""

    lab: Lab
    settings: Settings
    aws: Clients
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    approvals: Answering = field(default_factory=Answering)
    stage: Stage = field(default_factory=Stage)
    runs: int = 0

    def __post_init__(self) -> None:
        self.aws.sightings = Sightings(self.aws, table=LEDGER, environment="dev", clock=lambda: self.now)

    def tick(self, *, says: Says = "", after: timedelta = timedelta(0)) -> Outcome:
        """Let time pass, and the schedule come. It may take as long as a person is asked."""
        self.now += after
        self.runs += 1
        run = f"run-{self.runs}"
        steps = InMemorySteps(run=run, now=self.now)
        self.approvals.says = says
        if says:
            steps.replies["approval 1"] = (MINUTE, json.dumps({"by": ADA}))
        world = World(
            deployment=deployed("act"),
            settings=self.settings,
            aws=self.aws,
            ledger=self.stage.ledger,
            notifier=self.stage.notifier,
            alarms=self.stage.alarms,
            incidents=self.stage.incidents,
            follow_up=self.stage.follow_up,
            approvals=self.approvals,
            surroundings=self.stage.surroundings,
            clock=steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        outcome = carry_out(RUNBOOK, scheduled_event(at=self.now) | {"id": f"tick-{self.runs}"}, steps, world)
        self.now = steps.now
        return outcome

    def look(self) -> LockFacts:
        """Return what the product knows of the lock."""
        (found,) = diagnose(self.aws, self.settings, Incident()).locks
        return found

    def by_ci(self) -> str:
        """Begin a build of CI, which this machine's user belongs to from now on; return its id."""
        self.settings = replace(self.settings, ci=(ME,), codebuild=(PROJECT,))
        build: str = self.lab.client("codebuild").start_build(projectName=PROJECT)["build"]["id"]
        return build

    def stop(self, build: str) -> None:
        """Stop a build, as somebody does who cancels it."""
        self.lab.client("codebuild").stop_build(id=build)


@contextmanager
def watching(lab: Lab, *terraforms: Terraform) -> Iterator[Watch]:
    """Watch over the locks of these, in an environment in which the product finds the lab and nothing else."""
    states = tuple(
        State(
            name=each.workspace or "starttech",
            bucket=STATES,
            key=each.key,
            table=LOCKS if each.table else "",
            lockfile=each.lockfile,
        )
        for each in terraforms
    )
    settings = Settings(states=states, stale_after=HOUR, automatic_plan=True, ci=("somebody-else@",))
    with patch.dict(os.environ, lab.console):
        yield Watch(lab, settings, Clients(PLACE))


def furnish(lab: Lab) -> None:
    """Make the stores of Terraform, the ledger and a CodeBuild project."""
    environment.backend(lab)
    lab.client("dynamodb").create_table(
        TableName=LEDGER,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    lab.client("codebuild").create_project(
        name=PROJECT,
        source={"type": "NO_SOURCE"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "terraform", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole="arn:aws:iam::123456789012:role/terraform",
    )
