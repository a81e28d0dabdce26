"""Whether it is our own address that Atlas does not let in, and whether a person may be asked to have it let in. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from remediation.core.verdict import Act, Approval, Attempt, Verdict
from restore_database_access import leads
from restore_database_access.access import missing
from restore_database_access.facts import Came, Facts, Line
from restore_database_access.members import lost, shut
from restore_database_access.person import HOURS, NETWORK, Tried, late, person
from restore_database_access.settings import Settings
from restore_database_access.wording import clock, evidence, finding, next_steps, permanent, what_fails

LET_IN = "let-in"
ONCE_IN = timedelta(hours=24)


def shut_out(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Line] | None:
    """Judge an address of ours that Atlas does not let in: then nothing comes back in TCP, from no member that was looked at."""
    if not facts.fails("tcp", "no-answer") or lost(facts.probed):
        return None
    if private := leads.private(facts.probed):
        because = f"{settings.cluster} cannot be reached: TCP gets no answer, and the probe tried {' and '.join(private)}. {_BY}"
        return person(facts, settings, now, because, *_ways(settings), team=NETWORK, tried=tried)
    if not shut(facts.probed):
        return None
    if facts.unread or facts.access is None or facts.addresses is None or facts.cluster is None:
        because = f"{what_fails(facts)} Whether Atlas lets our addresses in is not known. {' '.join(facts.unread)}"
        return person(facts, settings, now, because.rstrip(), *next_steps(facts, settings), tried=tried)
    if not facts.addresses:
        because = f"No answer comes back, and no NAT gateway leads out of {', '.join(settings.subnets)}."
        return person(facts, settings, now, because, _tables(settings), team=NETWORK, tried=tried)
    gone = left(facts, tried, now)
    return _let_in(facts, settings, gone, tried, now) if gone else None


def left(facts: Facts, tried: Iterable[Attempt[Line]], now: datetime) -> tuple[str, ...]:
    """Return the addresses of ours that are missing and that this run has not tried."""
    been = {attempt.target.id for attempt in tried}
    return tuple(each for each in missing(facts.access or (), facts.addresses or (), now) if each not in been)


def _let_in(facts: Facts, settings: Settings, gone: tuple[str, ...], tried: Tried, now: datetime) -> Verdict[Line]:
    """Ask a person whether one of our addresses may in, where nothing speaks against asking."""
    lines, address = permanent(gone, settings), gone[0]
    those = f"{' and '.join(gone)}, our NAT gateway{'s' if len(gone) > 1 else ''},"
    out = f"{settings.cluster} cannot be reached: {those} {'are' if len(gone) > 1 else 'is'} not on the access list"
    against = _against(facts, settings, address, now)
    if against:
        return person(facts, settings, now, f"{out}. {against}", *lines, team=NETWORK, tried=tried)
    ends = f"until {HOURS} hours from then"
    atlas = late(facts, settings, now) or "Atlas has nothing else to do"
    because = f"{out}, TCP gets no answer, and {atlas}.{_refused(facts, address, now)}{_who(facts)}"
    return Act(
        action=LET_IN,
        target=Line(id=address),
        resource=f"access list {settings.project}",
        because=" ".join((because, *finding(facts, now))),
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
    if not leads.tried(facts.probed):
        return "The probe does not tell which addresses it tried, so we may come by a peering, where that one does not count."
    groups = [line.group for line in facts.access or () if line.group]
    if groups:
        return f"The list has the security group {groups[0]}, so we may come by a peering, where that address does not count."
    if (today := _today(facts, address, now)) and today.how != "refused":
        was = "was let in" if today.how == "done" else "may have been let in (the writer gave no answer)"
        return f"It {was} on {clock(today.at)} already, for {HOURS} hours. It is let in once in 24 hours."
    if not settings.writer:
        return "Nothing may be changed at Atlas from here (setting `writer` of restore-database-access)."
    return ""


def _today(facts: Facts, address: str, now: datetime) -> Came | None:
    came = facts.allowed.get(address)
    return came if came is not None and now - came.at < ONCE_IN else None


def _refused(facts: Facts, address: str, now: datetime) -> str:
    """Say that it was tried in vain today: whoever agrees again has to know."""
    today = _today(facts, address, now)
    if today is None or today.how != "refused":
        return ""
    return f" It was tried at {clock(today.at)}, and refused: nothing was written."


def _who(facts: Facts) -> str:
    taken = (each for each in facts.happenings if each.kind == "NETWORK_PERMISSION_ENTRY_REMOVED")
    return next((f" A line was taken off the list at {clock(each.at)}: that may be meant so." for each in taken), "")


_BY = (
    "That is private: we come by a peering or a private endpoint, where the addresses of our NAT gateways do not count. Look at "
    "its route, its state and its security group."
)


def _ways(settings: Settings) -> tuple[str, ...]:
    """Return what shows a peering and a private endpoint, from either side."""
    return (
        "aws ec2 describe-vpc-peering-connections --query 'VpcPeeringConnections[].[VpcPeeringConnectionId,Status.Code]'",
        "aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcEndpointId,ServiceName,State,Groups[].GroupId]'",
        _tables(settings),
        f"atlas networking peering list --projectId {settings.project}",
        f"atlas privateEndpoints aws list --projectId {settings.project}",
        "A peering also wants the block of our VPC on the access list; a private endpoint does not.",
        f"atlas accessLists list --projectId {settings.project}",
    )


def _tables(settings: Settings) -> str:
    """Return the command that shows every route table of the subnets' VPC: a subnet without one of its own uses the main one."""
    vpc = f"aws ec2 describe-subnets --subnet-ids {settings.subnets[0]} --query 'Subnets[0].VpcId' --output text"
    return f'aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$({vpc})"'
