"""What the application depends on, as configured: one typed value for the CDK app and for the functions in the VPC."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Host: TypeAlias = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9.-]{0,252})\Z", examples=["dev-redis.abc123.0001.use1.cache.amazonaws.com"]),
]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
SecretArn: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"\A(arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512})?\Z",
        examples=["arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/redis-AbCdEf"],
    ),
]


class RedisDependency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Redis of the environment: where it is, whether it speaks TLS, and how to log in to it."""

    host: Host
    port: Port = 6379
    tls: bool = False
    token: SecretArn = ""
    """ARN of the secret that holds the token to log in with; empty: there is none."""
    token_key: str = ""
    """The key of the token in the secret, where that is JSON."""
    username: str = ""


Parameter: TypeAlias = Annotated[
    str, Meta(pattern=r"\A(/[A-Za-z0-9_.-]{1,128}){0,15}\Z", examples=["/dev/starttech/mongodb-uri"])
]
ANYWHERE = ("0.0.0.0/0", "::/0")
"""Any address: a shared cluster of Atlas has public ones, and they change."""


class MongoDependency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MongoDB of the environment: which secret or which parameter has its connection string."""

    secret: SecretArn = ""
    secret_key: str = ""
    """The key of the string in the secret, where that is JSON."""
    parameter: Parameter = ""
    """Name of the SSM parameter (a SecureString), instead of a secret."""
    networks: tuple[str, ...] = ANYWHERE
    """CIDR blocks that its addresses may be in. This machine, link-local addresses and AWS's metadata never are."""
    database: str = ""
    """The application's database; empty: the one that the string names."""


class Dependencies(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them. What is not configured is not probed.

    `keys` are the customer keys that their secrets are encrypted with, where they are.
    """

    redis: RedisDependency | None = None
    mongodb: MongoDependency | None = None
    keys: tuple[str, ...] = ()


class Probing(Struct, frozen=True, kw_only=True):
    """What the probe is told: what to look at, and within which networks a name may lead (CIDR blocks)."""

    dependencies: Dependencies
    networks: tuple[str, ...]
