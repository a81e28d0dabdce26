"""What is to be done about a MongoDB that cannot be reached, read top to bottom; the first paragraph that is about it holds. Pure.

The rules are those of HAZARDS 1.6. "Cannot connect" may be Atlas' own trouble, a password, or our address; only the last is for
this runbook to change (shut_out.py), and only with a person's yes, for hours, one address of our own at a time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from remediation.core.probed import OWN_FAULTS, Fault
from remediation.core.verdict import Escalate, Nothing, Tell, Verdict, Wait
from restore_database_access.access import listed, missing
from restore_database_access.advice import BY_THE_LIST, ELSEWHERE, UNHEARD
from restore_database_access.busy import in_words
from restore_database_access.facts import Facts, Line
from restore_database_access.leads import elsewhere, private
from restore_database_access.logged import LATELY, MANY
from restore_database_access.members import alone, lost, shut
from restore_database_access.person import HOURS, NETWORK, Tried, lasting, late, left_behind, person, was
from restore_database_access.settings import Settings
from restore_database_access.shut_out import left, shut_out
from restore_database_access.wording import clock, evidence, expiries, finding, next_steps, permanent, seen, what_fails

MINUTE = timedelta(minutes=1)
CALMS_BY = timedelta(minutes=5)
"""So long the application may log errors although MongoDB answers."""
AGAIN = timedelta(seconds=60)
ANSWERS_BY = timedelta(minutes=2)
"""So long after an address is let in, Atlas may take to open to it."""
OURS: frozenset[Fault] = frozenset({"name-unanswered", "no-route", *OWN_FAULTS})
"""Of the VPC's resolver, of its routes and of the probe itself: the infrastructure's."""
_LIVES = "The others still take it for the primary, so it lives, and our way to it is shut."


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line]:
    """Look at Atlas first, then at who we are to it, then at what fails."""
    return (
        _failed(facts, settings, tried, now)
        or _well(facts, settings, tried, now)
        or _elsewhere(facts, settings, tried, now)
        or _stopped(facts, settings, tried, now)
        or _unknown(facts, settings, tried, now)
        or _busy(facts, settings, now)
        or _afterwards(facts, settings, tried, now)
        or _login(facts, settings, tried, now)
        or shut_out(facts, settings, tried, now)
        or _says(facts, settings, tried, now)
    )


def _failed(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    if not tried or tried[-1].result != "failed":
        return None
    because = f"{tried[-1].target.id} could not be let in: {tried[-1].receipt}"
    if facts.probed is not None and facts.probed.failed is None:
        because += f" MongoDB answers by now all the same: {seen(facts.probed)}"
    lines = permanent((tried[-1].target.id,), settings)
    return person(facts, settings, now, because, *lines, team=NETWORK, tried=tried)


def _well(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    if facts.probed is None or facts.probed.failed is not None:
        return None
    if behind := left_behind(facts, tried, now):
        return _for_tonight(facts, settings, behind, now)
    if unheard := _unheard(facts, settings, now):
        return unheard
    found, other = finding(facts, now), _other(facts, settings)
    told = (*found, *((f"{other}.",) if other else ()), *expiries(facts, now))
    kind = "open-to-all" if found else "elsewhere" if other else "expires"
    return Nothing(
        because=" ".join((seen(facts.probed), *told)),
        evidence=evidence(facts, settings, now),
        next_steps=lasting(facts, settings, now),
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
    return person(facts, settings, now, because, *steps, team="application")


def _for_tonight(facts: Facts, settings: Settings, behind: Tried, now: datetime) -> Escalate:
    """Hand over what was done: what lets us in now is gone in hours, and only a person can make it last."""
    ours, because = tuple(each.target.id for each in behind), "; ".join(_since(facts, behind, now))
    others = () if facts.access is None else missing(facts.access, set(facts.addresses or ()) - set(ours), now)
    if others:
        because += f"; {' and '.join(others)}, which is ours too, is still missing"
    lines = permanent((*ours, *others), settings)
    return person(facts, settings, now, f"{because}: the permanent line belongs to Terraform.", *lines, team=NETWORK)


def _since(facts: Facts, behind: Tried, now: datetime) -> Iterator[str]:
    """Yield since when it answers; an address that may never have been let in is not the reason."""
    lines = facts.access or ()
    let_in = tuple(each.target.id for each in behind if each.result == "done" or listed(lines, each.target.id, now))
    since = f" since {' and '.join(let_in)} is let in, and Atlas takes that away within {HOURS} hours" if let_in else ""
    yield f"MongoDB answers again{since}"
    for each in behind:
        if each.target.id not in let_in:
            lacks = "" if facts.access is None else ", and the access list does not have it"
            yield f"{each.target.id} {was(each)}{lacks}"
    if facts.access is None:
        yield "the access list itself cannot be read"
    elif gone := missing(lines, let_in, now):
        yield f"the access list does not have {' and '.join(gone)} any more"


def _elsewhere(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Judge a server that is not the cluster's: what Atlas says of that one is about something else then."""
    if not (other := _other(facts, settings)):
        return None
    because = f"{other}, so that one is not to blame: {what_fails(facts)}"
    return person(facts, settings, now, because, *ELSEWHERE, *next_steps(facts, settings), tried=tried)


def _other(facts: Facts, settings: Settings) -> str:
    """Return that the string leads to another cluster, if it does."""
    host = elsewhere(facts.probed, facts.cluster)
    if not host or facts.cluster is None:
        return ""
    return (
        f"The connection string leads to {host}; this environment's cluster {settings.cluster} is {facts.cluster.host}"
    )


def _stopped(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Judge a cluster that is not there to be reached, whatever the probe says."""
    if facts.cluster is None:
        if facts.unread:
            return None
        because = f"The project {settings.project} has no cluster {settings.cluster}."
        steps = (f"atlas clusters list --projectId {settings.project}", "terraform output")
        return person(facts, settings, now, because, *steps, tried=tried)
    if facts.cluster.paused:
        because = f"{settings.cluster} is paused: somebody stopped it, or Atlas did because nobody used it."
        step = f"atlas clusters start {settings.cluster} --projectId {settings.project}"
        return person(facts, settings, now, because, step, tried=tried)
    return None


def _unknown(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    if facts.probed is not None:
        return None
    because = f"Whether MongoDB can be reached is not known, because the probe cannot be asked: {facts.unasked}"
    return person(facts, settings, now, because, "remedy status", team=NETWORK, tried=tried)


def _busy(facts: Facts, settings: Settings, now: datetime) -> Verdict[Line] | None:
    """Wait while Atlas is at it, or the probe in trouble; where that takes longer than it should, the paragraphs below go on."""
    if not facts.busy or facts.busy_since is None or late(facts, settings, now):
        return None
    at_it, since = in_words(facts.busy, settings.cluster, facts.probed), clock(facts.busy_since)
    return Wait(
        because=f"{at_it} (seen since {since}); nothing is done meanwhile.",
        for_=AGAIN,
        evidence=evidence(facts, settings, now),
        next_steps=next_steps(facts, settings),
    )


def _afterwards(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Say what came of what this run has done; if another address of ours is missing too, that one is next."""
    if not tried:
        return None
    last = tried[-1]
    if facts.access is not None and not listed(facts.access, last.target.id, now) and now - last.at >= ANSWERS_BY:
        because = f"{last.target.id} {was(last)} at {clock(last.at)}, and the access list does not have it."
        return person(facts, settings, now, because, *permanent((last.target.id,), settings), team=NETWORK)
    stands = f"{last.target.id} {'is let in' if last.result == 'done' else was(last)}"
    if now - last.at < ANSWERS_BY:
        because = f"Since {stands}, {what_fails(facts)}"
        return Wait(because=because, for_=timedelta(seconds=20), evidence=evidence(facts, settings, now))
    if left(facts, tried, now):
        return None
    because = f"Although {stands}, {what_fails(facts)}"
    return person(facts, settings, now, because, *next_steps(facts, settings), tried=tried)


def _login(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Hand over a login that is refused: it is never tried with anything else, and no user is ever touched."""
    if not facts.fails("auth", "credentials-refused", "not-permitted"):
        return None
    because = f"{settings.cluster} is there and refuses us: {what_fails(facts)}"
    return person(facts, settings, now, because, *next_steps(facts, settings), tried=tried)


def _says(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line]:
    """Hand over what fails, in plain words, with what is done about it."""
    because, silent = f"{settings.cluster}: {what_fails(facts)}", facts.fails("tcp", "no-answer")
    if lost(facts.probed):
        because += " It is the primary alone that cannot be used." if alone(facts.probed) else ""
        because += f" {_LIVES}" if silent else ""
        team = NETWORK if silent else ""
        return person(facts, settings, now, because, *next_steps(facts, settings), team=team, tried=tried)
    known = facts.access is not None and not private(facts.probed)
    gone = missing(facts.access or (), facts.addresses or (), now) if known else ()
    those = " and ".join(gone)
    if silent and not shut(facts.probed):
        heard = "does not tell whom it heard" if shut(facts.probed) is None else "heard another member"
        because += f" The probe {heard}, so whether the access list is to blame is not known."
        because += f" It does not have {those}." if gone else ""
    elif silent:
        because += " It is not the access list, which lets in each of our addresses."
    elif gone and facts.failed and (facts.failed.layer, facts.failed.fault) in BY_THE_LIST:
        because += f" Atlas may do so to who is not on its access list, and {those} is not."
    else:
        gone = ()
    team = NETWORK if silent or (facts.failed and facts.failed.fault in OURS) else ""
    steps = (*permanent(gone, settings), *next_steps(facts, settings))
    return person(facts, settings, now, because, *steps, team=team, tried=tried)
