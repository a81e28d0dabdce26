"""What flush-redis looks at, and what it judges."""

from typing import Literal

from msgspec import Struct

from remediation.core.verdict import Target


class Facts(Struct, frozen=True, kw_only=True):
    """The cache, and the server behind its endpoint. `keys` is DBSIZE; None where `unseen` says why nothing was seen."""

    cache: str
    status: str
    host: str = ""
    port: int = 0
    tls: bool = False
    keys: int | None = None
    role: Literal["master", "slave", ""] = ""
    sharded: bool = False
    unseen: str = ""
    without_snapshot: bool = False


class Flush(Target, frozen=True, kw_only=True):
    """The server that was judged: its endpoint, and how many keys it had."""

    host: str
    port: int
    tls: bool
    keys: int
