"""The project at MongoDB Atlas, as configured, and what its writer is told of it."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.dependencies import SecretArn

ProjectId: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-f0-9]{24}\Z", examples=["5f1b2c3d4e5f60718293a4b5"])]


class AtlasProject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The environment's project. Without `writer`, nothing is ever changed there."""

    project: ProjectId
    writer: SecretArn = ""
    """ARN of the secret with an API key or a service account that may write. One function alone may read it."""
    keys: tuple[str, ...] = ()
    """The customer keys that the secret is encrypted with, where it is."""


class Writing(Struct, frozen=True, kw_only=True):
    """What the writer is told: the project, its secret, and the subnets whose way to the internet it may let in."""

    project: str
    secret: str
    subnets: tuple[str, ...]
