"""A world in memory for the engine: a strict ledger, a recording notifier, settable alarms, and the toy house.

`Stage` puts it all together: one line of a test says what is different tonight, the next runs it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from remediation.core.deployment import Contact, Deployment
from remediation.core.engine import carry_out
from remediation.core.errors import AwsError
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.outcome import Entry, Outcome
from remediation.core.ports import Duplicate, Lease, World
from remediation.core.spec import AnyRunbook, Mode, Place
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, House, Settings, alarm_event

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# ------------------------------------------------------------------------------------------------------- the ledger


@dataclass(kw_only=True)
class Run:
    """The ledger's record of one event received."""

    event: str
    runbook: str
    trigger: str
    received_at: datetime
    timeline: tuple[Entry, ...] = ()
    outcome: Outcome | None = None


@dataclass(kw_only=True)
class Resource:
    """What is known of one leased resource. Fences only ever grow."""

    owner: str = ""
    until: datetime = LONG_AGO
    fence: int = 0
    cooldown_until: datetime = LONG_AGO


@dataclass
class MemoryLedger:
    """The ledger on a few dicts, with the semantics of the port and nothing else.

    `mode` is the live switch. A method that is named in `down` cannot be asked, or answers nonsense where `broken`.
    """

    mode: Mode | None = "act"
    runs: dict[str, Run] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def receive(self, *, run: str, event: str, runbook: str, trigger: str, now: datetime) -> Duplicate | None:
        """Record the run; the first run to name an event has it."""
        self._ask("receive")
        self.runs.setdefault(run, Run(event=event, runbook=runbook, trigger=trigger, received_at=now))
        owner = self.events.setdefault(event, run) if event else run
        return None if owner == run else Duplicate(run=owner)

    def admit(
        self,
        *,
        run: str,
        event: str,
        runbook: str,
        resource: str,
        until: datetime,
        cooldown_until: datetime,
        now: datetime,
    ) -> Lease | Refusal:
        """Lease the resource, all conditions at once; asked again by the run that has it, answer the same lease."""
        self._ask("admit")
        assert until > now, "a lease that has ended already is none"
        assert self.runs[run].runbook == runbook, "the run is not the runbook's"
        assert self.runs[run].event == event, "the event is not the run's"
        held = self.resources.get(resource, Resource())
        if self.mode != "act":
            return Refusal(gate="mode", because=f"The mode is {self.mode or 'not set'}.")
        if event and self.events[event] != run:
            return Refusal(gate="duplicate", because=f"Run {self.events[event]} has this event already.")
        if held.owner == run and held.until > now:
            return Lease(resource=resource, fence=held.fence, until=held.until)
        if held.owner and held.until > now:
            return Refusal(gate="lease", because=f"Run {held.owner} works on {resource} until {held.until:%H:%M:%S}.")
        if held.cooldown_until > now:
            return Refusal(gate="cooldown", because=f"{resource} is left alone until {held.cooldown_until:%H:%M:%S}.")
        self.resources[resource] = replace(
            held, owner=run, until=until, fence=held.fence + 1, cooldown_until=cooldown_until
        )
        return Lease(resource=resource, fence=held.fence + 1, until=until)

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is the run's and the mode still is `act`."""
        self._ask("confirm")
        assert self.runs[run].runbook == runbook, "the run is not the runbook's"
        if self.mode != "act":
            return Refusal(gate="mode", because=f"The mode is {self.mode or 'not set'} by now.")
        if not self._holds(run, lease) or self.resources[lease.resource].until <= now:
            return Refusal(gate="lease", because=f"The lease on {lease.resource} is lost.")
        return None

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far."""
        self._ask("note")
        assert self.runs[run].outcome is None, "the run is closed"
        self.runs[run].timeline = timeline

    def close(
        self, *, outcome: Outcome, timeline: tuple[Entry, ...], lease: Lease | None, cooldown_until: datetime
    ) -> None:
        """Keep the outcome and give back what the run holds, known to it or not; a lease that was lost is left alone."""
        self._ask("close")
        assert lease is None or lease.resource in self.resources, "the lease is none of this ledger's"
        try:
            self.runs[outcome.run] = replace(self.runs[outcome.run], outcome=outcome, timeline=timeline)
        finally:
            for name, held in self.resources.items():
                if held.owner == outcome.run:
                    self.resources[name] = replace(held, owner="", until=LONG_AGO, cooldown_until=cooldown_until)

    def owners(self) -> dict[str, str]:
        """Return who has what, right now."""
        return {name: held.owner for name, held in self.resources.items() if held.owner}

    def _holds(self, run: str, lease: Lease) -> bool:
        held = self.resources.get(lease.resource, Resource())
        return (held.owner, held.fence) == (run, lease.fence)

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
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome."""
        self._tell("publish", outcome, self.published)

    def page(self, outcome: Outcome) -> None:
        """Tell the outcome's team."""
        self._tell("page", outcome, self.paged)

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


# -------------------------------------------------------------------------------------------------------- the stage


def deployed(mode: Mode = "act", *, place: Place = PLACE, drills_act: bool = False) -> Deployment:
    """Return a deployment of the toy runbook."""
    contact = Contact(topic="arn:aws:sns:us-east-1:123456789012:contact", response=timedelta(minutes=15))
    return Deployment(
        place=place,
        mode=mode,
        ledger="dev-remediation-ledger",
        outcomes="arn:aws:sns:us-east-1:123456789012:outcomes",
        contacts={"infrastructure": contact, "database": contact, "application": contact, "critical": contact},
        drills_act=drills_act,
    )


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
