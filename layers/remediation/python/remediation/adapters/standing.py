"""What the ledger's items say, as core/admission.py wants it, and what it answers, as items keep it."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from remediation.adapters.table import Item, milliseconds
from remediation.core.admission import Asked, Resource, Spent, Switch
from remediation.core.circuit import Circuit
from remediation.core.redact import redact

Values = Mapping[str, str | int | None]
"""Attributes to keep; None is to have none."""


def mode_switch(of: str, item: Item, now: datetime) -> Switch | None:
    """Return a live mode that lowers the deployed one; none where there is no item, it says `act`, or it is over."""
    if not item.attributes or item.text("mode") == "act" or _over(item, now):
        return None
    return _switch(of, item, item.text("mode"))


def freeze_switch(of: str, item: Item, now: datetime) -> Switch | None:
    """Return a freeze that somebody set by hand and that is not over; one without a readable end holds."""
    return None if not item.attributes or _over(item, now) else _switch(of, item, "freeze")


def circuit_of(item: Item) -> Circuit:
    """Return a circuit; what is neither open nor closed counts as open."""
    state = item.text("state")
    return Circuit(
        open=bool(item.attributes) and state != "closed",
        failures=item.number("failures"),
        because=redact(item.text("because")) or ("" if state in {"", "open", "closed"} else f"its state is {state!r}"),
        opened_at=_instant(item, "opened_at"),
        closed_at=_instant(item, "closed_at"),
        trial=item.text("trial"),
        trial_until=_instant(item, "trial_until"),
    )


def circuit_values(circuit: Circuit) -> Values:
    """Return a circuit's attributes."""
    return {
        "state": "open" if circuit.open else "closed",
        "failures": circuit.failures,
        "because": redact(circuit.because) or None,
        "opened_at": _milliseconds(circuit.opened_at),
        "closed_at": _milliseconds(circuit.closed_at),
        "trial": circuit.trial or None,
        "trial_until": _milliseconds(circuit.trial_until),
    }


def resource_of(item: Item) -> Resource:
    """Return a resource."""
    return Resource(
        owner=item.text("lease_owner"),
        until=_instant(item, "lease_until"),
        cooldown_until=_instant(item, "cooldown_until"),
        fence=item.number("fence"),
        acts=acts_of(item),
        asked=tuple(Asked(alarm=alarm, at=at) for at, alarm in _pairs(item.text("asked"))),
    )


def resource_values(resource: Resource) -> Values:
    """Return a resource's attributes."""
    return {
        "lease_owner": resource.owner or None,
        "lease_until": _milliseconds(resource.until),
        "cooldown_until": _milliseconds(resource.cooldown_until),
        "fence": resource.fence,
        "acts": _acts(resource.acts),
        "asked": _written((each.at, each.alarm) for each in resource.asked),
    }


def acts_of(item: Item) -> tuple[Spent, ...]:
    """Return the acts that a budget was spent on."""
    return tuple(Spent(at=at, by=by) for at, by in _pairs(item.text("acts")))


def acts_values(acts: tuple[Spent, ...]) -> Values:
    """Return a budget's attributes."""
    return {"acts": _acts(acts)}


def _acts(acts: tuple[Spent, ...]) -> str | None:
    return _written((each.at, each.by) for each in acts)


def _written(pairs: Iterable[tuple[datetime, str]]) -> str | None:
    listed = [[milliseconds(at), text] for at, text in pairs]
    return json.dumps(listed, separators=(",", ":")) if listed else None


def _pairs(text: str) -> list[tuple[datetime, str]]:
    return [(datetime.fromtimestamp(at / 1000, UTC), str(what)) for at, what in json.loads(text or "[]")]


def _switch(of: str, item: Item, says: str) -> Switch:
    because, by = redact(item.text("because")), item.text("by")
    return Switch(of=of, says=says, until=_instant(item, "until"), because=because, by=by)


def _over(item: Item, now: datetime) -> bool:
    return "N" in item.attributes.get("until", {}) and item.instant("until") <= now


def _instant(item: Item, name: str) -> datetime | None:
    return item.instant(name) if item.number(name) else None


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)
