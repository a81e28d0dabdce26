"""Which group is scaled, and the request: to how many instances."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.spec import Place

NONE = (
    "no instance at all is an outage, and no runbook makes one: only people who recover a database do "
    '(RUNBOOK.md, "Database Corruption Recovery")'
)


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are those of StartTech's `dev` (FACTS.md, section 1)."""

    asg: str = "dev-backend-asg"
    target_group: str = "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
    """The load balancer's group in which an instance has to become healthy."""
    settle: timedelta = timedelta(seconds=60)
    """How long to let the group begin before it is looked at again."""


class Incident(Struct, frozen=True, kw_only=True):
    """How many instances there are to be; `group` may say of which Auto Scaling group, as a check."""

    desired: Annotated[int, Meta(ge=0, le=1000)]
    group: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{0,255}\Z")] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why a request is none for here: another group, or no instance at all."""
    if incident.group not in {"", settings.asg}:
        return f"the Auto Scaling group {incident.group!r} is not {settings.asg}"
    if incident.desired == 0:
        return NONE
    return None
