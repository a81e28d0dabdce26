"""An approval is for exactly one plan, once, until it expires, by somebody whom AWS knows; everything else is a no."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.approval import AGAIN_AFTER, Wanted, changed, judge, nobody_to_ask, plan_hash, speaker, wanted
from remediation.core.gates import Refusal
from remediation.core.spec import Place
from remediation.core.spoken import Spoken
from remediation.core.steps import Expired, Said
from remediation.core.verdict import LONGEST_ASKED, Act, Approval, Target
from tests.support.damage import any_json, steady
from tests.support.steps import NIGHT
from tests.support.toy import PLACE, Bulb, act

ADA, BOB = "AROAEXAMPLE:ada", "AROAEXAMPLE:bob"
HASH = plan_hash("run-1", "light-the-lamps", act(), PLACE)
MOMENT = timedelta(microseconds=1)


def asked(approval: Approval | None = None, *, requested_by: str = "", **more: Any) -> Wanted:
    to_do: Act[Target] = replace(act(), **more)
    return wanted(
        to_do,
        approval or Approval(),
        run="run-1",
        runbook="light-the-lamps",
        place=PLACE,
        requested_by=requested_by,
        now=NIGHT,
    )


def spoken(says: Any = "approve", **more: Any) -> Spoken:
    told: dict[str, Any] = {"about": "run-1", "by": ADA, "at": NIGHT + timedelta(minutes=5), "hash": HASH} | more
    return Spoken(says=says, **told)


def verdict(
    speaks: Spoken | None, *, wants: Wanted | None = None, reply: Said | Expired | None = None, now: datetime = NIGHT
) -> Refusal | None:
    return judge(wants or asked(), reply or Said(payload=json.dumps({"by": ADA})), speaks, now)


# ------------------------------------------------------------------------------------------------------ what is asked


def test_what_is_asked_is_the_plan_its_hash_its_reasons_and_when_it_expires() -> None:
    assert asked(Approval(because="It is dark outside."), requested_by=ADA) == Wanted(
        run="run-1",
        runbook="light-the-lamps",
        action="tap",
        target="lamp-1",
        plan="tap lamp-1 (dev-house in dev)",
        hash=HASH,
        because="lamp-1 is dark. It is dark outside.",
        people=1,
        expires=NIGHT + timedelta(minutes=30),
        requested_by=ADA,
    )
    assert asked().because == "lamp-1 is dark."
    assert asked(Approval(people=2)).people == 2


@pytest.mark.parametrize("expires", [timedelta(microseconds=1), LONGEST_ASKED])
def test_an_approval_expires_when_it_says(expires: timedelta) -> None:
    assert asked(Approval(expires=expires)).expires == NIGHT + expires


@pytest.mark.parametrize("expires", [timedelta(0), timedelta(seconds=-1), LONGEST_ASKED + MOMENT])
def test_an_approval_that_never_or_hardly_expires_is_none(expires: timedelta) -> None:
    with pytest.raises(ValueError, match="expires within 2:00:00"):
        Approval(expires=expires)


def test_the_subject_is_the_same_whichever_run_asks_and_whatever_it_says() -> None:
    assert asked().subject == "light-the-lamps/tap/lamp-1"


def test_how_long_an_answer_holds() -> None:
    hours = {what: after.total_seconds() / 3_600 for what, after in AGAIN_AFTER.items()}
    assert hours == {"approved": 0, "refused": 0, "expired": 1, "rejected": 24}


# --------------------------------------------------------------------------------------------------------- the hash


@pytest.mark.parametrize(
    ("run", "runbook", "plan", "place"),
    [
        ("run-2", "light-the-lamps", act(), PLACE),
        ("run-1", "light-the-rooms", act(), PLACE),
        ("run-1", "light-the-lamps", act("replace"), PLACE),
        ("run-1", "light-the-lamps", act(lamp="lamp-2"), PLACE),
        ("run-1", "light-the-lamps", act(resource="dev-garden"), PLACE),
        ("run-1", "light-the-lamps", replace(act(), target=Bulb(id="lamp-1", state="dark")), PLACE),
        ("run-1", "light-the-lamps", replace(act(), after_snapshot="dev-redis"), PLACE),
        ("run-1", "light-the-lamps", act(), Place(environment="prod", account=PLACE.account, region=PLACE.region)),
        ("run-1", "light-the-lamps", act(), Place(environment="dev", account="999999999999", region=PLACE.region)),
        ("run-1", "light-the-lamps", act(), Place(environment="dev", account=PLACE.account, region="eu-west-1")),
    ],
)
def test_another_plan_has_another_hash(run: str, runbook: str, plan: Act[Target], place: Place) -> None:
    assert plan_hash(run, runbook, plan, place) != HASH


def test_reasons_evidence_and_drift_may_change_without_changing_the_plan() -> None:
    more = replace(act(), because="Otherwise.", evidence=("x",), next_steps=("y",), drift="z", settle=timedelta(1))
    assert plan_hash("run-1", "light-the-lamps", more, PLACE) == HASH


def test_the_hash_is_of_what_is_done_to_what_and_where_and_by_which_run() -> None:
    plan = (
        '{"action": "tap", "after_snapshot": "", "place": {"account": "123456789012", "environment": "dev", "region": "us-east-1"},'
        ' "resource": "dev-house", "run": "run-1", "runbook": "light-the-lamps", "target": {"id": "lamp-1"}}'
    )
    assert sha256(plan.encode()).hexdigest() == HASH


# --------------------------------------------------------------------------------------------------------- judging


def test_a_yes_to_this_plan_by_somebody_whom_aws_knows_in_time_is_one() -> None:
    assert verdict(spoken()) is None


def test_nobody_who_answers_is_a_no() -> None:
    assert verdict(None, reply=Expired()) == Refusal(
        gate="approval",
        because="The approval of tap lamp-1 (dev-house in dev) expired at 04:10:00 UTC: nobody answered.",
    )
    assert verdict(spoken(), reply=Expired()) is not None, "what somebody says besides does not count"


@pytest.mark.parametrize("speaks", [None, spoken(about="run-2"), spoken(about="")])
def test_an_answer_that_aws_knows_nothing_of_is_a_no(speaks: Spoken | None) -> None:
    assert verdict(speaks) == Refusal(
        gate="approval",
        because="The approval of tap lamp-1 (dev-house in dev) was answered by nobody whom AWS knows: there is no record of "
        f"'{ADA}'.",
    )


@pytest.mark.parametrize(
    ("because", "told"),
    [
        ("", "ada rejected tap lamp-1 (dev-house in dev)."),
        ("Not now..", "ada rejected tap lamp-1 (dev-house in dev): Not now."),
    ],
)
def test_a_no_is_told_with_its_reason_whatever_plan_it_was_said_to(because: str, told: str) -> None:
    for hash_ in (HASH, "", "another"):
        refusal = verdict(spoken("reject", because=because, hash=hash_))
        assert refusal == Refusal(gate="rejection", because=told)


@pytest.mark.parametrize("says", ["acknowledge", "request"])
def test_what_is_neither_yes_nor_no_is_a_no(says: str) -> None:
    assert verdict(spoken(says)) == Refusal(
        gate="approval",
        because=f"The approval of tap lamp-1 (dev-house in dev) was answered by ada with '{says}', which is no approval.",
    )


@pytest.mark.parametrize(
    ("hash_", "told"), [("", "none"), (HASH[:12], HASH[:12]), ("f" * 64, "f" * 12), (HASH.upper(), HASH.upper()[:12])]
)
def test_a_yes_to_another_plan_or_to_part_of_its_hash_is_a_no(hash_: str, told: str) -> None:
    assert verdict(spoken(hash=hash_)) == Refusal(
        gate="approval",
        because=f"The approval of tap lamp-1 (dev-house in dev) is none: ada approved another plan ({told}).",
    )


@pytest.mark.parametrize(
    ("people", "requested_by", "by", "agreed"),
    [
        (1, "", ADA, True),
        (1, ADA, ADA, True),
        (2, ADA, BOB, True),
        (2, ADA, ADA, False),
        (2, "", ADA, True),
    ],
)
def test_where_two_people_are_needed_nobody_approves_what_they_asked_for(
    people: Literal[1, 2], requested_by: str, by: str, agreed: bool
) -> None:
    refusal = verdict(spoken(by=by), wants=asked(Approval(people=people), requested_by=requested_by))
    if agreed:
        assert refusal is None
    else:
        assert refusal == Refusal(
            gate="approval",
            because="The approval of tap lamp-1 (dev-house in dev) needs two people, and ada asked for it as well.",
        )


EXPIRES = NIGHT + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("said_at", "now", "agreed"),
    [
        (EXPIRES - MOMENT, EXPIRES - MOMENT, True),
        (EXPIRES, EXPIRES - MOMENT, False),
        (EXPIRES - MOMENT, EXPIRES, False),
        (EXPIRES, EXPIRES, False),
        (EXPIRES + timedelta(days=1), NIGHT, False),
        (NIGHT, EXPIRES + timedelta(days=1), False),
    ],
)
def test_at_the_very_instant_at_which_it_expires_a_yes_is_too_late(
    said_at: datetime, now: datetime, agreed: bool
) -> None:
    refusal = verdict(spoken(at=said_at), now=now)
    if agreed:
        assert refusal is None
    else:
        assert refusal == Refusal(
            gate="approval",
            because="The approval of tap lamp-1 (dev-house in dev) came too late: it expired at 04:10:00 UTC.",
        )


def test_a_no_that_comes_too_late_still_is_a_no() -> None:
    refusal = verdict(spoken("reject", at=EXPIRES), now=EXPIRES)
    assert refusal is not None
    assert refusal.gate == "rejection"


def test_a_yes_is_for_the_act_that_was_approved() -> None:
    assert changed(HASH, asked()) is None
    assert changed(HASH, asked(action="replace")) == Refusal(
        gate="approval",
        because="The plan changed since it was approved: now it is replace lamp-1 (dev-house in dev). It is not done without"
        " asking again.",
    )


def test_nobody_to_ask_is_a_no() -> None:
    assert nobody_to_ask("Why.") == Refusal(gate="approval", because="Why.")


# ------------------------------------------------------------------------------------------------- whoever speaks


@pytest.mark.parametrize(
    ("payload", "by"),
    [
        ('{"by": "AROAEXAMPLE:ada"}', ADA),
        ('{"by": "AROAEXAMPLE:ada", "hash": "x", "says": "approve"}', ADA),
        ('{"by": 7}', ""),
        ('{"by": null}', ""),
        ('{"by": ["AROAEXAMPLE:ada"]}', ""),
        ("{}", ""),
        ("[]", ""),
        ("", ""),
        ("null", ""),
        ('"AROAEXAMPLE:ada"', ""),
        ('{"by": "AROA', ""),
    ],
)
def test_who_speaks_is_only_what_the_payload_names(payload: str, by: str) -> None:
    assert speaker(payload) == by


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:sts::123456789012:assumed-role/dev-operator/ada@x.org", "ada@x.org"),
        ("arn:aws:iam::123456789012:user/ada", "ada"),
        ("", "ada"),
    ],
)
def test_a_person_is_called_by_the_end_of_their_arn_or_of_their_user_id(arn: str, who: str) -> None:
    assert spoken(arn=arn).who == who
    assert spoken(by="AIDAEXAMPLE").who == "AIDAEXAMPLE"


@settings(steady, max_examples=400)
@given(st.text(max_size=80) | any_json.map(json.dumps) | st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")))
def test_whatever_is_sent_names_a_text_or_nobody_and_is_no_yes_by_itself(payload: str) -> None:
    assert isinstance(speaker(payload), str)
    refusal = verdict(None, reply=Said(payload=payload))
    assert refusal is not None
    assert refusal.gate == "approval"


@settings(steady, max_examples=400)
@given(
    says=st.sampled_from(["approve", "approve", "reject", "acknowledge", "request"]),
    about=st.sampled_from(["run-1", "run-1", "run-2"]),
    by=st.sampled_from([ADA, BOB]),
    minutes=st.integers(-5, 40),
    now=st.integers(0, 40),
    hash_=st.sampled_from([HASH, HASH, "", "0" * 64]),
    people=st.sampled_from([1, 2]),
    requested_by=st.sampled_from(["", ADA, BOB]),
    expired=st.booleans(),
)
def test_a_yes_has_every_reason_to_be_one(  # noqa: PLR0917 - one argument for everything that matters
    says: str,
    about: str,
    by: str,
    minutes: int,
    now: int,
    hash_: str,
    people: Literal[1, 2],
    requested_by: str,
    expired: bool,
) -> None:
    told = spoken(says, about=about, by=by, at=NIGHT + timedelta(minutes=minutes), hash=hash_)
    refusal = judge(
        asked(Approval(people=people), requested_by=requested_by),
        Expired() if expired else Said(payload="{}"),
        told,
        NIGHT + timedelta(minutes=now),
    )
    good = [
        not expired,
        (says, about, hash_) == ("approve", "run-1", HASH),
        max(minutes, now) < 30,
        people == 1 or by != requested_by,
    ]
    assert (refusal is None) == all(good)
