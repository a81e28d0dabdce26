"""What the CDK app tells a function about where it runs: one typed value in one environment variable."""

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from remediation.core.freeze import Window
from remediation.core.limits import Limits
from remediation.core.spec import Mode, Place, Team
from remediation.core.watched import Watched

DEPLOYMENT = "REMEDIATION_DEPLOYMENT"
SETTINGS = "REMEDIATION_SETTINGS"
"""Environment variables of a function: a `Deployment`, and the runbook's own settings, both as JSON."""


class Contact(Struct, frozen=True, kw_only=True):
    """Whom to page, and how soon they answer (RUNBOOK.md, "Contacts & Escalation")."""

    topic: str
    response: timedelta


class Deployment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One runbook as deployed in one environment."""

    place: Place
    mode: Mode
    """The lower of the environment's and the runbook's mode."""
    ledger: str
    outcomes: str
    contacts: Mapping[Team, Contact]
    drills_act: bool = False
    """Whether a rehearsed event (source `starttech.drill`) may act."""
    limits: Limits = Limits()
    maintenance: tuple[Window, ...] = ()
    watched: Watched = Watched()
    ask_first: tuple[str, ...] = ()
    """Actions for which a person is asked first here, whatever the runbook says."""
