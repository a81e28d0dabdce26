"""What is to be done about a MongoDB that cannot be reached, read top to bottom; the first paragraph that is about it holds. Pure.

The rules are those of HAZARDS 1.6. "Cannot connect" may be Atlas' own trouble, a password, or our address; only the last is for
this runbook to change, and only with a person's yes, for hours, one address of our own at a time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Tell, Verdict, Wait
from restore_database_access.access import lasting_until, listed, missing, open_to_all
from restore_database_access.advice import UNHEARD
from restore_database_access.busy import in_words, longest
from restore_database_access.facts import Facts, Line
from restore_database_access.logged import LATELY, MANY
from restore_database_access.settings import Settings
from restore_database_access.wording import (
    clock,
    evidence,
    expiries,
    finding,
    next_steps,
    permanent,
    seen,
    what_fails,
)

LET_IN = "let-in"
HOURS = 4
"""So long an address is let in; Atlas itself takes the line away then."""
MINUTE = timedelta(minutes=1)
CALMS_BY = timedelta(minutes=5)
"""So long the application may log errors although MongoDB answers."""
AGAIN = timedelta(seconds=60)
ONCE_IN = timedelta(hours=24)
ANSWERS_BY = timedelta(minutes=2)
"""So long after an address is let in, Atlas may take to open to it."""
NETWORK = "infrastructure"
"""Whose Terraform and routes are; what is MongoDB's own goes to the runbook's team."""
OWN = ("config", "secret")
"""Layers that are the probe's own: they say nothing of MongoDB."""
Tried = tuple[Attempt[Line], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line]:
    """Look at Atlas first, then at who we are to it, then at what fails."""
    return (
        _failed(facts, settings, tried, now)
        or _well(facts, settings, tried, now)
        or _stopped(facts, settings, now)
        or _unknown(facts, settings, now)
        or _busy(facts, settings, now)
        or _afterwards(facts, settings, tried, now)
        or _login(facts, settings, now)
        or _shut_out(facts, settings, tried, now)
        or _says(facts, settings, now)
    )


def _failed(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    if not tried or tried[-1].result != "failed":
        return None
    because = f"{tried[-1].target.id} could not be let in: {tried[-1].receipt}"
    return _person(facts, settings, now, because, *permanent((tried[-1].target.id,), settings), team=NETWORK)


def _well(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    if facts.probed is None or facts.probed.failed is not None:
        return None
    if ours := tuple(attempt.target.id for attempt in tried if not _for_good(facts, attempt.target.id, now)):
        return _for_tonight(facts, settings, ours, now)
    if unheard := _unheard(facts, settings, now):
        return unheard
    told = (*finding(facts), *expiries(facts, now))
    kind = "open-to-all" if finding(facts) else "expires"
    return Nothing(
        because=" ".join((seen(facts.probed), *told)),
        evidence=evidence(facts, settings, now),
        next_steps=_lasting(facts, settings, now),
        tell=Tell(id=f"{kind}/{settings.cluster}", title=told[0]) if told else None,
    )


def _unheard(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    """Judge an application that does not get what the probe gets: its errors calm down, or its own pool is to blame."""
    if facts.errors is None or facts.errors < MANY or facts.errors_since is None:
        return None
    logged = (
        f"the application logged {facts.errors:,.0f} errors of its connection in the last {LATELY // MINUTE} minutes"
    )
    if now - facts.errors_since < CALMS_BY:
        because = f"MongoDB answers the probe, and {logged}; they may be of before."
        return Wait(because=because, for_=AGAIN, evidence=evidence(facts, settings, now))
    because = (
        f"MongoDB answers the probe and not the application: {logged}, and many since {clock(facts.errors_since)}. Its pool "
        "is used up, or its connection string is not the probe's."
    )
    steps = (f"aws logs tail {settings.log_group} --since 10m", *UNHEARD)
    return _person(facts, settings, now, because, *steps, team="application")


def _for_good(facts: Facts, address: str, now: datetime) -> bool:
    """Tell whether somebody has listed an address permanently by now."""
    lines = facts.access or ()
    return listed(lines, address, now) and lasting_until(lines, address) is None


def _for_tonight(facts: Facts, settings: Settings, ours: tuple[str, ...], now: datetime) -> Escalate:
    """Hand over what was done: what lets us in now is gone in hours, and only a person can make it last."""
    because = (
        f"MongoDB answers again since {' and '.join(ours)} is let in, and Atlas takes that away within {HOURS} hours"
    )
    if facts.access is None:
        because += "; the access list itself cannot be read"
    elif gone := missing(facts.access, ours, now):
        because += f"; the access list does not have {' and '.join(gone)} any more"
    others = () if facts.access is None else missing(facts.access, set(facts.addresses or ()) - set(ours), now)
    if others:
        because += f"; {' and '.join(others)}, which is ours too, is still missing"
    lines = permanent((*ours, *others), settings)
    return _person(facts, settings, now, f"{because}: the permanent line belongs to Terraform.", *lines, team=NETWORK)


def _stopped(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    """Judge a cluster that is not there to be reached, whatever the probe says."""
    if facts.cluster is None:
        if facts.unread:
            return None
        because = f"The project {settings.project} has no cluster {settings.cluster}."
        step = f"atlas clusters list --projectId {settings.project}; compare with `terraform output`."
        return _person(facts, settings, now, because, step)
    if facts.cluster.paused:
        because = f"{settings.cluster} is paused: somebody stopped it, or Atlas did because nobody used it."
        step = f"atlas clusters start {settings.cluster} --projectId {settings.project}"
        return _person(facts, settings, now, because, step)
    return None


def _unknown(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    if facts.probed is not None:
        return None
    because = f"Whether MongoDB can be reached is not known, because the probe cannot be asked: {facts.unasked}"
    return _person(facts, settings, now, because, "remedy status", team=NETWORK)


def _busy(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    """Leave Atlas alone while it is at it, and call a person if it takes longer than it should."""
    if not facts.busy or facts.busy_since is None or any(facts.fails(layer) for layer in OWN):
        return None
    at_it, since = in_words(facts.busy, settings.cluster), clock(facts.busy_since)
    if now - facts.busy_since < longest(facts.busy):
        return Wait(
            because=f"{at_it} (seen since {since}); nothing is done meanwhile.",
            for_=AGAIN,
            evidence=evidence(facts, settings, now),
            next_steps=next_steps(facts, settings),
        )
    minutes = longest(facts.busy) // MINUTE
    because = f"{at_it}, since {since} and for longer than {minutes} minutes: {what_fails(facts)}"
    return _person(facts, settings, now, because, *next_steps(facts, settings))


def _afterwards(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Say what came of what this run has done; if another address of ours is missing too, that one is next."""
    if not tried:
        return None
    last = tried[-1]
    if facts.access is not None and not listed(facts.access, last.target.id, now) and now - last.at >= ANSWERS_BY:
        was = "was let in" if last.result == "done" else "may have been let in (the writer gave no answer)"
        because = f"{last.target.id} {was} at {clock(last.at)}, and the access list does not have it."
        return _person(facts, settings, now, because, *permanent((last.target.id,), settings), team=NETWORK)
    if now - last.at < ANSWERS_BY:
        because = f"Since {last.target.id} is let in, {what_fails(facts)}"
        return Wait(because=because, for_=timedelta(seconds=20), evidence=evidence(facts, settings, now))
    if _left(facts, tried, now):
        return None
    because = f"Although {last.target.id} is let in, {what_fails(facts)}"
    return _person(facts, settings, now, because, *next_steps(facts, settings))


def _login(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    """Hand over a login that is refused: it is never tried with anything else, and no user is ever touched."""
    if not facts.fails("auth", "credentials-refused", "not-permitted"):
        return None
    because = f"{settings.cluster} is there and refuses us: {what_fails(facts)}"
    return _person(facts, settings, now, because, *next_steps(facts, settings))


def _shut_out(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Judge an address of ours that Atlas does not let in: then nothing comes back at the layer of TCP."""
    if not facts.fails("tcp", "no-answer"):
        return None
    if facts.unread or facts.access is None or facts.addresses is None or facts.cluster is None:
        because = f"{what_fails(facts)} Whether Atlas lets our addresses in is not known. {' '.join(facts.unread)}"
        return _person(facts, settings, now, because.rstrip(), *next_steps(facts, settings))
    if not facts.addresses:
        because = f"No answer comes back, and no NAT gateway leads out of {', '.join(settings.subnets)}."
        step = f"aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={','.join(settings.subnets)}"
        return _person(facts, settings, now, because, step, team=NETWORK)
    gone = _left(facts, tried, now)
    if not gone or open_to_all(facts.access):
        return None
    return _let_in(facts, settings, gone, now)


def _let_in(facts: Facts, settings: Settings, gone: tuple[str, ...], now: datetime) -> Verdict[Line]:
    """Ask a person whether one of our addresses may in, where nothing speaks against asking."""
    lines, address = permanent(gone, settings), gone[0]
    those = f"{' and '.join(gone)}, our NAT gateway{'s' if len(gone) > 1 else ''},"
    out = f"{settings.cluster} cannot be reached: {those} {'are' if len(gone) > 1 else 'is'} not on the access list"
    against = _against(facts, settings, address, now)
    if against:
        return _person(facts, settings, now, f"{out}. {against}", *lines, team=NETWORK)
    ends = f"until {HOURS} hours from then"
    return Act(
        action=LET_IN,
        target=Line(id=address),
        resource=f"access list {settings.project}",
        because=f"{out}, TCP gets no answer, and Atlas has nothing else to do.{_who(facts)}",
        settle=timedelta(seconds=20),
        evidence=evidence(facts, settings, now),
        next_steps=lines,
        approval=Approval(because=f"Atlas lets in {address}/32, an address of our own, {ends}; nothing else changes."),
        drift=f"The line for {address}/32 is not Terraform's, and Atlas takes it away after {HOURS} hours. {lines[0]}",
    )


def _against(facts: Facts, settings: Settings, address: str, now: datetime) -> str:
    """Say what speaks against letting an address in; nothing where nothing does."""
    state = facts.cluster.state if facts.cluster else ""
    if state != "IDLE":
        return f"{settings.cluster} is {state} at Atlas, and only an idle cluster is one whose list is to blame."
    groups = [line.group for line in facts.access or () if line.group]
    if groups:
        return f"The list has the security group {groups[0]}, so we may come by a peering, where that address does not count."
    if (at := facts.allowed.get(address)) is not None and now - at < ONCE_IN:
        return f"It was let in on {clock(at)} already, for {HOURS} hours. It is let in once in 24 hours."
    if not settings.writer:
        return "Nothing may be changed at Atlas from here (setting `writer` of restore-database-access)."
    return ""


def _who(facts: Facts) -> str:
    taken = (each for each in facts.happenings if each.kind == "NETWORK_PERMISSION_ENTRY_REMOVED")
    return next((f" A line was taken off the list at {clock(each.at)}: that may be meant so." for each in taken), "")


def _says(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line]:
    """Hand over what fails, in plain words, with what is done about it."""
    because = f"{settings.cluster}: {what_fails(facts)}"
    gone = missing(facts.access, facts.addresses or (), now) if facts.access is not None else ()
    if facts.fails("tls", "cut-off", "no-answer") and gone:
        because += f" Atlas may do so to who is not on its access list, and {' and '.join(gone)} is not."
        return _person(facts, settings, now, because, *permanent(gone, settings), *next_steps(facts, settings))
    if facts.fails("tcp", "no-answer"):
        blocks = " and ".join(open_to_all(facts.access or ()))
        because += f" It is not the access list, which lets in {blocks or 'each of our addresses'}."
    return _person(facts, settings, now, because, *next_steps(facts, settings))


def _person(facts: Facts, settings: Settings, now: datetime, because: str, *steps: str, team: str = "") -> Escalate:
    found = finding(facts)
    return Escalate(
        because=" ".join((because, *found)),
        evidence=evidence(facts, settings, now),
        next_steps=(*steps, *_narrower(facts, settings)),
        team=team,
    )


def _lasting(facts: Facts, settings: Settings, now: datetime) -> tuple[str, ...]:
    """Return what makes last what a server that is well lives on."""
    lines = permanent(facts.addresses or (), settings) if expiries(facts, now) or finding(facts) else ()
    return (*lines, *_narrower(facts, settings))


def _narrower(facts: Facts, settings: Settings) -> tuple[str, ...]:
    """Return how a list that lets strangers in is made narrower. Nothing is ever taken off it from here."""
    return tuple(
        f"First list our own addresses, then take it off in Terraform: atlas accessLists delete {block} --projectId "
        f"{settings.project}"
        for block in open_to_all(facts.access or ())
    )


def _left(facts: Facts, tried: Iterable[Attempt[Line]], now: datetime) -> tuple[str, ...]:
    """Return the addresses of ours that are missing and that this run has not tried."""
    been = {attempt.target.id for attempt in tried}
    return tuple(each for each in missing(facts.access or (), facts.addresses or (), now) if each not in been)
