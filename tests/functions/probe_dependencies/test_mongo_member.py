"""How far the way to one member goes, and what is said of a member for which there was no time."""

import errno
import socket
from typing import Any

import pytest

from probe_dependencies.mongo_member import Reached, Way, reach
from remediation.reach.deadline import LEAST, Deadline

ADDRESS = "18.194.10.1"
WAY = Way(tls=True, networks=("0.0.0.0/0",))
WHOLE = 2.4


class Host:
    """A host whose name takes some seconds to be looked up, and with which connecting ends in an error."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, lookup: float, error: OSError, found: tuple[str, ...] = (ADDRESS,)
    ) -> None:
        self.now, self.lookup, self.error, self.found, self.asked = 0.0, lookup, error, found, 0
        monkeypatch.setattr(socket, "getaddrinfo", self.addresses)
        monkeypatch.setattr(socket, "create_connection", self.connection)

    def addresses(self, *_: object, **__: object) -> list[Any]:
        self.now += self.lookup
        return [(None, None, None, "", (address, 27017)) for address in self.found]

    def connection(self, _: object, timeout: float) -> None:
        self.asked += 1
        self.now += timeout
        raise self.error

    def reached(self) -> Reached:
        return reach("a.ab1cd.mongodb.net", 27017, WAY, Deadline(WHOLE, lambda: self.now))


@pytest.mark.parametrize(
    ("lookup", "fault", "addresses"),
    [
        (0.0, "no-answer", (ADDRESS,)),
        (WHOLE - LEAST - 0.01, "no-answer", (ADDRESS,)),
        (WHOLE - LEAST + 0.01, "no-time", ()),
        (WHOLE + 1.0, "no-time", ()),
    ],
)
def test_a_silence_counts_if_there_was_time_for_an_answer(
    monkeypatch: pytest.MonkeyPatch, lookup: float, fault: str, addresses: tuple[str, ...]
) -> None:
    host = Host(monkeypatch, lookup=lookup, error=TimeoutError())
    found = host.reached()
    assert found.failed is not None
    assert (found.failed.layer, found.failed.fault, found.addresses) == ("tcp", fault, addresses)
    assert host.asked == len(addresses), "what was not tried is not among what was"


@pytest.mark.parametrize(("lookup", "tried"), [(0.0, 5), (WHOLE - 1.1, 2), (WHOLE - LEAST - 0.01, 1)])
def test_a_host_of_which_not_every_address_could_be_tried_is_silent_at_those_that_were(
    monkeypatch: pytest.MonkeyPatch, lookup: float, tried: int
) -> None:
    addresses = tuple(f"18.194.10.{each}" for each in range(6))
    found = Host(monkeypatch, lookup=lookup, error=TimeoutError(), found=addresses).reached()
    assert found.failed is not None
    assert (found.failed.fault, found.failed.own, found.silent) == ("no-answer", False, True)
    assert found.addresses == addresses[:tried]
    assert f" {6 - tried} more address" in found.failed.because


def test_trouble_of_our_own_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Host(monkeypatch, lookup=0.0, error=OSError(errno.EMFILE, "Too many open files")).reached()
    assert found.failed is not None
    assert (found.failed.fault, found.failed.own, found.addresses) == ("own-trouble", True, ())
    assert found.failed.because == f"{ADDRESS}:27017 cannot be connected to: Too many open files."
