"""One conversation with a member of MongoDB, over a connection that was made and checked layer by layer.

The rule of the domain: an OP_MSG is sent, an OP_MSG is read, and neither takes longer than the deadline or more than a megabyte,
whatever the server sends. Nothing is said but `hello`, a login and `ping`. Nothing that was sent or answered is quoted.
"""

import re
import struct
from itertools import count
from typing import TYPE_CHECKING, Any

import bson
from bson.errors import BSONError
from msgspec import Struct

from remediation.core.connection_string import ConnectionStringError, host_and_port, written
from remediation.core.probed import Fault, Layer
from remediation.reach.connecting import alerted
from remediation.reach.deadline import BoundedSocket
from remediation.reach.unreachable import UnreachableError

if TYPE_CHECKING:
    import socket

    from remediation.reach.deadline import Deadline

OP_MSG = 2013
HEADER = struct.Struct("<iiii")
LARGEST = 1_000_000
"""Bytes. What is answered to `hello`, a login and `ping` is a few thousand at most."""
LONGEST = 64
"""Characters of a set's name that are repeated."""
_STRANGE = re.compile(r"[^A-Za-z0-9_.$-]")
"""What is not repeated of it."""
CREDENTIALS = frozenset({11, 18})
"""UserNotFound, AuthenticationFailed."""
NO_SUCH_LOGIN = 334
"""MechanismUnavailable."""
ATLAS = 8000
"""Atlas' own code, whose text says what it is about."""
UNAUTHORIZED = 13


class Member(Struct, frozen=True, kw_only=True):
    """Who a member says that it is. `primary`: it takes writes; `knows`: whom it takes for the primary (`host:port`)."""

    primary: bool
    set_name: str = ""
    knows: str = ""
    secondary: bool = False


class MongoLink:
    """A member that is connected to. Every method raises UnreachableError where it is not answered.

    `hello`, `ping` and `begin` raise TimeoutError where there is no time for an answer.
    """

    def __init__(self, connected: "socket.socket", at: str, deadline: "Deadline") -> None:
        self.at = at
        self._connected = connected
        self._socket = BoundedSocket(connected, deadline)
        self._numbers = count(1)

    def until(self, deadline: "Deadline") -> None:
        """Give what is said from now on another end."""
        self._socket = BoundedSocket(self._connected, deadline)

    def hello(self, *, balanced: bool = False) -> Member:
        """Ask who it is; behind a load balancer (`balanced`) a member wants to hear that it is known."""
        self.begin()
        answer = self.say("hello", "admin", {"hello": 1, **({"loadBalanced": True} if balanced else {})})
        if not isinstance(answer.get("isWritablePrimary"), bool) or "maxWireVersion" not in answer:
            raise self._strange("hello")
        return Member(
            primary=answer["isWritablePrimary"],
            set_name=_STRANGE.sub("?", _text(answer.get("setName"))[:LONGEST]),
            knows=_place(_text(answer.get("primary"))),
            secondary=answer.get("secondary") is True,
        )

    def ping(self) -> None:
        """Say ping."""
        self.begin()
        self.say("ping", "admin", {"ping": 1})

    def begin(self) -> None:
        """Begin to ask something; what a slow server takes of the time after that is its own."""
        self._socket.begin()

    def say(self, layer: Layer, database: str, command: dict[str, Any]) -> dict[str, Any]:
        """Say a command and return its answer."""
        number = next(self._numbers)
        body = struct.pack("<IB", 0, 0) + bson.encode({**command, "$db": database})
        try:
            self._socket.sendall(HEADER.pack(HEADER.size + len(body), number, 0, OP_MSG) + body)
            answer = self._answer(layer, number)
        except TimeoutError:
            because = f"{self.at} took the connection and gave no answer to {_said(layer)} in time."
            raise UnreachableError(layer, "no-answer", because) from None
        except OSError as error:
            raise self._cut_off(layer, alerted(error)) from None
        if answer.get("ok") != 1:
            raise UnreachableError(layer, *self._refused(layer, answer))
        return answer

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()

    def _answer(self, layer: Layer, number: int) -> dict[str, Any]:
        length, _, to, operation = HEADER.unpack(self._read(layer, HEADER.size))
        if operation != OP_MSG or to != number or not HEADER.size + 5 < length <= LARGEST:
            raise self._strange(layer)
        body = self._read(layer, length - HEADER.size)
        flags, kind = struct.unpack_from("<IB", body)
        if flags & 1:  # a checksum follows the document
            body = body[:-4]
        if kind != 0:
            raise self._strange(layer)
        try:
            return dict(bson.decode(body[5:]))
        except (BSONError, ValueError, TypeError, OverflowError, RecursionError):
            raise self._strange(layer) from None

    def _read(self, layer: Layer, size: int) -> bytes:
        read = bytearray()
        while len(read) < size:
            piece = self._socket.recv(min(size - len(read), 65_536))
            if not piece:
                raise self._strange(layer) if read else self._cut_off(layer)
            read += piece
        return bytes(read)

    def _cut_off(self, layer: Layer, alert: str = "") -> UnreachableError:
        because = f"{self.at} ended the connection instead of answering {_said(layer)}{alert}."
        return UnreachableError(layer, "cut-off", because)

    def _strange(self, layer: Layer) -> UnreachableError:
        because = f"{self.at} answers {_said(layer)} with what is no answer of MongoDB to it."
        return UnreachableError(layer, "not-understood", because)

    def _refused(self, layer: Layer, answer: dict[str, Any]) -> tuple[Fault, str]:
        """Return what an error means. Its own words may name a user, so they are read and not repeated."""
        code, said = answer.get("code"), _text(answer.get("errmsg")).lower()
        number = code if isinstance(code, int) else 0
        if "too many" in said or "connection limit" in said:
            return "too-many-clients", f"{self.at} has as many clients as it takes."
        if number in CREDENTIALS or (number == ATLAS and "auth" in said):
            return "credentials-refused", f"{self.at} refuses the user or the password of the connection string."
        if number == NO_SUCH_LOGIN:
            return (
                "credentials-refused",
                f"{self.at} does not let this user log in in this way (code {number}: mechanism).",
            )
        if number == UNAUTHORIZED:
            return "not-permitted", f"{self.at} does not let this user say {_said(layer)} (code {number})."
        return "not-understood", f"{self.at} answers {_said(layer)} with an error (code {number})."


def _said(layer: Layer) -> str:
    return "a login" if layer == "auth" else layer


def _place(text: str) -> str:
    """Return a `host:port` as we write it, and nothing where it is none."""
    try:
        return written(*host_and_port(text.lower()))
    except ConnectionStringError:
        return ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
