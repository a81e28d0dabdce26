"""Look at the configured locks, and ask whether their holders live."""

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from clear_stale_lock import stores
from clear_stale_lock.facts import Facts, Held, LockFacts, Sighting
from clear_stale_lock.life import signs
from clear_stale_lock.settings import Incident, Settings
from remediation.aws import terraform
from remediation.aws.terraform import State

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Read the lock of every state, or of the one that the incident names; whom it concerns is asked only if it is held."""
    named = [state for state in settings.states if incident.lock in {"", state.name}]
    locks = [_lock(aws, settings, state, by_id=not named) for state in named or settings.states]
    if not named:
        locks = [lock for lock in locks if incident.lock in _ids(lock)]
    return Facts(locks=tuple(locks))


def _lock(aws: "Clients", settings: Settings, state: State, *, by_id: bool) -> LockFacts:
    """Read one state's lock. Where it is asked for by its ID, a free one has to know which it was."""
    item = terraform.item(aws, state) if state.table else None
    object_ = terraform.lock_object(aws, state) if state.lockfile else None
    kept = stores.state_object(aws, state)
    expected = stores.digest(aws, state) if state.table else ""
    facts = LockFacts(
        name=state.name,
        lock_id=state.lock_id,
        item=item,
        object=object_,
        mark=stores.mark(kept, expected),
        mismatch=stores.mismatch(kept, expected, kms=state.kms),
    )
    info = next((half.info for half in facts.halves if half.info), None)
    before = _cleared(aws.sightings.kept(f"lock/{state.lock_id}")) if info or by_id else None
    if info is None:
        return replace(facts, cleared_id=before.id if before else "")
    seen = aws.sightings.see(f"lock/{state.lock_id}", info.id, facts.mark)
    return LockFacts(
        name=facts.name,
        lock_id=facts.lock_id,
        item=item,
        object=object_,
        mark=facts.mark,
        mismatch=facts.mismatch,
        first=Sighting(at=seen.at, moved_at=seen.moved_at),
        cleared=before.etag if before and before.info else "",
        cleared_id=before.id if before else "",
        signs=signs(aws, settings, info, seen.now),
    )


def _ids(lock: LockFacts) -> set[str]:
    """Return the IDs by which a lock is asked for: those that hold it, and else the one that was cleared last."""
    held = {half.info.id for half in lock.halves if half.info}
    return held if lock.halves else {lock.cleared_id}


def _cleared(kept: str) -> Held | None:
    """Return what was to be removed when this lock was cleared last; nothing where the copy cannot be understood."""
    try:
        return msgspec.json.decode(kept, type=Held) if kept else None
    except msgspec.MsgspecError:
        return None
