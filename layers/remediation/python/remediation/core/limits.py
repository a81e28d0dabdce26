"""How much may be done by itself: the numbers of an environment, each with a careful default (HAZARDS.md, section 1)."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


class Budgets(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Acts within a sliding window."""

    resource_hour: Annotated[int, Meta(ge=0)] = 2
    environment_quarter: Annotated[int, Meta(ge=0)] = 3
    environment_day: Annotated[int, Meta(ge=0)] = 10


class Breaker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a runbook's circuit opens: it stops acting until somebody (or a trial, where allowed) closes it."""

    failures: int = 3
    """Bad outcomes in a row."""
    flaps: int = 3
    """Alarms within an hour that ask for acts on the same resource: each after the first is one that came back."""
    trial_after: timedelta | None = None
    """After so long one run may try; None: only a person closes it."""


class Limits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The limits of an environment."""

    budgets: Budgets = Budgets()
    breaker: Breaker = Breaker()
