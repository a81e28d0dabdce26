"""Take an incident on: the answer of `remedy ack`. Nobody else is paged for it then; the incident stays open until it is over."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from time import sleep
from typing import TypeVar

from msgspec import Struct

from remediation.adapters.incidents import recovery_of
from remediation.adapters.table import Item
from remediation.core.record import RunRecord
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.identity import called
from remedy.listing import listed
from remedy.saying import answered, say
from remedy.telling import NotDoneError, TroubleError

MOST = 100
"""Incidents that are listed."""


PATIENCE = 15
"""Seconds: a follow-up that was started just now, or pages just now, waits for answers by then."""

R = TypeVar("R")


class NotYetError(TroubleError):
    """Nobody waits for an answer at this moment, and soon somebody will."""


class Incident(Struct, frozen=True, kw_only=True):
    """One incident: what is wrong, since when, whom it paged, and who took it on. `run` is the one that opened it."""

    key: str
    run: str
    runbook: str
    team: str
    about: str
    status: str
    opened_at: datetime
    paged_at: datetime | None
    events: int
    callback: str
    acknowledged_by: str


class Acknowledged(Struct, frozen=True, kw_only=True):
    """That somebody took an incident on."""

    run: str
    incident: str
    because: str
    by: str
    at: datetime


def incident(aws: Aws, environment: Environment, key: str) -> Incident | None:
    """Return an incident by its key. Raises RemedyError."""
    with asking(environment):
        return incident_of(aws.table.read(f"INCIDENT#{sha256(key.encode()).hexdigest()}"))


def incident_of(item: Item) -> Incident | None:
    """Return the incident that an item holds; None where there is none."""
    if not item.attributes:
        return None
    return Incident(
        key=item.text("key"),
        run=item.text("run"),
        runbook=item.text("runbook"),
        team=item.text("team"),
        about=recovery_of(item).about,
        status=item.text("status"),
        opened_at=item.instant("opened_at"),
        paged_at=item.instant("paged_at") if item.number("paged_at") else None,
        events=item.number("events"),
        callback=item.text("callback"),
        acknowledged_by=item.text("acknowledged_by"),
    )


def open_incidents(aws: Aws, environment: Environment) -> list[Incident]:
    """Return the incidents that are not over, the newest first. Raises RemedyError."""
    partition = f"{environment.place.environment}/incidents"
    with asking(environment):
        found = [incident_of(item) for item in listed(aws.clients, environment.names.table, partition, limit=MOST)]
    return [each for each in found if each is not None and each.status != "closed"]


def acknowledge(aws: Aws, environment: Environment, record: RunRecord, *, because: str, now: datetime) -> Acknowledged:
    """Say that this person takes on what a run could not heal. Raises RemedyError.

    Whoever answers a page at once is a few seconds ahead of who follows it up, and waits for them.
    """

    def unanswered() -> Incident:
        return _unanswered(aws, environment, record)

    def answer() -> None:
        if not answered(aws, environment, unanswered().callback):
            raise NotYetError(f"The incident of run {record.run} is being looked at right now. Try again in a minute.")

    found = _patiently(unanswered)
    change = aws.identity.change(f"acknowledged {found.key}, run {record.run}", because, now)
    runs = dict.fromkeys((found.run, record.run))  # the page may have named either
    say(aws, environment, "acknowledge", *runs, change=change)
    _patiently(answer)  # a page that is sent just now has a callback of its own
    return Acknowledged(run=record.run, incident=found.key, because=because, by=aws.identity.arn, at=now)


def _patiently(ask: Callable[[], R]) -> R:
    for _ in range(PATIENCE):
        try:
            return ask()
        except NotYetError:
            sleep(1)
    return ask()


def _unanswered(aws: Aws, environment: Environment, record: RunRecord) -> Incident:
    run, where = record.run, environment.place.environment
    if record.outcome is None:
        raise NotDoneError(
            f"Run {run} has not ended, so there is nothing to take on. See: remedy show {run} --env {where}"
        )
    key = record.outcome.incident
    found = incident(aws, environment, key) if key else None
    if found is None:
        raise NotDoneError(f"Run {run} opened no incident: it ended {record.outcome.status}.")
    if found.status == "closed":
        raise NotDoneError(f"The incident of run {run} is over already.")
    if found.status == "acknowledged":
        who = called(found.acknowledged_by) or "somebody"
        raise NotDoneError(f"{who} has acknowledged the incident of run {run} already.")
    if not found.callback:
        raise NotYetError(f"The incident of run {run} is not being followed up yet. Try again in a minute.")
    return found
