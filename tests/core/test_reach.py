"""A name becomes an address that may be connected to, or a sentence that says why not. Nothing here opens a socket."""

import errno
import socket
import ssl
import threading
from typing import Any

import pytest

from remediation.reach.connecting import PRIVATE, address_of, alerted, connect, resolve, secure
from remediation.reach.deadline import LEAST, Deadline, within
from remediation.reach.unreachable import UnreachableError


class Resolver:
    def __init__(self, *answer: str, error: OSError | UnicodeError | None = None) -> None:
        self.answer, self.error, self.asked = answer, error, 0

    def __call__(self, _: str, port: int, **__: Any) -> list[Any]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return [(None, None, None, "", (address, port)) for address in self.answer]


def resolved(
    monkeypatch: pytest.MonkeyPatch, resolver: Resolver, networks: tuple[str, ...] = PRIVATE
) -> tuple[str, ...]:
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return resolve("redis.example", 6379, networks, Deadline(1))


def fault(monkeypatch: pytest.MonkeyPatch, resolver: Resolver) -> tuple[str, str, str]:
    with pytest.raises(UnreachableError) as caught:
        resolved(monkeypatch, resolver)
    return caught.value.layer, caught.value.fault, caught.value.because


@pytest.mark.parametrize("address", ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.4.5"])
def test_a_private_address_may_be_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert resolved(monkeypatch, Resolver(address)) == (address,)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "127.0.0.1", "8.8.8.8", "172.32.0.1", "::1", "fe80::1", "0.0.0.0", "100.64.0.1"]
)
def test_the_metadata_service_this_machine_and_the_internet_may_not(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    layer, found, because = fault(monkeypatch, Resolver(address))
    assert (layer, found) == ("dns", "address-foreign")
    assert (
        because
        == f"redis.example leads to {address}, which is in none of {', '.join(PRIVATE)}; nothing was sent there."
    )


def test_one_foreign_address_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault(monkeypatch, Resolver("10.0.0.1", "8.8.8.8"))[1] == "address-foreign"


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver("10.0.0.1", "10.0.0.2")
    assert resolved(monkeypatch, resolver) == ("10.0.0.1", "10.0.0.2")
    assert resolver.asked == 1


def test_a_name_that_is_not_known_is_told_from_a_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    later = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    assert fault(monkeypatch, Resolver(error=unknown))[:2] == ("dns", "name-unknown")
    assert fault(monkeypatch, Resolver(error=later))[:2] == ("dns", "name-unanswered")
    assert fault(monkeypatch, Resolver(error=UnicodeError("label too long")))[:2] == ("dns", "name-unknown")


def test_a_deadline_is_over_for_all_steps_together() -> None:
    now = [0.0]
    deadline = Deadline(2.5, lambda: now[0])
    assert [deadline.left(), deadline.left(5)] == [1.0, 2.5]
    now[0] = 2.0
    assert deadline.left() == 0.5
    now[0] = 2.5
    with pytest.raises(TimeoutError, match="the time for the whole look is over"):
        deadline.left()


def test_a_part_of_a_look_leaves_time_for_what_comes_after_it() -> None:
    now = [0.0]
    whole = Deadline(5, lambda: now[0])
    assert whole.part(2.0, spare=1.0).left(9) == 2.0
    now[0] = 3.5
    assert whole.part(2.0, spare=1.0).left(9) == 0.5
    now[0] = 4.5
    assert whole.part(2.0).left(9) == 0.5
    with pytest.raises(TimeoutError):
        whole.part(2.0, spare=1.0).left()


def test_what_a_call_returns_or_raises_in_time_is_returned_or_raised() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ValueError, match="no number"):
        within(5, _raise)


def _raise() -> int:
    raise ValueError("no number")


def test_a_call_that_hangs_is_left_behind() -> None:
    over = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.01, lambda: over.wait(30))
    over.set()


class Network:
    """What stands for connecting: who refuses, who is not routed to, who gives no answer, and who takes a connection."""

    def __init__(self, **how: OSError | None) -> None:
        self.how = how
        self.asked: list[tuple[str, float]] = []

    def __call__(self, where: tuple[str, int], timeout: float) -> str:
        name = {"10.0.0.1": "first", "fd00::7": "second"}[where[0]]
        self.asked.append((name, timeout))
        if (error := self.how[name]) is not None:
            raise error
        return f"a connection to {where[0]}"


def connected(monkeypatch: pytest.MonkeyPatch, network: Network, *addresses: str) -> object:
    monkeypatch.setattr(socket, "create_connection", network)
    return connect(addresses or ("10.0.0.1", "fd00::7"), 6379, Deadline(5, lambda: 0.0))


def test_the_first_address_that_takes_a_connection_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(first=TimeoutError(), second=None)
    assert connected(monkeypatch, network) == "a connection to fd00::7"
    assert network.asked == [("first", 0.5), ("second", 0.5)], "both within one step"
    network = Network(first=None, second=None)
    assert connected(monkeypatch, network) == "a connection to 10.0.0.1"
    assert network.asked == [("first", 0.5)]


def test_one_address_has_the_whole_step(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(first=TimeoutError())
    with pytest.raises(UnreachableError):
        connected(monkeypatch, network, "10.0.0.1")
    assert network.asked == [("first", 1.0)]


FILES, UNROUTED = OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENETUNREACH, "Network is unreachable")


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (ConnectionRefusedError(), ConnectionRefusedError(), "refused"),
        (TimeoutError(), TimeoutError(), "no-answer"),
        (TimeoutError(), ConnectionRefusedError(), "refused"),
        (TimeoutError(), ConnectionResetError(), "cut-off"),
        (TimeoutError(), FILES, "own-trouble"),
        (UNROUTED, FILES, "own-trouble"),
        (ConnectionRefusedError(), FILES, "refused"),
        (ConnectionRefusedError(), OSError(errno.EPERM, "Operation not permitted"), "refused"),
        (ConnectionResetError(), FILES, "cut-off"),
        (ConnectionRefusedError(), UNROUTED, "refused"),
        (TimeoutError(), UNROUTED, "no-answer"),
        (UNROUTED, UNROUTED, "no-route"),
    ],
)
def test_where_no_address_takes_a_connection_it_is_said_of_each_whichever_comes_first(
    monkeypatch: pytest.MonkeyPatch, first: OSError, second: OSError, fault: str
) -> None:
    for one, other in ((first, second), (second, first)):
        with pytest.raises(UnreachableError) as caught:
            connected(monkeypatch, Network(first=one, second=other))
        assert (caught.value.layer, caught.value.fault) == ("tcp", fault)
        assert "10.0.0.1:6379 " in caught.value.because
        assert "[fd00::7]:6379 " in caught.value.because


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TimeoutError(), "no-answer"),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), "no-answer"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), "refused"),
        (OSError(errno.ECONNRESET, "Connection reset by peer"), "cut-off"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no-route"),
        (OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol"), "no-route"),
        (OSError(errno.ENETDOWN, "Network is down"), "no-route"),
        (OSError(errno.EHOSTDOWN, "Host is down"), "no-route"),
        (FILES, "own-trouble"),
        (OSError(errno.EACCES, "Permission denied"), "own-trouble"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "own-trouble"),
    ],
)
def test_only_silence_is_no_answer(monkeypatch: pytest.MonkeyPatch, error: OSError, fault: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        connected(monkeypatch, Network(first=error), "10.0.0.1")
    assert caught.value.fault == fault


UNAVAILABLE = OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (TimeoutError(), UNAVAILABLE, "no-answer"),
        (ConnectionRefusedError(), UNAVAILABLE, "refused"),
        (UNROUTED, UNAVAILABLE, "no-route"),
        (UNAVAILABLE, TimeoutError(), "own-trouble"),
    ],
)
def test_an_ipv6_that_is_switched_off_hides_no_server_and_an_ipv4_without_a_free_port_is_trouble_of_our_own(
    monkeypatch: pytest.MonkeyPatch, first: OSError, second: OSError, fault: str
) -> None:
    with pytest.raises(UnreachableError) as caught:
        connected(monkeypatch, Network(first=first, second=second))
    assert caught.value.fault == fault


def test_a_connection_for_which_there_is_no_time_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(first=TimeoutError())
    monkeypatch.setattr(socket, "create_connection", network)
    with pytest.raises(UnreachableError, match="gives no answer"):
        connect(("10.0.0.1",), 6379, Deadline(LEAST, lambda: 0.0))
    with pytest.raises(TimeoutError):
        connect(("10.0.0.1",), 6379, Deadline(LEAST - 0.01, lambda: 0.0))
    assert network.asked == [("first", LEAST)]


class Silence:
    """Addresses with which every try ends in this error, after all the time that it has if that is a time-out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: OSError, seconds: float) -> None:
        self.now, self.error = 0.0, error
        self.deadline = Deadline(seconds, lambda: self.now)
        monkeypatch.setattr(socket, "create_connection", self.tried)

    def tried(self, _: tuple[str, int], timeout: float) -> None:
        if isinstance(self.error, TimeoutError):
            self.now += timeout
        else:
            self.now = 9.0
        raise self.error


@pytest.mark.parametrize(
    ("addresses", "seconds", "tried", "untried"),
    [
        (2, 0.8, 1, "1 more address was not tried."),
        (3, 1.1, 2, "1 more address was not tried."),
        (6, 2.4, 5, "1 more address was not tried."),
        (8, 2.3, 5, "3 more addresses were not tried."),
        (5, 2.4, 5, ""),
    ],
)
def test_where_the_time_ends_the_addresses_that_were_silent_count(
    monkeypatch: pytest.MonkeyPatch, addresses: int, seconds: float, tried: int, untried: str
) -> None:
    silence, these = Silence(monkeypatch, TimeoutError(), seconds), tuple(f"10.0.0.{each}" for each in range(addresses))
    with pytest.raises(UnreachableError) as caught:
        connect(these, 6379, silence.deadline)
    assert (caught.value.layer, caught.value.fault, caught.value.addresses) == ("tcp", "no-answer", these[:tried])
    assert caught.value.because.endswith(untried)
    assert ("not tried" in caught.value.because) is bool(untried)


@pytest.mark.parametrize("error", [UNROUTED, FILES])
def test_where_the_time_ends_and_nobody_was_waited_for_there_was_no_time(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    silence = Silence(monkeypatch, error, 1.0)
    with pytest.raises(TimeoutError, match="the time for the whole look is over"):
        connect(("10.0.0.1", "fd00::7"), 6379, silence.deadline)


def test_tls_for_which_there_is_no_time_is_not_tried_and_the_connection_is_closed() -> None:
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(TimeoutError):
        secure(ours, "redis.example", None, Deadline(LEAST - 0.01, lambda: 0.0))
    assert ours.fileno() == -1


def test_only_an_alert_of_tls_is_told_by_its_name() -> None:
    def error(reason: str) -> ssl.SSLError:
        made = ssl.SSLError(1, "what a server may have said")
        made.reason = reason
        return made

    assert alerted(error("TLSV1_ALERT_INTERNAL_ERROR")) == ", with the alert TLSV1_ALERT_INTERNAL_ERROR"
    assert alerted(error("UNEXPECTED_EOF_WHILE_READING")) == ""
    assert alerted(ConnectionResetError()) == ""


def test_a_connection_that_is_cut_off_at_once_is_said_to_be_and_closed() -> None:
    class CutOff:
        closed = False

        def getpeername(self) -> None:
            raise OSError(107, "Transport endpoint is not connected")

        def close(self) -> None:
            self.closed = True

    connected: Any = CutOff()
    with pytest.raises(UnreachableError, match="ended at once") as caught:
        address_of(connected)
    assert (caught.value.layer, caught.value.fault, connected.closed) == ("tcp", "cut-off", True)
