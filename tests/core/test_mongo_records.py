"""SRV and TXT records: whom they name, and whom they may not. The resolver is the test's own; nothing asks a real one."""

from collections.abc import Callable
from typing import Any

import pytest
from dns.exception import DNSException
from dns.rdata import from_text
from dns.rdataclass import IN
from dns.rdatatype import SRV, TXT
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers

from remediation.reach.deadline import Deadline
from remediation.reach.mongo_records import Records, records
from remediation.reach.unreachable import UnreachableError

NAME = "cluster.ab1cd.mongodb.net"
MEMBERS = ("0 0 27017 a.ab1cd.mongodb.net.", "0 0 27018 b.ab1cd.mongodb.net.")


class Resolver:
    """Answers what the test says, or raises it."""

    def __init__(self, srv: tuple[str, ...] | DNSException = MEMBERS, txt: tuple[str, ...] | DNSException = ()) -> None:
        self.says, self.asked = {"SRV": srv, "TXT": txt}, list[tuple[str, str]]()
        self.timeout = 2.0

    def resolve(self, name: str, kind: str, *, lifetime: float, search: bool) -> list[Any]:
        assert 0 < lifetime <= 1
        assert self.timeout < lifetime / 2, "one packet that is lost leaves time to ask again"
        assert not search, "a name is what it says, whatever the search list of the machine is"
        self.asked.append((name, kind))
        said = self.says[kind]
        if isinstance(said, DNSException):
            raise said
        return [from_text(IN, {"SRV": SRV, "TXT": TXT}[kind], text) for text in said]


def found(resolver: Resolver, service: str = "mongodb") -> Records:
    return records(NAME, service, Deadline(1), resolver)  # type: ignore[arg-type]


def fault(resolver: Resolver) -> tuple[str, str]:
    with pytest.raises(UnreachableError) as caught:
        found(resolver)
    assert caught.value.layer == "records"
    return caught.value.fault, caught.value.because


def test_the_members_and_their_options_are_what_the_records_say() -> None:
    resolver = Resolver(txt=('"authSource=admin&replicaSet=atlas-abc-shard-0"',))
    assert found(resolver) == Records(
        hosts=(("a.ab1cd.mongodb.net", 27017), ("b.ab1cd.mongodb.net", 27018)),
        options={"authsource": "admin", "replicaset": "atlas-abc-shard-0"},
    )
    assert resolver.asked == [(f"_mongodb._tcp.{NAME}", "SRV"), (NAME, "TXT")]


def test_another_service_is_asked_for_by_its_name() -> None:
    resolver = Resolver()
    found(resolver, "customname")
    assert resolver.asked[0] == (f"_customname._tcp.{NAME}", "SRV")


def test_a_text_in_pieces_is_one_text() -> None:
    assert found(Resolver(txt=('"authSource=" "admin"',))).options == {"authsource": "admin"}


@pytest.mark.parametrize("none", [NXDOMAIN, NoAnswer])
def test_no_text_is_none_and_no_members_are_a_fault(none: Callable[[], DNSException]) -> None:
    assert found(Resolver(txt=_made(none))).options == {}
    assert fault(Resolver(srv=_made(none))) == (
        "records-unknown",
        f"The name {NAME} has no SRV records: no members.",
    )


@pytest.mark.parametrize("error", [LifetimeTimeout, NoNameservers])
def test_a_resolver_that_does_not_answer_is_told_from_a_name_that_is_not_there(
    error: Callable[[], DNSException],
) -> None:
    assert fault(Resolver(srv=_made(error)))[0] == "name-unanswered"
    assert fault(Resolver(txt=_made(error)))[0] == "name-unanswered"


def test_no_time_for_the_text_is_a_resolver_that_does_not_answer() -> None:
    now = [0.0]

    class Late(Resolver):
        def resolve(self, name: str, kind: str, *, lifetime: float, search: bool) -> list[Any]:
            now[0] += 1.0
            return super().resolve(name, kind, lifetime=lifetime, search=search)

    with pytest.raises(UnreachableError) as caught:
        records(NAME, "mongodb", Deadline(1, lambda: now[0]), Late())  # type: ignore[arg-type]
    assert (caught.value.layer, caught.value.fault) == ("records", "name-unanswered")


@pytest.mark.parametrize(
    "target", ["evil.example.", "a.evil.mongodb.net.", "ab1cd.mongodb.net.", "xab1cd.mongodb.net.", "localhost."]
)
def test_a_member_outside_the_names_own_domain_is_no_member(target: str) -> None:
    what, because = fault(Resolver(srv=(*MEMBERS, f"0 0 27017 {target}")))
    assert what == "not-understood"
    assert because == f"An SRV record of {NAME} leads out of ab1cd.mongodb.net; nothing was sent there."


@pytest.mark.parametrize("texts", [('"tls=false"',), ('"authSource=admin"', '"replicaSet=x"')])
def test_a_text_may_not_turn_tls_off_nor_be_two(texts: tuple[str, ...]) -> None:
    assert fault(Resolver(txt=texts))[0] == "not-understood"


def _made(error: Callable[[], DNSException]) -> DNSException:
    return error(timeout=1, errors=[]) if error is LifetimeTimeout else error()  # type: ignore[no-untyped-call]
