"""One look at Redis: layer by layer up to the first that fails, in three seconds whatever the server does."""

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from probe_dependencies.tried import Tried
from remediation.core.connection_string import written
from remediation.core.dependencies import RedisDependency
from remediation.core.probed import Probed, RedisState
from remediation.core.redact import Secret
from remediation.reach.connecting import address_of, connect, resolve, secure, speaks_tls
from remediation.reach.deadline import Deadline
from remediation.reach.redis_link import RedisLink
from remediation.reach.unreachable import UnreachableError

WITHIN = 2.8
"""Seconds that one look takes at most."""
FULL = 0.999
"""Redis refuses writes at its maxmemory, but frees a little of it now and then."""


@dataclass(kw_only=True)
class Look:
    """One look, which begins when it is made, and what it has found so far."""

    redis: RedisDependency
    token: Secret | None
    networks: tuple[str, ...]
    roots: str | None = None
    """A PEM file of certificate authorities; None: the system's."""
    clock: Callable[[], float] = time.monotonic
    state: RedisState | None = None

    def __post_init__(self) -> None:
        self.tried = Tried(self.clock)
        self.at = f"{self.redis.host}:{self.redis.port}"
        self.deadline = Deadline(WITHIN, self.clock)

    def probed(self, now: datetime) -> Probed:
        """Return what is found. Whatever is wrong with the server is in the answer, and nothing raises."""
        with suppress(UnreachableError):
            self._layers()
        redis, steps = self.redis, tuple(self.tried.steps)
        return Probed(dependency="redis", host=redis.host, port=redis.port, at=now, steps=steps, state=self.state)

    def _layers(self) -> None:
        """Try all layers. Raises UnreachableError at the first that fails."""
        redis = self.redis
        with self.tried.layer("dns", f"The name {redis.host} is known."):
            addresses = resolve(redis.host, redis.port, self.networks, self.deadline)
        with self.tried.layer("tcp", ""):
            connected = connect(addresses, redis.port, self.deadline)
            address = address_of(connected)
        self.tried.say(f"{written(address, redis.port)} takes connections.")
        if redis.tls:
            with self.tried.layer("tls", f"The certificate is for {redis.host} and trusted."):
                connected = self._secured(connected, address)
        with closing(RedisLink(connected, self.at, self.deadline)) as link:
            with self.tried.layer("auth", "The token is taken." if self.token else "No token is configured."):
                self._in_plain(address, partial(link.log_in, redis.username, self.token))
            with self.tried.layer("ping", f"{self.at} answers PING."):
                self._in_plain(address, link.ping)
            with self.tried.layer("info", "INFO shows nothing wrong."):
                self.state = link.info()
                _judge(self.state, self.at)

    def _secured(self, connected: socket.socket, address: str) -> socket.socket:
        try:
            return secure(connected, self.redis.host, self.roots, self.deadline)
        except UnreachableError as error:
            if error.fault in {"no-answer", "cut-off"} and self._speaks_plainly(address):
                because = f"{self.at} does not speak TLS, and TLS is configured."
                raise UnreachableError("tls", "tls-not-spoken", because) from error
            raise

    def _in_plain(self, address: str, say: Callable[[], None]) -> None:
        """Say something to the server; where it hangs up, ask whether it is TLS that it wants."""
        try:
            say()
        except UnreachableError as error:
            if error.fault == "cut-off" and not self.redis.tls and speaks_tls(address, self.redis.port, self.deadline):
                because = f"{self.at} speaks TLS only, and TLS is not configured."
                raise UnreachableError("tls", "tls-wanted", because) from error
            raise

    def _speaks_plainly(self, address: str) -> bool:
        """Tell whether it answers a PING without TLS: a Redis without it waits for the rest of what TLS begins with."""
        try:
            with closing(
                RedisLink(connect((address,), self.redis.port, self.deadline), self.at, self.deadline)
            ) as link:
                link.log_in("", None)
                link.ping()
        except TimeoutError:
            return False
        except UnreachableError as error:
            return error.layer == "auth"  # it wants a token first
        return True


def _judge(state: RedisState, at: str) -> None:
    """Raise UnreachableError for what only INFO shows."""
    if state.loading:
        raise UnreachableError("info", "loading", f"{at} is loading its data into memory.")
    if state.link_up is False:
        raise UnreachableError("info", "replica-cut-off", f"{at} is a replica whose link to its primary is down.")
    if state.max_memory and not state.evicting and state.used_memory >= FULL * state.max_memory:
        raise UnreachableError(
            "info",
            "out-of-memory",
            f"{at} has reached its maxmemory ({state.max_memory:,} bytes), evicts nothing and takes no more writes.",
        )
