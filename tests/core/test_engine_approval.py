"""The engine with people: it asks, sleeps, looks again, and does exactly what was approved, once, or nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs

from remediation.core.admission import Resource, Switch
from remediation.core.approval import AGAIN_AFTER, plan_hash
from remediation.core.freeze import Window
from remediation.core.gates import LiveAlarm
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.spec import Guardrails
from remediation.core.spoken import Spoken, request_hash
from remediation.core.surroundings import ActiveAlarm, Around
from remediation.core.verdict import Act, Approval, Nothing, Target
from remediation.core.watched import Cause, Watched
from tests.support.damage import any_json, steady
from tests.support.steps import NIGHT, InMemorySteps, Moment
from tests.support.toy import PLACE, Bulb, House, act, alarm_event, scheduled_event, scripted
from tests.support.world import Stage, deployed

ADA, BOB = "AROAEXAMPLE:ada", "AROAEXAMPLE:bob"
FIVE = timedelta(minutes=5)
TAP: Act[Target] = structs.replace(act(), target=Bulb(id="lamp-1", state="dark"))
APPLY = {"house": "dev-house", "apply": True}


def hash_of(to_do: Act[Target] = TAP, run: str = "run-1") -> str:
    return plan_hash(run, "light-the-lamps", to_do, PLACE)


def asking(**more: Any) -> Stage:
    """Return a stage that asks before it taps."""
    return Stage(deployment=deployed(ask_first=("tap",), **more))


def answers(
    stage: Stage, says: Any = "approve", *, by: str = ADA, to: str = "approval 1", after: timedelta = FIVE, **more: Any
) -> Stage:
    """Have a person answer a question of the stage's run."""
    run = stage.steps.run
    told: dict[str, Any] = {"about": run, "by": by, "at": stage.steps.now + after, "hash": hash_of(run=run)} | more
    stage.approvals.spoken[by, run] = Spoken(says=says, **told)
    stage.steps.replies[to] = (after, json.dumps({"by": by}))
    return stage


def meanwhile(stage: Stage, happens: Callable[[], object]) -> Stage:
    """Have something happen while people think."""
    said = stage.approvals.said

    def said_after(by: str, about: str) -> Spoken | None:
        happens()
        return said(by, about)

    stage.approvals.said = said_after  # type: ignore[method-assign]
    return stage


def refused(stage: Stage, gate: str = "approval", *, paged: bool = True) -> Outcome:
    """Insist that nothing was done, leased or paid."""
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.would) == ("refused", gate, "tap lamp-1")
    assert (stage.house.done, stage.ledger.resources, stage.ledger.acts) == ([], {}, ())
    assert (outcome in stage.notifier.paged) is outcome.paged is paged
    return outcome


# --------------------------------------------------------------------------------------------------------------- a yes


def test_what_is_approved_is_done_once_after_another_look() -> None:
    stage = answers(asking())
    outcome = stage.run()
    assert (outcome.status, stage.house.done, stage.house.looks) == ("healed", [("tap", "lamp-1")], 3)
    assert stage.steps.asked == [("approval 1", timedelta(minutes=30))]
    assert [name for name, _ in stage.steps.names] == [
        "receive", "read alarm", "look 1", "read switches 1", "claim 1", "approval 1", "approval 1 told", "approval 1 heard",
        "look 2", "read alarm again", "admit 2", "tap 2", "note 2", "settle 2", "look 3", "close", "publish",
        "same fix",
    ]  # fmt: skip
    assert stage.approvals.ended == {"run-1": "approved"}
    assert [entry.text for entry in stage.timeline() if entry.kind == "approval"] == [
        f"Asked to approve: tap lamp-1 (dev-house in dev), plan {hash_of()[:12]}, until 04:10:00 UTC.",
        "ada approved tap lamp-1 (dev-house in dev).",
    ]


def test_those_who_are_asked_are_told_what_why_until_when_and_how_to_answer() -> None:
    stage = answers(asking())
    stage.run()
    hash_ = hash_of()
    assert stage.notifier.told == ["infrastructure"]
    assert stage.notifier.notices == [
        Notice(
            kind="approval-wanted",
            environment="dev",
            run="run-1",
            incident="dev|light-the-lamps|dark-lamps",
            team="infrastructure",
            severity="critical",
            title="light-the-lamps in dev asks: tap lamp-1 (dev-house in dev)?",
            because="lamp-1 is dark.",
            at=NIGHT,
            lines=(
                f"Plan {hash_}",
                "It expires at 2026-11-23 04:10:00 UTC (in 30 min), and is not done unless somebody approves.",
            ),
            next_steps=(
                "remedy show run-1 --env dev",
                f"remedy approve run-1 --hash {hash_[:12]} --env dev",
                'remedy reject run-1 --because "..." --env dev',
            ),
        )
    ]
    (asked,) = stage.approvals.asked
    assert (asked.hash, asked.run, asked.requested_by) == (hash_, "run-1", "")
    assert stage.approvals.callbacks == ["callback of approval 1"]


def test_an_act_that_asks_by_itself_is_asked_for_like_one_that_the_deployment_names() -> None:
    """And in its own words: its reason, its people and its time."""
    mine = structs.replace(act(), approval=Approval(because="It is old.", people=2, expires=timedelta(minutes=20)))
    stage = answers(Stage(runbook=scripted(mine, mine, Nothing(because="Lit."))), hash=hash_of(mine))
    assert (stage.run().status, stage.house.done) == ("healed", [("tap", "lamp-1")])
    assert stage.steps.asked == [("approval 1", timedelta(minutes=20))]
    (notice,) = stage.notifier.notices
    assert notice.because == "lamp-1 is dark. It is old."
    assert "(in 20 min), and is not done unless somebody else than who asked for it approves." in notice.lines[1]


def test_the_acts_own_approval_counts_where_the_deployment_asks_as_well() -> None:
    mine = structs.replace(act(), approval=Approval(expires=timedelta(minutes=20)))
    stage = answers(asking(), hash=hash_of(mine))
    stage.runbook = scripted(mine, mine, Nothing(because="Lit."))
    stage.run()
    assert stage.steps.asked == [("approval 1", timedelta(minutes=20))]


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        (None, "tap is asked for first here."),
        (Approval(because="It is old."), "It is old."),
        (Approval(because="It is old.", people=2), "It is old. Two people have to agree."),
    ],
)
def test_a_plan_says_why_a_person_would_be_asked_and_asks_nobody(approval: Approval | None, told: str) -> None:
    stage = asking()
    stage.runbook = scripted(structs.replace(act(), approval=approval))
    outcome = stage.run({"house": "dev-house"})
    assert (outcome.status, outcome.would, outcome.asks) == ("observed", "tap lamp-1", told)
    assert stage.approvals.asked == []
    assert f"It would have asked a person first: {told}" in outcome.text()


def test_a_plan_whose_act_nobody_is_asked_for_says_so_by_saying_nothing() -> None:
    outcome = Stage().run({"house": "dev-house"})
    assert (outcome.status, outcome.asks) == ("observed", "")
    assert "asked a person" not in outcome.text()


def test_nothing_is_leased_or_paid_while_people_think() -> None:
    seen: list[object] = []
    stage = answers(asking())
    ask = stage.approvals.ask

    def look(*_: Any) -> None:
        seen.append((stage.ledger.owners(), dict(stage.ledger.resources), stage.ledger.acts))

    def ask_and_look(*asked: Any) -> None:
        ask(*asked)
        look()

    stage.approvals.ask = ask_and_look  # type: ignore[method-assign, assignment]
    assert meanwhile(stage, look).run().status == "healed"
    assert seen == [({}, {}, ())] * 2


def test_the_time_that_people_take_is_not_the_runs() -> None:
    stage = answers(asking(), after=timedelta(minutes=29))
    stage.runbook = replace(stage.runbook, guardrails=Guardrails(heal_within=timedelta(seconds=90)))
    assert stage.run().status == "healed"
    late = answers(asking(), after=timedelta(minutes=29))
    late.runbook = replace(late.runbook, guardrails=Guardrails(heal_within=timedelta(seconds=89)))
    assert late.run().status == "escalated"


def test_each_act_is_asked_for_by_itself() -> None:
    stage = Stage(deployment=deployed(ask_first=("tap", "replace")), house=House(cures={("replace", "lamp-1")}))
    answers(stage)
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.would) == ("not-healed", "approval", "replace lamp-1")
    assert stage.house.done == [("tap", "lamp-1")]
    assert [name for name, _ in stage.steps.asked] == ["approval 1", "approval 3"]
    assert outcome.paged


def test_an_act_that_nobody_has_to_approve_is_not_asked_for() -> None:
    stage = Stage(deployment=deployed(ask_first=("replace",)))
    assert stage.run().status == "healed"
    assert (stage.steps.asked, stage.approvals.claims, stage.notifier.notices) == ([], {}, [])


@pytest.mark.parametrize("mode", ["observe", "plan"])
def test_observing_and_planning_ask_nobody(mode: str) -> None:
    stage = asking()
    if mode == "observe":
        stage.deployment = deployed("observe", ask_first=("tap",))
    assert stage.run({"house": "dev-house"} if mode == "plan" else None).status == "observed"
    assert (stage.steps.asked, stage.approvals.claims, stage.notifier.notices) == ([], {}, [])


# ------------------------------------------------------------------------------------------------- the world moves on


def test_what_healed_by_itself_while_people_thought_is_left_alone() -> None:
    stage = answers(asking())
    meanwhile(stage, lambda: stage.house.lamps.update({"lamp-1": "lit"}))
    outcome = stage.run()
    assert (outcome.status, stage.house.done, stage.ledger.resources) == ("nothing-to-do", [], {})


def test_a_plan_that_changed_while_people_thought_is_not_done_and_a_person_is_told() -> None:
    stage = answers(asking())
    stage.deployment = deployed(ask_first=("tap", "replace"))
    stage.runbook = scripted(TAP, structs.replace(TAP, target=Bulb(id="lamp-1", state="warming")))
    outcome = refused(stage)
    assert outcome.because.startswith(
        "The plan changed since it was approved: now it is tap lamp-1 (dev-house in dev)."
    )


def test_a_change_of_plan_to_something_that_nobody_has_to_approve_does_not_use_the_approval() -> None:
    other = act("replace")
    stage = answers(asking())
    stage.runbook = scripted(TAP, other, TAP, Nothing(because="Lit."))
    outcome = stage.run()
    assert (outcome.status, stage.house.done) == ("healed", [("replace", "lamp-1"), ("tap", "lamp-1")])


@pytest.mark.parametrize("switch", ["freeze", "mode"])
def test_nobody_is_asked_for_what_is_switched_off(switch: str) -> None:
    stage = answers(asking())
    setattr(stage.ledger, switch, Switch(of="dev", says="freeze") if switch == "freeze" else "observe")
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.would) == ("refused", switch, "tap lamp-1")
    assert (stage.approvals.asked, stage.notifier.notices, stage.notifier.paged) == ([], [], [])


def test_where_the_switches_cannot_be_read_nobody_is_asked_and_a_person_is_told() -> None:
    stage = answers(asking())
    stage.ledger.down = {"switched_off"}
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "ledger", True)
    assert stage.approvals.asked == []


@pytest.mark.parametrize(
    ("happens", "gate"),
    [
        (lambda stage: setattr(stage.ledger, "freeze", Switch(of="dev", says="freeze")), "freeze"),
        (lambda stage: setattr(stage.ledger, "mode", "off"), "mode"),
        (lambda stage: stage.alarms.alarms.update({"dark-lamps": LiveAlarm(exists=False)}), "live alarm"),
    ],
)
def test_what_was_approved_is_not_done_if_it_is_switched_off_or_over_by_then(
    happens: Callable[[Stage], None], gate: str
) -> None:
    stage = answers(asking())
    outcome = meanwhile(stage, lambda: happens(stage)).run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("refused", gate, [])
    assert (stage.ledger.owners(), stage.notifier.paged) == ({}, [])


@pytest.mark.parametrize(
    ("around", "gate"),
    [
        (Around(deploys=("An instance refresh of dev-asg is InProgress.",)), "deploy"),
        (Around(alarms=(ActiveAlarm(name="mongodb-down", since=NIGHT, namespace="Remediation"),)), "shared cause"),
    ],
)
def test_what_was_approved_is_not_done_where_a_deploy_or_an_outage_began_meanwhile(around: Around, gate: str) -> None:
    watched = Watched(causes=(Cause(dependency="mongodb", namespace="Remediation"),))
    stage = answers(asking(watched=watched))
    stage.runbook = replace(stage.runbook, yields_to=("deploy", "mongodb"))
    meanwhile(stage, lambda: setattr(stage.surroundings, "seen", around))
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("refused", gate, [])


def test_what_was_approved_is_not_done_in_a_maintenance_window_that_began_meanwhile() -> None:
    soon = Window(because="Soon.", on="monday", at=time(3, 44), minutes=60)
    refused(answers(asking(maintenance=(soon,))), "freeze", paged=False)


def test_nobody_is_asked_in_a_maintenance_window() -> None:
    now = Window(because="Now.", on="monday", at=time(3), minutes=60)
    stage = answers(asking(maintenance=(now,)))
    refused(stage, "freeze", paged=False)
    assert stage.approvals.asked == []


# ---------------------------------------------------------------------------------------------------------------- a no


def test_silence_is_a_no_that_calls_a_person_and_holds_for_an_hour() -> None:
    stage = asking()
    outcome = refused(stage)
    assert outcome.because == "The approval of tap lamp-1 (dev-house in dev) expired at 04:10:00 UTC: nobody answered."
    assert stage.approvals.ended == {"run-1": "expired"}
    assert outcome.because in stage.said()
    assert stage.approvals.claims["light-the-lamps/tap/lamp-1"] == ("run-1", outcome.ended_at + AGAIN_AFTER["expired"])


def test_a_no_calls_nobody_and_holds_for_a_day() -> None:
    stage = answers(asking(), "reject", because="I am at it.")
    outcome = refused(stage, "rejection", paged=False)
    assert outcome.because == "ada rejected tap lamp-1 (dev-house in dev): I am at it."
    assert stage.approvals.ended == {"run-1": "rejected"}
    again = Stage(
        deployment=stage.deployment, approvals=stage.approvals, steps=InMemorySteps(run="run-2", now=NIGHT + FIVE)
    )
    outcome = again.run(APPLY)
    assert (outcome.gate, outcome.paged, again.house.done, again.steps.asked) == ("asked", False, [], [])


@pytest.mark.parametrize(
    "more",
    [
        {"says": "acknowledge"},
        {"hash": "0" * 64},
        {"hash": ""},
        {"hash": hash_of()[:12]},
        {"hash": hash_of(run="run-2")},
        {"about": "run-2"},
        {"at": NIGHT + timedelta(minutes=30)},
    ],
)
def test_an_answer_that_is_no_yes_to_this_plan_is_a_no_and_calls_a_person(more: dict[str, Any]) -> None:
    stage = answers(asking(), **more)
    refused(stage)
    assert stage.approvals.ended == {"run-1": "refused"}


def test_a_yes_to_one_run_is_none_to_another() -> None:
    first = answers(asking())
    first.run()
    first.approvals.claims.clear()  # another night
    other = Stage(deployment=first.deployment, approvals=first.approvals, steps=InMemorySteps(run="run-2"))
    other.steps.replies["approval 1"] = (FIVE, json.dumps({"by": ADA}))
    refused(other)


def test_one_run_asks_at_a_time() -> None:
    first = asking()
    first.approvals.claims["light-the-lamps/tap/lamp-1"] = ("run-0", NIGHT + FIVE)
    outcome = refused(first, "asked", paged=False)
    assert outcome.because == "Run run-0 asks, or people have answered it lately."
    assert first.steps.asked == []


def test_ticks_of_the_schedule_are_on_record_and_tell_nobody_what_another_run_asks_or_was_answered() -> None:
    first = answers(asking(), "reject")
    outcome = first.run(scheduled_event())
    assert first.notifier.published == [outcome], "the run that asked tells what came of it"
    for n in range(2, 6):
        first.steps = InMemorySteps(run=f"run-{n}", now=NIGHT + n * FIVE)
        outcome = first.run(scheduled_event(at=first.steps.now) | {"id": f"tick-{n}"})
        assert (outcome.status, outcome.gate) == ("refused", "asked")
        assert first.ledger.runs[outcome.run].outcome == outcome
    assert (len(first.notifier.published), len(first.notifier.notices)) == (1, 1)


def test_a_tick_of_the_schedule_tells_nobody_that_another_run_works_on_it() -> None:
    stage = Stage()
    stage.ledger.resources["dev-house"] = Resource(owner="run-0", until=NIGHT + FIVE)
    outcome = stage.run(scheduled_event())
    assert (outcome.status, outcome.gate, stage.notifier.published) == ("refused", "lease", [])
    assert stage.ledger.runs[outcome.run].outcome == outcome


def test_a_tick_of_the_schedule_tells_who_approved_that_another_run_has_come_first() -> None:
    def another_comes_first() -> None:
        stage.ledger.resources["dev-house"] = Resource(owner="run-0", until=NIGHT + 2 * FIVE)

    stage = meanwhile(answers(asking()), another_comes_first)
    outcome = stage.run(scheduled_event())
    assert (outcome.status, outcome.gate, stage.notifier.published) == ("refused", "lease", [outcome])


@pytest.mark.parametrize("gate", ["asked", "lease"])
def test_whoever_asked_for_a_run_is_told_that_another_one_is_at_it(gate: str) -> None:
    stage = asking() if gate == "asked" else Stage()
    stage.approvals.claims["light-the-lamps/tap/lamp-1"] = ("run-0", NIGHT + FIVE)
    stage.ledger.resources["dev-house"] = Resource(owner="run-0", until=NIGHT + FIVE)
    outcome = stage.run()
    assert (outcome.gate, stage.notifier.published) == (gate, [outcome])


@settings(steady, max_examples=150)
@given(any_json)
def test_whatever_is_sent_to_the_callback_nothing_is_done_unless_a_record_says_so(payload: object) -> None:
    stage = asking()
    stage.approvals.spoken[BOB, "run-2"] = Spoken(says="approve", about="run-2", by=BOB, at=NIGHT, hash=hash_of())
    stage.steps.replies["approval 1"] = (FIVE, json.dumps(payload))
    refused(stage)


@pytest.mark.parametrize(
    ("down", "because"),
    [
        (
            "claim",
            "Whether tap lamp-1 (dev-house in dev) is being asked already cannot be read: DynamoDB did not answer claim.",
        ),
        ("ask", "Nobody could be asked to approve tap lamp-1 (dev-house in dev): DynamoDB did not answer ask."),
        ("said", "Nobody could be asked to approve tap lamp-1 (dev-house in dev): DynamoDB did not answer said."),
        ("end", "Nobody could be asked to approve tap lamp-1 (dev-house in dev): DynamoDB did not answer end."),
        ("notify", "Nobody could be asked to approve tap lamp-1 (dev-house in dev): SNS did not take the notice."),
    ],
)
def test_where_nobody_can_be_asked_or_heard_nothing_is_done_and_a_person_is_told(down: str, because: str) -> None:
    stage = answers(asking())
    stage.approvals.down = stage.notifier.down = {down}
    assert refused(stage).because == because


# ---------------------------------------------------------------------------------------------------------- two people

TWO = structs.replace(act(), approval=Approval(people=2))
REQUEST = APPLY | {"by": ADA, "request": "req-1"}


def for_two(requested: Spoken | None, *, by: str) -> Stage:
    stage = answers(Stage(runbook=scripted(TWO, TWO, Nothing(because="Lit."))), by=by, hash=hash_of(TWO))
    if requested is not None:
        stage.approvals.spoken[requested.by, requested.about] = requested
    return stage


ASKED = Spoken(
    says="request", about="req-1", by=ADA, at=NIGHT, hash=request_hash("light-the-lamps", {"house": "dev-house"})
)


@pytest.mark.parametrize(
    ("requested", "by", "status", "because"),
    [
        (ASKED, BOB, "healed", "Lit."),
        (ASKED, ADA, "refused", "needs two people, and ada asked for it as well."),
        (None, BOB, "refused", "who asked for this run is not known"),
        (structs.replace(ASKED, says="approve"), BOB, "refused", "who asked for this run is not known"),
        (structs.replace(ASKED, by=BOB), BOB, "refused", "who asked for this run is not known"),
        (structs.replace(ASKED, hash=""), BOB, "refused", "who asked for this run is not known"),
        (
            structs.replace(ASKED, hash=request_hash("light-the-lamps", {"house": "dev-garden"})),
            BOB,
            "refused",
            "who asked for this run is not known",
        ),
        (
            structs.replace(ASKED, hash=request_hash("another", {"house": "dev-house"})),
            BOB,
            "refused",
            "who asked for this run is not known",
        ),
        (
            structs.replace(ASKED, at=NIGHT - timedelta(minutes=16)),
            BOB,
            "refused",
            "who asked for this run is not known",
        ),
    ],
)
def test_where_two_people_are_needed_the_one_who_asked_has_to_be_known_and_be_another(
    requested: Spoken | None, by: str, status: str, because: str
) -> None:
    stage = for_two(requested, by=by)
    outcome = stage.run(REQUEST)
    assert (outcome.status, because in outcome.because) == (status, True)
    assert bool(stage.house.done) is (status == "healed")
    if "not known" in because:
        assert outcome.because == (
            "tap lamp-1 (dev-house in dev) needs two people, and who asked for this run is not known; start it with"
            " `remedy invoke`."
        )
        assert stage.steps.asked == []


def test_where_one_person_is_enough_nobody_asks_who_started_the_run_and_they_may_approve_it() -> None:
    stage = answers(asking(), by=ADA)
    assert stage.run(REQUEST).status == "healed"
    assert "requester 1" not in dict(stage.steps.names)
    assert stage.approvals.asked[0].requested_by == ADA


def test_an_alarm_asked_for_its_run_by_itself_so_anybody_may_approve() -> None:
    stage = for_two(None, by=ADA)
    assert stage.run().status == "healed"
    assert "requester 1" not in dict(stage.steps.names)


def test_who_asked_that_cannot_be_read_is_a_no() -> None:
    stage = for_two(ASKED, by=BOB)
    stage.approvals.down = {"said"}
    outcome = stage.run(REQUEST)
    assert (outcome.gate, outcome.because) == (
        "approval",
        "Who asked for this run cannot be read: DynamoDB did not answer said.",
    )
    assert (stage.house.done, outcome.paged) == ([], True)


# --------------------------------------------------------------------------------------------------------------- crashes


def approved_run() -> Stage:
    return answers(asking())


def boundaries() -> list[tuple[str, Moment]]:
    stage = approved_run()
    stage.run()
    moments: dict[str, tuple[Moment, ...]] = {"act": ("before", "started", "after"), "ask": ("after",)}
    return [(name, moment) for name, kind in stage.steps.names for moment in moments.get(kind, ("before", "after"))]


@pytest.mark.parametrize(("name", "moment"), boundaries())
def test_a_crash_there_and_the_run_goes_on_asks_once_and_acts_once(name: str, moment: Moment) -> None:
    stage = approved_run()
    stage.house.cures.add(("replace", "lamp-1"))  # the next rung, where the first act's end is not known
    stage.steps.crash_at(name, moment)
    outcome = stage.run()
    assert stage.steps.invocations == 2, "it died there"
    assert outcome.status == "healed"
    assert stage.house.done.count(("tap", "lamp-1")) == (0 if moment == "started" else 1)
    assert len(stage.house.done) <= 2
    assert stage.steps.asked == [("approval 1", timedelta(minutes=30))]
    assert {asked.hash for asked in stage.approvals.asked} == {hash_of()}
    assert stage.approvals.ended == {"run-1": "approved"}
    assert stage.ledger.runs["run-1"].outcome == outcome
    assert stage.ledger.owners() == {}


@pytest.mark.parametrize(("name", "moment"), [row for row in boundaries() if "approval" in row[0] or "claim" in row[0]])
def test_a_crash_while_it_is_rejected_stays_a_no(name: str, moment: Moment) -> None:
    stage = answers(asking(), "reject")
    stage.steps.crash_at(name, moment)
    refused(stage, "rejection", paged=False)
    assert stage.steps.invocations == 2


def test_a_replay_asks_nobody_again() -> None:
    stage = approved_run()
    outcome = stage.run()
    before = (list(stage.approvals.asked), list(stage.notifier.notices), list(stage.house.done))
    assert stage.run_again() == outcome
    assert (stage.approvals.asked, stage.notifier.notices, stage.house.done) == before


def test_after_a_gap_in_the_metrics_it_looks_twice_before_anybody_is_woken_to_approve() -> None:
    stage = answers(asking(), to="approval 2")
    assert stage.run(alarm_event(previous="INSUFFICIENT_DATA")).status == "healed"
    assert [name for name, _ in stage.steps.names][2:6] == ["look 1", "look twice", "look 2", "read switches 2"]
