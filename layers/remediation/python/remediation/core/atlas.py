"""The project at MongoDB Atlas, as configured, and what its writer is told of it."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.dependencies import SecretArn

ProjectId: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-f0-9]{24}\Z", examples=["5f1b2c3d4e5f60718293a4b5"])]
ClusterName: TypeAlias = Annotated[
    str, Meta(pattern=r"\A[a-zA-Z0-9][a-zA-Z0-9-]{0,63}\Z", examples=["dev-starttech-cluster"])
]
Prefix: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{1,17}-\Z", examples=["dev-restored-"])]


class AtlasProject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The environment's part of a project, which it may share with others. Without `writer`, nothing is ever changed there."""

    project: ProjectId
    cluster: ClusterName
    """The environment's: no other one is saved, copied or restored from."""
    prefix: Prefix
    """How the names of the clusters begin that may be made and filled here; no other one can be."""
    writer: SecretArn = ""
    """ARN of the secret with an API key or a service account that may write. One function alone may read it."""
    keys: tuple[str, ...] = ()
    """The customer keys that the secret is encrypted with, where it is."""


class Writing(Struct, frozen=True, kw_only=True):
    """What the writer is told: its secret, what is this environment's, and the subnets whose way to the internet it may let in."""

    project: str
    secret: str
    cluster: str
    prefix: str
    subnets: tuple[str, ...]
