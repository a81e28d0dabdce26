"""Which cache may be flushed, and whether it may at all."""

from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.dependencies import SecretArn
from remediation.core.spec import Place
from remediation.reach.connecting import PRIVATE


class Settings(Struct, frozen=True, kw_only=True):
    """The cache is one of this environment's, by its ElastiCache id; its endpoint is looked up, never configured."""

    cache: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,49}\Z", examples=["dev-redis"])]
    token: SecretArn = ""
    """ARN of the secret that holds the token to log in with; empty: there is none."""
    token_key: str = ""
    """The key of the token in the secret, where that is JSON."""
    username: str = ""
    networks: tuple[str, ...] = PRIVATE
    """CIDR blocks that its endpoint may lead to."""
    allowed: bool = False
    """Whether anybody may have it flushed here. In production that is a decision of its own."""


class Incident(Struct, frozen=True, kw_only=True):
    """What is asked for. Without a snapshot nothing brings back what is in the cache; the two people approve that too."""

    cache: Annotated[str, Meta(max_length=50)] = ""
    without_snapshot: bool = False


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why this is not to be done here: it is another cache, or configuration does not allow it."""
    if incident.cache and incident.cache != settings.cache:
        return f"{incident.cache} is not the cache of {place.environment}, which is {settings.cache}"
    if not settings.allowed:
        return f"{settings.cache} is not to be flushed in {place.environment} (setting `allowed` of flush-redis)"
    return None
