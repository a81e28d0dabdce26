"""Which address may be let in, and for how long: one of our own NAT gateways, for four hours at most, and never a range."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from atlas_writer.refused import RefusedError
from remediation.atlas.asking import Allow
from remediation.atlas.facts import Access
from remediation.atlas.lines import has
from remediation.atlas.reads import stamp

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=4)
LONGEST_COMMENT = 80
_NEVER = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
"""Nobody's, or anybody's: RFC 1918, RFC 6598 and what is no host's."""


def let_in(asked: Allow, ours: Callable[[], frozenset[str]], now: datetime) -> str:
    """Return the address that may be let in. `ours` are asked for last. Raises RefusedError."""
    address = asked.address
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        raise RefusedError(f"{address!r} is not one IPv4 address; ranges and names are never let in.") from None
    if any(parsed in block for block in _NEVER):
        raise RefusedError(f"{address} is no public address.")
    if not 0 < len(asked.comment) <= LONGEST_COMMENT or not asked.comment.isprintable():
        raise RefusedError(
            f"A comment of 1 to {LONGEST_COMMENT} printable characters is needed, to tell whose line it is."
        )
    if asked.until.tzinfo is None or not now + SHORTEST <= asked.until <= now + LONGEST:
        ahead = f"{now.astimezone(UTC) + LONGEST:%Y-%m-%d %H:%M:%S} UTC"
        raise RefusedError(f"The line has to end by itself, in a minute at the earliest and at {ahead} at the latest.")
    if address not in (known := ours()):
        listed = ", ".join(sorted(known)) or "none"
        raise RefusedError(f"{address} is not an address of our NAT gateways; those are: {listed}.")
    return address


def covering(lines: Iterable[Access], address: str, until: datetime) -> Access | None:
    """Return a line of the access list that lets an address in, so long at least: adding one would then only shorten that."""
    for line in lines:
        if has(line, address) and (line.until is None or line.until >= until):
            return line
    return None


def let_in_until(line: Access, asked: datetime) -> str:
    """Say until when the line lets its address in that Atlas says there is now, and if that is not what was asked for."""
    if line.until is None:
        return f"Atlas lets {line.cidr} in for good, by a line that was there before."
    ends = f"Atlas lets {line.cidr} in until {stamp(line.until)}"
    if stamp(line.until) == stamp(asked):
        return f"{ends}."
    return f"{ends}, by a line that was there before; {stamp(asked)} was asked for."
