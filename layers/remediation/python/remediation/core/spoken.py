"""What a person said about a run: to ask for it, to approve, to reject or to acknowledge.

The rule of the domain: a decision is worth the identity behind it. IAM lets an operator write only records under their own
user id (docs/security.md), so what is found there was said by that identity, whatever else a message claims.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Says: TypeAlias = Literal["request", "approve", "reject", "acknowledge"]


REQUEST_HOLDS = timedelta(minutes=15)
"""How old a request may be when its run begins: an old one is no leave to ask again in somebody's name."""


def request_hash(runbook: str, payload: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what exactly is requested, in hexadecimal: the runbook, and the incident that it is about."""
    return sha256(json.dumps([runbook, payload], sort_keys=True, default=str).encode()).hexdigest()


class Spoken(Struct, frozen=True, kw_only=True):
    """One thing that one person said. `about` is the id of a run (or of a request), `by` their AWS user id."""

    says: Says
    about: str
    by: str
    at: datetime
    arn: str = ""
    """How AWS calls them, for people to read."""
    hash: str = ""
    """Of the plan that was approved, or of what was requested."""
    because: str = ""

    @property
    def who(self) -> str:
        """Return what to call them: the last part of their ARN, else their user id."""
        return self.arn.rpartition("/")[2] or self.by.rpartition(":")[2]
