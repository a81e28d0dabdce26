"""Look at the cache as AWS describes it, and ask the server behind its endpoint how much it holds."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from flush_redis.facts import Facts
from flush_redis.link import linked
from flush_redis.settings import Incident, Settings
from remediation.aws.caches import AVAILABLE, cache
from remediation.aws.secrets import SecretShapeError
from remediation.core.errors import AwsError
from remediation.reach.unreachable import UnreachableError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Say INFO and DBSIZE to the endpoint that AWS tells; what cannot be seen is a fact too."""
    found = cache(aws, settings.cache)
    facts = Facts(
        cache=found.id,
        status=found.status,
        host=found.host,
        port=found.port,
        tls=found.tls,
        sharded=found.clustered,
        without_snapshot=incident.without_snapshot,
        unseen="" if found.host else f"AWS tells no endpoint of it; it is {found.status}.",
    )
    if not found.host or found.status != AVAILABLE:
        return facts
    try:
        with linked(aws, settings, found.host, found.port, tls=found.tls) as link:
            state, keys = link.info(), link.keys()
    except (UnreachableError, AwsError, SecretShapeError) as error:
        return replace(facts, unseen=str(error))
    return replace(facts, role=state.role, keys=keys)
