"""The environment's Redis, and the one rule by which the application gets to it."""

import re
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.spec import Place

Group: TypeAlias = Annotated[str, Meta(pattern=r"\Asg-[0-9a-f]{8,17}\Z", examples=["sg-0123456789abcdef0"])]


class Settings(Struct, frozen=True, kw_only=True):
    """Whoever is in the security group `source` may connect to `port` of what is in `group`: this is the rule, and there is no other."""

    cache: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,49}\Z", examples=["dev-redis"])]
    group: Group
    """The security group of the cache."""
    source: Group
    """The security group of the application's instances."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 6379
    machines: tuple[str, ...] = ()
    """Names of the roles that CI applies Terraform with. Who removes the rule as anybody else is a person."""


class Incident(Struct, frozen=True, kw_only=True):
    """Which cache; empty: the environment's."""

    cache: Annotated[str, Meta(max_length=50)] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why the incident is not this environment's."""
    if incident.cache and not re.fullmatch(rf"{settings.cache}(-\d{{3,4}})*", incident.cache):
        return f"{incident.cache} is not the cache of {place.environment}, which is {settings.cache}"
    return None
