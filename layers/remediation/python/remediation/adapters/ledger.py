"""The ledger on one DynamoDB table: who has which event, who may change which resource, and what became of each run.

The partition key `pk` is the only key. Instants are numbers, in epoch milliseconds; only `expires_at`, the table's TTL
attribute, is in epoch seconds, as DynamoDB wants it. DynamoDB deletes late, so no condition relies on its having done so.

    EVENT#<sha256 of its key>           run, expires_at                                      whose event it is
    RUN#<run>                           core.record.RunRecord; outcome and timeline as JSON; leased: the resource
    RESOURCE#<resource>                 lease_owner, lease_until, cooldown_until, fence, acts, asked    kept for ever
    BUDGET#<environment>                acts                                                 of the last day
    CIRCUIT#<environment>#<runbook>     state, failures, because, opened_at, closed_at, trial, trial_until
    MODE#<environment>[#<runbook>]      mode, until (optional), because (optional)           live switches, set by people
    FREEZE#<environment>                until, because                                       set by people

A live switch only lowers the deployed mode. None, `act`, or one whose `until` is over lets pass; anything else does not,
also what is no mode at all. Every call may be repeated, so an answer that was lost costs nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from remediation.adapters.ledger_items import (
    RUN_KEPT,
    budget_key,
    circuit_key,
    event_key,
    freeze_key,
    kept,
    lost,
    released,
    resource_key,
    told,
)
from remediation.adapters.standing import (
    Values,
    acts_of,
    acts_values,
    circuit_of,
    circuit_values,
    freeze_switch,
    mode_switch,
    resource_of,
    resource_values,
)
from remediation.adapters.table import CONFLICT, TRIES, Item, Refused, Table, milliseconds, seconds
from remediation.core.admission import Lease, Request, Standing, admission, booked, given_back, switched
from remediation.core.circuit import ended
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.limits import Limits
from remediation.core.outcome import Entry
from remediation.core.ports import Closing, Duplicate, Receipt
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

EVENT_KEPT = timedelta(days=7)
"""How long an event is known again: EventBridge and Lambda's queue together deliver for at most 30 hours."""
ROUNDS = 5
"""How often an admission is decided anew where others were faster; each time one of them had its way."""


class DynamoLedger:
    """The ledger of one environment."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._table, self._environment = Table(aws, table), environment

    def receive(self, receipt: Receipt) -> Duplicate | None:
        """Record the run, and that the event is its. An event of another run's leaves a record of this run too."""
        run, now = receipt.run, receipt.now
        optional = {"execution": receipt.execution, "alarm": redact(receipt.alarm)}
        known: dict[str, Any] = {name: value for name, value in optional.items() if value}
        if receipt.transition is not None:
            known["transition"] = milliseconds(receipt.transition)
        record = self._table.update(
            f"RUN#{run}",
            "SET run = :run, runbook = :runbook, environment = :environment, #trigger = :trigger,"
            " started_at = if_not_exists(started_at, :now), expires_at = :expires"
            + "".join(f", {name} = :{name}" for name in known),
            reserved=("trigger",),
            run=run,
            runbook=receipt.runbook,
            environment=self._environment,
            trigger=redact(receipt.trigger),
            now=milliseconds(now),
            expires=seconds(now + RUN_KEPT),
            **known,
        )
        refused = self._table.transact(updates=self._claim(run, receipt.event, now) | {"record": record})
        if refused is None:
            return None
        self._table.write(record)
        return Duplicate(run=refused.found.text("run"))

    def admit(self, request: Request, limits: Limits) -> Lease | Refusal:
        """Read what stands, answer what core/admission.py says of it, and keep that if nothing has changed meanwhile.

        Raises AwsError where it is not known whether it was admitted, so that it is asked again. Should nobody be able to
        ask again, the run's record says what it may have leased, and `close` gives that back.
        """
        for _ in range(ROUNDS):
            answer = self._admit(request, limits)
            if answer is not None:
                return answer
        because = (
            f"Others were writing at the same moment, {ROUNDS} times out of {ROUNDS}, so nothing is known for sure."
        )
        return Refusal(gate="ledger", because=because)

    def _admit(self, request: Request, limits: Limits) -> Lease | Refusal | None:
        environment, runbook, now = self._environment, request.runbook, request.now
        pks = {
            "mode": f"MODE#{environment}",
            "runbook": f"MODE#{environment}#{runbook}",
            "freeze": freeze_key(environment),
            "circuit": circuit_key(environment, runbook),
            "resource": resource_key(request.resource),
            "budget": budget_key(environment),
            **({"event": event_key(request.event)} if request.event else {}),
        }
        found = dict(zip(pks, self._table.read_all(*pks.values()), strict=True))
        switches = (
            mode_switch(environment, found["mode"], now),
            mode_switch(f"{runbook} in {environment}", found["runbook"], now),
            freeze_switch(environment, found["freeze"], now),
        )
        standing = Standing(
            environment=environment,
            owner=found["event"].text("run") if request.event else None,
            switches=tuple(switch for switch in switches if switch is not None),
            circuit=circuit_of(found["circuit"]),
            resource=resource_of(found["resource"]),
            acts=acts_of(found["budget"]),
        )
        decided = admission(request, standing, limits)
        changes = {
            "circuit": circuit_values(decided.circuit) if decided.circuit != standing.circuit else {},
            "resource": resource_values(decided.resource) if decided.resource != standing.resource else {},
        }
        if isinstance(decided.answer, Refusal):
            lost_to = (
                self._table.transact(updates=self._changes(pks, found, changes)) if any(changes.values()) else None
            )
            return decided.answer if lost_to is None else None
        changes["resource"] = resource_values(decided.resource)
        changes["budget"] = acts_values(decided.acts)
        checks = self._switches(runbook, now)
        if request.event:
            checks["event"] = self._table.check(pks["event"], "run = :run", run=request.run)
        if not changes["circuit"]:
            state = found["circuit"].attributes.get("state")
            checks["circuit"] = self._table.unchanged(pks["circuit"], "state", state)
        leased = self._table.update(f"RUN#{request.run}", "SET leased = :resource", resource=request.resource)
        updates = self._changes(pks, found, changes) | {"record": leased}
        return decided.answer if self._table.transact(checks=checks, updates=updates) is None else None

    def _changes(
        self, pks: Mapping[str, str], found: Mapping[str, Item], changes: Mapping[str, Values]
    ) -> dict[str, dict[str, Any]]:
        return {name: self._table.change(pks[name], found[name], values) for name, values in changes.items() if values}

    def switched_off(self, runbook: str, now: datetime) -> Refusal | None:
        """Say which switch people have set so that nothing is done, if one is. Changes nothing."""
        refused = self._table.transact(checks=self._switches(runbook, now))
        return self._switched(refused, now) if refused else None

    def confirm(self, *, run: str, runbook: str, lease: Lease, now: datetime) -> Refusal | None:
        """Say whether the lease still is the run's, by its fence, and the mode still is `act`. Changes nothing."""
        ours = self._table.check(
            resource_key(lease.resource),
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
            return Refusal(gate="lease", because=lost(lease, run, refused.found))
        return self._switched(refused, now)

    def _switched(self, refused: Refused, now: datetime) -> Refusal:
        of, item = refused.guard, refused.found
        switch = freeze_switch(self._environment, item, now) if of == "freeze" else mode_switch(of, item, now)
        assert switch is not None, "it refused"
        return switched(switch)

    def give_back(self, *, run: str, n: int, resource: str) -> None:
        """Take what an act was paid with out of both budgets, if nothing was paid or given back there meanwhile.

        What is not there any more is not taken out again, so a call whose answer was lost may be repeated.
        """
        by, pks = booked(run, n), {"resource": resource_key(resource), "budget": budget_key(self._environment)}
        for _ in range(ROUNDS):
            found = dict(zip(pks, self._table.read_all(*pks.values()), strict=True))
            left = {name: given_back(acts_of(item), by) for name, item in found.items()}
            changes = {name: acts_values(acts) for name, acts in left.items() if acts != acts_of(found[name])}
            if not changes or self._table.transact(updates=self._changes(pks, found, changes)) is None:
                return
        raise _others_were_faster()

    def note(self, *, run: str, timeline: tuple[Entry, ...]) -> None:
        """Keep the timeline so far, unless the run has ended meanwhile or was never recorded."""
        self._table.write(
            self._table.update(
                f"RUN#{run}",
                "SET timeline = :timeline",
                condition="attribute_exists(pk) AND attribute_not_exists(outcome)",
                timeline=told(timeline),
            )
        )

    def close(self, closing: Closing, limits: Limits) -> None:
        """Keep the outcome, give back what the run has leased if it still is the run's, and count its result, once.

        A run that has no lease may have been given one all the same, by an admission whose answer was lost.
        """
        run = closing.outcome.run
        leased = closing.lease.resource if closing.lease else self._table.read(f"RUN#{run}").text("leased")
        try:
            self._finish(closing, leased, limits)
        except AwsError:
            if leased:
                self._table.write(released(self._table, run, leased, closing.cooldown_until))
            raise

    def _finish(self, closing: Closing, leased: str, limits: Limits) -> None:
        outcome = closing.outcome
        pks = {"run": f"RUN#{outcome.run}", "circuit": circuit_key(self._environment, outcome.runbook)}
        pks |= {"resource": resource_key(leased)} if leased else {}
        for _ in range(ROUNDS):
            found = dict(zip(pks, self._table.read_all(*pks.values()), strict=True))
            updates = {}
            if "outcome" not in found["run"].attributes:
                updates["run"] = kept(self._table, self._environment, outcome, closing.timeline)
                circuit = circuit_of(found["circuit"])
                after = ended(circuit, outcome.run, closing.result, limits.breaker, outcome.ended_at)
                if after != circuit:
                    updates |= self._changes(pks, found, {"circuit": circuit_values(after)})
            if leased and found["resource"].text("lease_owner") == outcome.run:
                updates["resource"] = released(self._table, outcome.run, leased, closing.cooldown_until)
            if not updates or self._table.transact(updates=updates) is None:
                return
        raise _others_were_faster()

    def _claim(self, run: str, event: str, now: datetime) -> dict[str, dict[str, Any]]:
        if not event:
            return {}
        claim = self._table.update(
            event_key(event),
            "SET run = :run, expires_at = :expires",
            condition="attribute_not_exists(pk) OR run = :run OR expires_at <= :now",
            run=run,
            expires=seconds(now + EVENT_KEPT),
            now=seconds(now),
        )
        return {"event": claim}

    def _switches(self, runbook: str, now: datetime) -> dict[str, dict[str, Any]]:
        """Return guards that let pass unless people have switched acting off: the modes, and a freeze."""
        environment = self._environment
        over = "(attribute_type(#until, :number) AND #until <= :now)"
        guards = {
            name: self._table.check(
                pk,
                f"attribute_not_exists(pk) OR #mode = :act OR {over}",
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
        guards["freeze"] = self._table.check(
            freeze_key(environment),
            f"attribute_not_exists(pk) OR {over}",
            reserved=("until",),
            number="N",
            now=milliseconds(now),
        )
        return guards


def _others_were_faster() -> AwsError:
    sentence = f"Others were writing at the same moment, {ROUNDS} times out of {ROUNDS}."
    return AwsError(sentence, operation="DynamoDB:TransactWriteItems", code=CONFLICT)
