"""What the probe sees of a dependency, from where the application sees it: layer by layer, up to the first that fails.

The rule of the domain: "cannot connect" has many causes, and each has somebody else to mend it. So every layer is a fact of its
own, with its own sentence, and what comes after the first that failed is not tried.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

Layer: TypeAlias = Literal["config", "secret", "records", "dns", "tcp", "tls", "hello", "auth", "ping", "info"]
"""In the order in which they are tried. `config` and `secret` are the probe's own: what it was told, and what it may read.

`records` and `hello` are MongoDB's: the SRV and TXT records of a `mongodb+srv` name, and who a member says that it is. `info` is
Redis'.
"""
RedisFault: TypeAlias = Literal[
    "not-configured",
    "secret-unreadable",
    "name-unknown",
    "name-unanswered",
    "address-foreign",
    "refused",
    "no-answer",
    "no-route",
    "no-time",
    "own-trouble",
    "cut-off",
    "tls-wanted",
    "tls-not-spoken",
    "certificate-untrusted",
    "certificate-expired",
    "certificate-other-name",
    "token-missing",
    "token-wrong",
    "token-not-wanted",
    "not-permitted",
    "loading",
    "moved",
    "out-of-memory",
    "too-many-clients",
    "busy",
    "replica-cut-off",
    "not-understood",
]
MongoFault: TypeAlias = Literal[
    "not-configured",
    "secret-unreadable",
    "string-not-understood",
    "records-unknown",
    "name-unknown",
    "name-unanswered",
    "address-foreign",
    "refused",
    "no-answer",
    "no-route",
    "no-time",
    "own-trouble",
    "cut-off",
    "tls-wanted",
    "tls-not-spoken",
    "certificate-untrusted",
    "certificate-expired",
    "certificate-other-name",
    "no-primary",
    "other-set",
    "credentials-refused",
    "not-permitted",
    "too-many-clients",
    "not-understood",
]
Fault: TypeAlias = RedisFault | MongoFault
"""What is wrong with the layer that failed. `address-foreign`: the name leads where it may not (Redis': out of the VPC). `busy`: a script runs for long.

`string-not-understood`: the connection string is none. `no-primary`: members answer, and none of them takes writes. `other-set`:
a member is of another replica set than the string says. `no-answer`: it was waited for long enough, and nothing came. `no-route`:
from here no way leads to the address. `no-time`: what came before left too little time, so it was not tried. `own-trouble`: the
probe's own machine could not connect (it has no more files, or may not).
"""
OWN_LAYERS: frozenset[Layer] = frozenset({"config", "secret"})
OWN_FAULTS: frozenset[Fault] = frozenset({"no-time", "own-trouble"})
"""What is the probe's own trouble, and says nothing of the dependency."""


class Step(Struct, frozen=True, kw_only=True):
    """One layer, as it was found. `because` is a sentence without secrets; `fault` is None where it is well."""

    layer: Layer
    because: str
    fault: Fault | None = None
    milliseconds: int = 0

    @property
    def label(self) -> str:
        """Return the layer as it may stand before a colon: what follows `secret:` is taken for one, and out (core/redact.py)."""
        return "secret layer" if self.layer == "secret" else self.layer

    @property
    def own(self) -> bool:
        """Tell whether what is wrong is the probe's own trouble."""
        return self.fault is not None and (self.layer in OWN_LAYERS or self.fault in OWN_FAULTS)


class RedisState(Struct, frozen=True, kw_only=True):
    """What INFO says, in bytes and numbers. `link_up` is a replica's link to its primary; None on a primary.

    `evicting`: when memory is full, old keys make room; else writes are refused.
    """

    role: Literal["master", "slave"]
    used_memory: int
    max_memory: int
    clients: int
    loading: bool
    evicting: bool = True
    evicted: int = 0
    replicas: int = 0
    link_up: bool | None = None


class Shape(Struct, frozen=True, kw_only=True):
    """What a connection string says besides its secrets: `mongodb` or `mongodb+srv`, hosts with ports, names of options."""

    scheme: str
    hosts: tuple[str, ...]
    database: str = ""
    options: tuple[str, ...] = ()
    """As `name=value`, for options whose values are no secrets; else only the name."""


class MongoState(Struct, frozen=True, kw_only=True):
    """What the members say. `shape.hosts` are those that the string names, which is the one name of `mongodb+srv`."""

    shape: Shape
    hosts: tuple[str, ...] = ()
    """The members that the string leads to, as `host:port`: as its records name them, or itself."""
    addresses: tuple[str, ...] = ()
    """The IP addresses that were connected to, or were tried; without those that may not be connected to."""
    silent: tuple[str, ...] = ()
    """Those of `hosts` that gave no answer in TCP."""
    heard: tuple[str, ...] | None = None
    """Those of `hosts` that took a connection, refused it or hung up; None where the probe does not tell, as before it had this."""
    answering: tuple[str, ...] = ()
    """Those of `hosts` that answered `hello`."""
    primary: str = ""
    lost: str = ""
    """Whom members that answer take for the primary, where it cannot be used; of several the one that the failed layer is of."""
    set_name: str = ""
    logged_in_at: datetime | None = None
    """When a login was tried last: it is at most once in 15 minutes, and what came of it counts until the next."""


class Probed(Struct, frozen=True, kw_only=True):
    """One look of the probe at one dependency (`redis`, `mongodb`), at its endpoint."""

    dependency: str
    host: str
    port: int
    at: datetime
    steps: tuple[Step, ...]
    state: RedisState | None = None
    mongodb: MongoState | None = None

    @property
    def failed(self) -> Step | None:
        """Return the layer that failed, if one did."""
        return next((step for step in self.steps if step.fault is not None), None)
