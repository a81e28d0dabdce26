"""What people are told about locks: who holds one, what is known, and what to type."""

import re
from datetime import datetime, timedelta

from clear_stale_lock.facts import Life, LockFacts
from remediation.aws.terraform import LockInfo

SAYS: dict[Life, str] = {"alive": "alive", "dead": "ended", "silent": "no sign", "unknown": "cannot be asked"}
PLAN_FIRST = "terraform plan   # before anything is applied: an interrupted apply may have left things half done"


def lasting(span: timedelta) -> str:
    """Return whole minutes, or seconds where it is less than one."""
    seconds = int(span.total_seconds())
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def held_by(lock: LockFacts, info: LockInfo) -> str:
    """Say who holds it, for what, and since when by what."""
    since = f", seen since {lock.first.at:%Y-%m-%d %H:%M:%S} UTC" if lock.first else ""
    where = " and ".join(name for name, half in (("DynamoDB", lock.item), ("S3", lock.object)) if half)
    what = info.operation.removeprefix("OperationType").lower() or "something unknown"
    return f"{info.who or 'Somebody'} holds the lock of {lock.name} in {where} for {what} ({info.id}{since})"


def cleared(lock: LockFacts) -> str:
    """Say that it is free again, and what the state looks like."""
    warning = f" {lock.mismatch} It was not repaired." if lock.mismatch else ""
    return f"The lock of {lock.name} is free: plan before you apply.{warning}"


def evidence(lock: LockFacts, now: datetime) -> tuple[str, ...]:
    """Return what is known of a lock, a line each that begins with who says so (`remedy locks` makes columns of that)."""
    lines = []
    for name, half in (("DynamoDB", lock.item), ("S3", lock.object)):
        if half is None:
            continue
        info = half.info
        if info is None:
            lines.append(f"{name}: cannot be read ({len(half.raw)} characters)")
            continue
        created = f"{info.created:%Y-%m-%d %H:%M:%S} UTC by its holder's clock" if info.created else "when is unknown"
        lines.append(f"{name}: {info.id}, {info.operation or 'no operation'}, {info.who or 'nobody named'}, {created}")
        if info.path and info.path not in lock.lock_id:
            lines.append(f"{name}: it names the path {info.path}, not {lock.lock_id}")
    age = lock.held_for(now) if lock.halves else None
    if lock.first and age is not None:
        lines.append(f"Age: {lasting(age)} for sure, seen since {lock.first.at:%Y-%m-%d %H:%M:%S} UTC")
        moved = lock.first.moved_at > lock.first.at
        lines.append(
            f"State: {f'changed {lasting(now - lock.first.moved_at)} ago' if moved else 'has not changed since then'}"
        )
    lines += [f"{sign.source}: {SAYS[sign.says]}, {sign.about}" for sign in lock.signs]
    return (*lines, *([lock.mismatch] if lock.mismatch else ()))


def commands(lock: LockFacts) -> tuple[str, ...]:
    """Return what a person does next."""
    ids = [half.info.id for half in lock.halves if half.info and re.fullmatch(r"[0-9a-fA-F-]{1,64}", half.info.id)]
    unlock = (f"terraform force-unlock {ids[0]}   # only if you know that its holder is gone",) if ids else ()
    return ("remedy locks", *unlock, PLAN_FIRST)
