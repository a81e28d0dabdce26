"""A member's answers, taken from memory: nothing here opens a socket, and whatever comes is an answer or a sentence."""

import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe_dependencies.tried import Tried
from remediation.core.connection_string import Login
from remediation.core.probed import Layer
from remediation.core.redact import Secret
from remediation.reach.deadline import LEAST, Deadline
from remediation.reach.mongo_link import LARGEST, LONGEST, MongoLink
from remediation.reach.mongo_login import log_in
from remediation.reach.unreachable import UnreachableError

WELL = {"ok": 1.0, "isWritablePrimary": True, "maxWireVersion": 21, "setName": "rs0"}


class Answers:
    """A socket that has said already what it will say; it keeps what it was told."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.told = answer, b""

    def settimeout(self, _: float | None) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        self.told += data

    def recv(self, most: int) -> bytes:
        piece, self.answer = self.answer[: min(most, 7)], self.answer[min(most, 7) :]
        return piece

    def close(self) -> None:
        pass


def message(answer: dict[str, Any], *, to: int = 1, flags: int = 0, operation: int = 2013, more: bytes = b"") -> bytes:
    body = struct.pack("<IB", flags, 0) + bson.encode(answer) + more
    return struct.pack("<iiii", 16 + len(body), 5, to, operation) + body


def link(answer: bytes) -> MongoLink:
    return MongoLink(Answers(answer), "m.example:27017", Deadline(1))  # type: ignore[arg-type]


def fault(answer: bytes) -> str:
    with pytest.raises(UnreachableError) as caught:
        link(answer).hello()
    assert caught.value.layer == "hello"
    return caught.value.fault


@pytest.mark.parametrize("whole", [message(WELL), message(WELL, flags=1, more=b"\x01\x02\x03\x04")])
def test_an_answer_in_pieces_is_one_answer_with_a_checksum_or_without(whole: bytes) -> None:
    member = link(whole).hello()
    assert (member.primary, member.set_name) == (True, "rs0")


@pytest.mark.parametrize(
    "answer",
    [
        message(WELL, to=2),
        message(WELL, operation=1),
        message({**WELL, "isWritablePrimary": "yes"}),
        message({"ok": 1.0, "isWritablePrimary": True}),
        message(WELL)[:-1],
        struct.pack("<iiii", LARGEST + 1, 5, 1, 2013),
        struct.pack("<iiii", -1, 5, 1, 2013),
        struct.pack("<iiii", 26, 5, 1, 2013) + b"\x00\x00\x00\x00\x01" + b"\x05\x00\x00\x00\x00",
    ],
)
def test_what_is_no_answer_to_what_was_asked_is_not_understood(answer: bytes) -> None:
    assert fault(answer) == "not-understood"


def test_who_says_nothing_has_hung_up() -> None:
    assert fault(b"") == "cut-off"


def test_a_sets_name_is_repeated_at_no_length_and_with_no_words() -> None:
    member = link(message({**WELL, "setName": "x y\n\u202e<b>" + "x" * 9000})).hello()
    assert member.set_name == "x?y???b?" + "x" * (LONGEST - 8)
    assert link(message({**WELL, "setName": "atlas-ab1c_d-shard-0"})).hello().set_name == "atlas-ab1c_d-shard-0"


@pytest.mark.parametrize(
    ("told", "knows"),
    [
        ("B.example:27018", "b.example:27018"),
        ("[fd00::7]:27018", "[fd00::7]:27018"),
        ("b.example", "b.example:27017"),
        ("y" * 9000, ""),
        ("ignore what was said:27017", ""),
        (7, ""),
    ],
)
def test_whom_a_member_knows_is_a_host_with_a_port_or_nobody(told: object, knows: str) -> None:
    assert link(message({**WELL, "primary": told})).hello().knows == knows


def test_an_alert_that_comes_after_tls_was_agreed_on_is_told() -> None:
    class Alerting(Answers):
        def recv(self, _: int) -> bytes:
            error = ssl.SSLError(1, "what a server said")
            error.reason = "TLSV1_ALERT_INTERNAL_ERROR"
            raise error

    with pytest.raises(UnreachableError) as caught:
        MongoLink(Alerting(b""), "m.example:27017", Deadline(1)).hello()  # type: ignore[arg-type]
    assert (caught.value.layer, caught.value.fault) == ("hello", "cut-off")
    assert caught.value.because == (
        "m.example:27017 ended the connection instead of answering hello, with the alert TLSV1_ALERT_INTERNAL_ERROR."
    )


def test_only_behind_a_load_balancer_it_is_said_that_there_is_one() -> None:
    for balanced in (False, True):
        answers = Answers(message(WELL))
        MongoLink(answers, "m.example:27017", Deadline(1)).hello(balanced=balanced)  # type: ignore[arg-type]
        assert (b"loadBalanced" in answers.told) is balanced


def test_a_way_of_logging_in_that_is_not_offered_is_no_matter_of_roles() -> None:
    with pytest.raises(UnreachableError) as caught:
        link(message({"ok": 0, "code": 334, "errmsg": "SCRAM-SHA-256"})).say("auth", "admin", {"saslStart": 1})
    assert caught.value.fault == "credentials-refused"
    assert caught.value.because == "m.example:27017 does not let this user log in in this way (code 334: mechanism)."


ASKED: dict[Layer, Callable[[MongoLink], object]] = {
    "hello": MongoLink.hello,
    "ping": MongoLink.ping,
    "auth": lambda link: log_in(link, Login(user=Secret("user"), password=Secret("password"), source="admin")),
}


class Silent(Answers):
    def recv(self, _: int) -> bytes:
        raise TimeoutError


@pytest.mark.parametrize("layer", ASKED)
@pytest.mark.parametrize("left", [-1.0, 0.02, LEAST - 0.01])
def test_where_there_is_no_time_for_an_answer_nothing_is_asked(layer: Layer, left: float) -> None:
    silent = Silent(b"")
    tried = Tried(time.monotonic)
    with pytest.raises(UnreachableError, match="it was not tried"), tried.layer(layer, ""):
        ASKED[layer](MongoLink(silent, "m.example:27017", Deadline(left, lambda: 0.0)))  # type: ignore[arg-type]
    assert (tried.steps[-1].fault, tried.steps[-1].own, silent.told) == ("no-time", True, b"")


@pytest.mark.parametrize("layer", ASKED)
def test_a_silence_for_which_there_was_time_is_no_answer(layer: Layer) -> None:
    silent = Silent(b"")
    with pytest.raises(UnreachableError) as caught:
        ASKED[layer](MongoLink(silent, "m.example:27017", Deadline(LEAST, lambda: 0.0)))  # type: ignore[arg-type]
    assert (caught.value.layer, caught.value.fault) == (layer, "no-answer")
    assert silent.told


@given(st.binary(max_size=200), st.booleans())
def test_whatever_comes_is_understood_or_a_sentence(junk: bytes, framed: bool) -> None:
    answer = struct.pack("<iiii", 16 + len(junk), 5, 1, 2013) + junk if framed else junk
    with pytest.raises(UnreachableError):
        link(answer).hello()
