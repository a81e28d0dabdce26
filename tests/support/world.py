"""A world in memory for the engine: a strict ledger, a recording notifier, settable alarms, and the toy house.

`Stage` puts it all together: one line of a test says what is different tonight, the next runs it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from remediation.core.admission import (
    Lease,
    Request,
    Resource,
    Spent,
    Standing,
    Switch,
    admission,
    booked,
    given_back,
    switched,
)
from remediation.core.approval import AGAIN_AFTER, Decided, Wanted
from remediation.core.circuit import Circuit, ended
from remediation.core.deployment import Contact, Deployment
from remediation.core.engine import carry_out
from remediation.core.errors import AwsError
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.incident import Raised, Recovery
from remediation.core.limits import Budgets, Limits
from remediation.core.notice import Notice
from remediation.core.outcome import Entry, Outcome
from remediation.core.ports import Backup, Closing, Duplicate, Receipt, World
from remediation.core.spec import TEAMS, AnyRunbook, Mode, Place, Team
from remediation.core.spoken import Spoken
from remediation.core.surroundings import Around
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, House, Settings, alarm_event

# ------------------------------------------------------------------------------------------------------- the ledger


@dataclass(kw_only=True)
class Run:
    """The ledger's record of one event received."""

    event: str
    runbook: str
    trigger: str
    received_at: datetime
    alarm: str = ""
    transition: datetime | None = None
    timeline: tuple[Entry, ...] = ()
    outcome: Outcome | None = None


@dataclass
class MemoryLedger:
    """The ledger on a few dicts, with the semantics of the port and nothing else; the rules are core/admission.py's.

    `mode` is the live switch, `freeze` a live freeze. A method that is named in `down` cannot be asked, or answers nonsense
    where `broken`.
    """

    mode: Mode | None = "act"
    freeze: Switch | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    circuits: dict[str, Circuit] = field(default_factory=dict)
    acts: tuple[Spent, ...] = ()
    down: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def receive(self, receipt: Receipt) -> Duplicate | None:
        """Record the run; the first run to name an event has it."""
        self._ask("receive")
        run, event = receipt.run, receipt.event
        record = Run(
            event=event,
            runbook=receipt.runbook,
            trigger=receipt.trigger,
            received_at=receipt.now,
            alarm=receipt.alarm,
            transition=receipt.transition,
        )
        self.runs.setdefault(run, record)
        owner = self.events.setdefault(event, run) if event else run
        return None if owner == run else Duplicate(run=owner)

    def admit(self, request: Request, limits: Limits) -> Lease | Refusal:
        """Answer what the rules say, and keep what follows, at once."""
        self._ask("admit")
        assert request.until > request.now, "a lease that has ended already is none"
        assert self.runs[request.run].runbook == request.runbook, "the run is not the runbook's"
        assert self.runs[request.run].event == request.event, "the event is not the run's"
        standing = Standing(
            environment=PLACE.environment,
            owner=self.events[request.event] if request.event else None,
            switches=self._switches(request.now),
            circuit=self.circuits.get(request.runbook, Circuit()),
            resource=self.resources.get(request.resource, Resource()),
            acts=self.acts,
        )
        answer = admission(request, standing, limits)
        self.resources[request.resource] = answer.resource
        self.circuits[request.runbook] = answer.circuit
        self.acts = answer.acts
        return answer.answer

    def switched_off(self, runbook: str, now: datetime) -> Refusal | None:  # noqa: ARG002 - it has one runbook
        """Say which switch people have set so that nothing is done, if one is."""
        self._ask("switched_off")
        return next(map(switched, self._switches(now)), None)

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is the run's and nobody has switched acting off."""
        self._ask("confirm")
        assert self.runs[run].runbook == runbook, "the run is not the runbook's"
        for switch in self._switches(now):
            return switched(switch)
        held = self.resources.get(lease.resource, Resource())
        if (held.owner, held.fence) != (run, lease.fence) or held.until is None or held.until <= now:
            return Refusal(gate="lease", because=f"The lease on {lease.resource} is lost.")
        return None

    def give_back(self, *, run: str, n: int, resource: str) -> None:
        """Take what an act was paid with out of both budgets, if it is there."""
        self._ask("give_back")
        assert run in self.runs, "the run is none of this ledger's"
        held, by = self.resources[resource], booked(run, n)
        self.resources[resource] = structs.replace(held, acts=given_back(held.acts, by))
        self.acts = given_back(self.acts, by)

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far."""
        self._ask("note")
        assert self.runs[run].outcome is None, "the run is closed"
        self.runs[run].timeline = timeline

    def close(self, closing: Closing, limits: Limits) -> None:
        """Keep the outcome once, and give back what the run holds, known to it or not; what was lost is left alone."""
        self._ask("close")
        lease, run = closing.lease, closing.outcome.run
        assert lease is None or lease.resource in self.resources, "the lease is none of this ledger's"
        try:
            if self.runs[run].outcome is None:
                self.runs[run] = replace(self.runs[run], outcome=closing.outcome, timeline=closing.timeline)
                runbook, now = closing.outcome.runbook, closing.outcome.ended_at
                circuit = self.circuits.get(runbook, Circuit())
                self.circuits[runbook] = ended(circuit, run, closing.result, limits.breaker, now)
        finally:
            for name, held in self.resources.items():
                if held.owner == run:
                    self.resources[name] = structs.replace(
                        held, owner="", until=None, cooldown_until=closing.cooldown_until
                    )

    def owners(self) -> dict[str, str]:
        """Return who has what, right now."""
        return {name: held.owner for name, held in self.resources.items() if held.owner}

    def _switches(self, now: datetime) -> tuple[Switch, ...]:
        switches = [Switch(of=PLACE.environment, says=self.mode or "")] if self.mode != "act" else []
        if self.freeze is not None and (self.freeze.until is None or self.freeze.until > now):
            switches.append(self.freeze)
        return tuple(switches)

    def _ask(self, method: str) -> None:
        if method in self.broken:
            raise KeyError(method)
        if method in self.down:
            raise AwsError(
                f"DynamoDB did not answer {method}.", operation="dynamodb:TransactWriteItems", code="Timeout"
            )


@dataclass
class RecordingNotifier:
    """Keeps what it is told; `down` names the calls that fail."""

    published: list[Outcome] = field(default_factory=list)
    paged: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    told: list[Team | None] = field(default_factory=list)
    """Whom each notice was told besides the topic of outcomes."""
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome."""
        self._tell("publish", outcome, self.published)

    def page(self, outcome: Outcome, team: Team | None = None, note: str = "") -> None:
        """Tell the outcome's team, or another one."""
        self._tell("page", outcome if team is None else structs.replace(outcome, team=team), self.paged)
        self.notes.append(note)

    def notify(self, notice: Notice, *teams: Team) -> None:
        """Publish a notice."""
        self.asked.append("notify")
        if "notify" in self.down:
            raise AwsError("SNS did not take the notice.", operation="sns:Publish", code="InternalError")
        self.notices.append(notice)
        self.told += teams or (None,)

    def _tell(self, name: str, outcome: Outcome, told: list[Outcome]) -> None:
        self.asked.append(name)
        if name in self.down:
            raise AwsError(f"SNS did not take the {name}.", operation="sns:Publish", code="InternalError")
        outcome.json(), outcome.text(), outcome.subject()
        told.append(outcome)


@dataclass
class SettableAlarms:
    """CloudWatch, as the test says it is. An alarm that is not set does not exist."""

    alarms: dict[str, LiveAlarm] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def read(self, alarm: str) -> LiveAlarm:
        """Describe one alarm."""
        self.asked.append(alarm)
        if self.down:
            raise AwsError("CloudWatch did not answer.", operation="cloudwatch:DescribeAlarms", code="Throttling")
        return self.alarms.get(alarm, LiveAlarm(exists=False))


# ------------------------------------------------------------------------------------------------- people, and around


@dataclass
class CountingIncidents:
    """Incidents in a dict: the first event opens one and pages, the others are counted."""

    events: dict[str, list[str]] = field(default_factory=dict)
    due: datetime | None = None
    down: bool = False
    same_fix: int = 0
    """How often the same was healed lately, where people are to be told that."""
    found: dict[str, str] = field(default_factory=dict)
    """What people were told of without a page, and by which run."""
    healings: list[tuple[str, str]] = field(default_factory=list)

    def told(self, key: str) -> bool:
        """Say whether people were told of it already."""
        if self.down:
            raise AwsError("DynamoDB did not answer.", operation="dynamodb:GetItem", code="Timeout")
        return key in self.found

    def keep_told(self, key: str, run: str, now: datetime) -> None:  # noqa: ARG002 - as the port has it
        """Keep that people were told of it."""
        self.found[key] = run

    def healed(self, key: str, run: str, now: datetime) -> int:  # noqa: ARG002 - as the port has it
        """Count a healing."""
        if self.down:
            raise AwsError("DynamoDB did not answer.", operation="dynamodb:UpdateItem", code="Timeout")
        if (key, run) not in self.healings:
            self.healings.append((key, run))
        return self.same_fix

    def raise_(self, key: str, outcome: Outcome, recovery: Recovery, now: datetime) -> Raised:  # noqa: ARG002 - as the port has it
        """Open an incident, or count one more event of it."""
        if self.down:
            raise AwsError("DynamoDB did not answer.", operation="dynamodb:TransactWriteItems", code="Timeout")
        runs = self.events.setdefault(key, [])
        if outcome.run not in runs:
            runs.append(outcome.run)
        first = runs[0] == outcome.run
        return Raised(page=first and self.due is None, opened=first, events=len(runs), due=self.due)


@dataclass
class RecordingFollowUp:
    """Keeps what it is asked to follow up."""

    started: list[tuple[str, str, Recovery]] = field(default_factory=list)
    down: bool = False

    def start(self, key: str, outcome: Outcome, recovery: Recovery) -> None:
        """Start following an incident up."""
        if self.down:
            raise AwsError("Lambda did not answer.", operation="lambda:Invoke", code="TooManyRequestsException")
        self.started.append((key, outcome.run, recovery))


@dataclass
class MemoryApprovals:
    """What is asked of people, and what they said by (user id, what about)."""

    asked: list[Wanted] = field(default_factory=list)
    callbacks: list[str] = field(default_factory=list)
    spoken: dict[tuple[str, str], Spoken] = field(default_factory=dict)
    ended: dict[str, Decided] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    claims: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def claim(self, wanted: Wanted, now: datetime) -> str:
        """Say why this is not asked now."""
        self._ask("claim")
        run, until = self.claims.get(wanted.subject, (wanted.run, now))
        if run != wanted.run and until > now:
            return f"Run {run} asks, or people have answered it lately."
        self.claims[wanted.subject] = (wanted.run, wanted.expires)
        return ""

    def ask(self, wanted: Wanted, callback: str, now: datetime) -> None:
        """Keep what is asked."""
        self._ask("ask")
        assert now < wanted.expires, "it has expired already"
        self.asked.append(wanted)
        self.callbacks.append(callback)

    def said(self, by: str, about: str) -> Spoken | None:
        """Return what a person said about a run or a request."""
        self._ask("said")
        return self.spoken.get((by, about))

    def end(self, wanted: Wanted, status: Decided, now: datetime) -> None:
        """Keep what became of it."""
        self._ask("end")
        self.ended[wanted.run] = status
        self.claims[wanted.subject] = (wanted.run, now + AGAIN_AFTER[status])

    def _ask(self, method: str) -> None:
        if method in self.down:
            raise AwsError(f"DynamoDB did not answer {method}.", operation="dynamodb:UpdateItem", code="Timeout")


@dataclass
class SettableSurroundings:
    """What goes on around, as the test says it does."""

    seen: Around = field(default_factory=Around)
    calendar: str = ""
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def around(self, *, deploys: bool) -> Around:
        """Return what the test says, deploys only if they are asked for."""
        self._ask("around")
        return self.seen if deploys else structs.replace(self.seen, deploys=())

    def closed(self) -> str:
        """Say why the change calendar does not allow changes."""
        self._ask("closed")
        return self.calendar

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if method in self.down:
            raise AwsError(f"AWS did not answer {method}.", operation="ssm:GetCalendarState", code="Throttling")


@dataclass
class MemoryBackups:
    """Snapshots that take `takes` looks once they are asked for, or never are there; `says` is why none will come."""

    fresh: str = ""
    takes: int = 0
    says: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    down: bool = False

    def look(self, cache: str, request: str, now: datetime) -> Backup:
        """Say what there is; asking brings it nearer."""
        if self.down:
            raise AwsError("ElastiCache did not answer.", operation="elasticache:DescribeSnapshots", code="Throttling")
        self.looks.append(cache)
        if (cache, request) in self.requests:
            if self.says:
                return Backup(at=now, because=self.says, ended=True)
            self.takes -= 1
            if self.takes == 0:
                self.fresh = "rm-1"
        if self.fresh:
            return Backup(at=now, because=f"{self.fresh} is a fresh snapshot of {cache}.", snapshot=self.fresh)
        return Backup(at=now, because=f"{cache} has no fresh snapshot.")

    def take(self, cache: str, request: str) -> None:
        """Remember who asked."""
        self.requests.append((cache, request))


# -------------------------------------------------------------------------------------------------------- the stage


GENEROUS = Limits(budgets=Budgets(resource_hour=100, environment_quarter=100, environment_day=100))
"""For tests that are not about budgets."""


def deployed(mode: Mode = "act", *, place: Place = PLACE, drills_act: bool = False, **more: Any) -> Deployment:
    """Return a deployment of the toy runbook; `more` is any other field."""
    contact = Contact(topic="arn:aws:sns:us-east-1:123456789012:contact", response=timedelta(minutes=15))
    plain = Deployment(
        place=place,
        mode=mode,
        ledger="dev-remediation-ledger",
        outcomes="arn:aws:sns:us-east-1:123456789012:outcomes",
        contacts=dict.fromkeys(TEAMS, contact),
        drills_act=drills_act,
        limits=GENEROUS,
    )
    return structs.replace(plain, **more)


@dataclass
class Stage:
    """Everything one test needs: the house, the ledger, the notifier, the alarms and a deployment.

    The alarm `dark-lamps` went into ALARM at NIGHT, and still is in it.
    """

    runbook: AnyRunbook = LIGHT_THE_LAMPS
    deployment: Deployment = field(default_factory=deployed)
    house: House = field(default_factory=House)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    alarms: SettableAlarms = field(
        default_factory=lambda: SettableAlarms(
            {
                "dark-lamps": LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True),
            }
        )
    )
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)
    backups: MemoryBackups = field(default_factory=MemoryBackups)
    steps: InMemorySteps = field(default_factory=InMemorySteps)
    remaining: timedelta = timedelta(minutes=2)

    @property
    def world(self) -> World:
        return World(
            deployment=self.deployment,
            settings=Settings(),
            aws=self.house,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            backups=self.backups,
            clock=self.steps.clock,
            remaining=lambda: self.remaining,
        )

    def run(self, event: object | None = None, *, steps: InMemorySteps | None = None) -> Outcome:
        """Carry the runbook out on an event (the alarm's transition if none), through every crash that is planned."""
        self.steps = steps or self.steps
        event = alarm_event() if event is None else event
        while True:
            try:
                return carry_out(self.runbook, event, self.steps, self.world)
            except CrashError:
                self.steps.resume()

    def run_again(self, event: object | None = None) -> Outcome:
        """Replay the run that just ended."""
        self.steps.resume()
        return self.run(event)

    def said(self) -> list[str]:
        """Return the texts of the run's timeline as the ledger keeps it."""
        return [entry.text for entry in self.timeline()]

    def timeline(self) -> Iterable[Entry]:
        return self.ledger.runs[self.steps.run].timeline
