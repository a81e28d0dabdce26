"""What restore-redis-snapshot looks at, and what it has approved: the whole recipe of the new cache."""

from datetime import datetime

from msgspec import Struct

from remediation.aws.caches import Cache, Kind
from remediation.core.probed import Probed
from remediation.core.verdict import Target


class Recipe(Struct, frozen=True, kw_only=True):
    """A snapshot, and all that a new cache is made of: as the cache is that was saved, or as it was where it is gone."""

    snapshot: str
    status: str
    of: str
    """The cache that was saved."""
    ours: bool
    """Whether that is a cache of this environment."""
    gone: bool = False
    """Whether it is not there any more: then all is known from the snapshot alone."""
    at: datetime | None = None
    size: str = ""
    kind: Kind
    engine: str = ""
    version: str = ""
    node_type: str = ""
    port: int = 6379
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""
    shards: int = 1
    saved: int = 0
    """How many of its shards the snapshot holds."""
    replicas: int = 0
    """Of each shard."""
    clustered: bool = False
    tls: bool = False
    at_rest: bool = False
    token: bool = False
    """Whether one logs in with a token: AWS does not tell it, so it cannot be copied."""
    users: bool = False
    """Whether one logs in as a user of a user group, which is not copied either."""
    key: str = ""
    """The customer's key that it is encrypted with, if there is one."""

    @property
    def logs_in(self) -> bool:
        """Tell whether one logs in to the cache that was saved."""
        return self.token or self.users


class Facts(Struct, frozen=True, kw_only=True):
    """The recipe, None where there is no such snapshot; the new cache as it is; and what the probe sees of that."""

    new: Cache
    name: str
    """What was asked for."""
    recipe: Recipe | None = None
    probed: Probed | None = None
    unprobed: str = ""
    """Why the probe said nothing, where it was asked."""


class Restore(Target, frozen=True, kw_only=True):
    """The new cache; its id is its name."""

    recipe: Recipe
