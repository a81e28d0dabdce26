"""The project's access list, held against our own addresses."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from remediation.atlas.facts import Access

NARROWEST_WIDE = 8
"""A public block of this size or larger is nobody's own: it lets strangers in."""
SOON = timedelta(hours=24)


def listed(lines: Iterable[Access], address: str, now: datetime) -> bool:
    """Tell whether the list lets an address in now."""
    return any(_has(line, address) and not ended(line, now) for line in lines)


def missing(lines: Iterable[Access], addresses: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Return the addresses that the list does not let in."""
    there = tuple(lines)
    return tuple(sorted(each for each in addresses if not listed(there, each, now)))


def open_to_all(lines: Iterable[Access], now: datetime) -> tuple[str, ...]:
    """Return the blocks of the list by which strangers are let in now (`0.0.0.0/0`): a security finding.

    Whether such a block also lets in an address of ours is another question, and `missing` answers it.
    """
    blocks = ((line.cidr, _block(line)) for line in lines if not ended(line, now))
    return tuple(cidr for cidr, block in blocks if block and block.prefixlen <= NARROWEST_WIDE and not block.is_private)


def ended(line: Access, now: datetime) -> bool:
    """Tell whether a line has expired, and only waits for Atlas to take it away."""
    return line.until is not None and line.until <= now


def lasting_until(lines: Iterable[Access], address: str) -> datetime | None:
    """Return when an address is let in for the last time; None where that is for good, or where it is not listed at all."""
    ends = [line.until for line in lines if _has(line, address)]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def ending(lines: Iterable[Access], addresses: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Return when addresses stop being let in, for those for which that is within a day, or was already."""
    there = tuple(lines)
    ends = {each: lasting_until(there, each) for each in sorted(addresses)}
    return {each: end for each, end in ends.items() if end is not None and end <= now + SOON}


def _has(line: Access, address: str) -> bool:
    block = _block(line)
    return isinstance(block, IPv4Network) and IPv4Address(address) in block


def _block(line: Access) -> IPv4Network | IPv6Network | None:
    """Return the block of a line; None where it is a security group, or nothing that we understand."""
    try:
        return ip_network(line.cidr)
    except ValueError:
        return None
