"""Whether a lock's holder is gone for good, and what to do then. Every rule of FACTS.md, section 4, is one paragraph here.

Nothing proves death; so what is young, moves, or shows any sign of life is left alone, and a source that cannot be asked
counts as alive. Without positive evidence of an end a person decides.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from clear_stale_lock.facts import Facts, Held, LockFacts
from clear_stale_lock.settings import Settings
from clear_stale_lock.wording import cleared, commands, evidence, held_by, lasting
from remediation.aws.terraform import PLAN, LockInfo
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict, Wait

CLEAR = "clear-lock"
SKEW = timedelta(minutes=2)
"""A lock from further in the future has a clock that nothing can be concluded from (hazard L9)."""


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Held], ...], now: datetime) -> Verdict[Held]:
    """Clear the first lock that may be cleared; tell of the first that is wrong; else say who holds what."""
    verdicts = [_judge(lock, settings, tried, now) for lock in facts.locks]
    for kind in (Act, Escalate, Wait):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    held = " ".join(verdict.because for verdict in verdicts)
    known = tuple(
        f"{lock.name}, {line}" if len(verdicts) > 1 else line
        for lock, verdict in zip(facts.locks, verdicts, strict=True)
        for line in verdict.evidence
    )
    return Nothing(because=held or "No lock is configured that this is about.", evidence=known)


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
    asking = _why_ask(info, settings, dead)
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
    if lock.mark != lock.first.mark:
        return "its state has changed since, so somebody works with it"
    for sign in lock.signs:
        if sign.says == "alive":
            return sign.about
        if sign.says == "unknown":
            return f"{sign.source} cannot be asked, which counts as alive ({sign.about})"
    return ""


def _why_ask(info: LockInfo, settings: Settings, dead: list[str]) -> str:
    """Say why a person decides; nothing where configuration lets it be cleared by itself."""
    if not info.who.startswith(settings.ci):
        return f"{info.who or 'whoever holds it'} is not CI, so it may be a person at work."
    if info.operation != PLAN:
        return f"It is of {info.operation or 'an unknown operation'}, which may have left things half done."
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
        ),
        resource=f"terraform-lock/{lock.lock_id}",
        because=because,
        settle=timedelta(seconds=1),
        evidence=evidence(lock, now),
        next_steps=commands(lock),
        approval=approval,
    )
