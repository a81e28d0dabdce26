"""What the probe sees of a dependency, from where the application sees it: layer by layer, up to the first that fails.

The rule of the domain: "cannot connect" has many causes, and each has somebody else to mend it. So every layer is a fact of its
own, with its own sentence, and what comes after the first that failed is not tried.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

Layer: TypeAlias = Literal["config", "secret", "dns", "tcp", "tls", "auth", "ping", "info"]
"""In the order in which they are tried. `config` and `secret` are the probe's own: what it was told, and what it may read."""
Fault: TypeAlias = Literal[
    "not-configured",
    "secret-unreadable",
    "name-unknown",
    "name-unanswered",
    "address-foreign",
    "refused",
    "no-answer",
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
"""What is wrong with the layer that failed. `address-foreign`: the name leads out of the VPC. `busy`: a script runs for long."""


class Step(Struct, frozen=True, kw_only=True):
    """One layer, as it was found. `because` is a sentence without secrets; `fault` is None where it is well."""

    layer: Layer
    because: str
    fault: Fault | None = None
    milliseconds: int = 0


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


class Probed(Struct, frozen=True, kw_only=True):
    """One look of the probe at one dependency (`redis`), at its endpoint."""

    dependency: str
    host: str
    port: int
    at: datetime
    steps: tuple[Step, ...]
    state: RedisState | None = None

    @property
    def failed(self) -> Step | None:
        """Return the layer that failed, if one did."""
        return next((step for step in self.steps if step.fault is not None), None)
