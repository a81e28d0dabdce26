"""The alarm doctor's round, once a day: every alarm of the environment, and what CloudWatch knows of its metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.adapters.sweep_records import SweepRecords
from remediation.aws.cloudwatch import alarms, knows_any, listed
from remediation.core.deployment import Deployment
from remediation.core.doctor import EVERY, Finding, Known, examinable, examine, report
from remediation.core.errors import AwsError
from remediation.core.notice import Notice
from remediation.core.ports import Notifier
from remediation.core.sweep import DescribedAlarm, SweepSettings
from remediation.core.triggers import Metric

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_METRICS = 200
"""Alarms whose metric is looked up in one round: at most three calls each, and CloudWatch takes 25 a second."""


class Round(Struct, frozen=True, kw_only=True):
    """What a round came to; `failures` are sentences about what could not be looked up."""

    findings: tuple[Finding, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """One environment's alarms."""

    deployment: Deployment
    settings: SweepSettings
    aws: "Clients"
    records: SweepRecords
    notifier: Notifier

    def round(self, now: datetime) -> Round | None:
        """Examine every alarm and report, if the last report is a day old; None where it is not.

        Where nothing is wrong nothing is said.
        """
        last = self.records.reported_at()
        if last is not None and now - last < EVERY:
            return None
        watched, environment = self.deployment.watched, self.deployment.place.environment
        found = [alarm for alarm in alarms(self.aws, prefix=watched.alarm_prefix) if examinable(alarm, environment)]
        quiet = frozenset(watched.quiet_alarms)
        known, failures = self._known(found)
        findings = examine(found, known, self.settings.runbooks, quiet, now)
        if not self.records.report(now, EVERY):
            return None
        if findings:
            try:
                self.notifier.notify(self._notice(findings, now), "infrastructure")
            except Exception:
                self.records.not_reported(now)
                raise
        return Round(findings=findings, failures=tuple(failures))

    def _known(self, found: Sequence[DescribedAlarm]) -> tuple[dict[str, Known], list[str]]:
        """Return what is known of each alarm's metric, by the alarm's name, and what could not be looked up."""
        known: dict[str, Known] = {}
        failures: list[str] = []
        if len(found) > MOST_METRICS:
            failures.append(f"Only the metrics of the first {MOST_METRICS} of {len(found)} alarms were looked up.")
        for alarm in found[:MOST_METRICS]:
            assert alarm.metric is not None, "it is examinable"
            try:
                known[alarm.name] = self._of(alarm.metric)
            except AwsError as error:
                failures.append(f"The metric of the alarm {alarm.name} could not be looked up: {error}")
        return known, failures

    def _of(self, metric: Metric) -> Known:
        how = listed(self.aws, metric)
        if how == "exactly":
            return Known(metric=True)
        if how == "only finer" or not metric.dimensions:
            return Known(metric=False, finer=how == "only finer")
        resource = knows_any(self.aws, metric.namespace, dimensions=metric.dimensions)
        return Known(
            metric=False, resource=resource, name=resource and knows_any(self.aws, metric.namespace, name=metric.name)
        )

    def _notice(self, findings: tuple[Finding, ...], now: datetime) -> Notice:
        environment = self.deployment.place.environment
        names = len({finding.alarm for finding in findings})
        return Notice(
            kind="doctor",
            environment=environment,
            run="",
            incident=f"{environment}|alarm doctor",
            team="infrastructure",
            severity="warning",
            title=f"Alarm doctor: {names} of the alarms of {environment} {'needs' if names == 1 else 'need'} care",
            because="An alarm that cannot fire, or that nobody hears, looks as healthy as one that finds nothing wrong.",
            at=now,
            lines=report(findings),
            next_steps=("Correct them where they are made (Terraform), or they come back.",),
        )
