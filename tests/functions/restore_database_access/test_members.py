"""What the members show together, from the probe's own judgement of them to who is asked to change something, and who is called."""

from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from probe_dependencies.mongo_member import Reached
from probe_dependencies.mongo_verdict import judge, state
from remediation.core.probed import Fault, Layer, MongoState, Probed, Step
from remediation.core.verdict import Act, Escalate, Verdict, Wait
from remediation.reach.mongo_link import Member
from restore_database_access.busy import ELECTING, UNSEEN, busy
from restore_database_access.facts import Line
from restore_database_access.members import shut
from restore_database_access.person import NETWORK
from restore_database_access.shut_out import LET_IN
from tests.functions.restore_database_access.judged import (
    MINUTE,
    THERE,
    because,
    decided,
    facts,
    shut_out,
    terraform,
)
from tests.functions.restore_database_access.nights import CLUSTER, HOST, OURS, STATE
from tests.support.steps import NIGHT

Kind = Literal[
    "silent", "refused", "cut", "unknown", "own", "late", "answers", "knows", "hello", "hiccup", "unrouted", "slow"
]
FAILS: dict[str, tuple[Layer, Fault]] = {
    "silent": ("tcp", "no-answer"),
    "refused": ("tcp", "refused"),
    "cut": ("tls", "cut-off"),
    "unknown": ("dns", "name-unknown"),
    "own": ("tcp", "own-trouble"),
    "late": ("tcp", "no-time"),
    "hello": ("hello", "no-answer"),
    "hiccup": ("dns", "name-unanswered"),
    "unrouted": ("tcp", "no-route"),
    "slow": ("tls", "no-time"),
}
LAYERS: tuple[Layer, ...] = ("dns", "tcp", "tls", "hello")
DATABASE = ""
"""The runbook's own team."""


def reached(number: int, kind: Kind) -> Reached:
    """Return a member of this kind; one that `knows` takes the first one for the primary."""
    found = Reached(host=f"shard-0{number}.ab1cd.mongodb.net", port=27017, addresses=(f"18.194.10.{number}",))
    if kind in {"answers", "knows"}:
        knows = "shard-00.ab1cd.mongodb.net:27017" if kind == "knows" else ""
        found.member = Member(primary=False, secondary=True, set_name="rs0", knows=knows)
        found.steps = [Step(layer=layer, because="Well.") for layer in LAYERS]
        return found
    layer, fault = FAILS[kind]
    before = LAYERS[: LAYERS.index(layer)]
    found.steps = [Step(layer=each, because="Well.") for each in before]
    found.steps.append(Step(layer=layer, fault=fault, because=f"{found.at} fails."))
    return found


def looked(kinds: tuple[Kind, ...]) -> Probed:
    """Return what the probe tells of such members."""
    members = [reached(number, kind) for number, kind in enumerate(kinds)]
    before = MongoState(shape=STATE.shape)
    steps = judge(members, tls=True)
    return Probed(dependency="mongodb", host=HOST, port=27017, at=NIGHT, steps=steps, mongodb=state(members, before))


def judged(kinds: tuple[Kind, ...], *, listed: bool, ago: int = 3, **more: Any) -> Verdict[Line]:
    """Return what is decided, where Atlas is seen busy with something for so many minutes, if with anything."""
    seen = replace((facts if listed else shut_out)(**more), probed=looked(kinds))
    at_it = busy(seen.cluster, (), seen.probed, NIGHT)
    return decided(replace(seen, busy=at_it, busy_since=NIGHT - ago * MINUTE))


@pytest.mark.parametrize(
    "kinds",
    [
        ("silent", "silent", "silent"),
        ("silent", "silent", "unknown"),
        ("unknown", "unknown", "silent"),
        ("silent", "hiccup", "silent"),
        ("silent", "silent", "own"),
        ("late", "silent", "silent"),
        ("unrouted", "silent", "silent"),
    ],
)
def test_a_cluster_of_which_nobody_was_heard_and_one_is_silent_is_asked_for_where_an_address_of_ours_is_missing(
    kinds: tuple[Kind, ...],
) -> None:
    asks = judged(kinds, listed=False)
    assert isinstance(asks, Act)
    assert (asks.action, asks.target) == (LET_IN, Line(id=OURS))
    told = judged(kinds, listed=True)
    assert because(told).endswith("It is not the access list, which lets in each of our addresses.")
    assert isinstance(told, Escalate)
    assert told.team == NETWORK


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("kinds", "fault", "team"),
    [
        (("silent", "knows", "knows"), "no-answer", NETWORK),
        (("silent", "knows", "silent"), "no-answer", NETWORK),
        (("refused", "knows", "knows"), "refused", DATABASE),
        (("cut", "knows", "knows"), "cut-off", DATABASE),
        (("hello", "knows", "knows"), "no-answer", DATABASE),
        (("silent", "answers", "answers"), "no-primary", DATABASE),
        (("silent", "silent", "answers"), "no-primary", DATABASE),
        (("silent", "refused", "refused"), "refused", DATABASE),
        (("refused", "silent", "silent"), "refused", DATABASE),
        (("silent", "silent", "refused"), "refused", DATABASE),
        (("silent", "silent", "cut"), "cut-off", DATABASE),
        (("cut", "cut", "cut"), "cut-off", DATABASE),
        (("silent", "silent", "slow"), "no-answer", NETWORK),
        (("unrouted", "unrouted", "unknown"), "no-route", NETWORK),
        (("own", "own", "own"), "own-trouble", NETWORK),
        (("late", "late", "late"), "no-time", NETWORK),
    ],
)
def test_where_one_member_was_heard_or_none_was_waited_for_nobody_is_asked_to_change_the_list(
    kinds: tuple[Kind, ...], fault: Fault, team: str, *, listed: bool
) -> None:
    verdict = judged(kinds, listed=listed)
    assert isinstance(verdict, Escalate)
    failed = looked(kinds).failed
    assert failed is not None
    assert (failed.fault, verdict.team) == (fault, team)
    may = "knows" not in kinds and (fault == "cut-off" or (team, fault) == (NETWORK, "no-answer"))
    assert (terraform() in verdict.next_steps) == (not listed and may)


LIVES = "The others still take it for the primary, so it lives, and our way to it is shut."
PRIMARY = "shard-00.ab1cd.mongodb.net:27017"


@pytest.mark.parametrize("kind", ["silent", "refused", "cut", "hello"])
def test_a_primary_that_cannot_be_used_is_given_the_time_of_an_election(kind: Kind) -> None:
    waits = because(judged((kind, "knows", "knows"), listed=False, ago=2), Wait)
    assert waits.startswith(
        f"The primary of {CLUSTER} cannot be used, and the other members take none of themselves for"
    )
    assert "elect" not in waits
    elects = because(judged(("answers", "answers", "answers"), listed=False, ago=2), Wait)
    assert elects.startswith(f"{CLUSTER} has no primary that can be used: its members elect one")


@pytest.mark.parametrize(
    ("kinds", "alone"), [(("silent", "knows", "knows"), True), (("silent", "knows", "silent"), False)]
)
def test_a_primary_that_is_silent_to_us_and_not_to_its_peers_is_the_infrastructures(
    kinds: tuple[Kind, ...], *, alone: bool
) -> None:
    verdict = judged(kinds, listed=False)
    said = because(verdict)
    assert LIVES in said
    assert said.endswith("for longer than 3 minutes.")
    assert ("It is the primary alone that cannot be used." in said) is alone
    assert "elect" not in said
    assert "same way" not in said
    assert isinstance(verdict, Escalate)
    assert verdict.team == NETWORK
    assert verdict.next_steps[0].startswith(f"Look at what lets TCP out to {PRIMARY}: the egress rules")
    assert any("status.mongodb.com" in step for step in verdict.next_steps)
    assert not any("accessLists" in step for step in verdict.next_steps)


@pytest.mark.parametrize("kind", ["refused", "cut", "hello"])
def test_a_primary_to_which_the_way_is_open_is_the_databases(kind: Kind) -> None:
    verdict = judged((kind, "knows", "knows"), listed=False)
    said = because(verdict)
    assert "It is the primary alone that cannot be used." in said
    assert LIVES not in said
    assert isinstance(verdict, Escalate)
    assert verdict.team == DATABASE
    told = " ".join(verdict.next_steps)
    assert "status.mongodb.com" in told
    assert "27017" not in told
    assert "2 of 3 members answer hello." in verdict.evidence


def test_a_look_that_does_not_name_the_primary_is_told_without_its_name() -> None:
    look = looked(("silent", "knows", "knows"))
    assert look.mongodb is not None
    verdict = decided(facts(probed=replace(look, mongodb=replace(look.mongodb, lost=""))))
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps[0].startswith("Look at what lets TCP out to the primary: the egress rules")


@pytest.mark.parametrize(
    ("kinds", "private"), [(("silent", "slow"), True), (("silent", "hiccup"), True), (("silent", "knows"), False)]
)
def test_by_a_private_way_it_is_the_way_whether_or_not_another_member_was_heard(
    kinds: tuple[Kind, ...], *, private: bool
) -> None:
    look = looked(kinds)
    assert look.mongodb is not None
    look = replace(look, mongodb=replace(look.mongodb, addresses=("10.0.3.4",)))
    said = because(decided(shut_out(probed=look)))
    assert ("That is private: we come by a peering" in said) is private
    assert "access list" not in said


def test_a_primary_whose_name_is_not_known_is_no_election() -> None:
    found = looked(("unknown", "knows"))
    assert busy(THERE, (), found, NIGHT) == ""
    assert "primary alone" not in because(decided(shut_out(probed=found)))


def test_where_one_member_was_heard_what_is_missing_is_said_and_not_blamed() -> None:
    said = because(judged(("silent", "silent", "slow"), listed=False))
    assert said.endswith(
        f"The probe heard another member, so whether the access list is to blame is not known. It does not have {OURS}."
    )
    listed = because(judged(("silent", "silent", "slow"), listed=True))
    assert listed.endswith("The probe heard another member, so whether the access list is to blame is not known.")


def test_a_probe_that_does_not_tell_whom_it_heard_is_waited_for_and_then_told_and_nobody_is_asked() -> None:
    look = looked(("silent", "silent", "silent"))
    assert look.mongodb is not None
    old = replace(look, mongodb=replace(look.mongodb, heard=None))
    assert (busy(THERE, (), old, NIGHT), busy(THERE, (), look, NIGHT)) == (UNSEEN, "")
    waits = because(decided(shut_out(probed=old, busy=UNSEEN, busy_since=NIGHT - 2 * MINUTE)), Wait)
    assert waits.startswith(f"The probe does not see enough of {CLUSTER} to judge it (seen since ")
    for listed in (True, False):
        more: dict[str, Any] = {"probed": old, "busy": UNSEEN, "busy_since": NIGHT - 3 * MINUTE}
        said = because(decided(facts(**more) if listed else shut_out(**more)))
        assert "The probe does not tell whom it heard, so whether the access list is to blame is not known." in said
        assert (f"It does not have {OURS}." in said) is not listed


def test_a_look_of_a_probe_before_it_told_whom_it_heard_can_be_read() -> None:
    told = msgspec.to_builtins(looked(("silent",)))
    del told["mongodb"]["heard"]
    read = msgspec.convert(told, Probed)
    assert (shut(read), shut(looked(("silent",))), shut(looked(("silent", "slow")))) == (None, True, False)


@pytest.mark.parametrize("kind", ["own", "late"])
def test_trouble_of_the_probes_own_is_given_three_minutes(kind: Kind) -> None:
    kinds: tuple[Kind, ...] = (kind, kind, kind)
    assert isinstance(judged(kinds, listed=False, ago=2), Wait)
    verdict = judged(kinds, listed=False, ago=3)
    assert because(verdict).endswith("for longer than 3 minutes.")
    assert "None of 3 members could be looked at." in because(verdict)
    assert isinstance(judged(("silent", kind, kind), listed=False, ago=0), Act), "one that was looked at is enough"


def test_an_election_is_not_confused_with_a_silent_cluster() -> None:
    assert busy(THERE, (), looked(("silent", "knows", "knows")), NIGHT) == ELECTING
    assert busy(THERE, (), looked(("silent", "silent", "silent")), NIGHT) == ""
