"""A primary that the members know and the connection string does not name: drivers find it by them, and so does the probe.

The rule of the domain: what a server says leads nowhere that the string does not lead (HAZARDS X12). A member is looked at if it is
in the domain of one that was named, and by the same rules: the same networks, the same certificates, the same set. Else it is said
that it is known and was not looked at, which is no election.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from msgspec.structs import replace

from probe_dependencies.mongo_member import Reached, Way, reach
from remediation.core.connection_string import host_and_port
from remediation.core.probed import Step
from remediation.reach.deadline import Deadline

MOST = 3
"""So many are looked at. Members know one primary, or two for a moment."""


def elsewhere(members: Sequence[Reached], way: Way, deadline: Deadline) -> tuple[Reached, ...]:
    """Look at what the members take for the primary and is none of them. Nothing raises."""
    named = {each.at.lower() for each in members}
    answering = [each.member for each in members if each.member is not None]
    known = {member.knows: member.set_name for member in answering if member.knows not in {"", *named}}
    domains = {_domain(each.host) for each in members}
    if not known:
        return ()

    def look(at: str) -> Reached:
        host, port = host_and_port(at)
        if _domain(host) in domains:
            return reach(host, port, replace(way, set_name=way.set_name or known[at]), deadline)
        because = f"{host} is in no domain of the members that the connection string names; nothing was sent there."
        return Reached(host=host, port=port, steps=[Step(layer="dns", fault="address-foreign", because=because)])

    with ThreadPoolExecutor(MOST) as pool:
        return tuple(pool.map(look, list(known)[:MOST]))


def _domain(host: str) -> str:
    """Return the part of a name that it shares with the other members; an address or a name of two parts is one for itself."""
    domain = host.partition(".")[2].lower()
    return domain if "." in domain and not _address(host) else host.lower()


def _address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
