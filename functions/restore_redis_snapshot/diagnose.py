"""Look at the snapshot, at what it was taken of, and at the new cache; ask the probe whether that answers."""

from typing import TYPE_CHECKING

from remediation.aws.caches import AVAILABLE, cache
from remediation.aws.probing import probe
from remediation.core.errors import AwsError
from restore_redis_snapshot.facts import Facts
from restore_redis_snapshot.recipe import recipe
from restore_redis_snapshot.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Describe all of it. The probe is asked only about a new cache that is there: before, there is nothing to see."""
    facts = Facts(
        new=cache(aws, incident.new_id), name=incident.snapshot, recipe=recipe(aws, settings, incident.snapshot)
    )
    new = facts.new
    if new.status != AVAILABLE or not new.host:
        return facts
    try:
        seen = probe(aws, "redis", host=new.host, port=new.port)
    except AwsError as error:
        return Facts(new=new, name=facts.name, recipe=facts.recipe, unprobed=str(error))
    return Facts(new=new, name=facts.name, recipe=facts.recipe, probed=seen)
