"""The loop that every runbook is carried out by: diagnose, decide, and act until there is nothing left to do.

The order of the guards matters: cheap refusals first, the admission right before the first act, and once more, inside
the step that acts, whether all that still holds. Verification is the same diagnosis asked again. However a run ends,
its outcome is recorded and published.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Generic, assert_never

import msgspec
from msgspec import Struct

from remediation.core.errors import AwsError, NotNeededError, StepFailedError
from remediation.core.gates import LiveAlarm, Refusal, before_looking, effective_mode, live_alarm
from remediation.core.narration import clip, describe, facts_entry, told, verdict_entry
from remediation.core.outcome import PAGED, Entry, Kind, Outcome, Status
from remediation.core.ports import Lease, World
from remediation.core.routing import route
from remediation.core.spec import TEAMS, AnyRunbook, F
from remediation.core.steps import Acted, Interrupted, NotActed, Steps
from remediation.core.triggers import AlarmRaised, Ignored, Invoked, Parsed, Rejected, Trigger, parse
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Result, Target, Verdict, Wait

ENOUGH_TIME = timedelta(seconds=20)
"""An act is not begun with less than this left of the Lambda invocation: the call's own time-out and a margin."""
LEASE_MARGIN = timedelta(minutes=5)
"""A lease outlives its run's deadline by this, and no act is begun that would still be settling when the lease ends."""
SECOND_LOOK = timedelta(seconds=60)
"""INSUFFICIENT_DATA -> ALARM is what a deploy or a gap in the metrics looks like: where the alarm was not OK before,
an act is found necessary twice before it is made."""


class Receipt(Struct, frozen=True, kw_only=True):
    """What recording the event answered. `unrecorded` says why the ledger could not."""

    at: datetime
    duplicate_of: str = ""
    unrecorded: str = ""


class Look(Struct, Generic[F], frozen=True, kw_only=True):
    """The facts, and when they were true."""

    at: datetime
    facts: F


class Ending(Struct, frozen=True, kw_only=True):
    """Why the loop stopped."""

    status: Status
    because: str
    gate: str = ""
    would: str = ""
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    team: str = ""


class OutcomeLostError(Exception):
    """The outcome could not be published; the invocation fails, so that the dead-letter queue keeps the event."""


def carry_out(runbook: AnyRunbook, event: object, steps: Steps, world: World) -> Outcome:
    """Carry out a runbook on an event, whatever it is, and return its published outcome."""
    return _Run(runbook, event, steps, world).to_its_end()


class _Run:
    def __init__(self, runbook: AnyRunbook, event: object, steps: Steps, world: World) -> None:
        self.runbook, self.steps, self.world = runbook, steps, world
        self.parsed: Parsed = parse(event)
        self.timeline: list[Entry] = []
        self.tried: tuple[Attempt[Target], ...] = ()
        self.lease: Lease | None = None
        self.started: datetime

    def to_its_end(self) -> Outcome:
        receipt = self.steps.read("receive", self._receive, Receipt)
        self.started = receipt.at
        self._say(receipt.at, "received", f"Received {describe(self.parsed)}.")
        try:
            ending = self._handle(receipt)
        except StepFailedError as error:
            ending = Ending(status="failed", because=f"The run could not go on: {error}")
        return self._close(ending)

    # -------------------------------------------------------------------------------------------- before looking

    def _receive(self) -> Receipt:
        at = self.world.clock()
        try:
            duplicate = self.world.ledger.receive(
                run=self.steps.run,
                event="" if isinstance(self.parsed, Ignored | Rejected) else self.parsed.key,
                runbook=self.runbook.name,
                trigger=describe(self.parsed),
                now=at,
            )
        except AwsError as error:
            return Receipt(at=at, unrecorded=str(error))
        return Receipt(at=at, duplicate_of=duplicate.run if duplicate else "")

    def _handle(self, receipt: Receipt) -> Ending:
        deployment = self.world.deployment
        match self.parsed:
            case Ignored(because=because):
                return Ending(status="ignored", because=because)
            case Rejected(because=because):
                return Ending(status="rejected", because=because)
            case trigger:
                pass
        if receipt.duplicate_of:
            return self._no(Refusal(gate="duplicate", because=f"Run {receipt.duplicate_of} has this event already."))
        if refusal := before_looking(trigger, deployment, receipt.at):
            return self._no(refusal)
        incident = route(self.runbook, trigger, deployment.place, self.world.settings)
        if isinstance(incident, Ignored):
            return Ending(status="ignored", because=incident.because, gate="scope")
        if isinstance(incident, Rejected):
            return Ending(status="rejected", because=incident.because)
        if receipt.unrecorded:
            return self._no(Refusal(gate="ledger", because=f"The ledger cannot be asked: {receipt.unrecorded}"))
        if isinstance(trigger, AlarmRaised) and not trigger.drill and (refusal := self._live_alarm(trigger)):
            return self._no(refusal)
        self._say(receipt.at, "gate", "Every gate let it pass.")
        return self._reconcile(trigger, incident)

    def _live_alarm(self, trigger: AlarmRaised) -> Refusal | None:
        try:
            live = self.steps.read("read alarm", lambda: self.world.alarms.read(trigger.alarm), LiveAlarm)
        except StepFailedError as error:
            return Refusal(gate="live alarm", because=f"The alarm {trigger.alarm!r} cannot be read: {error}")
        return live_alarm(trigger, live)

    # ------------------------------------------------------------------------------------------------- the loop

    def _reconcile(self, trigger: Trigger, incident: Struct) -> Ending:  # noqa: PLR0912 - one branch per verdict and guard
        plan = isinstance(trigger, Invoked) and not trigger.apply
        unsure = isinstance(trigger, AlarmRaised) and trigger.previous_state != "OK"
        mode = effective_mode(trigger, self.world.deployment)
        deadline = self.started + self.runbook.guardrails.heal_within
        for n in count(1):
            look = self._look(n, incident)
            verdict: Verdict[Target] = self.runbook.decide(look.facts, self.world.settings, self.tried, look.at)
            self._say_verdict(look.at, verdict)
            match verdict:
                case Nothing():
                    return self._nothing_left(verdict)
                case Escalate():
                    return Ending(
                        status="escalated",
                        because=verdict.because,
                        evidence=verdict.evidence,
                        next_steps=verdict.next_steps,
                        team=verdict.team,
                    )
                case Wait():
                    if plan:
                        return Ending(status="nothing-to-do", because=f"Not now: {verdict.because}")
                    if look.at + verdict.for_ > deadline:
                        return self._give_up(f"Time is up: {verdict.because}")
                    self._wait(look.at, f"wait {n}", verdict.for_)
                case Act():
                    if no := self._before_act(verdict, look.at, deadline):
                        return no
                    if plan or mode != "act":
                        return self._would(verdict, plan=plan)
                    if unsure:
                        unsure = False
                        self._wait(look.at, "look twice", SECOND_LOOK)
                        continue
                    if refusal := self._admit(verdict, look.at, deadline):
                        return self._no(refusal)
                    if refusal := self._act(n, verdict, look.at):
                        return self._no(refusal)
                case _:
                    assert_never(verdict)
        raise AssertionError("the loop ends by returning")

    def _look(self, n: int, incident: Struct) -> Look[Any]:
        def look() -> Look[Any]:
            facts = self.runbook.diagnose(self.world.aws, self.world.settings, incident)
            at = self.world.clock()
            verdict = self.runbook.decide(facts, self.world.settings, self.tried, at)
            entries = (*self.timeline, facts_entry(at, facts), verdict_entry(at, verdict))
            with suppress(AwsError):  # watching fails open
                self.world.ledger.note(run=self.steps.run, timeline=entries)
            return Look(at=at, facts=facts)

        answer: Look[Any] = self.steps.read(f"look {n}", look, Look[self.runbook.facts])  # type: ignore[name-defined]
        self.timeline.append(facts_entry(answer.at, answer.facts))
        return answer

    def _before_act(self, act: Act[Target], now: datetime, deadline: datetime) -> Ending | None:
        limit = self.runbook.guardrails.max_acts
        if any((tried.action, tried.target.id) == (act.action, act.target.id) for tried in self.tried):
            return self._give_up(f"{act.action} of {act.target.id} was tried in this run already, and is not repeated.")
        if self.lease is not None and self.lease.resource != act.resource:
            return self._give_up(
                f"This run has leased {self.lease.resource}; it does not work on {act.resource} as well."
            )
        if len(self.tried) >= limit:
            return self._give_up(
                f"{limit} of {limit} acts of this run are used, and it still is not healed: {act.because}"
            )
        if now > deadline or now + act.settle > deadline + LEASE_MARGIN:
            return self._give_up(f"Time is up: {act.because}")
        return None

    def _admit(self, act: Act[Target], now: datetime, deadline: datetime) -> Refusal | None:
        if self.lease is not None:
            return None
        assert not isinstance(self.parsed, Ignored | Rejected)
        event = self.parsed.key
        try:
            answer = self.steps.read(
                "admit",
                lambda: self.world.ledger.admit(
                    run=self.steps.run,
                    event=event,
                    runbook=self.runbook.name,
                    resource=act.resource,
                    until=deadline + LEASE_MARGIN,
                    now=self.world.clock(),
                ),
                Lease | Refusal,
            )
        except StepFailedError as error:
            return Refusal(gate="ledger", because=f"The ledger cannot be asked: {error}")
        if isinstance(answer, Refusal):
            return answer
        self.lease = answer
        self._say(now, "admitted", f"Admitted to work on {answer.resource} (fence {answer.fence}).")
        return None

    def _act(self, n: int, act: Act[Target], now: datetime) -> Refusal | None:
        lease = self.lease
        assert lease is not None

        def call() -> Acted | Refusal:
            if self.world.remaining() < ENOUGH_TIME:
                return Refusal(gate="time", because="Too little of the Lambda invocation is left to act.")
            try:
                no = self.world.ledger.confirm(
                    run=self.steps.run, runbook=self.runbook.name, lease=lease, now=self.world.clock()
                )
            except AwsError as error:
                return Refusal(gate="ledger", because=f"The ledger cannot be asked: {error}")
            if no is not None:
                return no
            try:
                receipt = self.runbook.actions[act.action](self.world.aws, self.world.settings, act.target)
            except NotNeededError as error:
                return Refusal(gate="not needed", because=str(error))
            return Acted(receipt=receipt)

        match self.steps.act(f"{act.action} {n}", call):
            case Refusal(gate="not needed", because=because):
                self._say(now, "act", f"{act.action} {act.target.id}: not needed. {because}")
            case Refusal() as refusal:
                return refusal
            case Acted(receipt=receipt):
                self._tried(act, now, "done", receipt)
            case NotActed(because=because):
                self._tried(act, now, "failed", because)
                return None
            case Interrupted():
                self._tried(act, now, "unknown", "It was interrupted; the next look says what is true.")
        self._wait(now, f"settle {n}", act.settle)
        return None

    def _tried(self, act: Act[Target], now: datetime, result: Result, receipt: str) -> None:
        attempt = Attempt(action=act.action, target=act.target, at=now, result=result, receipt=receipt)
        self.tried = (*self.tried, attempt)
        self._say(now, "act", f"{act.action} {act.target.id}: {result}. {receipt}")

    def _wait(self, now: datetime, name: str, for_: timedelta) -> None:
        if for_ <= timedelta(0):
            return
        self._say(now, "wait", f"Waiting {round(for_.total_seconds())} s.")
        self.steps.wait(name, for_)

    # ---------------------------------------------------------------------------------------------- ways to end

    def _no(self, refusal: Refusal) -> Ending:
        self._say(self.timeline[-1].at, "gate", f"{refusal.gate}: {refusal.because}")
        status: Status = "not-healed" if self.tried else refusal.status
        return Ending(status=status, because=refusal.because, gate=refusal.gate)

    def _nothing_left(self, verdict: Nothing) -> Ending:
        acted = any(attempt.result != "failed" for attempt in self.tried)
        return Ending(status="healed" if acted else "nothing-to-do", because=verdict.because)

    def _give_up(self, because: str) -> Ending:
        return Ending(status="not-healed" if self.tried else "escalated", because=because)

    def _would(self, act: Act[Target], *, plan: bool) -> Ending:
        how = ' Say `"apply": true` to have it done.' if plan else ""
        return Ending(status="observed", because=f"{act.because}{how}", would=f"{act.action} {act.target.id}")

    def _close(self, ending: Ending) -> Outcome:
        try:
            outcome = self.steps.read("close", lambda: self._record(ending), Outcome)
        except StepFailedError as error:
            outcome = _unrecorded(self._outcome(ending, self.timeline[-1].at), error)
        lost: list[str] = []
        tell = [("publish", self.world.notifier.publish)]
        if outcome.status in PAGED and not (isinstance(self.parsed, Invoked) and not self.parsed.apply):
            tell.append(("page", self.world.notifier.page))
        for name, send in tell:
            try:
                self.steps.read(name, lambda send=send: send(outcome), None)  # type: ignore[misc]
            except StepFailedError as error:
                lost.append(f"{name}: {error}")
        if lost:
            raise OutcomeLostError(f"The outcome of run {outcome.run} could not be told ({'; '.join(lost)}).")
        return outcome

    def _outcome(self, ending: Ending, now: datetime) -> Outcome:
        place = self.world.deployment.place
        return Outcome(
            run=self.steps.run,
            runbook=self.runbook.name,
            environment=place.environment,
            account=place.account,
            region=place.region,
            status=ending.status,
            because=clip(ending.because),
            trigger=describe(self.parsed),
            started_at=self.started,
            ended_at=now,
            team=next((team for team in TEAMS if team == ending.team), self.runbook.team),
            acts=tuple(told(self.tried)),
            would=ending.would,
            gate=ending.gate,
            evidence=ending.evidence,
            next_steps=ending.next_steps,
        )

    def _record(self, ending: Ending) -> Outcome:
        now = self.world.clock()
        outcome = self._outcome(ending, now)
        self._say(now, "outcome", f"{outcome.status}: {outcome.because}")
        try:
            self.world.ledger.close(
                outcome=outcome,
                timeline=tuple(self.timeline),
                lease=self.lease,
                cooldown_until=now + self.runbook.guardrails.cooldown if self.tried else now,
            )
        except AwsError as error:
            return _unrecorded(outcome, error)
        return outcome

    def _say(self, at: datetime, kind: Kind, text: str) -> None:
        self.timeline.append(Entry(at=at, kind=kind, text=clip(text)))

    def _say_verdict(self, at: datetime, verdict: Verdict[Target]) -> None:
        self.timeline.append(verdict_entry(at, verdict))


def _unrecorded(outcome: Outcome, error: Exception) -> Outcome:
    line = clip(f"The ledger could not record this outcome: {error}")
    return msgspec.structs.replace(outcome, evidence=(*outcome.evidence, line))
