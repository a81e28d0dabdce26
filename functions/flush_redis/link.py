"""The conversation with the cache, from within the VPC."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from flush_redis.settings import Settings
from remediation.aws.secrets import secret
from remediation.reach.connecting import connect, resolve, secure
from remediation.reach.deadline import Deadline
from remediation.reach.unreachable import UnreachableError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients
    from remediation.reach.redis_link import RedisLink

WITHIN = 5.0
"""Seconds for all that is said in one conversation."""


@contextmanager
def linked(aws: "Clients", settings: Settings, host: str, port: int, *, tls: bool) -> Iterator["RedisLink"]:
    """Connect to the endpoint that AWS tells, and log in. Raises UnreachableError, AwsError, SecretShapeError.

    That there is no time for what is said is an UnreachableError too.
    """
    from remediation.reach.redis_link import RedisLink  # noqa: PLC0415 - not where the catalogue is only read

    token = secret(aws, settings.token, settings.token_key) if settings.token else None
    deadline = Deadline(WITHIN)
    try:
        connected = connect(resolve(host, port, settings.networks, deadline), port, deadline)
        if tls:
            connected = secure(connected, host, None, deadline)
        with closing(RedisLink(connected, f"{host}:{port}", deadline)) as link:
            link.log_in(settings.username, token)
            yield link
    except TimeoutError as error:
        because = f"What was said to {host}:{port} before took all the time, so no more was said."
        raise UnreachableError("info", "no-time", because) from error
