"""The live switches of an environment, as people see and set them, and the record of who changed what.

    MODE#<environment>[#<runbook>]      mode, until (optional), because, by, at
    FREEZE#<environment>                until, because, by, at
    CIRCUIT#<environment>#<runbook>     adapters/standing.py; by: who closed it
    AUDIT#<environment>#<at>#<user id>  what, because, by, at; `environment` = <environment>/audit and `started_at`, so that
                                        the index lists it

The rule of the domain: a switch is changed from exactly what was seen, and together with its record, or not at all. So of two
people who change it at once the second one learns of it, and there is no change without a name.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from remediation.adapters.standing import Values, acts_of, circuit_of, circuit_values, freeze_switch, mode_switch
from remediation.adapters.table import Item, Table, milliseconds
from remediation.core.admission import Spent
from remediation.core.circuit import Circuit
from remediation.core.redact import redact
from remediation.core.spec import MODES, Mode, lowest

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

AT_ONCE = 25
"""Items that are read at one moment: every DynamoDB there is takes so many in a transaction."""
TICKS = 10
"""Records that one person may make within as many milliseconds."""


class LiveMode(Struct, frozen=True, kw_only=True):
    """A mode that somebody set, and that lowers the deployed one. What is no mode counts as `off`."""

    mode: Mode
    until: datetime | None
    because: str
    by: str
    at: datetime | None


class LiveFreeze(Struct, frozen=True, kw_only=True):
    """A freeze that somebody set. Without a readable end it holds until it is ended."""

    until: datetime | None
    because: str
    by: str
    at: datetime | None


class Change(Struct, frozen=True, kw_only=True):
    """Who changed what, when and why. `by` is the ARN of the person."""

    what: str
    by: str
    because: str
    at: datetime


class Live(Struct, frozen=True, kw_only=True):
    """The switches as they were at one moment."""

    environment: str
    items: Mapping[str, Item]
    """By key."""

    def mode(self, runbook: str, now: datetime) -> LiveMode | None:
        """Return what lowers a runbook's mode, or the environment's if none is named; None where nothing does."""
        item = self.items[mode_key(self.environment, runbook)]
        switch = mode_switch(self.environment, item, now)
        if switch is None:
            return None
        mode: Mode = next((known for known in MODES if known == switch.says), "off")
        return LiveMode(mode=mode, until=switch.until, because=switch.because, by=item.text("by"), at=_at(item))

    def in_effect(self, runbook: str, deployed: Mode, now: datetime) -> Mode:
        """Return the mode that a runbook has (or the environment, if none is named): the lowest of all."""
        live = (self.mode("", now), self.mode(runbook, now))
        return lowest(deployed, *(each.mode for each in live if each is not None))

    def freeze(self, now: datetime) -> LiveFreeze | None:
        """Return the freeze that is on, if one is."""
        item = self.items[freeze_key(self.environment)]
        switch = freeze_switch(self.environment, item, now)
        if switch is None:
            return None
        return LiveFreeze(until=switch.until, because=switch.because, by=item.text("by"), at=_at(item))

    def circuit(self, runbook: str) -> Circuit:
        """Return a runbook's circuit."""
        return circuit_of(self.items[circuit_key(self.environment, runbook)])

    def acts(self) -> tuple[Spent, ...]:
        """Return the acts in the environment, of the last day at least."""
        return acts_of(self.items[budget_key(self.environment)])


class Switches:
    """The switches of one environment. Setters answer False where somebody was quicker: look again."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._table, self._environment = Table(aws, table), environment

    def read(self, runbooks: Iterable[str]) -> Live:
        """Return the switches of the environment and of these runbooks, as they are now."""
        where = self._environment
        keys = [freeze_key(where), budget_key(where), mode_key(where, "")]
        for runbook in runbooks:
            keys += [mode_key(where, runbook), circuit_key(where, runbook)]
        items: dict[str, Item] = {}
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            items |= zip(some, self._table.read_all(*some), strict=True)
        return Live(environment=where, items=items)

    def set_mode(
        self, live: Live, runbook: str, mode: Mode, until: datetime | None, change: Change, *, user: str
    ) -> bool:
        """Set the live mode of a runbook, or of the environment if none is named."""
        end = None if until is None else milliseconds(until)
        values = {"mode": mode, "until": end, **_told(change)}
        return self._set(live, mode_key(self._environment, runbook), values, change, user)

    def set_freeze(self, live: Live, until: datetime, change: Change, *, user: str) -> bool:
        """Freeze the environment until then; an end that has come ends a freeze."""
        values = {"until": milliseconds(until), **_told(change)}
        return self._set(live, freeze_key(self._environment), values, change, user)

    def close_circuit(self, live: Live, runbook: str, change: Change, *, user: str) -> bool:
        """Close a circuit, as if nothing had failed before."""
        values = {**circuit_values(Circuit(closed_at=change.at)), "by": change.by}
        return self._set(live, circuit_key(self._environment, runbook), values, change, user)

    def _set(self, live: Live, key: str, values: Values, change: Change, user: str) -> bool:
        return record(
            self._table,
            self._environment,
            change,
            user=user,
            updates={"switch": self._table.change(key, live.items[key], values)},
        )


def record(table: Table, environment: str, change: Change, *, user: str, updates: Mapping[str, dict[str, Any]]) -> bool:
    """Make some updates together with the record of who made them; answer False where one of them was refused.

    `user` is the AWS user id: its owner only may write a record under it (stacks/operators.py).
    """
    at = milliseconds(change.at)
    for tick in range(at, at + TICKS):
        audit = table.update(
            f"AUDIT#{environment}#{tick}#{user}",
            "SET what = :what, #by = :by, because = :because, #at = :at, #environment = :environment, started_at = :at",
            condition="attribute_not_exists(pk)",
            reserved=("by", "at", "environment"),
            what=redact(change.what),
            by=change.by,
            because=redact(change.because),
            at=at,
            environment=f"{environment}/audit",
        )
        refused = table.transact(updates={**updates, "audit": audit})
        if refused is None or refused.guard != "audit":
            return refused is None
    return False


def change_of(item: Item) -> Change:
    """Return a record of who changed what."""
    return Change(what=item.text("what"), by=item.text("by"), because=item.text("because"), at=item.instant("at"))


def mode_key(environment: str, runbook: str) -> str:
    """Return the key of a runbook's live mode, or the environment's if none is named."""
    return f"MODE#{environment}#{runbook}" if runbook else f"MODE#{environment}"


def freeze_key(environment: str) -> str:
    """Return the key of an environment's freeze."""
    return f"FREEZE#{environment}"


def circuit_key(environment: str, runbook: str) -> str:
    """Return the key of a runbook's circuit."""
    return f"CIRCUIT#{environment}#{runbook}"


def budget_key(environment: str) -> str:
    """Return the key of an environment's budget."""
    return f"BUDGET#{environment}"


def _told(change: Change) -> dict[str, str | int]:
    return {"because": redact(change.because), "by": change.by, "at": milliseconds(change.at)}


def _at(item: Item) -> datetime | None:
    return item.instant("at") if item.number("at") else None
