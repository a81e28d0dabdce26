"""Find what was left lying: runs that never ended, and escalations of alarms that are over.

It closes records and tells people. It never acts on the environment, and what it cannot be sure of it leaves open.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from remediation.adapters.history import History
from remediation.adapters.surroundings import active
from remediation.adapters.sweep_records import SweepRecords
from remediation.aws.cloudwatch import alarms_called
from remediation.aws.executions import call_back, durable_execution
from remediation.core.deployment import Deployment
from remediation.core.errors import AwsError
from remediation.core.incident import Recovery
from remediation.core.narration import clip
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.overdue import OPEN, Execution, answered, closing, last_entry, result_of
from remediation.core.ports import Closing, FollowUp, Incidents, Ledger, Notifier
from remediation.core.record import RunRecord
from remediation.core.surroundings import ActiveAlarm, recovered
from remediation.core.sweep import DescribedAlarm, OpenIncident, RunSeen, Swept

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

RECOVERED = b'{"recovered": true}'
"""What an escalation is answered; it looks at the alarm itself before it believes it."""

Reaped = Literal["closed", "told", "told before", "ended"]


@dataclass(frozen=True, kw_only=True)
class Reaper:
    """One environment's ledger and people."""

    deployment: Deployment
    aws: "Clients"
    records: SweepRecords
    history: History
    ledger: Ledger
    notifier: Notifier
    incidents: Incidents
    follow_up: FollowUp

    def reap(self, late: RunSeen, execution: str, swept: Swept | None, now: datetime) -> Reaped:
        """Close the record of a run whose execution is over; tell people, once, of one that is not.

        A run that succeeded has told its outcome, which is only recorded here; any other one has failed.
        """
        found = durable_execution(self.aws, execution)
        run = self.history.run(late.run)
        if run is None or run.status is not None:
            return "ended"
        if found.status in OPEN:
            return self._trouble(late, swept, found.status, now)
        cooldown, alarm = swept.cooldown if swept else timedelta(0), late.alarm
        if found.status == "SUCCEEDED" and (told := answered(run, found.result)) is not None:
            self._close(run, told, cooldown if told.acts else timedelta(0))
            return "closed"
        outcome = closing(run, found.status, alarm=alarm, swept=swept, place=self.deployment.place, now=now)
        self.notifier.publish(outcome)  # before it is recorded: told twice is a nuisance, never told is a lost outcome
        try:
            self._page(outcome, alarm, now)
        finally:
            self._close(run, outcome, cooldown)
        return "closed"

    def recovered(
        self, incidents: Iterable[OpenIncident], in_alarm: Iterable[DescribedAlarm]
    ) -> tuple[OpenIncident, ...]:
        """Return the incidents that somebody follows up although they are over.

        Alarms that are not among `in_alarm` are asked for by name: not to be listed is no proof.
        """
        on = tuple(map(active, in_alarm))
        names = {alarm.name for alarm in on}
        waiting = [each for each in incidents if each.callback and self._over(each, on, names)]
        asked = [alarm for each in waiting for alarm in each.recovery.alarms]
        still = {alarm.name for alarm in alarms_called(self.aws, asked) if alarm.state != "OK"} if asked else set()
        return tuple(each for each in waiting if self._over(each, on, still))

    def _over(self, incident: OpenIncident, on: Iterable[ActiveAlarm], names: Container[str]) -> bool:
        watched, environment = self.deployment.watched, self.deployment.place.environment
        return recovered(incident.recovery, lambda alarm: alarm not in names, on, watched, environment)

    def release(self, incident: OpenIncident) -> bool:
        """Tell the escalation of an incident that it is over; answer False where it does not wait any more."""
        return call_back(self.aws, incident.callback, RECOVERED)

    def _trouble(self, late: RunSeen, swept: Swept | None, status: Execution, now: datetime) -> Reaped:
        if not self.records.first_time_late(late.run, now):
            return "told before"
        environment = self.deployment.place.environment
        minutes = round((now - late.started_at).total_seconds() / 60)
        notice = Notice(
            kind="trouble",
            environment=environment,
            run=late.run,
            incident="|".join(filter(None, (environment, late.runbook, late.alarm))),
            team=swept.team if swept else "infrastructure",
            severity="warning",
            title=f"A run of {late.runbook} is open for too long",
            because=f"Run {late.run} started {minutes} minutes ago, should have ended, and its execution is {status}.",
            at=now,
            next_steps=(
                f"Look what it waits for: remedy show {late.run} --env {environment}",
                f"Look at its log: aws logs tail /aws/lambda/{environment}-{late.runbook} --since 1h",
            ),
        )
        try:
            self.notifier.notify(notice, notice.team)
        except Exception:
            self.records.not_told(late.run, now)
            raise
        return "told"

    def _page(self, outcome: Outcome, alarm: str, now: datetime) -> None:
        """Page as the engine does when a run ends: also where the incident cannot be recorded."""
        recovery = Recovery.of(alarm)
        try:
            raised = self.incidents.raise_(outcome.incident, outcome, recovery, now)
        except AwsError as error:
            note = clip(f"The incident could not be recorded, so nobody watches whether somebody answers: {error}")
            self.notifier.page(outcome, note=note)
            raise
        try:
            if raised.page:
                self.notifier.page(outcome)
        finally:
            if raised.opened:
                self.follow_up.start(outcome.incident, outcome, recovery)

    def _close(self, run: RunRecord, outcome: Outcome, cooldown: timedelta) -> None:
        """Record the outcome if there still is none, and give back what was leased."""
        ended = Closing(
            outcome=outcome,
            timeline=(*run.timeline, last_entry(outcome)),
            lease=None,
            cooldown_until=outcome.ended_at + cooldown,
            result=result_of(outcome),
        )
        self.ledger.close(ended, self.deployment.limits)
