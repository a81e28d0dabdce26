"""What a Redis is asked where there is time for its answer, and where there is none. Nothing here opens a socket."""

import time
from collections.abc import Callable

import pytest

from probe_dependencies.tried import Tried
from remediation.core.probed import Layer
from remediation.core.redact import Secret
from remediation.reach.deadline import LEAST, Deadline
from remediation.reach.redis_link import RedisLink
from remediation.reach.unreachable import UnreachableError

AT = "redis.example:6379"


class Silent:
    """A socket that keeps what it was told, and says nothing."""

    def __init__(self) -> None:
        self.told = b""

    def settimeout(self, _: float | None) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        self.told += data

    def recv(self, _: int) -> bytes:
        raise TimeoutError

    def shutdown(self, _: int) -> None:
        pass

    def close(self) -> None:
        pass


def without_a_token(say: Callable[[RedisLink], object]) -> Callable[[RedisLink], object]:
    def said(link: RedisLink) -> None:
        link.log_in("", None)
        say(link)

    return said


ASKED: dict[Layer, Callable[[RedisLink], object]] = {
    "auth": lambda link: link.log_in("default", Secret("token")),
    "ping": without_a_token(RedisLink.ping),
    "info": without_a_token(RedisLink.info),
}


def link(silent: Silent, left: float) -> RedisLink:
    return RedisLink(silent, AT, Deadline(left, lambda: 0.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("layer", ASKED)
@pytest.mark.parametrize("left", [-1.0, 0.02, LEAST - 0.01])
def test_where_there_is_no_time_for_an_answer_nothing_is_asked(layer: Layer, left: float) -> None:
    silent = Silent()
    tried = Tried(time.monotonic)
    with pytest.raises(UnreachableError, match="it was not tried"), tried.layer(layer, ""):
        ASKED[layer](link(silent, left))
    assert (tried.steps[-1].fault, tried.steps[-1].own, silent.told) == ("no-time", True, b"")


@pytest.mark.parametrize("layer", ASKED)
def test_a_silence_for_which_there_was_time_is_no_answer(layer: Layer) -> None:
    silent = Silent()
    with pytest.raises(UnreachableError) as caught:
        ASKED[layer](link(silent, LEAST))
    assert (caught.value.layer, caught.value.fault) == (layer, "no-answer")
    assert silent.told
