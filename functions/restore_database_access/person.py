"""A person is called: with what was seen, the security finding if there is one, and what this run has left behind."""

from datetime import datetime, timedelta

from remediation.atlas.lines import strangers
from remediation.core.verdict import Attempt, Escalate
from restore_database_access.access import lasting_until, listed
from restore_database_access.busy import in_words, longest
from restore_database_access.facts import Facts, Line
from restore_database_access.settings import Settings
from restore_database_access.wording import clock, evidence, expiries, finding, permanent

HOURS = 4
"""So long an address is let in; Atlas itself takes the line away then."""
NETWORK = "infrastructure"
"""Whose Terraform, routes and resolver are; what is MongoDB's own goes to the runbook's team."""
Tried = tuple[Attempt[Line], ...]


def person(
    facts: Facts, settings: Settings, now: datetime, because: str, *steps: str, team: str = "", tried: Tried = ()
) -> Escalate:
    """Call a person. `tried` is what this run did before, where `because` does not tell of it."""
    behind = left_behind(facts, tried, now)
    told = tuple(
        f"{each.target.id} {was(each)} at {clock(each.at)}, and Atlas takes that away within {HOURS} hours."
        for each in behind
    )
    lines = permanent(tuple(each.target.id for each in behind), settings)
    at_it = f"{late(facts, settings, now)}." if late(facts, settings, now) else ""
    return Escalate(
        because=" ".join(each for each in (because, at_it, *told, *finding(facts, now)) if each),
        evidence=evidence(facts, settings, now),
        next_steps=(*steps, *lines, *narrower(facts, now)),
        team=team,
    )


def late(facts: Facts, settings: Settings, now: datetime) -> str:
    """Return that Atlas is busy for longer than it should, if it is: then it is not waited for any more."""
    if not facts.busy or facts.busy_since is None or now - facts.busy_since < longest(facts.busy):
        return ""
    minutes = longest(facts.busy) // timedelta(minutes=1)
    at_it = in_words(facts.busy, settings.cluster, facts.probed)
    return f"{at_it}, since {clock(facts.busy_since)} and for longer than {minutes} minutes"


def left_behind(facts: Facts, tried: Tried, now: datetime) -> Tried:
    """Return the attempts by which an address of ours is let in, or may be, and not for good."""
    return tuple(each for each in tried if each.result != "failed" and not for_good(facts, each.target.id, now))


def for_good(facts: Facts, address: str, now: datetime) -> bool:
    """Tell whether somebody has listed an address permanently by now."""
    lines = facts.access or ()
    return listed(lines, address, now) and lasting_until(lines, address) is None


def was(attempt: Attempt[Line]) -> str:
    """Return what became of the address of an attempt."""
    return "was let in" if attempt.result == "done" else "may have been let in (the writer gave no answer)"


def lasting(facts: Facts, settings: Settings, now: datetime) -> tuple[str, ...]:
    """Return what makes last what a server that is well lives on."""
    lines = permanent(facts.addresses or (), settings) if expiries(facts, now) or finding(facts, now) else ()
    return (*lines, *narrower(facts, now))


def narrower(facts: Facts, now: datetime) -> tuple[str, ...]:
    """Return how a list that lets strangers in is made narrower. Nothing is ever taken off it from here."""
    return tuple(
        f"List our own addresses first. Then take {line.cidr} off, in Terraform as well: it is the "
        f'"mongodbatlas_project_ip_access_list" with that cidr_block.'
        for line in strangers(facts.access or (), now)
    )
