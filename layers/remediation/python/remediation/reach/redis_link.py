"""One conversation with a Redis server through redis-py, over a connection that was made and checked layer by layer.

The rule of the domain (FACTS, "redis-py 8"): protocol 2, no retry, and nothing said on connecting but AUTH: no HELLO, no
CLIENT SETINFO, no SELECT. What a server answers instead of an answer becomes the layer and the fault that it means.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from redis import exceptions as redis_errors
from redis.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    RedisError,
)

from remediation.core.probed import Fault, Layer, RedisState
from remediation.core.redact import Secret
from remediation.reach.deadline import BoundedSocket
from remediation.reach.unreachable import UnreachableError

if TYPE_CHECKING:
    import socket

    from remediation.reach.deadline import Deadline


class _Connected(AbstractConnection):
    """A connection of redis-py over a socket that is there already."""

    def __init__(self, connected: BoundedSocket, at: str, **options: Any) -> None:  # noqa: ANN401 - redis-py's own
        self._connected, self._at = connected, at
        self.port = 0  # redis-py wants to be able to tell; the address is in `at`
        super().__init__(**options)

    @property
    def host(self) -> str:
        return self._at

    @host.setter
    def host(self, value: str) -> None:
        """Redis-py would follow a cluster's moves to another host; this connection stays where it is."""

    def _connect(self) -> BoundedSocket:
        return self._connected

    def _host_error(self) -> str:
        return self._at

    def repr_pieces(self) -> list[tuple[str, str]]:
        return [("at", self._at)]


class RedisLink:
    """A server that is connected to. Every method is one command, and raises UnreachableError where it is not answered.

    Raises TimeoutError where there is no time for an answer: then nothing is sent.
    """

    def __init__(self, connected: "socket.socket", at: str, deadline: "Deadline") -> None:
        self._at = at
        self._socket = BoundedSocket(connected, deadline)
        self._connection: Any = None  # redis-py's connection, whose methods are not typed

    def log_in(self, username: str, token: Secret | None) -> None:
        """Say AUTH, where there is a token; else nothing is sent."""
        if token:
            self._socket.begin()
        self._connection = _Connected(
            self._socket,
            self._at,
            username=username or None if token else None,
            password=token.reveal() if token else None,
            protocol=2,
            driver_info=None,
            decode_responses=True,
            encoding_errors="replace",
        )
        try:
            self._connection.connect()
        except (RedisError, OSError, ValueError) as error:
            raise self._fault("auth", error) from None  # what redis-py raises may quote what was sent

    def ping(self) -> None:
        """Say PING."""
        answer = self._say("ping", "PING")
        if answer != "PONG":
            raise UnreachableError("ping", "not-understood", f"{self._at} answers PING with something else than PONG.")

    def info(self) -> RedisState:
        """Say INFO once, and return what of it matters."""
        text = self._say("info", "INFO")
        try:
            return _state(dict(line.split(":", 1) for line in text.splitlines() if ":" in line))
        except (ValueError, KeyError, AttributeError, msgspec.ValidationError) as error:
            because = f"{self._at} answers INFO with something that is none."
            raise UnreachableError("info", "not-understood", because) from error

    def keys(self) -> int:
        """Say DBSIZE: how many keys there are."""
        return int(self._say("info", "DBSIZE"))

    def flush(self) -> None:
        """Say FLUSHALL ASYNC: every key of every database is gone."""
        self._say("info", "FLUSHALL", "ASYNC")

    def close(self) -> None:
        """End the conversation."""
        if self._connection is not None:
            self._connection.disconnect()
        self._socket.close()

    def _say(self, layer: Layer, *words: str) -> Any:  # noqa: ANN401 - as various as Redis' answers
        if self._connection is None:
            raise RuntimeError("log_in comes first, also where there is no token")
        self._socket.begin()
        try:
            self._connection.send_command(*words, check_health=False)
            return self._connection.read_response()
        except (RedisError, OSError, ValueError) as error:
            raise self._fault(layer, error) from None

    def _fault(self, layer: Layer, error: Exception) -> UnreachableError:
        """Return what an error of redis-py means. Redis' own words carry no secret; what was sent is never quoted."""
        at, text = self._at, str(error)
        match error:
            case AuthenticationError():
                return UnreachableError("auth", *_login(at, text))
            case NoPermissionError():
                return UnreachableError(layer, "not-permitted", f"{at} lets this user not say {_COMMAND[layer]}.")
            case BusyLoadingError():
                return UnreachableError(
                    layer, "loading", f"{at} is loading its data into memory and answers nobody yet."
                )
            case MovedError():
                because = (
                    f"{at} is one shard of a cluster and sends clients to another: use the configuration endpoint."
                )
                return UnreachableError(layer, "moved", because)
            case OutOfMemoryError():
                return UnreachableError(
                    layer, "out-of-memory", f"{at} has reached its maxmemory and takes no more writes."
                )
            case MasterDownError():
                return UnreachableError(
                    layer, "replica-cut-off", f"{at} is a replica whose link to its primary is down."
                )
            case redis_errors.TimeoutError() | TimeoutError():
                because = f"{at} took the connection and gave no answer to {_COMMAND[layer]} in time."
                return UnreachableError(layer, "no-answer", because)
            case redis_errors.ConnectionError() if "max number of clients" in text:
                return UnreachableError(layer, "too-many-clients", f"{at} has as many clients as it takes.")
            case redis_errors.ConnectionError() | OSError():
                because = f"{at} ended the connection instead of answering {_COMMAND[layer]}."
                return UnreachableError(layer, "cut-off", because)
            case _ if text.startswith("BUSY"):
                return UnreachableError(layer, "busy", f"{at} is busy with a script that takes too long.")
            case _:
                because = f"{at} answers {_COMMAND[layer]} with what is no answer of Redis to it."
                return UnreachableError(layer, "not-understood", because)


_COMMAND: Mapping[Layer, str] = {"auth": "AUTH", "ping": "PING", "info": "INFO"}
"""What is said in a layer."""


def _login(at: str, text: str) -> tuple[Fault, str]:
    said = text.lower()
    if "authentication required" in said:
        return "token-missing", f"{at} wants a token, and none is configured."
    if "without any password" in said or "no password is set" in said:
        return "token-not-wanted", f"{at} has no password, and a token is configured."
    return "token-wrong", f"{at} refuses the configured token (WRONGPASS)."


def _state(info: Mapping[str, str]) -> RedisState:
    link = info.get("master_link_status")
    known = {
        "role": info["role"],
        "used_memory": int(info["used_memory"]),
        "max_memory": int(info.get("maxmemory", 0)),
        "evicting": info.get("maxmemory_policy", "noeviction") != "noeviction",
        "clients": int(info["connected_clients"]),
        "loading": info.get("loading", "0") == "1",
        "evicted": int(info.get("evicted_keys", 0)),
        "replicas": int(info.get("connected_slaves", 0)),
        "link_up": None if link is None else link == "up",
    }
    return msgspec.convert(known, RedisState)
