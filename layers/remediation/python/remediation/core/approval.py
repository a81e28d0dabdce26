"""Ask a person before an act, and judge the answer.

The rule of the domain (HAZARDS.md, G8): an approval is for exactly one plan, once, until it expires, by somebody whom AWS
knows. The plan is its hash: what is done to what, where and by which run. Reasons and evidence may change meanwhile.
"""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.gates import Refusal
from remediation.core.spec import Place
from remediation.core.spoken import Spoken
from remediation.core.steps import Expired, Said
from remediation.core.verdict import Act, Approval, Target

GATE = "approval"
"""Of an approval that was not given: it expired, or it was none."""
REJECTED = "rejection"
"""Of a person who said no."""


ASKED = "asked"
"""Of an approval that is not asked for, because another run asks for it or people have answered lately."""
Decided: TypeAlias = Literal["approved", "refused", "expired", "rejected"]
AGAIN_AFTER: dict[Decided, timedelta] = {
    "approved": timedelta(0),
    "refused": timedelta(0),
    "expired": timedelta(hours=1),
    "rejected": timedelta(hours=24),
}
"""When the same may be asked again, by what became of it: a no holds for a day, and silence for an hour."""


class Wanted(Struct, frozen=True, kw_only=True):
    """An approval that is asked for."""

    run: str
    runbook: str
    action: str
    target: str
    plan: str
    hash: str
    because: str
    people: Literal[1, 2]
    expires: datetime
    requested_by: str = ""
    """The AWS user id of the person who asked for the run; empty where an alarm or a schedule did."""

    @property
    def subject(self) -> str:
        """Return what is asked, whichever run asks."""
        return f"{self.runbook}/{self.action}/{self.target}"


def wanted(
    act: Act[Target], approval: Approval, *, run: str, runbook: str, place: Place, requested_by: str, now: datetime
) -> Wanted:
    """Return what to ask for before an act."""
    return Wanted(
        run=run,
        runbook=runbook,
        action=act.action,
        target=act.target.id,
        plan=f"{act.action} {act.target.id} ({act.resource} in {place.environment})",
        hash=plan_hash(run, runbook, act, place),
        because=" ".join(part for part in (act.because, approval.because) if part),
        people=approval.people,
        expires=now + approval.expires,
        requested_by=requested_by,
    )


def plan_hash(run: str, runbook: str, act: Act[Target], place: Place) -> str:
    """Return the SHA-256 of what exactly would be done, in hexadecimal."""
    plan = {
        "run": run,
        "runbook": runbook,
        "place": msgspec.to_builtins(place),
        "action": act.action,
        "target": msgspec.to_builtins(act.target),
        "resource": act.resource,
        "after_snapshot": act.after_snapshot,
    }
    return sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def speaker(payload: str) -> str:
    """Return whom an answer claims to be from: an AWS user id, or nothing."""
    try:
        claim = msgspec.json.decode(payload, type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    by = claim.get("by")
    return by if isinstance(by, str) else ""


def judge(asked: Wanted, reply: Said | Expired, spoken: Spoken | None, now: datetime) -> Refusal | None:
    """Return why the answer is not a yes to this plan, or nothing if it is one."""
    what = f"The approval of {asked.plan}"
    if isinstance(reply, Expired):
        return _no(f"{what} expired at {asked.expires:%H:%M:%S} UTC: nobody answered.")
    if spoken is None or spoken.about != asked.run:
        return _no(f"{what} was answered by nobody whom AWS knows: there is no record of {speaker(reply.payload)!r}.")
    if spoken.says == "reject":
        why = f": {spoken.because.rstrip('.')}." if spoken.because else "."
        return Refusal(gate=REJECTED, because=f"{spoken.who} rejected {asked.plan}{why}")
    if spoken.says != "approve":
        return _no(f"{what} was answered by {spoken.who} with {spoken.says!r}, which is no approval.")
    if spoken.hash != asked.hash:
        return _no(f"{what} is none: {spoken.who} approved another plan ({spoken.hash[:12] or 'none'}).")
    if asked.people == 2 and spoken.by == asked.requested_by:
        return _no(f"{what} needs two people, and {spoken.who} asked for it as well.")
    if now >= asked.expires or spoken.at >= asked.expires:
        return _no(f"{what} came too late: it expired at {asked.expires:%H:%M:%S} UTC.")
    return None


def changed(approved: str, asked: Wanted) -> Refusal | None:
    """Return why an act is not what was approved before, if it is not."""
    if approved == asked.hash:
        return None
    return _no(f"The plan changed since it was approved: now it is {asked.plan}. It is not done without asking again.")


def nobody_to_ask(because: str) -> Refusal:
    """Say that an approval could not be asked for."""
    return _no(because)


def _no(because: str) -> Refusal:
    return Refusal(gate=GATE, because=because)
