"""Follow an incident up until somebody answers or it is over: whom to page next, and when.

The rule of the domain (RUNBOOK.md, "Contacts & Escalation"; HAZARDS.md, 1.12): the team has its response time; then on-call is
paged, and again every 15 minutes, a few times, until somebody acknowledges. Whatever wakes the follow-up, it looks at the
alarm itself: an incident is over when CloudWatch says OK, not when a message says so.

It runs as a durable execution of its own, so that a run may end and its incident go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct

from remediation.core.approval import speaker
from remediation.core.deployment import Deployment
from remediation.core.errors import StepFailedError
from remediation.core.incident import FOLLOWED_FOR, PAGE_EVERY, Incident, Recovery
from remediation.core.notice import Kind, Notice
from remediation.core.outcome import Outcome
from remediation.core.ports import Alarms, Followed, Notifier, Surroundings
from remediation.core.spec import Team
from remediation.core.spoken import Spoken
from remediation.core.steps import Expired, Reply, Said, Steps
from remediation.core.surroundings import recovered

R = TypeVar("R")

ON_CALL: Team = "critical"
MOST_PAGES = 8
"""Pages of one incident, the run's own included. Who did not hear eight of them does not hear a ninth."""
LOOK_EVERY = timedelta(hours=1)
"""How often an incident is looked at that somebody acknowledged, should nobody tell that it is over."""
TRY_AGAIN = timedelta(minutes=1)
MOST_TRIES = 10
"""How soon, and how often in a row, a page is tried again that could not be sent."""
MOST_ANSWERS = 300
"""Answers that are listened to: an execution has room for 3,000 operations, and each answer takes four or five."""


class Task(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to follow up: the incident's key, what tells that it is over, and the outcome that opened it."""

    key: str
    recovery: Recovery
    outcome: Outcome


End: TypeAlias = Literal["recovered", "acknowledged", "unanswered", "replaced"]


class Ended(Struct, frozen=True, kw_only=True):
    """How a follow-up ended. `replaced`: another one has taken over, so nothing was told."""

    key: str
    end: End
    pages: int
    acknowledged_by: str = ""


class UntoldError(Exception):
    """Somebody who had to be told could not be; the execution fails, which has an alarm."""


@dataclass(frozen=True, kw_only=True)
class Duty:
    """What a follow-up touches, handed in by the composition root."""

    deployment: Deployment
    notifier: Notifier
    alarms: Alarms
    surroundings: Surroundings
    incidents: Followed
    clock: Callable[[], datetime]


def follow_up(task: Task, steps: Steps, duty: Duty) -> Ended:
    """Follow an incident up to its end. Raises UntoldError, at the very end, for what could not be told."""
    follow = _FollowUp(task=task, steps=steps, duty=duty)
    ended = follow.through()
    if follow.failures:
        raise UntoldError(f"The incident {task.key} was not told everywhere ({'; '.join(follow.failures)}).")
    return ended


@dataclass(kw_only=True)
class _FollowUp:
    """One follow-up under way. It is told anew, and the same, at every replay."""

    task: Task
    steps: Steps
    duty: Duty
    asked: int = 0
    tries: int = 0
    paged: list[Team] = field(default_factory=list)
    by: Spoken | None = None
    failures: list[str] = field(default_factory=list)

    def through(self) -> Ended:
        """Wait, look, and page, until it is over."""
        now = self._now("now")
        found = self._read("open", lambda: self.duty.incidents.open(self.task.key), Incident)
        end = now + FOLLOWED_FOR
        due = self._first_page(found, now)
        while True:
            reply = self._wait(min(due, end) - now)
            now = self._now(f"now {self.asked}")
            if self._over():
                return self._close("recovered", now)
            if isinstance(reply, Said) and self.by is None:
                self.by = self._acknowledged(reply, now)
                if self.by is not None:
                    due = now + LOOK_EVERY
            if now >= end:
                return self._close("acknowledged" if self.by else "unanswered", now)
            if now < due:
                continue
            if self.by is not None or len(self.paged) >= MOST_PAGES:
                due = now + LOOK_EVERY
            else:
                sent = self._page(now)
                if sent is None:
                    return self._ended("replaced")
                due = now + sent

    def _first_page(self, found: Incident | None, now: datetime) -> datetime:
        """Return when the follow-up's first page is due, and count the run's own if it sent one."""
        last = found.paged_at if found is not None else now
        if found is not None and found.opened_at is not None and last is not None and last < found.opened_at:
            # It was opened too soon after another one of its kind to be paged for at once.
            return max(now, last + PAGE_EVERY)
        self.paged = [self.task.outcome.team]
        return (last or now) + self._patience(self.task.outcome.team)

    def _patience(self, team: Team) -> timedelta:
        return max(self.duty.deployment.contacts[team].response, PAGE_EVERY)

    def _wait(self, for_: timedelta) -> Reply:
        """Wait for an answer; where nobody may answer any more, only for the time to pass."""
        self.asked += 1
        key, run = self.task.key, self.task.outcome.run
        for_ = max(for_, timedelta(seconds=1))
        if self.asked > MOST_ANSWERS:
            self.steps.wait(f"wait {self.asked}", for_)
            return Expired()

        def submit(callback: str) -> None:
            self.duty.incidents.waits(key, run, callback, self.duty.clock() + for_)

        try:
            return self.steps.ask(f"answer {self.asked}", submit, for_)
        except StepFailedError as error:  # nobody knows where to answer; the pages go on all the same
            self.failures.append(f"answer {self.asked}: {error}")
            self.steps.wait(f"wait {self.asked}", for_)
            return Expired()

    def _over(self) -> bool:
        """Look whether the alarms are over, or a later run has healed what has none. Not to know is not over."""
        if not self.task.recovery.blind:
            return self._read(f"look {self.asked}", self._recovered, bool) is True
        found = self._read(f"look {self.asked}", lambda: self.duty.incidents.open(self.task.key), Incident)
        return found is not None and any(each.at > self.task.outcome.ended_at for each in found.healed)

    def _recovered(self) -> bool:
        duty, deployment = self.duty, self.duty.deployment
        return recovered(
            self.task.recovery,
            lambda alarm: duty.alarms.read(alarm).over,
            duty.surroundings.around(deploys=False).alarms if self.task.recovery.cause else (),
            deployment.watched,
            deployment.place.environment,
        )

    def _acknowledged(self, reply: Said, now: datetime) -> Spoken | None:
        """Return who acknowledged the incident; what is no acknowledgement of somebody whom AWS knows, is none."""
        by, run = speaker(reply.payload), self.task.outcome.run
        spoken = self._read(f"said {self.asked}", lambda: self.duty.incidents.said(by, run), Spoken | None)
        if spoken is None or spoken.says != "acknowledge":
            return None
        self._tell(
            f"acknowledge {self.asked}",
            lambda: self.duty.incidents.acknowledged(self.task.key, run, spoken.arn or spoken.by, now),
        )
        because = f"{spoken.who} is at it{f': {spoken.because}' if spoken.because else '.'}"
        self._notify("acknowledged", f"{self._what} was acknowledged", because, now)
        return spoken

    def _page(self, now: datetime) -> timedelta | None:
        """Page whom it is for; return when to page again, or None where somebody else follows the incident up.

        A page that could not be sent is the same page when it is tried again. Raises UntoldError.
        """
        self.tries += 1
        page, run = f"page {len(self.paged) + 1}", self.task.outcome.run
        found = self._read(
            f"grant {self.asked}", lambda: self.duty.incidents.paged(self.task.key, run, page, now), Incident
        )
        if found is not None and (found.run != run or found.status == "closed"):
            return None
        if found is not None and found.page != page and found.paged_at is not None:
            return found.paged_at + PAGE_EVERY - now  # another page is too fresh
        team = ON_CALL if self.paged else self.task.outcome.team
        note = self._note(found, now)
        if not self._tell(f"page {self.asked}", lambda: self.duty.notifier.page(self.task.outcome, team, note)):
            return self._unsent()
        self.tries = 0
        self.paged.append(team)
        if len(self.paged) == MOST_PAGES:
            because = f"{MOST_PAGES} pages were sent, and nobody has acknowledged. There are no more for this incident."
            self._notify("unanswered", f"Nobody answers for {self._what}", because, now)
        return self._patience(team)

    def _unsent(self) -> timedelta:
        """Return when to try a page again that could not be sent. Raises UntoldError where that was tried enough."""
        if self.tries < MOST_TRIES:
            self.failures.pop()
            return TRY_AGAIN
        raise UntoldError(f"The incident {self.task.key} could not be escalated ({'; '.join(self.failures)}).")

    def _note(self, incident: Incident | None, now: datetime) -> str:
        since = incident.opened_at if incident is not None and incident.opened_at else self.task.outcome.ended_at
        events = incident.events if incident is not None else 1
        ack = f"remedy ack {self.task.outcome.run} --env {self.task.outcome.environment}"
        minutes = round((now - since).total_seconds() / 60)
        return (
            f"Nobody has acknowledged this in {minutes} minutes ({events} event{'s' if events > 1 else ''} so far,"
            f" page {len(self.paged) + 1} of at most {MOST_PAGES}). Take it on: {ack}"
        )

    def _close(self, end: End, now: datetime) -> Ended:
        outcome = self.task.outcome
        self._tell("close", lambda: self.duty.incidents.close(self.task.key, outcome.run, now))
        minutes = round((now - outcome.ended_at).total_seconds() / 60)
        if end == "recovered":
            who = f" {self.by.who} had acknowledged it." if self.by else ""
            what = (
                "A later run has healed it"
                if self.task.recovery.blind
                else (
                    f"The alarm {self._what} is over" if self.task.recovery.cause is None else f"{self._what} is over"
                )
            )
            because = f"{what[0].upper()}{what[1:]}, {minutes} minutes after it was reported.{who}"
            self._notify("recovered", f"{self._what} has recovered", because, now)
        elif not self.task.recovery.blind:
            because = (
                f"{self._what} has not recovered in {minutes} minutes. It is not followed up any longer; the next event"
                " opens a new incident."
            )
            self._notify("unanswered", f"{self._what} is not over after a day", because, now)
        return self._ended(end)

    def _ended(self, end: End) -> Ended:
        by = self.by.who if self.by else ""
        return Ended(key=self.task.key, end=end, pages=len(self.paged), acknowledged_by=by)

    @property
    def _what(self) -> str:
        about, environment = self.task.recovery.about, self.task.outcome.environment
        match self.task.recovery.cause:
            case None:
                return about or f"{self.task.outcome.runbook} in {environment}"
            case "storm":
                return f"{about} in {environment}"
            case _:
                return f"the trouble with {about} in {environment}"

    def _notify(self, kind: Kind, title: str, because: str, at: datetime) -> None:
        """Tell those who were paged, each once."""
        outcome = self.task.outcome
        notice = Notice(
            kind=kind,
            environment=outcome.environment,
            run=outcome.run,
            incident=self.task.key,
            team=outcome.team,
            severity="critical" if kind == "unanswered" else "info",
            title=title,
            because=because,
            at=at,
            next_steps=(f"See what happened: remedy show {outcome.run} --env {outcome.environment}",),
        )
        teams = dict.fromkeys((outcome.team, *self.paged))
        self._tell(f"{kind} {self.asked}", lambda: self.duty.notifier.notify(notice, *teams))

    def _now(self, name: str) -> datetime:
        return self.steps.read(name, self.duty.clock, datetime)

    def _read(self, name: str, step: Callable[[], R], type_: object) -> R | None:
        """Return what a step answers; None where it cannot be asked, which never is a reason not to page."""
        try:
            return self.steps.read(name, step, type_)
        except StepFailedError:
            return None

    def _tell(self, name: str, step: Callable[[], None]) -> bool:
        try:
            self.steps.read(name, step, None)
        except StepFailedError as error:
            self.failures.append(f"{name}: {error}")
            return False
        return True
