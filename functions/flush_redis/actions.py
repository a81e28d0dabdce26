"""FLUSHALL ASYNC, once, on the very server that was judged."""

from typing import TYPE_CHECKING

from flush_redis.facts import Flush
from flush_redis.link import linked
from flush_redis.settings import Settings
from remediation.core.errors import LeftAloneError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def flush_cache(aws: "Clients", settings: Settings, target: Flush) -> str:
    """Empty the server.

    Raises LeftAloneError where it is a primary no more, and UnreachableError.
    """
    with linked(aws, settings, target.host, target.port, tls=target.tls) as link:
        if (role := link.info().role) != "master":
            raise LeftAloneError(f"{target.host} is a {role} by now; the keys are elsewhere.")
        keys = link.keys()
        _ = aws.acting  # whoever reaches for it is asked whether this still may be (core/acting.py)
        link.flush()
        left = link.keys()
    return f"DBSIZE went from {keys:,} to {left:,}."
