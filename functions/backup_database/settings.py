"""Which cluster is saved, and for how long the snapshot is kept."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.atlas import ProjectId
from remediation.core.dependencies import SecretArn
from remediation.core.spec import Place


class Settings(Struct, frozen=True, kw_only=True):
    """The cluster is this environment's, by its name at Atlas."""

    project: ProjectId
    cluster: Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9][a-zA-Z0-9-]{0,63}\Z", examples=["dev-starttech-cluster"])]
    reader: SecretArn
    """ARN of the secret with an API key or a service account that may read the project, and nothing else."""
    keep_days: Annotated[int, Meta(ge=1, le=90)] = 7
    """So long Atlas keeps what is taken here."""
    fresh: timedelta = timedelta(minutes=30)
    """A snapshot that somebody has taken so lately is not taken a second time."""


class Incident(Struct, frozen=True, kw_only=True):
    """What is asked for; `cluster` may say of which cluster, as a check."""

    cluster: Annotated[str, Meta(max_length=64)] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why this is not to be done here: it is another cluster."""
    if incident.cluster not in {"", settings.cluster}:
        return f"{incident.cluster} is not the cluster of {place.environment}, which is {settings.cluster}"
    return None
