"""What people said, read from the ledger.

    SAID#<AWS user id>#<about>      says, about, hash, because, at, arn

Only the operator role writes these items, and each person only under their own user id (stacks/operators.py), so the key is
the proof of who said it; what the item or a message claims besides is not asked.
"""

from typing import get_args

import msgspec

from remediation.adapters.table import Table
from remediation.core.redact import redact
from remediation.core.spoken import Says, Spoken

SAYS: frozenset[str] = frozenset(get_args(Says))


def said_key(by: str, about: str) -> str:
    """Return the key of what a person said about a run or a request."""
    return f"SAID#{by}#{about}"


def said(table: Table, by: str, about: str) -> Spoken | None:
    """Return what a person said about something; None where there is nothing, or nothing that can be understood."""
    found = table.read(said_key(by, about))
    if found.text("says") not in SAYS or not found.number("at"):
        return None
    return Spoken(
        says=msgspec.convert(found.text("says"), Says),
        about=about,
        by=by,
        at=found.instant("at"),
        arn=found.text("arn"),
        hash=found.text("hash"),
        because=redact(found.text("because")),
    )
