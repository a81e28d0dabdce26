"""What is said of MongoDB, of Atlas and of the way there."""

from datetime import datetime

from remediation.atlas.lines import ended, strangers
from remediation.core.probed import Probed
from remediation.core.redact import redact
from restore_database_access.access import ending
from restore_database_access.advice import AT, LOST, LOST_IN_TCP, MEANS, NEXT
from restore_database_access.facts import Facts
from restore_database_access.members import lost
from restore_database_access.settings import Settings

SHOWN = 5
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def evidence(facts: Facts, settings: Settings, now: datetime) -> tuple[str, ...]:
    """Return what was seen: findings first, then layer by layer, then what Atlas says."""
    told = (*finding(facts, now), *expiries(facts, now), *_layers(facts), *_shape(facts.probed), *_logged(facts))
    return (*told, *facts.unread, *_cluster(facts, settings), *_access(facts), *_lately(facts))


def finding(facts: Facts, now: datetime) -> tuple[str, ...]:
    """Return the security finding, where the access list lets strangers in."""
    blocks = tuple(line.cidr for line in strangers(facts.access or (), now))
    return (_finding(blocks),) if blocks else ()


def _finding(blocks: tuple[str, ...]) -> str:
    where = "anywhere" if any(block.endswith("/0") for block in blocks) else "there"
    return (
        f"Security finding: the access list lets in {' and '.join(blocks)}, so whoever has a password gets to the database "
        f"from {where}."
    )


def expiries(facts: Facts, now: datetime) -> tuple[str, ...]:
    """Return which of our addresses Atlas stops letting in, or has stopped."""
    soon = ending(facts.access or (), facts.addresses or (), now)
    ends = tuple(
        f"The line for {address} {'expired' if end <= now else 'expires'} at {clock(end)}."
        for address, end in soon.items()
    )
    gone = tuple(
        f"The line {line.cidr} expired at {clock(line.until)}, and Atlas is about to take it away."
        for line in facts.access or ()
        if line.until is not None and ended(line, now) and line.cidr.removesuffix("/32") not in soon
    )
    return (*ends, *gone)


def next_steps(facts: Facts, settings: Settings) -> tuple[str, ...]:
    """Return what a person does about the layer that failed, and about how it did."""
    if facts.failed is None or facts.failed.fault is None:
        return ()
    fault = facts.failed.fault
    known = {
        "cluster": settings.cluster,
        "project": settings.project,
        "environment": facts.environment,
        "subnet": settings.subnets[0],
        "lost": lost(facts.probed),
    }
    steps = AT.get((facts.failed.layer, fault)) or NEXT.get(fault, ())
    if known["lost"]:
        steps = LOST_IN_TCP if facts.fails("tcp", "no-answer") else LOST
    return tuple(step.format(**known) for step in steps)


def what_fails(facts: Facts) -> str:
    """Return the layer that fails, in plain words."""
    failed = facts.failed
    if failed is None:
        return "it answers."
    means = next((f" {text}" for known, text in MEANS.items() if known == failed.fault), "")
    return f"the layer {failed.layer} fails.{means} {redact(failed.because)}"


def seen(probed: Probed) -> str:
    """Return what the probe says of a server that is well."""
    primary = probed.mongodb.primary if probed.mongodb else ""
    return f"{probed.host} answers ping{f'; its primary is {primary}' if primary else ''}."


def permanent(addresses: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """Return what in Terraform lets our addresses in for good."""
    return tuple(
        f'In Terraform: resource "mongodbatlas_project_ip_access_list" with project_id = "{settings.project}" and '
        f'cidr_block = "{address}/32"'
        for address in addresses
    )


def clock(at: datetime) -> str:
    """Return a time as people write it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _layers(facts: Facts) -> tuple[str, ...]:
    if facts.probed is None:
        return (facts.unasked,)
    return tuple(
        f"{step.label}: {redact(step.because)}{f' [{step.fault}]' if step.fault else ''}" for step in facts.probed.steps
    )


def _shape(probed: Probed | None) -> tuple[str, ...]:
    if probed is None or probed.mongodb is None:
        return ()
    state = probed.mongodb
    shape, hosts = state.shape, ", ".join(state.hosts or state.shape.hosts) or "no host"
    options = f", {', '.join(shape.options)}" if shape.options else ""
    string = f"The connection string is {shape.scheme}: {hosts}, {shape.database or 'no database'}{options}."
    login = (f"A login was tried last at {clock(state.logged_in_at)}.",) if state.logged_in_at else ()
    return (string, f"{len(state.answering)} of {len(state.hosts)} members answer hello.", *login)


def _cluster(facts: Facts, settings: Settings) -> tuple[str, ...]:
    found = facts.cluster
    if found is None:
        return ()
    state = "paused" if found.paused else found.state
    window = facts.maintenance
    hour = f"; maintained on {_DAYS[(window.day - 1) % 7]}s from {window.hour}:00" if window else ""
    asap = ", and now as soon as Atlas can" if window and window.as_soon_as_possible else ""
    return (f"{settings.cluster}: {state}, {found.tier}, MongoDB {found.version}{hour}{asap}.",)


def _access(facts: Facts) -> tuple[str, ...]:
    ours = ", ".join(facts.addresses or ())
    ways = () if facts.addresses is None else (f"Our NAT gateways: {ours or 'none'}.",)
    if facts.access is None:
        return ways
    lines = [f"{line.cidr or line.group}{f' until {clock(line.until)}' if line.until else ''}" for line in facts.access]
    more = f" and {len(lines) - 10} more" if len(lines) > 10 else ""
    return (*ways, f"The access list: {', '.join(lines[:10]) or 'empty'}{more}.")


def _logged(facts: Facts) -> tuple[str, ...]:
    if facts.errors is None:
        return ()
    return (f"The application logged {facts.errors:,.0f} errors of its connection in the last minutes.",)


def _lately(facts: Facts) -> tuple[str, ...]:
    alerts = tuple(f"Open alert: {each.kind} since {clock(each.at)} {each.text}".rstrip() for each in facts.alerts)
    events = tuple(f"{clock(each.at)}: {each.kind} {each.text}".rstrip() for each in facts.happenings)
    return (*alerts[:SHOWN], *events[:SHOWN])
