"""The project's access list, held against our own addresses."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from remediation.atlas.facts import Access
from remediation.atlas.lines import ended, has

SOON = timedelta(hours=24)


def listed(lines: Iterable[Access], address: str, now: datetime) -> bool:
    """Tell whether the list lets an address in now."""
    return any(has(line, address) and not ended(line, now) for line in lines)


def missing(lines: Iterable[Access], addresses: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Return the addresses that the list does not let in."""
    there = tuple(lines)
    return tuple(sorted(each for each in addresses if not listed(there, each, now)))


def lasting_until(lines: Iterable[Access], address: str) -> datetime | None:
    """Return when an address is let in for the last time; None where that is for good, or where it is not listed at all."""
    ends = [line.until for line in lines if has(line, address)]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def ending(lines: Iterable[Access], addresses: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Return when addresses stop being let in, for those for which that is within a day, or was already."""
    there = tuple(lines)
    ends = {each: lasting_until(there, each) for each in sorted(addresses)}
    return {each: end for each, end in ends.items() if end is not None and end <= now + SOON}
