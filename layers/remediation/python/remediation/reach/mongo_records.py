"""The records of a `mongodb+srv` name: SRV says who the members are, TXT how to speak with them.

The rule of the domain (the driver specification "Initial DNS Seedlist Discovery"): members are in the name's own domain, and TXT
may say `authSource`, `replicaSet` and `loadBalanced` only. Whoever forges a record leads nobody elsewhere (HAZARDS X12).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from dns.exception import DNSException, Timeout
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, Resolver
from msgspec import Struct

from remediation.reach.deadline import Deadline
from remediation.reach.unreachable import UnreachableError

ALLOWED = frozenset({"authsource", "replicaset", "loadbalanced"})
FIRST_TRY = 0.3
"""Seconds after which a name server is asked again: dnspython's own two would make one lost packet a fault."""


class Records(Struct, frozen=True, kw_only=True):
    """What the records say: the members with their ports, and options by their name in small letters."""

    hosts: tuple[tuple[str, int], ...]
    options: dict[str, str]


Lookup: TypeAlias = Callable[[str, str, Deadline], Records]
"""Takes the name, the service (`mongodb` unless the string says another), and the time that there is."""


def records(name: str, service: str, deadline: Deadline, resolver: Resolver | None = None) -> Records:
    """Return what the records say. Raises UnreachableError."""
    try:
        asked = resolver or Resolver()
        asked.timeout = FIRST_TRY
        found = _ask(asked, f"_{service}._tcp.{name}", "SRV", deadline)
        texts = _ask(asked, name, "TXT", deadline)
    except DNSException:  # the machine has no resolver at all
        raise _unanswered(name) from None
    hosts = tuple(dict.fromkeys((str(each.target).rstrip("."), int(each.port)) for each in found))
    if not hosts:
        raise UnreachableError("records", "records-unknown", f"The name {name} has no SRV records: no members.")
    domain = name.partition(".")[2].lower()
    if any(not host.lower().endswith(f".{domain}") for host, _ in hosts):
        because = f"An SRV record of {name} leads out of {domain}; nothing was sent there."
        raise UnreachableError("records", "not-understood", because)
    return Records(hosts=hosts, options=_options(name, texts))


def _ask(resolver: Resolver, name: str, kind: str, deadline: Deadline) -> list[Any]:
    try:
        return list(resolver.resolve(name, kind, lifetime=deadline.left(), search=False))
    except (NXDOMAIN, NoAnswer):
        return []
    except (Timeout, NoNameservers, TimeoutError):
        raise _unanswered(name) from None


def _unanswered(name: str) -> UnreachableError:
    return UnreachableError("records", "name-unanswered", f"The resolver of the VPC gave no answer for {name} in time.")


def _options(name: str, texts: list[Any]) -> dict[str, str]:
    if len(texts) > 1:
        because = f"The name {name} has {len(texts)} TXT records where drivers take one at most."
        raise UnreachableError("records", "not-understood", because)
    text = "".join(part.decode("ascii", "replace") for each in texts for part in each.strings)
    options = {key.lower(): value for key, _, value in (each.partition("=") for each in text.split("&")) if key}
    if options.keys() - ALLOWED:
        because = (
            f"The TXT record of {name} says what drivers refuse: only authSource, replicaSet and loadBalanced may be."
        )
        raise UnreachableError("records", "not-understood", because)
    return options
