"""How a request gets to Atlas and an answer back: over verified TLS, without redirects, in bounded time and size.

It knows nothing of Atlas but how patient one has to be with it. A test puts another `Transport` in its place.
"""

import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import urllib3
from msgspec import Struct
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

from remediation.atlas.within import Connections

CONNECT, WITHIN = 3.0, 5.0
"""Seconds: to get a connection, and for a whole request with that."""
LARGEST = 8_000_000
"""Bytes of an answer; a longer one is not read."""
PAUSE, LONGEST_PAUSE = 0.5, 2.0
"""Seconds before a read is asked again. If `Retry-After` demands more than the longest, the read has failed."""

Code: TypeAlias = Literal["EndpointConnection", "ReadTimeout", "ConnectionClosed", "SSL", "TooLarge", "NotSent"]


class Request(Struct, frozen=True, kw_only=True):
    """One request. `again`: if the server is busy, it will be asked the same once more."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    again: bool = False


class Reply(Struct, frozen=True, kw_only=True):
    """What came back; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Transport: TypeAlias = Callable[[Request], Reply]
"""Sends one request once and returns what came back, whatever it is. Raises NoReplyError."""


class NoReplyError(Exception):
    """Nothing came back, or not all of it; `code` is the kind of failure, as botocore names it."""

    def __init__(self, sentence: str, code: Code) -> None:
        super().__init__(sentence)
        self.code = code


def https(pool: urllib3.PoolManager | None = None) -> Transport:
    """Return what sends a request over connections of its own, which verify the server's certificate."""
    made = [pool] if pool is not None else []

    def sent(request: Request) -> Reply:
        if not made:  # only who asks Atlas reads the certificates
            made.append(Connections())
        try:
            answer = made[0].request(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body or None,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=WITHIN, connect=CONNECT),
            )
            with answer:
                body = _body(answer)
        except HTTPError as error:
            raise _unanswered(error) from None  # urllib3's own text shows what was asked
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status, headers=headers, body=body)

    return sent


def pacing(send: Transport, wait: Callable[[float], None] = time.sleep) -> Transport:
    """Return a transport that makes a pause after a busy server's answer, where whoever asks is going to ask again."""

    def sent(request: Request) -> Reply:
        reply = send(request)
        if request.again and busy(reply):
            wait(max(PAUSE, demanded(reply)))
        return reply

    return sent


def ending(send: Transport, ends: float, clock: Callable[[], float]) -> Transport:
    """Return a transport that begins no request after an instant of `clock`, in seconds."""

    def sent(request: Request) -> Reply:
        if clock() >= ends:
            raise NoReplyError("because the time that there is for it was over", "NotSent")
        return send(request)

    return sent


def busy(reply: Reply) -> bool:
    """Tell whether it is worth while to ask once more, a little later."""
    return (reply.status == 429 or reply.status >= 500) and demanded(reply) <= LONGEST_PAUSE


def demanded(reply: Reply) -> float:
    """Return how many seconds an answer wants to be waited; a date counts as nothing."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0


def _body(answer: urllib3.BaseHTTPResponse) -> bytes:
    body = bytearray()
    while chunk := answer.read1(65_536):
        body += chunk
        if len(body) > LARGEST:
            raise NoReplyError(f"the answer has more than {LARGEST:,} bytes", "TooLarge")
    return bytes(body)


def _unanswered(error: HTTPError) -> NoReplyError:
    match error:
        case SSLError():
            return NoReplyError("its certificate is not trusted", "SSL")
        case ConnectTimeoutError() | NewConnectionError():
            return NoReplyError("it cannot be reached", "EndpointConnection")
        case ReadTimeoutError():
            return NoReplyError(f"no answer within {WITHIN:.0f} s", "ReadTimeout")
        case _:
            return NoReplyError("the connection broke", "ConnectionClosed")
