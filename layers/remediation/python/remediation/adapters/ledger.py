"""The ledger on one DynamoDB table: who has which event, who may change which resource, and what became of each run.

The partition key `pk` is the only key. Instants are numbers, in epoch milliseconds; only `expires_at`, the table's TTL
attribute, is in epoch seconds, as DynamoDB wants it. DynamoDB deletes late, so no condition relies on its having done so.

    EVENT#<sha256 of its key>           run, expires_at                                      whose event it is
    RUN#<run>                           core.record.RunRecord; outcome and timeline as JSON; leased: the resource
    RESOURCE#<resource>                 lease_owner, lease_until, cooldown_until, fence      kept for ever: fences grow
    MODE#<environment>[#<runbook>]      mode, until (optional), because (optional)           live switches, set by people

A live switch only lowers the deployed mode. None, `act`, or one whose `until` is over lets pass; anything else does not,
also what is no mode at all. Every call may be repeated, so an answer that was lost costs nothing.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from remediation.adapters.table import CONFLICT, TRIES, Item, Refused, Table, milliseconds, seconds
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.outcome import Entry, Outcome
from remediation.core.ports import Duplicate, Lease
from remediation.core.record import bounded_outcome, bounded_timeline
from remediation.core.redact import redact, redacted

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

EVENT_KEPT = timedelta(days=7)
"""How long an event is known again: EventBridge and Lambda's queue together deliver for at most 30 hours."""
RUN_KEPT = timedelta(days=400)


class DynamoLedger:
    """The ledger of one environment."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._table, self._environment = Table(aws, table), environment

    def receive(self, *, run: str, event: str, runbook: str, trigger: str, now: datetime) -> Duplicate | None:
        """Record the run, and that the event is its. An event of another run's leaves a record of this run too."""
        record = self._table.update(
            f"RUN#{run}",
            "SET run = :run, runbook = :runbook, environment = :environment, #trigger = :trigger,"
            " started_at = if_not_exists(started_at, :now), expires_at = :expires",
            reserved=("trigger",),
            run=run,
            runbook=runbook,
            environment=self._environment,
            trigger=redact(trigger),
            now=milliseconds(now),
            expires=seconds(now + RUN_KEPT),
        )
        refused = self._table.transact(updates=self._claim(run, event, now) | {"record": record})
        if refused is None:
            return None
        self._table.write(record)
        return Duplicate(run=refused.found.text("run"))

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
        """Lease the resource in one transaction; asked again by the run that has it, answer the same lease.

        Raises AwsError where it is not known whether it was leased, so that it is asked again. Should nobody be able to
        ask again, the run's record says what it may have leased, and `close` gives that back.
        """
        checks = self._switches(runbook, now)
        if event:
            checks["event"] = self._table.check(_event(event), "run = :run", run=run)
        lease = self._table.update(
            _resource(resource),
            "SET lease_owner = :run, lease_until = :until, cooldown_until = :cooldown ADD fence :one",
            condition="(attribute_not_exists(lease_until) OR lease_until <= :now)"
            " AND (attribute_not_exists(cooldown_until) OR cooldown_until <= :now)",
            run=run,
            until=milliseconds(until),
            cooldown=milliseconds(cooldown_until),
            one=1,
            now=milliseconds(now),
        )
        leased = self._table.update(f"RUN#{run}", "SET leased = :resource", resource=resource)
        refused = self._table.transact(checks=checks, updates={"resource": lease, "record": leased})
        if refused is None:  # a transaction does not answer which fence it gave out
            refused = Refused("resource", self._table.read(_resource(resource)))
        if refused.guard != "resource":
            return _refusal(refused)
        found = refused.found
        if found.number("lease_until") <= milliseconds(now):
            until_then = _until(found, "cooldown_until", now)
            because = f"{resource} was worked on lately and is left alone until {until_then}."
            return Refusal(gate="cooldown", because=because)
        if found.text("lease_owner") != run:
            until_then = _until(found, "lease_until", now)
            because = f"Run {found.text('lease_owner')} works on {resource} until {until_then}."
            return Refusal(gate="lease", because=because)
        return Lease(resource=resource, fence=found.number("fence"), until=found.instant("lease_until"))

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is the run's, by its fence, and the mode still is `act`. Changes nothing."""
        ours = self._table.check(
            _resource(lease.resource),
            "lease_owner = :run AND fence = :fence AND lease_until > :now",
            run=run,
            fence=lease.fence,
            now=milliseconds(now),
        )
        try:
            refused = self._table.transact(checks=self._switches(runbook, now) | {"resource": ours})
        except AwsError as error:
            if error.code != CONFLICT:
                raise
            because = (
                f"Others were writing at the same moment, {TRIES} times out of {TRIES}, so whether the lease on"
                f" {lease.resource} and the mode still hold is not known."
            )
            return Refusal(gate="ledger", because=because)
        if refused is None:
            return None
        if refused.guard == "resource":
            return Refusal(gate="lease", because=_lost(lease, run, refused.found))
        return _refusal(refused)

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far, unless the run has ended meanwhile or was never recorded."""
        self._table.write(
            self._table.update(
                f"RUN#{run}",
                "SET timeline = :timeline",
                condition="attribute_exists(pk) AND attribute_not_exists(outcome)",
                timeline=_json(timeline),
            )
        )

    def close(
        self, *, outcome: Outcome, timeline: tuple[Entry, ...], lease: Lease | None, cooldown_until: datetime
    ) -> None:
        """Keep the outcome; give back what the run has leased, and start the cooldown, if it still is the run's.

        A run that has no lease may have been given one all the same, by an admission whose answer was lost.
        """
        try:
            self._keep(outcome, timeline)
        finally:
            resource = lease.resource if lease else self._table.read(f"RUN#{outcome.run}").text("leased")
            if resource:
                self._release(outcome.run, resource, cooldown_until)

    def _claim(self, run: str, event: str, now: datetime) -> dict[str, dict[str, Any]]:
        if not event:
            return {}
        claim = self._table.update(
            _event(event),
            "SET run = :run, expires_at = :expires",
            condition="attribute_not_exists(pk) OR run = :run OR expires_at <= :now",
            run=run,
            expires=seconds(now + EVENT_KEPT),
            now=seconds(now),
        )
        return {"event": claim}

    def _switches(self, runbook: str, now: datetime) -> dict[str, dict[str, Any]]:
        environment = self._environment
        return {
            name: self._table.check(
                pk,
                "attribute_not_exists(pk) OR #mode = :act OR (attribute_type(#until, :number) AND #until <= :now)",
                reserved=("mode", "until"),
                act="act",
                number="N",
                now=milliseconds(now),
            )
            for name, pk in (
                (environment, f"MODE#{environment}"),
                (f"{runbook} in {environment}", f"MODE#{environment}#{runbook}"),
            )
        }

    def _keep(self, outcome: Outcome, timeline: tuple[Entry, ...]) -> None:
        told = bounded_outcome(msgspec.convert(redacted(msgspec.to_builtins(outcome)), Outcome))
        self._table.write(
            self._table.update(
                f"RUN#{outcome.run}",
                "SET run = :run, runbook = :runbook, environment = :environment, #trigger = :trigger,"
                " started_at = if_not_exists(started_at, :started), ended_at = :ended, #status = :status,"
                " because = :because, outcome = :outcome, timeline = :timeline, expires_at = :expires",
                reserved=("trigger", "status"),
                run=outcome.run,
                runbook=told.runbook,
                environment=self._environment,
                trigger=told.trigger,
                started=milliseconds(outcome.started_at),
                ended=milliseconds(outcome.ended_at),
                status=told.status,
                because=told.because,
                outcome=told.json(),
                timeline=_json(timeline),
                expires=seconds(outcome.ended_at + RUN_KEPT),
            )
        )

    def _release(self, run: str, resource: str, cooldown_until: datetime) -> None:
        self._table.write(
            self._table.update(
                _resource(resource),
                "SET cooldown_until = :until REMOVE lease_owner, lease_until",
                condition="lease_owner = :run",
                until=milliseconds(cooldown_until),
                run=run,
            )
        )


def _event(key: str) -> str:
    return f"EVENT#{sha256(key.encode()).hexdigest()}"


def _resource(name: str) -> str:
    return f"RESOURCE#{name}"


def _json(timeline: tuple[Entry, ...]) -> str:
    told = msgspec.convert(redacted(msgspec.to_builtins(timeline)), tuple[Entry, ...])
    return msgspec.json.encode(bounded_timeline(told)).decode()


def _refusal(refused: Refused) -> Refusal:
    match refused.guard:
        case "event":
            owner = refused.found.text("run") or "unknown"
            return Refusal(gate="duplicate", because=f"Run {owner} has this event; it may act on it, this run may not.")
        case switch:
            return Refusal(gate="mode", because=_switched(switch, refused.found))


def _switched(switch: str, found: Item) -> str:
    says = f"The live switch of {switch} says {found.text('mode') or 'nothing readable'!r}"
    if found.number("until"):
        says += f" until {found.instant('until'):%Y-%m-%d %H:%M:%S} UTC"
    because = redact(found.text("because")).rstrip(".")
    return f"{says}: {because}." if because else f"{says}."


def _lost(lease: Lease, run: str, found: Item) -> str:
    owner, fence = found.text("lease_owner"), found.number("fence")
    if (owner, fence) == (run, lease.fence):
        return f"The lease on {lease.resource} ended at {lease.until:%H:%M:%S} UTC."
    taken = f"run {owner} has it" if owner else "it was given back"
    return f"The lease on {lease.resource} is lost: {taken}, and the fence is {fence} instead of {lease.fence}."


def _until(found: Item, name: str, now: datetime) -> str:
    until = found.instant(name)
    return f"{until:%H:%M:%S} UTC (another {ceil((until - now).total_seconds())} s)"
