"""Whose snapshots may be restored, what the new clusters are called, and how what is in them is counted."""

import re
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.atlas import ProjectId
from remediation.core.dependencies import Parameter, SecretArn
from remediation.core.spec import Place

LONGEST = 23
"""Atlas tells clusters apart by so many characters of their names, in the names of their hosts."""
_SOUND = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")


class Settings(Struct, frozen=True, kw_only=True):
    """The cluster is this environment's, by its name at Atlas."""

    project: ProjectId
    cluster: Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9][a-zA-Z0-9-]{0,63}\Z", examples=["dev-starttech-cluster"])]
    reader: SecretArn
    """ARN of the secret with an API key or a service account that may read the project, and nothing else."""
    secret: SecretArn = ""
    """ARN of the secret with the application's connection string. It is read to log in to the new cluster, and never changed."""
    secret_key: str = ""
    """The key of the connection string in the secret, where that is JSON."""
    parameter: Parameter = ""
    """Name of the SSM parameter (a SecureString) with the connection string, instead of a secret."""
    database: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,38}\Z", examples=["starttech"])] = "starttech"
    """The database that is counted."""
    prefix: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{1,17}-\Z", examples=["dev-restored-"])]
    """How the names of the new clusters begin; nothing else can be made."""

    def __post_init__(self) -> None:
        if bool(self.secret) == bool(self.parameter):
            raise ValueError(
                "expected either `secret` or `parameter`: one of them has the connection string, and only one"
            )


class Incident(Struct, frozen=True, kw_only=True):
    """What the new cluster is to be called, and which snapshot it gets; empty: the newest that is completed."""

    new_cluster: Annotated[str, Meta(max_length=64)]
    snapshot: Annotated[str, Meta(pattern=r"\A([a-f0-9]{24})?\Z")] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why this cannot be a new cluster of this environment."""
    name = incident.new_cluster
    if name == settings.cluster:
        return f"{name} is the cluster of {place.environment}, and is never restored in place; name a new one"
    if not _SOUND.fullmatch(name) or len(name) > LONGEST:
        return f"{name!r} is no name for a new cluster: at most {LONGEST} small letters, digits and single hyphens"
    if not name.startswith(settings.prefix):
        return f"what is restored in {place.environment} is called {settings.prefix}..., not {name}"
    return None
