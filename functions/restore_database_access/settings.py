"""The environment's cluster at Atlas, who reads it, and the subnets from which the application gets there."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.atlas import ProjectId
from remediation.core.dependencies import SecretArn
from remediation.core.spec import Place

Subnet: TypeAlias = Annotated[str, Meta(pattern=r"\Asubnet-[0-9a-f]{8,17}\Z", examples=["subnet-0123456789abcdef0"])]


class Settings(Struct, frozen=True, kw_only=True):
    """One cluster of one project. Without `reader` Atlas is not asked, and nothing is ever changed there."""

    cluster: Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9][a-zA-Z0-9-]{0,63}\Z", examples=["dev-starttech-cluster"])]
    project: ProjectId
    reader: SecretArn = ""
    """ARN of the secret with an API key or a service account that may read the project, and nothing else."""
    subnets: Annotated[tuple[Subnet, ...], Meta(min_length=1)]
    """The application's, and so those of `[network]`: the NAT gateways that they are routed to are what Atlas sees of us."""
    writer: bool = False
    """Whether a person may be asked to let one of those in, through the function atlas-writer."""
    log_group: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_/.#-]{0,512}\Z")] = ""
    """Where the application's logs are shipped to: errors of its MongoDB driver there start this too."""


class Incident(Struct, frozen=True, kw_only=True):
    """Which cluster; empty: the environment's."""

    cluster: Annotated[str, Meta(max_length=64)] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why the incident is not this environment's."""
    if incident.cluster and incident.cluster != settings.cluster:
        return f"{incident.cluster} is not the cluster of {place.environment}, which is {settings.cluster}"
    return None
