"""Approve or reject what a run asks for: the answers of `remedy approve` and `remedy reject`.

A person's word is an item under their own AWS user id, which nobody else can write, and it names the hash of the one plan that
they saw. The callback then only tells the run whose word to look up. So it may be said again where the first try broke off in
between. What the engine would refuse (core/approval.py) is refused here already, in the same words as far as they go.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.adapters.switches import record
from remediation.adapters.table import Item
from remediation.core.approval import Wanted
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.identity import Identity
from remedy.listing import listed
from remedy.saying import answered, say
from remedy.telling import NotDoneError, TroubleError
from remedy.times import clock, span

Answer: TypeAlias = Literal["approve", "reject"]
DONE: dict[Answer, str] = {"approve": "approved", "reject": "rejected"}
MOST = 100
"""Approvals that are listed."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a run asks people, and what became of it. `callback` is where to answer."""

    wanted: Wanted
    status: str
    callback: str

    def pending(self, now: datetime) -> bool:
        """Tell whether it can still be answered."""
        return self.status == "pending" and now < self.wanted.expires


class Answered(Struct, frozen=True, kw_only=True):
    """What a person said about a plan."""

    run: str
    says: Answer
    plan: str
    hash: str
    because: str
    by: str
    at: datetime


def asked(aws: Aws, environment: Environment, run: str) -> Asked | None:
    """Return what a run asked last, if it asked anything. Raises RemedyError."""
    with asking(environment):
        return asked_of(aws.table.read(f"APPROVAL#{run}"))


def pending(aws: Aws, environment: Environment, now: datetime) -> list[Asked]:
    """Return what can be answered now, the newest first. Raises RemedyError."""
    partition = f"{environment.place.environment}/approvals"
    with asking(environment):
        found = [asked_of(item) for item in listed(aws.clients, environment.names.table, partition, limit=MOST)]
    return [each for each in found if each is not None and each.pending(now)]


def answerable(aws: Aws, environment: Environment, run: str, says: Answer, *, hash_: str, now: datetime) -> Asked:
    """Return what a run asks, if this person may answer it so; a refusal is recorded. Raises RemedyError."""
    where = environment.place.environment
    found = asked(aws, environment, run)
    if found is None:
        raise NotDoneError(f"Run {run} in {where} asks for no approval. See: remedy show {run} --env {where}")
    why = _unanswerable(found, where, now) or _unapprovable(found.wanted, aws.identity, hash_, says)
    if why:
        raise _refused(aws, environment, found.wanted, says, why=why, now=now)
    return found


def _unanswerable(found: Asked, where: str, now: datetime) -> str:
    """Say why nobody can answer any more; nothing where somebody can."""
    wanted = found.wanted
    if found.status != "pending":
        return f"{wanted.plan} was {found.status} already. See: remedy show {wanted.run} --env {where}"
    if now >= wanted.expires:
        return f"The approval of {wanted.plan} expired at {clock(wanted.expires)}; it is not done."
    return ""


def _unapprovable(wanted: Wanted, who: Identity, hash_: str, says: Answer) -> str:
    """Say why this person may not answer so: to another plan, or yes to what they asked for; nothing where they may."""
    if hash_ and not wanted.hash.startswith(hash_.lower()):
        return f"The plan is another one now: {wanted.plan}, plan {wanted.hash[:12]} and not {hash_}."
    if says == "approve" and wanted.people == 2 and wanted.requested_by == who.user:
        return f"{wanted.plan} needs two people, and you asked for it yourself. Somebody else has to approve."
    return ""


def _refused(
    aws: Aws, environment: Environment, wanted: Wanted, says: Answer, *, why: str, now: datetime
) -> NotDoneError:
    """Record that an answer was refused, and return what to tell."""
    change = aws.identity.change(f"could not {says} run {wanted.run}, plan {wanted.hash[:12]}", why, now)
    try:
        with asking(environment):
            record(aws.table, environment.place.environment, change, user=aws.identity.user, updates={})
    except TroubleError as error:
        return NotDoneError(f"{why} This could not be recorded: {error}")
    return NotDoneError(why)


def decide(aws: Aws, environment: Environment, found: Asked, says: Answer, *, because: str, now: datetime) -> Answered:
    """Write a person's word and wake the run that waits for it. Raises RemedyError."""
    wanted, who = found.wanted, aws.identity
    if now >= wanted.expires:
        why = f"The approval of {wanted.plan} expired while you thought; it is not done."
        raise _refused(aws, environment, wanted, says, why=why, now=now)
    change = who.change(f"{DONE[says]} {wanted.plan}, run {wanted.run}, plan {wanted.hash[:12]}", because, now)
    before = say(aws, environment, says, wanted.run, hash_=wanted.hash, change=change)
    if before not in {None, says}:
        why = f"You have answered this plan already: {before}. Only one answer counts."
        raise _refused(aws, environment, wanted, says, why=why, now=now)
    if not answered(aws, environment, found.callback):
        why = f"{wanted.plan} was answered already, or expired; your answer came too late."
        raise _refused(aws, environment, wanted, says, why=why, now=now)
    return Answered(run=wanted.run, says=says, plan=wanted.plan, hash=wanted.hash, because=because, by=who.arn, at=now)


def asked_of(item: Item) -> Asked | None:
    """Return what an item says was asked; None where there is none. Raises TroubleError where it cannot be read."""
    if not item.attributes:
        return None
    texts = ("run", "runbook", "action", "target", "plan", "hash", "because", "requested_by")
    told = {name: item.text(name) for name in texts}
    people, expires = item.number("people"), item.instant("expires")
    try:
        wanted = msgspec.convert({**told, "people": people, "expires": expires}, Wanted)
    except msgspec.ValidationError as error:
        raise TroubleError(
            f"What run {told['run']} asks cannot be read by this version of remedy ({error})."
        ) from error
    return Asked(wanted=wanted, status=item.text("status"), callback=item.text("callback"))


def left(wanted: Wanted, now: datetime) -> str:
    """Return how long it can be answered."""
    return f"until {clock(wanted.expires)} (another {span(wanted.expires - now)})"
