"""How a run goes, and how it ends, with the toy house of tests/support."""

from datetime import timedelta

import pytest

from remediation.core.admission import Lease, Request
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.limits import Limits
from remediation.core.verdict import Escalate, Nothing, Wait
from tests.support.steps import NIGHT
from tests.support.toy import SETTLE, House, act, alarm_event, scripted
from tests.support.world import Stage, deployed

MANUAL = {"house": "dev-house"}


@pytest.fixture
def stage() -> Stage:
    return Stage()


# ---------------------------------------------------------------------------------------------------------- healing


def test_a_dark_lamp_is_healed_by_one_act_and_seen_lit_afterwards(stage: Stage) -> None:
    outcome = stage.run()
    assert (outcome.status, outcome.because) == ("healed", "Every lamp is lit.")
    assert [(done.action, done.target, done.result) for done in outcome.acts] == [("tap", "lamp-1", "done")]
    assert stage.house.done == [("tap", "lamp-1")]
    assert stage.house.looks == 2, "healed is what the diagnosis says when it is asked again"
    assert stage.steps.waited == [("settle 1", SETTLE)]
    assert stage.notifier.published == [outcome]
    assert stage.notifier.paged == []


def test_where_all_is_well_nothing_is_done(stage: Stage) -> None:
    stage.house.lamps["lamp-1"] = "lit"
    assert stage.run().status == "nothing-to-do"
    assert (stage.house.done, stage.ledger.resources) == ([], {})


def test_the_ladder_goes_on_where_the_first_rung_does_not_help(stage: Stage) -> None:
    stage.house.cures = {("replace", "lamp-1")}
    outcome = stage.run()
    assert outcome.status == "healed"
    assert stage.house.done == [("tap", "lamp-1"), ("replace", "lamp-1")]


def test_one_target_after_the_other_each_seen_healed_before_the_next(stage: Stage) -> None:
    stage.house.lamps["lamp-2"] = "dark"
    stage.house.cures.add(("tap", "lamp-2"))
    assert stage.run().status == "healed"
    assert stage.house.done == [("tap", "lamp-1"), ("tap", "lamp-2")]
    assert stage.house.looks == 3


def test_after_an_act_the_resource_is_given_back_and_left_alone_for_the_cooldown(stage: Stage) -> None:
    stage.run()
    held = stage.ledger.resources["dev-house"]
    assert held.owner == ""
    assert held.cooldown_until == stage.steps.now + timedelta(minutes=15)


def test_the_timeline_tells_gates_facts_verdicts_acts_waits_and_the_outcome(stage: Stage) -> None:
    stage.run()
    kinds = [entry.kind for entry in stage.timeline()]
    assert kinds == [
        "received", "gate", "facts", "verdict", "admitted", "act", "wait", "facts", "verdict", "outcome",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------- waiting and calling


def test_it_waits_for_what_others_are_doing(stage: Stage) -> None:
    stage.runbook = scripted(Wait(because="Warming.", for_=timedelta(seconds=60)), Nothing(because="Lit."))
    assert stage.run().status == "nothing-to-do"
    assert stage.steps.waited == [("wait 1", timedelta(seconds=60))]


def test_a_wait_that_outlasts_the_deadline_calls_a_person_with_its_evidence(stage: Stage) -> None:
    wait = Wait(because="Warming.", for_=timedelta(minutes=3), evidence=("cold",), next_steps=("blow",))
    stage.runbook = scripted(wait)
    outcome = stage.run()
    assert (outcome.status, outcome.evidence, outcome.next_steps) == ("escalated", ("cold",), ("blow",))
    assert len(stage.steps.waited) == 3, "ten minutes hold three times three, and not a fourth"
    assert stage.notifier.paged == [outcome]


def test_a_wait_that_stands_down_calls_nobody_when_the_time_is_up(stage: Stage) -> None:
    stage.runbook = scripted(Wait(because="A deploy is on.", for_=timedelta(minutes=6), stand_down=True))
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.notifier.paged) == ("refused", "stand down", [])


def test_after_an_act_even_a_wait_that_stands_down_calls_a_person(stage: Stage) -> None:
    stage.runbook = scripted(act(), Wait(because="A deploy is on.", for_=timedelta(minutes=12), stand_down=True))
    assert stage.run().status == "not-healed"


@pytest.mark.parametrize("apply", [True, False], ids=["apply", "plan"])
def test_what_was_asked_for_and_cannot_be_done_is_refused_and_calls_nobody(stage: Stage, apply: bool) -> None:
    no = Nothing(because="The house has two sockets.", next_steps=("Buy a third.",), refused=True)
    stage.runbook = scripted(no)
    outcome = stage.run({"house": "dev-house", "apply": apply})
    assert (outcome.status, outcome.gate) == ("refused", "request")
    assert (outcome.because, outcome.next_steps) == (no.because, no.next_steps)
    assert stage.notifier.paged == []


def test_what_cannot_be_done_any_more_after_an_act_is_not_healed(stage: Stage) -> None:
    stage.runbook = scripted(act(), Nothing(because="The house has no socket any more.", refused=True))
    outcome = stage.run()
    assert outcome.status == "not-healed"
    assert stage.notifier.paged == [outcome]


def test_what_it_cannot_heal_goes_to_the_team_that_the_verdict_names(stage: Stage) -> None:
    stage.house.lamps["lamp-1"] = "no power"
    outcome = stage.run()
    assert (outcome.status, outcome.team) == ("escalated", "database")
    assert (outcome.evidence, outcome.next_steps) == (("The fuse is out.",), ("Put the fuse back.",))
    assert stage.notifier.paged == [outcome]
    assert stage.house.done == []


def test_an_escalation_without_a_team_goes_to_the_runbooks_own(stage: Stage) -> None:
    stage.runbook = scripted(Escalate(because="Help."))
    assert stage.run().team == "infrastructure"


def test_a_diagnosis_that_fails_is_told_as_a_failure(stage: Stage) -> None:
    stage.house.blind = True
    outcome = stage.run()
    assert outcome.status == "failed"
    assert "The house cannot be seen." in outcome.because
    assert stage.notifier.paged == [outcome]


def test_a_diagnosis_that_fails_after_an_act_gives_the_lease_back(stage: Stage) -> None:
    stage.house.on_look = lambda looks: setattr(stage.house, "blind", looks > 1)
    outcome = stage.run()
    assert (outcome.status, len(outcome.acts)) == ("failed", 1)
    assert stage.ledger.owners() == {}


# ------------------------------------------------------------------------------------------------- observing, planning


def test_in_observe_it_says_what_it_would_do_and_does_not(stage: Stage) -> None:
    stage.deployment = deployed("observe")
    outcome = stage.run()
    assert (outcome.status, outcome.would) == ("observed", "tap lamp-1")
    assert (stage.house.done, stage.ledger.resources, stage.notifier.paged) == ([], {}, [])


def test_a_drill_does_not_act_unless_the_environment_says_so(stage: Stage) -> None:
    drill = alarm_event(source="starttech.drill")
    assert stage.run(drill).status == "observed"
    brave = Stage(deployment=deployed(drills_act=True))
    assert brave.run(drill).status == "healed"
    assert stage.house.done == []
    assert stage.alarms.asked == [], "a rehearsed alarm is in no state to ask for"


def test_a_plan_does_nothing_and_wakes_nobody(stage: Stage) -> None:
    outcome = stage.run(MANUAL)
    assert (outcome.status, outcome.would) == ("observed", "tap lamp-1")
    assert '"apply": true' in outcome.because
    assert stage.house.done == []
    stage.house.lamps["lamp-1"] = "no power"
    again = Stage(house=stage.house).run(MANUAL)
    assert (again.status, again.severity, again.paged) == ("escalated", "warning", False)


def test_a_plan_is_answered_at_once_even_where_one_would_wait(stage: Stage) -> None:
    stage.runbook = scripted(Wait(because="Warming.", for_=timedelta(seconds=60)))
    outcome = stage.run(MANUAL)
    assert (outcome.status, outcome.because) == ("nothing-to-do", "Not now: Warming.")
    assert stage.steps.waited == []


def test_with_apply_a_person_gets_it_done(stage: Stage) -> None:
    assert stage.run(MANUAL | {"apply": True}).status == "healed"


def test_a_payload_that_is_wrong_is_rejected_with_the_name_of_the_field(stage: Stage) -> None:
    outcome = stage.run({"hose": "dev-house"})
    assert outcome.status == "rejected"
    assert "`hose`" in outcome.because
    assert stage.house.looks == 0


# ------------------------------------------------------------------------------------------------------------ refusals


def test_an_event_that_another_run_has_is_refused_and_recorded(stage: Stage) -> None:
    first = stage.run()
    second = Stage(ledger=stage.ledger, house=stage.house)
    second.steps._run = "run-2"
    outcome = second.run()
    assert (outcome.status, outcome.gate) == ("refused", "duplicate")
    assert first.run in outcome.because
    assert stage.house.done == [("tap", "lamp-1")]
    assert set(stage.ledger.runs) == {"run-1", "run-2"}


@pytest.mark.parametrize(
    ("live", "gate"),
    [
        (LiveAlarm(exists=False), "live alarm"),
        (LiveAlarm(exists=True, state="OK", transitioned_at=NIGHT, actions_enabled=True), "live alarm"),
        (LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=False), "actions disabled"),
    ],
)
def test_an_alarm_that_is_not_what_the_event_said_is_refused(stage: Stage, live: LiveAlarm, gate: str) -> None:
    stage.alarms.alarms["dark-lamps"] = live
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.looks) == ("refused", gate, 0)


def test_an_alarm_that_cannot_be_read_is_refused_and_told_to_a_person(stage: Stage) -> None:
    stage.alarms.down = True
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "surroundings", True)
    assert stage.house.looks == 0


def test_a_ledger_that_does_not_answer_is_told_to_a_person(stage: Stage) -> None:
    stage.ledger.down = {"receive", "admit", "confirm", "note", "close"}
    stage.incidents.down = True
    outcome = stage.run()
    assert (outcome.status, outcome.gate) == ("refused", "ledger")
    assert stage.notifier.paged == [outcome]
    assert stage.house.done == []


def test_an_alarm_that_is_over_after_a_wait_is_not_acted_on(stage: Stage) -> None:
    stage.runbook = scripted(Wait(because="Warming.", for_=timedelta(seconds=60)), act())
    over = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=False)
    stage.house.on_look = lambda _: stage.alarms.alarms.update({"dark-lamps": over})
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("refused", "actions disabled", [])


def test_a_ledger_that_cannot_be_asked_refuses_and_is_told_all_the_same(stage: Stage) -> None:
    stage.ledger.down = {"receive", "close"}
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.looks) == ("refused", "ledger", 0)
    assert any("could not record" in line for line in outcome.evidence)
    assert stage.notifier.published == [outcome]


@pytest.mark.parametrize("method", ["admit", "confirm"])
def test_without_an_admission_nothing_is_done_and_a_person_is_told(stage: Stage, method: str) -> None:
    stage.ledger.down = {method}
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.would) == ("refused", "ledger", "tap lamp-1")
    assert (stage.house.done, stage.notifier.paged) == ([], [outcome])
    assert outcome.severity == "warning"


def test_a_resource_that_is_cooling_down_is_left_alone_and_a_person_is_told(stage: Stage) -> None:
    stage.run()
    later = Stage(ledger=stage.ledger)
    later.steps._run = "run-2"
    later.steps.now = NIGHT + timedelta(minutes=4)
    later.alarms.alarms["dark-lamps"] = LiveAlarm(
        exists=True, state="ALARM", transitioned_at=later.steps.now, actions_enabled=True
    )
    outcome = later.run(alarm_event(at=later.steps.now))
    assert (outcome.gate, later.house.done, later.notifier.paged) == ("cooldown", [], [outcome])


def test_people_who_switched_it_off_are_not_called(stage: Stage) -> None:
    stage.ledger.mode = "observe"
    outcome = stage.run()
    assert (outcome.gate, stage.house.done, stage.notifier.paged) == ("mode", [], [])


def test_the_switch_is_asked_again_right_before_the_call(stage: Stage) -> None:
    admit = stage.ledger.admit

    def admit_then_switch_off(request: Request, limits: Limits) -> Lease | Refusal:
        answer = admit(request, limits)
        stage.ledger.mode = "off"
        return answer

    stage.ledger.admit = admit_then_switch_off  # type: ignore[method-assign]
    outcome = stage.run()
    assert (outcome.gate, stage.house.done, stage.ledger.owners()) == ("mode", [], {})


def test_a_refusal_after_an_act_leaves_something_unhealed(stage: Stage) -> None:
    stage.house.cures = set()
    stage.house.on_look = lambda looks: setattr(stage.ledger, "mode", "act" if looks == 1 else "off")
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("not-healed", "mode", [("tap", "lamp-1")])
    assert stage.notifier.paged == [outcome]


def test_with_too_little_time_left_it_asks_for_a_fresh_invocation_once(stage: Stage) -> None:
    stage.remaining = timedelta(seconds=59)
    outcome = stage.run()
    assert (outcome.gate, stage.house.done) == ("time", [])
    fresh = Stage(remaining=timedelta(seconds=59))
    wait = fresh.steps.wait

    def and_time_is_back(name: str, for_: timedelta) -> None:
        wait(name, for_)
        fresh.remaining = timedelta(minutes=2)

    fresh.steps.wait = and_time_is_back  # type: ignore[method-assign]
    assert fresh.run().status == "healed"
    assert fresh.house.done == [("tap", "lamp-1")]


# ---------------------------------------------------------------------------------------------------- acts going wrong


def test_an_act_that_aws_refuses_is_a_failed_one_and_the_ladder_goes_on(stage: Stage) -> None:
    stage.house.fails["tap"] = AwsError("No.", operation="house:Tap", code="AccessDenied")
    stage.house.cures = {("replace", "lamp-1")}
    outcome = stage.run()
    assert [(done.action, done.result) for done in outcome.acts] == [("tap", "failed"), ("replace", "done")]
    assert outcome.status == "healed"


@pytest.mark.parametrize(
    "error", [AwsError("?", operation="house:Tap", code="ReadTimeout"), KeyError("CommandId")], ids=["lost", "odd"]
)
def test_an_act_whose_answer_is_lost_may_have_happened(stage: Stage, error: Exception) -> None:
    stage.house.fails["tap"] = error
    stage.house.on_look = lambda looks: stage.house.lamps.update({"lamp-1": "lit"} if looks == 2 else {})
    outcome = stage.run()
    assert [done.result for done in outcome.acts] == ["unknown"]
    assert outcome.status == "healed", "it may have been our doing"


def test_where_every_act_failed_and_it_is_well_it_was_not_us(stage: Stage) -> None:
    stage.house.fails["tap"] = AwsError("No.", operation="house:Tap", code="AccessDenied")
    stage.house.on_look = lambda looks: stage.house.lamps.update({"lamp-1": "lit"} if looks == 2 else {})
    assert stage.run().status == "nothing-to-do"


def test_what_the_action_leaves_alone_was_not_tried(stage: Stage) -> None:
    stage.house.fails["tap"] = LeftAloneError("lamp-1 is lit by now.")
    stage.house.on_look = lambda looks: stage.house.lamps.update({"lamp-1": "lit"} if looks == 2 else {})
    outcome = stage.run()
    assert (outcome.status, outcome.acts) == ("nothing-to-do", ())
    assert stage.ledger.resources["dev-house"].cooldown_until == stage.steps.now, "no act, no cooldown"


def test_the_same_act_on_the_same_target_is_never_made_twice(stage: Stage) -> None:
    stage.runbook = scripted(act())
    outcome = stage.run()
    assert (outcome.status, stage.house.done) == ("not-healed", [("tap", "lamp-1")])
    assert "not repeated" in outcome.because


def test_a_run_makes_three_acts_at_most(stage: Stage) -> None:
    stage.runbook = scripted(*(act(lamp=f"lamp-{n}", settle=timedelta(0)) for n in range(9)))
    outcome = stage.run()
    assert (outcome.status, len(stage.house.done)) == ("not-healed", 3)
    assert "3 of 3 acts" in outcome.because


def test_a_run_works_on_one_resource(stage: Stage) -> None:
    stage.runbook = scripted(act(), act(lamp="lamp-9", resource="dev-garden"))
    outcome = stage.run()
    assert (outcome.status, stage.house.done) == ("not-healed", [("tap", "lamp-1")])
    assert "dev-garden" in outcome.because
    assert set(stage.ledger.resources) == {"dev-house"}


@pytest.mark.parametrize(("settle", "acts"), [(timedelta(minutes=10), 1), (timedelta(minutes=10, seconds=1), 0)])
def test_an_act_that_cannot_settle_in_time_is_not_begun(stage: Stage, settle: timedelta, acts: int) -> None:
    stage.runbook = scripted(act(settle=settle), Nothing(because="Lit."))
    stage.run()
    assert len(stage.house.done) == acts


@pytest.mark.parametrize(("previous", "waits"), [("OK", 1), ("INSUFFICIENT_DATA", 2), (None, 2)])
def test_an_alarm_that_was_not_ok_before_is_looked_at_twice(stage: Stage, previous: str | None, waits: int) -> None:
    assert stage.run(alarm_event(previous=previous)).status == "healed"
    assert len(stage.steps.waited) == waits
    if waits == 2:
        assert stage.steps.waited[0] == ("look twice", timedelta(seconds=60))


def test_a_gap_in_the_metrics_that_is_over_at_the_second_look_is_not_acted_on(stage: Stage) -> None:
    stage.house.on_look = lambda looks: stage.house.lamps.update({"lamp-1": "lit"} if looks == 2 else {})
    assert stage.run(alarm_event(previous="INSUFFICIENT_DATA")).status == "nothing-to-do"
    assert stage.house.done == []


def test_watching_that_fails_does_not_stop_the_run() -> None:
    stage = Stage(house=House())
    stage.ledger.down = {"note"}
    assert stage.run().status == "healed"
