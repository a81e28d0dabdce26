"""What is known of a run so far: everything that its outcome and its timeline are told from."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from remediation.core.admission import Lease
from remediation.core.incident import Recovery
from remediation.core.narration import clip, facts_entry, verdict_entry
from remediation.core.outcome import Entry, Kind, Status
from remediation.core.ports import World
from remediation.core.spec import AnyRunbook
from remediation.core.steps import Steps
from remediation.core.triggers import AlarmRaised, AsgEvent, Invoked, Parsed
from remediation.core.verdict import Act, Attempt, Result, Target, Tell, Verdict, Wait


class Ending(Struct, frozen=True, kw_only=True):
    """Why a run stops."""

    status: Status
    because: str
    gate: str = ""
    would: str = ""
    asks: str = ""
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    team: str = ""
    call: bool = False
    """Whether a person has to be told, although the status alone does not say so."""
    incident: str = ""
    """The incident that this is part of, where it is not the run's own."""
    recovery: Recovery | None = None
    """What tells that it is over, where that is not the run's own alarm."""
    tell: Tell | None = None


@dataclass(kw_only=True)
class Story:
    """One run, as it unfolds. It is told anew, and the same, at every replay."""

    runbook: AnyRunbook
    steps: Steps
    world: World
    parsed: Parsed
    started: datetime
    timeline: list[Entry] = field(default_factory=list)
    tried: tuple[Attempt[Target], ...] = ()
    drift: tuple[str, ...] = ()
    lease: Lease | None = None
    approved: str = ""
    """The hash of the plan that a person approved."""
    left_alone: str = ""
    """Why the last act that was admitted was left alone, if it was."""
    asked_for: timedelta = timedelta(0)
    """How long people were asked; their time is not the run's."""

    @property
    def plan(self) -> bool:
        """Whether only the plan is asked for."""
        return isinstance(self.parsed, Invoked) and not self.parsed.apply

    @property
    def unsure(self) -> bool:
        """Whether it began with an alarm that was not OK before: a gap in the metrics, or a deploy, looks like that."""
        return isinstance(self.parsed, AlarmRaised) and self.parsed.previous_state != "OK"

    @property
    def deadline(self) -> datetime:
        """When the run has to be over: acts have settled by then, or are not begun."""
        return self.started + self.runbook.guardrails.heal_within + self.asked_for

    @property
    def alarm(self) -> AlarmRaised | None:
        """The alarm that started it, if a real one did."""
        return self.parsed if isinstance(self.parsed, AlarmRaised) and not self.parsed.drill else None

    @property
    def incident(self) -> str:
        """The incident that the run is about: the same for every event of the same trouble."""
        match self.parsed:
            case AlarmRaised(alarm=alarm):
                about = alarm
            case AsgEvent(group=group):
                about = group
            case _:
                about = ""
        return self.about(about)

    def about(self, thing: str) -> str:
        """Return the incident of one thing that the runbook looks after, whatever found it; of the runbook, if it is empty."""
        return "|".join((self.world.deployment.place.environment, self.runbook.name, *filter(None, (thing,))))

    @property
    def now(self) -> datetime:
        """The time of the last thing that happened."""
        return self.timeline[-1].at

    def say(self, at: datetime, kind: Kind, text: str) -> None:
        """Add a line to the timeline."""
        self.timeline.append(Entry(at=at, kind=kind, text=clip(text)))

    def looked(self, at: datetime, facts: Struct, verdict: Verdict[Target]) -> None:
        """Add a look to the timeline, and what was made of it."""
        self.timeline += [facts_entry(at, facts), verdict_entry(at, verdict)]

    def attempt(self, act: Act[Target], result: Result, receipt: str) -> None:
        """Add an act to what was tried."""
        attempt = Attempt(action=act.action, target=act.target, at=self.now, result=result, receipt=receipt)
        self.tried = (*self.tried, attempt)
        self.say(self.now, "act", f"{act.action} {act.target.id}: {result}. {receipt}")
        if act.drift and result != "failed" and act.drift not in self.drift:
            self.drift = (*self.drift, act.drift)

    def wait(self, name: str, for_: timedelta) -> None:
        """Let time pass."""
        if for_ <= timedelta(0):
            return
        self.say(self.now, "wait", f"Waiting {round(for_.total_seconds())} s.")
        self.steps.wait(name, for_)

    def give_up(self, because: str, verdict: Act[Target] | Wait) -> Ending:
        """End without having healed: a person takes over, with the evidence of the last verdict."""
        status: Status = "not-healed" if self.tried else "escalated"
        return Ending(status=status, because=because, evidence=verdict.evidence, next_steps=verdict.next_steps)
