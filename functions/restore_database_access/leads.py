"""Where the connection string leads: to the cluster that is judged or to another one, over the internet or by a private way. Pure.

What Atlas says of a cluster is no reason for anything if another one cannot be reached. What Atlas calls a project's hosts: all
of them share what follows the first label (`abcde.mongodb.net`), also the members and the private endpoints. The first label of a
`mongodb+srv` name is the cluster's, with `-pl-0` or `-pl-0-lb` after it for a private endpoint and `-pri` for a peering; that of a
member is the cluster's with its shard (and `-pri`), or anything (`ac-1a2b3c-shard-00-00`, `pl-0-us-east-1`).
"""

import re
from ipaddress import ip_address, ip_network

from remediation.atlas.facts import Cluster
from remediation.core.probed import Probed

_PRIVATE = tuple(
    ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7")
)
"""Of which VPCs are made: who connects to one of these comes by a peering, a transit gateway or a private endpoint."""
_BY = re.compile(r"(.*)-(pl-\d+(-lb)?|pri)(?=-|\Z)")
"""What a private way is called in a label, where it is called so last; the first group is what comes before it. Of the oldest names
the project's id comes after it (`cluster0-pri-abcde`)."""
_SHARD = re.compile(r"-shard-\d\d-\d\d")
_OF_NOBODY = re.compile(r"(ac|atlas|pl)-")
"""How labels begin that Atlas makes up itself."""


def elsewhere(probed: Probed | None, cluster: Cluster | None) -> str:
    """Return the host that the string leads to, if that is not of this cluster; empty where it is, or where that is not known."""
    if probed is None or probed.mongodb is None or cluster is None or not cluster.host:
        return ""
    shape = probed.mongodb.shape
    records = shape.scheme == "mongodb+srv"
    return next((host for each in shape.hosts if _another(host := _name(each), cluster, records=records)), "")


def private(probed: Probed | None) -> tuple[str, ...]:
    """Return the private addresses among those that the probe tried."""
    return tuple(each for each in tried(probed) if any(ip_address(each) in block for block in _PRIVATE))


def tried(probed: Probed | None) -> tuple[str, ...]:
    """Return the addresses that the probe tried."""
    return probed.mongodb.addresses if probed is not None and probed.mongodb is not None else ()


def _another(host: str, cluster: Cluster, *, records: bool) -> bool:
    """Ask Atlas's own strings first. They do not have every name: those of private endpoints only where each region has one."""
    if host.lower() in cluster.hosts:
        return False
    label, _, domain = host.lower().partition(".")
    own_label, _, own_domain = cluster.host.lower().partition(".")
    if domain != own_domain:
        return True
    if not records and _OF_NOBODY.match(label):
        return False
    return own_label not in _clusters(label)


def _clusters(label: str) -> tuple[str, ...]:
    """Return whose name a label may be: its own, and that without the way, the shard, or both. A cluster may be called `x-pri`."""
    there = _BY.sub(r"\1", label)
    return label, there, _SHARD.sub("", label), _SHARD.sub("", there)


def _name(host: str) -> str:
    """Return a host without its port."""
    return re.sub(r":\d+\Z", "", host)
