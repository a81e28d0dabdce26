"""Whether a lock's holder is gone for good, and what to do then. Every rule of FACTS.md, section 4, is one paragraph here.

Nothing proves death; so what is young, moves, or shows any sign of life is left alone, and a source that cannot be asked
counts as alive. Without positive evidence of an end a person decides.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from clear_stale_lock.facts import Facts, Held, LockFacts
from clear_stale_lock.settings import Settings
from clear_stale_lock.wording import cleared, commands, evidence, held_by, lasting
from remediation.aws.terraform import PLAN, LockInfo
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict

CLEAR = "clear-lock"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the ID of a lock is, in every version of Terraform."""
SKEW = timedelta(minutes=2)
"""A lock from further in the future has a clock that nothing can be concluded from (hazard L9)."""


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Held], ...], now: datetime) -> Verdict[Held]:
    """Clear the first lock that may be cleared, without asking before with; tell of all that are wrong; else say who holds what.

    A run clears one lock: what comes of that is looked at, and the others are the next run's.
    """
    begun = tried[0].target.name if tried else ""
    locks = [lock for lock in facts.locks if lock.name == begun] or list(facts.locks)
    verdicts = [_judge(lock, settings, tried, now) for lock in locks]
    acts = [verdict for verdict in verdicts if isinstance(verdict, Act)]
    odd = [verdict for verdict in verdicts if isinstance(verdict, Escalate)]
    if acts:
        first = min(acts, key=lambda act: act.approval is not None)
        return replace(first, evidence=(*first.evidence, *(f"Besides: {each.because}" for each in odd)))
    if odd:
        return _all(odd)
    held = " ".join(verdict.because for verdict in verdicts)
    known = tuple(
        f"{lock.name}, {line}" if len(verdicts) > 1 else line
        for lock, verdict in zip(locks, verdicts, strict=True)
        for line in verdict.evidence
    )
    return Nothing(because=held or "No lock is configured that this is about.", evidence=known)


def _all(odd: list[Escalate]) -> Escalate:
    """Return one for all: another lock that is wrong as well makes it an incident of its own."""
    return Escalate(
        because=" ".join(each.because for each in odd),
        evidence=tuple(line for each in odd for line in each.evidence),
        next_steps=tuple(dict.fromkeys(step for each in odd for step in each.next_steps)),
        about=" ".join(each.about for each in odd),
    )


def _judge(lock: LockFacts, settings: Settings, tried: tuple[Attempt[Held], ...], now: datetime) -> Verdict[Held]:
    if not lock.halves:
        done = [attempt for attempt in tried if attempt.target.name == lock.name and attempt.result != "failed"]
        because = cleared(lock) if done else f"Nobody holds the lock of {lock.name}."
        return Nothing(because=because, evidence=evidence(lock, now))
    return next(_no(lock, now), None) or _known(lock, settings, tried, now)


def _no(lock: LockFacts, now: datetime) -> Iterator[Escalate]:
    """Yield why this is no lock that anybody can judge by the rules: a person has to look."""
    infos = [half.info for half in lock.halves]
    why = ""
    if lock.lock_id.endswith("-md5"):
        why = f"{lock.lock_id} is the digest of a state and never a lock; it must not be deleted"
    elif None in infos:
        why = f"The lock of {lock.name} says nothing that can be read; Terraform itself cannot unlock it"
    elif len({info.id for info in infos if info}) > 1:
        why = f"The lock of {lock.name} has two different IDs in DynamoDB and S3, so it has two holders"
    elif len({(info.who, info.operation) for info in infos if info}) > 1:
        why = f"The lock of {lock.name} says different things in DynamoDB and S3 of who holds it and for what"
    elif any(info.created is not None and info.created - now > SKEW for info in infos if info):
        why = f"The lock of {lock.name} was created in the future; whoever's clock is wrong, no age follows from it"
    if why:
        yield Escalate(because=f"{why}.", evidence=evidence(lock, now), next_steps=commands(lock), about=lock.name)


def _known(lock: LockFacts, settings: Settings, tried: tuple[Attempt[Held], ...], now: datetime) -> Verdict[Held]:
    info = next(half.info for half in lock.halves if half.info)
    holder = held_by(lock, info)
    if any(attempt.target.id == info.id and attempt.result == "failed" for attempt in tried):
        return Escalate(
            because=f"Clearing the lock of {lock.name} failed.",
            evidence=evidence(lock, now),
            next_steps=commands(lock),
            about=lock.name,
        )
    if lock.object and not lock.item and lock.cleared == lock.object.etag:
        because = f"Half of the lock of {lock.name} was cleared before ({info.id}); the other half keeps it locked."
        return _clear(lock, info, because, now)
    if left := _left_alone(lock, settings, now):
        return Nothing(because=f"{holder}: {left}.", evidence=evidence(lock, now))
    dead = [sign.about for sign in lock.signs if sign.says == "dead"]
    asking = _why_ask(lock, info, settings, dead)
    because = f"{holder}, and seems left over: {'; '.join(dead) or 'nothing shows that its holder is alive'}."
    return _clear(lock, info, because, now, Approval(because=asking) if asking else None)


def _left_alone(lock: LockFacts, settings: Settings, now: datetime) -> str:
    """Say why a lock is not stale; nothing if it may be."""
    age = lock.held_for(now)
    if lock.first is None or age is None:
        return "since when is not known"
    if age < settings.stale_after:
        return f"seen for {lasting(age)}, and at least {lasting(settings.stale_after)} make it stale"
    if now - lock.first.at < settings.moved_within:
        return "it was seen for the first time just now"
    if (still := now - lock.first.moved_at) < settings.stale_after:
        return f"its state changed {lasting(still)} ago, so somebody works with it"
    for sign in lock.signs:
        if sign.says == "alive":
            return sign.about
        if sign.says == "unknown":
            return f"{sign.source} cannot be asked, which counts as alive ({sign.about})"
    return ""


def _why_ask(lock: LockFacts, info: LockInfo, settings: Settings, dead: list[str]) -> str:
    """Say why a person decides; nothing where configuration lets it be cleared by itself."""
    if not info.who.startswith(settings.ci):
        return f"{info.who or 'whoever holds it'} is not CI, so it may be a person at work."
    if info.operation != PLAN:
        return f"It is of {info.operation or 'an unknown operation'}, which may have left things half done."
    if info.path != lock.lock_id or not UUID.fullmatch(info.id):
        return f"Terraform would not have written it like this: its ID is {info.id!r} and its path {info.path!r}."
    if not dead:
        return "Nothing proves that its holder has ended."
    if not settings.automatic_plan:
        return "This environment clears no lock without asking (setting `automatic_plan`)."
    return ""


def _clear(lock: LockFacts, info: LockInfo, because: str, now: datetime, approval: Approval | None = None) -> Act[Held]:
    return Act(
        action=CLEAR,
        target=Held(
            id=info.id,
            name=lock.name,
            lock_id=lock.lock_id,
            info=lock.item.raw if lock.item else "",
            etag=lock.object.etag if lock.object else "",
            content=lock.object.raw if lock.object else "",
        ),
        resource=f"terraform-lock/{lock.lock_id}",
        because=because,
        settle=timedelta(seconds=1),
        evidence=evidence(lock, now),
        next_steps=commands(lock),
        approval=approval,
    )
