"""What the members come to together, one branch after the other."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from probe_dependencies.mongo_member import Reached
from probe_dependencies.mongo_verdict import ORDER, judge, primary, state
from remediation.core.probed import Fault, Layer, MongoState, Shape, Step
from remediation.reach.mongo_link import Member

EXPIRES = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def reached(
    host: str, *, member: Member | None = None, layer: Layer | None = None, fault: Fault = "no-answer"
) -> Reached:
    """Return how far the way to a member went: up to the layer that failed, or to who it is."""
    steps = []
    for each in ORDER:
        if each == layer:
            steps.append(Step(layer=each, fault=fault, because=f"{host} fails at {each}.", milliseconds=9))
            break
        steps.append(Step(layer=each, because="Well.", milliseconds=3))
    return Reached(host=host, port=27017, steps=steps, member=member, expires=EXPIRES)


PRIMARY = Member(primary=True, set_name="rs0")
SECONDARY = Member(primary=False, secondary=True, set_name="rs0")


def verdict(*members: Reached) -> tuple[str, str, str]:
    failed = next(step for step in judge(members, tls=True) if step.fault)
    return failed.layer, failed.fault or "", failed.because


def test_with_a_primary_every_layer_is_well_and_who_fails_is_mentioned() -> None:
    members = (reached("a", layer="tcp"), reached("b", member=PRIMARY), reached("c", member=SECONDARY))
    assert [(step.layer, step.fault, step.because) for step in judge(members, tls=True)] == [
        ("dns", None, "The names of 3 of 3 members are known."),
        ("tcp", None, "2 of 3 members take connections."),
        (
            "tls",
            None,
            "The certificates of 2 of 3 members are for them and trusted; the first of them expires on 2026-05-04 12:00 UTC.",
        ),
        ("hello", None, "2 of 3 members answer hello; the primary is b:27017. a fails at tcp."),
    ]
    assert primary(members) is members[1]


def test_two_that_say_that_they_are_the_primary_are_both_named() -> None:
    *_, hello = judge((reached("a", member=PRIMARY), reached("b", member=PRIMARY)), tls=False)
    assert hello.because == (
        "2 of 2 members answer hello; the primary is a:27017. b:27017 says the same of itself, as in an election."
    )


def test_a_primary_at_an_ipv6_address_is_known_by_it() -> None:
    knows = Member(primary=False, secondary=True, knows="[fd00::7]:27017")
    assert verdict(reached("fd00::7", layer="tcp"), reached("b", member=knows))[:2] == ("tcp", "no-answer")


def test_one_member_alone_is_called_by_its_name() -> None:
    steps = judge((reached("a", member=PRIMARY),), tls=True)
    assert [step.because for step in steps] == [
        "The name of a:27017 is known.",
        "a:27017 takes connections.",
        "The certificate of a:27017 is for it and trusted; it expires on 2026-05-04 12:00 UTC.",
        "a:27017 answers hello; the primary is a:27017.",
    ]


def test_without_tls_there_is_no_such_layer() -> None:
    assert [step.layer for step in judge((reached("a", member=PRIMARY),), tls=False)] == ["dns", "tcp", "hello"]


def test_the_layer_of_the_primary_that_others_know_is_the_one_that_failed() -> None:
    knows = Member(primary=False, secondary=True, knows="A:27017")
    assert verdict(reached("a", layer="tcp"), reached("b", member=knows), reached("c", layer="dns")) == (
        "tcp",
        "no-answer",
        "The others take a:27017 for the primary, and it cannot be used: a fails at tcp.",
    )


def test_whom_the_others_take_for_the_primary_is_told_by_name_where_it_cannot_be_used() -> None:
    before = MongoState(shape=Shape(scheme="mongodb", hosts=("a",)))
    knowing = reached("b", member=Member(primary=False, secondary=True, knows="A:27017"))
    assert state((reached("a", layer="tcp"), knowing), before).lost == "a:27017"
    assert state((reached("a", layer="tcp"), reached("b", member=SECONDARY)), before).lost == ""
    assert state((reached("a", member=PRIMARY), knowing), before).lost == ""


def test_members_that_know_no_primary_have_none() -> None:
    assert verdict(reached("a", layer="tcp"), reached("b", member=SECONDARY)) == (
        "hello",
        "no-primary",
        "1 of 2 members answer, and none of them is the primary: nobody takes writes. a fails at tcp.",
    )


@pytest.mark.parametrize("layer", ORDER)
def test_one_member_that_fails_is_what_failed(layer: Layer) -> None:
    assert verdict(reached("a", layer=layer, fault="cut-off")) == (layer, "cut-off", f"a fails at {layer}.")


def test_where_nobody_answers_it_is_the_layer_of_who_got_furthest() -> None:
    members = (
        reached("a", layer="dns", fault="name-unknown"),
        reached("b", layer="tls", fault="certificate-expired"),
        reached("c", layer="tcp"),
    )
    layer, fault, because = verdict(*members)
    assert (layer, fault) == ("tls", "certificate-expired")
    assert because == "b fails at tls. Of 3 members none can be used, 1 for this reason."
    assert [step.layer for step in judge(members, tls=True)] == ["dns", "tcp", "tls"]


@pytest.mark.parametrize(
    ("faults", "fault", "same"),
    [
        (("no-answer", "no-answer", "no-answer"), "no-answer", 3),
        (("no-answer", "refused", "refused"), "refused", 2),
        (("refused", "no-answer", "no-answer"), "refused", 1),
        (("no-answer", "no-answer", "cut-off"), "cut-off", 1),
        (("refused", "cut-off", "cut-off"), "cut-off", 2),
        (("cut-off", "refused", "no-answer"), "cut-off", 1),
        (("no-answer", "no-answer", "own-trouble"), "no-answer", 2),
        (("no-answer", "no-time", "no-time"), "no-answer", 1),
        (("no-answer", "no-route", "no-route"), "no-answer", 1),
        (("no-route", "refused", "no-route"), "refused", 1),
    ],
)
def test_of_members_that_got_as_far_a_refusal_says_more_than_silence_in_whatever_order_they_are_named(
    faults: tuple[Fault, ...], fault: Fault, same: int
) -> None:
    for order in permutations(zip("abc", faults, strict=True)):
        members = [reached(host, layer="tcp", fault=each) for host, each in order]
        assert verdict(*members)[:2] == ("tcp", fault)
        who = min(host for host, each in order if each == fault)
        assert verdict(*members)[2] == f"{who} fails at tcp. Of 3 members none can be used, {same} for this reason."


def test_of_members_that_were_not_looked_at_nothing_is_said() -> None:
    late = (reached(host, layer="tcp", fault="no-time") for host in "bc")
    assert verdict(reached("a", layer="tcp", fault="own-trouble"), *late) == (
        "tcp",
        "no-time",
        "b fails at tcp. None of 3 members could be looked at.",
    )


def test_of_two_primaries_that_are_named_and_fail_the_one_that_refuses_is_told() -> None:
    silent, refusing = reached("a", layer="tcp"), reached("b", layer="tcp", fault="refused")
    for order in ((silent, refusing), (refusing, silent)):
        knowing = (reached(each, member=Member(primary=False, knows=f"{knows}:27017")) for each, knows in ("ca", "db"))
        assert verdict(*order, *knowing)[:2] == ("tcp", "refused")


def test_who_is_silent_and_who_answers_is_told_by_name() -> None:
    members = (
        reached("a", layer="tcp"),
        reached("b", member=SECONDARY),
        reached("c", layer="tls"),
        reached("d", layer="tcp", fault="no-time"),
        reached("e", layer="tcp", fault="refused"),
        reached("f", layer="dns", fault="name-unknown"),
    )
    before = MongoState(shape=Shape(scheme="mongodb", hosts=("a",)), logged_in_at=EXPIRES)
    known = state(members, before)
    assert (known.silent, known.answering, known.primary) == (("a:27017",), ("b:27017",), "")
    assert (known.shape, known.logged_in_at) == (before.shape, EXPIRES)
    assert known.hosts == tuple(f"{each}:27017" for each in "abcdef")
    assert known.heard == ("b:27017", "c:27017", "e:27017")
