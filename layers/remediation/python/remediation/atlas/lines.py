"""What a line of a project's access list lets in, whether it still does, and which lines let strangers in. Pure."""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from remediation.atlas.facts import Access

OWN = {4: 24, 6: 48}
"""So long is the prefix of a network of one's own, at least: /24 and /48 are the smallest blocks that the internet routes by themselves.

What is wider is listed for a cloud's or a provider's sake, and whoever else is its customer is let in: 3.0.0.0/9 is AWS, with millions
of strangers' machines. Who really owns more lists the addresses that he comes from; a few are enough.
"""


def block(line: Access) -> IPv4Network | IPv6Network | None:
    """Return the block of a line; None where it is a security group, or nothing that we understand."""
    try:
        return ip_network(line.cidr)
    except ValueError:
        return None


def has(line: Access, address: str) -> bool:
    """Tell whether an address is in a line's block, whether or not the line has ended."""
    found = block(line)
    return found is not None and ip_address(address) in found


def ended(line: Access, now: datetime) -> bool:
    """Tell whether a line has expired, and only waits for Atlas to take it away."""
    return line.until is not None and line.until <= now


def strangers(lines: Iterable[Access], now: datetime) -> tuple[Access, ...]:
    """Return the lines by which strangers are let in now: a security finding, whoever looks at the list.

    Private blocks are nobody's who comes over the internet. Whether such a line also lets in an address of ours is another question.
    """
    return tuple(line for line in lines if not ended(line, now) and _wide(block(line)))


def _wide(found: IPv4Network | IPv6Network | None) -> bool:
    return found is not None and found.is_global and found.prefixlen < OWN[found.version]
