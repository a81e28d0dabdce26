"""Look at the configured locks by their names, and only if an apply holds one for too long at what is around it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from explain_slow_deploy.around import around
from explain_slow_deploy.facts import Deploy, Facts
from explain_slow_deploy.settings import Incident, Settings
from remediation.aws import terraform
from remediation.aws.terraform import APPLY, Half, State

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Read the lock of every state, or of the one that the incident names."""
    deploys: list[Deploy] = []
    unreadable: list[str] = []
    now: datetime | None = None
    for state in settings.states:
        if incident.deploy not in {"", state.name}:
            continue
        halves = _halves(aws, state)
        info = next((half.info for half in halves if half.info), None)
        if halves and info is None:
            unreadable.append(state.name)
        if info is None or info.operation != APPLY:
            continue
        # A subject of its own: clear-stale-lock keeps under its own what the state looked like.
        seen = aws.sightings.see(f"deploy/{state.lock_id}", info.id, "")
        now = seen.now
        held_for = _held_for(halves, seen.at, now)
        deploys.append(Deploy(name=state.name, id=info.id, who=info.who, held_for=held_for))
    slow = [deploy.held_for for deploy in deploys if settings.usual <= deploy.held_for < settings.left_over_after]
    return Facts(
        environment=aws.place.environment,
        deploys=tuple(deploys),
        unreadable=tuple(unreadable),
        around=around(aws, settings, now - max(slow), now) if slow and now else None,
    )


def _halves(aws: "Clients", state: State) -> tuple[Half, ...]:
    item = terraform.item(aws, state) if state.table else None
    object_ = terraform.lock_object(aws, state) if state.lockfile else None
    return tuple(half for half in (item, object_) if half is not None)


def _held_for(halves: tuple[Half, ...], first: datetime, now: datetime) -> timedelta:
    """Return how long it is held for sure: by S3's clock and by ours, whichever is less; never by the holder's."""
    instants = (first, *(half.modified_at for half in halves if half.modified_at))
    return max(timedelta(0), now - max(instants))
