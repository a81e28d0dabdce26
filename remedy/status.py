"""See how an environment stands, at one glance: the answer of `remedy status`.

Everything is read at once, each source by itself: where one cannot be read the others still are, what is missing is `unknown`
with the reason, and the exit status says that something is missing.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from remediation.adapters.history import History
from remediation.adapters.standing import resource_of
from remediation.adapters.switches import Live, LiveFreeze
from remediation.aws.cloudwatch import alarms
from remediation.core.admission import Resource, Spent, since
from remediation.core.errors import AwsError
from remediation.core.freeze import Freeze, frozen
from remediation.core.limits import DAY, HOUR, QUARTER
from remedy.acknowledging import Incident, open_incidents
from remedy.approvals import Asked, pending
from remedy.aws import Aws, in_words
from remedy.environment import Environment
from remedy.listing import read_many
from remedy.switches import Board, ModeRow, modes
from remedy.telling import RemedyError

T = TypeVar("T")

IN_FLIGHT_SINCE = timedelta(days=2)
"""No run is open for longer: its execution has a time-out of hours."""
MOST_RUNS = 2_000
"""Runs that are looked through for those in flight."""


class Left(Struct, frozen=True, kw_only=True):
    """What is left of a budget; `free_at` is when the next act is free where nothing is left."""

    of: str
    used: int
    most: int
    free_at: datetime | None = None

    @property
    def left(self) -> int:
        """Return how many acts are left."""
        return max(0, self.most - self.used)


class Worked(Struct, frozen=True, kw_only=True):
    """A resource that was worked on within the last hour: who has it, until when it rests, and what its budget has left."""

    name: str
    leased_by: str
    rests_until: datetime | None
    budget: Left


class Open(Struct, frozen=True, kw_only=True):
    """A circuit that is open: the runbook does not act."""

    runbook: str
    since: datetime | None
    because: str


class Alarm(Struct, frozen=True, kw_only=True):
    """An alarm in ALARM. `normal`: the configuration says so."""

    name: str
    since: datetime | None
    normal: bool


class Flying(Struct, frozen=True, kw_only=True):
    """A run that has not ended."""

    run: str
    runbook: str
    trigger: str
    started_at: datetime


class Status(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an environment stands. What could not be read is not there, and `unknown` says why."""

    environment: str
    account: str
    region: str
    at: datetime
    modes: tuple[ModeRow, ...] | UnsetType = UNSET
    freeze: LiveFreeze | UnsetType | None = UNSET
    """Set by hand."""
    window: Freeze | None = None
    """Of the configuration's maintenance windows, the one that is on."""
    circuits: tuple[Open, ...] | UnsetType = UNSET
    budgets: tuple[Left, ...] | UnsetType = UNSET
    resources: tuple[Worked, ...] | UnsetType = UNSET
    alarms: tuple[Alarm, ...] | UnsetType = UNSET
    runs: tuple[Flying, ...] | UnsetType = UNSET
    approvals: tuple[Asked, ...] | UnsetType = UNSET
    incidents: tuple[Incident, ...] | UnsetType = UNSET
    unknown: Mapping[str, str] = {}
    """What could not be read, and why."""


def status(aws: Aws, environment: Environment, now: datetime) -> Status:
    """Read everything at once."""
    place = environment.place
    with ThreadPoolExecutor(max_workers=6) as threads:
        live = threads.submit(Board(aws, environment).live)
        alarming = threads.submit(_alarms, aws, environment)
        flying = threads.submit(_flying, aws, environment, now)
        asked = threads.submit(lambda: tuple(pending(aws, environment, now)))
        incidents = threads.submit(lambda: tuple(open_incidents(aws, environment)))
        standing = threads.submit(lambda: modes(live.result(), environment, now))
        freeze = threads.submit(lambda: live.result().freeze(now))
        circuits = threads.submit(lambda: _open(live.result(), environment))
        budgets = threads.submit(lambda: _budgets(live.result().acts(), environment, now))
        worked = threads.submit(lambda: _worked(aws, live.result().acts(), environment, now))
    unknown: dict[str, str] = {}

    def known(name: str, reading: Callable[[], T]) -> T | UnsetType:
        try:
            return reading()
        except (RemedyError, AwsError, ValueError) as error:  # ValueError: a damaged item
            unknown[name] = str(in_words(error, environment) if isinstance(error, AwsError) else error)
            return UNSET

    return Status(
        environment=place.environment,
        account=place.account,
        region=place.region,
        at=now,
        window=frozen(environment.config.maintenance, now),
        modes=known("modes", standing.result),
        freeze=known("freeze", freeze.result),
        circuits=known("circuits", circuits.result),
        budgets=known("budgets", budgets.result),
        resources=known("resources", worked.result),
        alarms=known("alarms", alarming.result),
        runs=known("runs", flying.result),
        approvals=known("approvals", asked.result),
        incidents=known("incidents", incidents.result),
        unknown=unknown,
    )


def _alarms(aws: Aws, environment: Environment) -> tuple[Alarm, ...]:
    watched = environment.config.watched
    found = alarms(aws.clients, prefix=watched.alarm_prefix, state="ALARM")
    rows = [
        Alarm(name=each.name, since=each.transitioned_at, normal=each.name in watched.quiet_alarms)
        for each in found
        if each.state == "ALARM"  # moto forgets the state where a prefix is given
    ]
    return tuple(sorted(rows, key=lambda row: (row.normal, row.name)))


def _flying(aws: Aws, environment: Environment, now: datetime) -> tuple[Flying, ...]:
    history = History(aws.clients, environment.names.table)
    found = history.runs(environment.place.environment, since=now - IN_FLIGHT_SINCE, limit=MOST_RUNS)
    return tuple(
        Flying(run=each.run, runbook=each.runbook, trigger=each.trigger, started_at=each.started_at)
        for each in found
        if each.status is None
    )


def _open(live: Live, environment: Environment) -> tuple[Open, ...]:
    circuits = {runbook: live.circuit(runbook) for runbook in environment.runbooks}
    return tuple(
        Open(runbook=runbook, since=circuit.opened_at, because=circuit.because)
        for runbook, circuit in circuits.items()
        if circuit.open
    )


def _budgets(acts: tuple[Spent, ...], environment: Environment, now: datetime) -> tuple[Left, ...]:
    budgets, where = environment.config.limits.budgets, environment.place.environment
    return (
        _left(f"{where}, 15 minutes", acts, budgets.environment_quarter, QUARTER, now),
        _left(f"{where}, 24 hours", acts, budgets.environment_day, DAY, now),
    )


def _worked(aws: Aws, acts: tuple[Spent, ...], environment: Environment, now: datetime) -> tuple[Worked, ...]:
    """Read the resources of the acts of the last hour, by way of the runs that made them."""
    runs = dict.fromkeys(act.by.partition("/")[0] for act in since(acts, now - HOUR))
    found = read_many(aws.table, [f"RUN#{run}" for run in runs])
    names = sorted({item.text("leased") for item in found} - {""})
    most = environment.config.limits.budgets.resource_hour
    resources = [resource_of(item) for item in read_many(aws.table, [f"RESOURCE#{name}" for name in names])]
    return tuple(_worked_on(name, each, most, now) for name, each in zip(names, resources, strict=True))


def _worked_on(name: str, resource: Resource, most: int, now: datetime) -> Worked:
    rests = resource.cooldown_until
    return Worked(
        name=name,
        leased_by=resource.owner if resource.until is not None and resource.until > now else "",
        rests_until=rests if rests is not None and rests > now else None,
        budget=_left(f"{name}, this hour", resource.acts, most, HOUR, now),
    )


def _left(of: str, acts: tuple[Spent, ...], most: int, window: timedelta, now: datetime) -> Left:
    within = since(acts, now - window)
    full = most and len(within) >= most
    return Left(of=of, used=len(within), most=most, free_at=within[-most].at + window if full else None)
