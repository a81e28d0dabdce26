"""The composition root of the sweep: what its room is turned into a Lambda handler with, and what one tick does.

Its duties do not depend on each other more than they have to: what cannot be done is said, the rest is done, and the
invocation fails at the end so that the alarm on errors hears of it. The next tick tries everything again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import msgspec
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from remediation.adapters.clients import Clients
from remediation.adapters.environment import NAMESPACE, from_environment
from remediation.adapters.examining import Doctor
from remediation.adapters.follow_up import LambdaFollowUp
from remediation.adapters.history import History
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.logs import logger
from remediation.adapters.notify import SnsNotifier
from remediation.adapters.offering import send, wanted
from remediation.adapters.reaping import Reaper
from remediation.adapters.sweep_records import Recorded, SweepRecords
from remediation.aws.cloudwatch import alarms, muted_alarms
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.errors import AwsError
from remediation.core.overdue import overdue
from remediation.core.parsing import parse
from remediation.core.redact import redacted
from remediation.core.steps import sentence
from remediation.core.sweep import (
    INCIDENT_LOOK_BACK,
    LOOK_BACK,
    DescribedAlarm,
    Held,
    Offer,
    OpenIncident,
    Situation,
    SweepSettings,
    offers,
)
from remediation.core.triggers import Invoked, Scheduled

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

NAME = "sweep-alarms"
R = TypeVar("R")
Log: TypeAlias = Callable[[str, Exception | None], None]
"""Where a failure is logged as it happens: its sentence, and the error if there was one."""


class SweepFailedError(Exception):
    """Something of a tick could not be done; the message says what. Everything else was."""


class NoTickError(Exception):
    """The sweep was started by something else than its schedule or a person."""


class LambdaContext(Protocol):
    """What the sweep needs of Lambda's context."""

    aws_request_id: str


class Report(Struct, frozen=True, kw_only=True):
    """What one tick came to."""

    tick: str
    offered: tuple[str, ...] = ()
    """Names of alarms, and of runs and incidents below; `held` says why."""
    held: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    ill: tuple[str, ...] | None = None
    """What the alarm doctor found; None where it was not its hour."""
    failures: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Tick:
    """One tick, under way: what it has found and done so far."""

    id: str
    now: datetime
    log: Log
    failures: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    ill: tuple[str, ...] | None = None

    def attempt(self, what: str, work: Callable[[], R]) -> R | None:
        """Do one thing; if it fails, keep why and go on."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - it is said, and raised at the end of the tick
            self.fail(f"{what}: {sentence(error)}", error)
            return None

    def fail(self, text: str, error: Exception | None = None) -> None:
        """Keep what could not be done."""
        self.failures.append(text)
        self.log(text, error)

    def report(self) -> Report:
        """Return what it came to."""
        lists = {name: tuple(getattr(self, name)) for name in _LISTS}
        return Report(tick=self.id, ill=self.ill, **lists)


_LISTS = ("offered", "held", "closed", "late", "recovered", "failures")


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The sweep of one environment."""

    deployment: Deployment
    settings: SweepSettings
    aws: Clients
    records: SweepRecords
    reaper: Reaper
    doctor: Doctor
    clock: Callable[[], datetime]
    log: Log

    def tick(self, id_: str) -> Report:
        """Do all duties once. The same id twice offers nothing twice: the ledger knows the events by it."""
        tick = Tick(id=id_, now=self.clock(), log=self.log)
        prefix = self.deployment.watched.alarm_prefix
        on = tick.attempt("The alarms cannot be read", lambda: alarms(self.aws, prefix=prefix, state="ALARM"))
        runs = tick.attempt("The runs cannot be read", lambda: self._runs(on or (), tick.now))
        incidents = tick.attempt(
            "The incidents cannot be read", lambda: self.records.incidents(since=tick.now - INCIDENT_LOOK_BACK)
        )
        if on is not None and runs is not None and incidents is not None:
            self._offer(tick, on, runs, incidents)
        if on is not None and incidents is not None:
            self._release(tick, on, incidents)
        if runs is not None:
            self._reap(tick, runs)
        self._examine(tick)
        return tick.report()

    def _runs(self, on: tuple[DescribedAlarm, ...], now: datetime) -> tuple[Recorded, ...]:
        return self.records.runs(wanted(on, self.settings.runbooks), since=now - LOOK_BACK)

    def _offer(
        self,
        tick: Tick,
        on: tuple[DescribedAlarm, ...],
        runs: tuple[Recorded, ...],
        incidents: tuple[OpenIncident, ...],
    ) -> None:
        muted = tick.attempt("The mute rules cannot be read", lambda: muted_alarms(self.aws)) if on else frozenset()
        if muted is None:
            return
        situation = Situation(
            now=tick.now,
            runbooks=self.settings.runbooks,
            runs=tuple(recorded.seen for recorded in runs),
            incidents=incidents,
            muted=muted,
            quiet=frozenset(self.deployment.watched.quiet_alarms),
        )
        judged = offers(on, situation)
        tick.held += [f"{each.alarm.name}: {each.because}" for each in judged if isinstance(each, Held)]
        offered = [each for each in judged if isinstance(each, Offer)]
        for each, failure in send(self.aws, offered, tick.id, tick.now):
            if failure:
                tick.fail(f"The alarm {each.alarm.name} could not be offered: {failure}")
            else:
                tick.offered.append(f"{each.alarm.name}: {each.because}")

    def _release(self, tick: Tick, on: tuple[DescribedAlarm, ...], incidents: tuple[OpenIncident, ...]) -> None:
        over = tick.attempt("Incidents cannot be closed", lambda: self.reaper.recovered(incidents, on))
        for incident in over or ():
            what = f"The incident {incident.key} cannot be closed"
            if tick.attempt(what, partial(self.reaper.release, incident)):
                tick.recovered.append(incident.key)

    def _reap(self, tick: Tick, runs: tuple[Recorded, ...]) -> None:
        executions = {recorded.seen.run: recorded.execution for recorded in runs}
        by_name = {swept.runbook: swept for swept in self.settings.runbooks}
        for run in overdue((recorded.seen for recorded in runs), self.settings.runbooks, tick.now):
            done = tick.attempt(
                f"Run {run.run} is overdue and cannot be looked after",
                partial(self.reaper.reap, run, executions[run.run], by_name.get(run.runbook), tick.now),
            )
            match done:
                case "closed":
                    tick.closed.append(run.run)
                case "told" | "told before":
                    tick.late.append(run.run)
                case _:
                    pass

    def _examine(self, tick: Tick) -> None:
        made = tick.attempt("The alarm doctor cannot make a round", lambda: self.doctor.round(tick.now))
        if made is not None:
            tick.ill = tuple(finding.line() for finding in made.findings)
            for failure in made.failures:
                tick.fail(failure)


def sweep_handler() -> Callable[[Any, LambdaContext], dict[str, Any]]:
    """Return the handler of the sweep's function. Raises MisconfiguredError."""
    deployment = from_environment(DEPLOYMENT, Deployment)
    settings = from_environment(SETTINGS, SweepSettings)
    aws = Clients(deployment.place)
    aws.prepare(reads=("cloudwatch", "dynamodb"), acts=("events",), repeats=("dynamodb",))
    log, metrics = logger(), Metrics(namespace=NAMESPACE)
    sweep = composed(deployment, settings, aws, logging_to(log))

    def handle(event: object, context: LambdaContext) -> dict[str, Any]:
        report = sweep.tick(tick_of(event, context.aws_request_id))
        _say(log, report)
        _count(metrics, report, {"environment": deployment.place.environment, "runbook": NAME})
        if report.failures:
            raise SweepFailedError(redacted(" ".join(report.failures)))
        answer: dict[str, Any] = redacted(msgspec.to_builtins(report))
        return answer

    return handle


def composed(deployment: Deployment, settings: SweepSettings, aws: Clients, log: Log) -> Sweep:
    """Return the sweep of a deployment."""
    environment, table = deployment.place.environment, deployment.ledger
    records, notifier = SweepRecords(aws, table=table, environment=environment), SnsNotifier(aws, deployment)
    return Sweep(
        deployment=deployment,
        settings=settings,
        aws=aws,
        records=records,
        reaper=Reaper(
            deployment=deployment,
            aws=aws,
            records=records,
            history=History(aws, table),
            ledger=DynamoLedger(aws, table=table, environment=environment),
            notifier=notifier,
            incidents=DynamoIncidents(aws, table=table, environment=environment),
            follow_up=LambdaFollowUp(aws, deployment.place),
        ),
        doctor=Doctor(deployment=deployment, settings=settings, aws=aws, records=records, notifier=notifier),
        clock=lambda: datetime.now(UTC),
        log=log,
    )


def logging_to(log: "Logger") -> Log:
    """Return how a failure is logged: where an error is not AWS's it is ours, and the traceback says where."""

    def failed(text: str, error: Exception | None) -> None:
        log.error(redacted(text), exc_info=None if isinstance(error, AwsError) else error)

    return failed


def tick_of(event: object, request: str) -> str:
    """Return the id of a tick: the schedule's event, or a person's request. Raises NoTickError."""
    match parse(event):
        case Scheduled(id=id_):
            return id_
        case Invoked(payload=payload) if not payload:
            return request
        case _:
            raise NoTickError("The sweep is started by its schedule, or by hand without a payload.")


def _say(log: "Logger", report: Report) -> None:
    told = redacted(msgspec.to_builtins(report))
    log.info(f"Offered {len(report.offered)} alarms, held {len(report.held)}.", extra={"sweep": told})


def _count(metrics: Metrics, report: Report, dimensions: dict[str, str]) -> None:
    for name, value in dimensions.items():
        metrics.add_dimension(name=name, value=value)
    for name in _LISTS:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=len(getattr(report, name)))
    metrics.flush_metrics()
