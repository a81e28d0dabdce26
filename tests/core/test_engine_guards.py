"""The engine among freezes, storms, deploys, outages, budgets and circuits: it stands down, and says to whom."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from msgspec import structs

from remediation.core.admission import Lease, Request, Switch
from remediation.core.circuit import Circuit
from remediation.core.errors import AwsError
from remediation.core.freeze import Window
from remediation.core.gates import LiveAlarm, Refusal
from remediation.core.incident import Recovery
from remediation.core.limits import Breaker, Budgets, Limits
from remediation.core.outcome import Outcome
from remediation.core.spec import YIELDS, Yield
from remediation.core.surroundings import ActiveAlarm, Around
from remediation.core.verdict import Act, Nothing, Target
from remediation.core.watched import Cause, Watched
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.toy import LIGHT_THE_LAMPS, SETTLE, House, act, alarm_event, scheduled_event, scripted
from tests.support.world import GENEROUS, Stage, deployed

WATCHED = Watched(causes=(Cause(dependency="mongodb", namespace="Remediation"),))
DOWN = ActiveAlarm(name="mongodb-down", since=NIGHT, namespace="Remediation")
STORM = tuple(ActiveAlarm(name=f"alarm-{n}", since=NIGHT) for n in range(4))


def careful(yields_to: tuple[Yield, ...] = YIELDS, **more: Any) -> Stage:
    """Return a stage whose runbook stands down for others."""
    return Stage(
        runbook=replace(LIGHT_THE_LAMPS, yields_to=yields_to), deployment=deployed(**({"watched": WATCHED} | more))
    )


def another(stage: Stage, n: int, *, later: timedelta = timedelta(0), **more: Any) -> Stage:
    """Return the next run in the same environment; the same alarm has gone to ALARM again just now."""
    now = NIGHT + later
    steps = InMemorySteps(run=f"run-{n}", now=now)
    next_ = Stage(ledger=stage.ledger, deployment=stage.deployment, runbook=stage.runbook, steps=steps, **more)
    next_.alarms.alarms["dark-lamps"] = LiveAlarm(exists=True, state="ALARM", transitioned_at=now, actions_enabled=True)
    return next_


def run_at(stage: Stage) -> Outcome:
    return stage.run(alarm_event(at=stage.steps.now))


# -------------------------------------------------------------------------------------------------------- surroundings

AROUND: list[tuple[str, Around, str, str]] = [
    ("shared cause", Around(alarms=(DOWN,)), "database", "dev|shared cause|mongodb"),
    ("storm", Around(alarms=STORM), "infrastructure", "dev|storm"),
    ("deploy", Around(deploys=("A refresh is on.",)), "infrastructure", "dev|light-the-lamps|dark-lamps"),
]


def test_what_it_stands_down_for_is_followed_up_by_its_own_alarms_and_not_by_the_victims() -> None:
    for seen, recovery in (
        (Around(alarms=(DOWN,)), Recovery(alarms=(DOWN.name,), cause="mongodb")),
        (Around(alarms=STORM), Recovery(cause="storm")),
    ):
        stage = careful()
        stage.surroundings.seen = seen
        stage.run()
        assert [started[2] for started in stage.follow_up.started] == [recovery]


@pytest.mark.parametrize(("gate", "seen", "team", "incident"), AROUND)
def test_it_stands_down_before_it_looks_and_tells_whose_it_is(
    gate: str, seen: Around, team: str, incident: str
) -> None:
    stage = careful()
    stage.surroundings.seen = seen
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.team, outcome.incident) == ("refused", gate, team, incident)
    assert (stage.house.looks, stage.house.done, stage.ledger.resources) == (0, [], {})
    told = gate != "deploy"
    assert outcome.paged is told, "whoever deploys knows of it"
    assert (outcome in stage.notifier.paged) is told
    assert f"{gate}: {outcome.because}" in stage.said()


@pytest.mark.parametrize(("gate", "seen"), [row[:2] for row in AROUND])
def test_a_runbook_that_yields_to_nothing_does_not_even_look_around(gate: str, seen: Around) -> None:
    stage = careful(())
    stage.surroundings.seen = seen
    assert stage.run().status == "healed"
    assert stage.surroundings.asked == []


def test_a_night_on_which_nothing_else_goes_on_is_healed() -> None:
    stage = careful()
    stage.surroundings.seen = Around(alarms=STORM[:3])
    assert stage.run().status == "healed"
    assert stage.surroundings.asked == ["around"]


@pytest.mark.parametrize(("yields_to", "status"), [(("deploy",), "refused"), (("storm", "mongodb"), "healed")])
def test_deploys_are_looked_for_only_where_they_matter(yields_to: tuple[Yield, ...], status: str) -> None:
    stage = careful(yields_to)
    stage.surroundings.seen = Around(deploys=("A refresh is on.",))
    assert stage.run().status == status


def test_its_own_alarm_is_no_outage_of_something_else() -> None:
    stage = careful()
    own = ActiveAlarm(name="dark-lamps", since=NIGHT, namespace="Remediation")
    stage.surroundings.seen = Around(alarms=(own,))
    assert stage.run().status == "healed"
    ticked = careful()
    ticked.surroundings.seen = Around(alarms=(own,))
    assert ticked.run(scheduled_event()).gate == "shared cause", "a schedule has no alarm of its own"


def test_what_cannot_be_seen_is_taken_for_a_reason_and_a_person_is_told() -> None:
    stage = careful()
    stage.surroundings.down = {"around"}
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.paged) == ("refused", "surroundings", True)
    assert outcome.because == "Whether a deploy or an outage is going on cannot be seen: AWS did not answer around."
    assert stage.house.looks == 0


def test_many_runs_in_one_storm_page_once_and_each_is_recorded() -> None:
    first = careful()
    paged = []
    for n in range(1, 11):
        stage = another(first, n, later=timedelta(seconds=n), incidents=first.incidents)
        stage.surroundings.seen = Around(alarms=STORM)
        outcome = run_at(stage)
        paged += stage.notifier.paged
        assert stage.notifier.published == [outcome]
    assert len(paged) == 1
    assert len(first.ledger.runs) == 10
    assert len(first.incidents.events["dev|storm"]) == 10


# ------------------------------------------------------------------------------------------------------------- freezes

NOW = Window(because="Patches are put in.", on="monday", at=time(3), minutes=60)


def test_a_maintenance_window_stops_the_act_says_until_when_and_calls_nobody() -> None:
    stage = Stage(deployment=deployed(maintenance=(NOW,)))
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.would) == ("refused", "freeze", "tap lamp-1")
    assert outcome.because == "Maintenance until 2026-11-23 04:00 UTC: Patches are put in."
    assert (stage.house.looks, stage.house.done, stage.ledger.resources) == (1, [], {})
    assert stage.notifier.paged == []


def test_a_window_hides_no_outage_that_needs_a_person() -> None:
    stage = Stage(deployment=deployed(maintenance=(NOW,)), house=House(lamps={"lamp-1": "no power"}))
    outcome = stage.run()
    assert (outcome.status, stage.notifier.paged) == ("escalated", [outcome])


def test_a_window_that_begins_while_it_works_stops_the_next_act() -> None:
    soon = Window(because="Soon.", on="monday", at=time(3, 41), minutes=60)
    stage = Stage(deployment=deployed(maintenance=(soon,)), house=House(cures=set()))
    outcome = stage.run()
    assert (outcome.status, outcome.gate) == ("not-healed", "freeze")
    assert stage.house.done == [("tap", "lamp-1")]
    assert stage.notifier.paged == [outcome], "something was done and it is not healed"


def test_a_change_calendar_is_asked_only_where_one_is_named() -> None:
    stage = Stage()
    stage.surroundings.calendar = "The change calendar dev is CLOSED."
    assert stage.run().status == "healed"
    assert stage.surroundings.asked == []


@pytest.mark.parametrize("mode", ["observe", "plan"])
def test_a_freeze_keeps_nobody_from_looking(mode: str) -> None:
    watched = Watched(calendar="dev-changes")
    stage = Stage(deployment=deployed("observe" if mode == "observe" else "act", maintenance=(NOW,), watched=watched))
    outcome = stage.run({"house": "dev-house"} if mode == "plan" else None)
    assert (outcome.status, outcome.would) == ("observed", "tap lamp-1")
    assert stage.surroundings.asked == []


def test_a_change_calendar_that_is_closed_stops_the_act_and_one_that_is_open_does_not() -> None:
    stage = Stage(deployment=deployed(watched=Watched(calendar="dev-changes")))
    stage.surroundings.calendar = "The change calendar dev-changes is CLOSED."
    outcome = stage.run()
    assert (outcome.gate, outcome.because) == ("freeze", "The change calendar dev-changes is CLOSED.")
    assert (stage.house.done, stage.notifier.paged) == ([], [])
    free = Stage(deployment=stage.deployment)
    assert free.run().status == "healed"
    assert free.surroundings.asked == ["closed"]


def test_a_change_calendar_that_cannot_be_read_counts_as_closed() -> None:
    stage = Stage(deployment=deployed(watched=Watched(calendar="dev-changes")))
    stage.surroundings.down = {"closed"}
    outcome = stage.run()
    assert (outcome.gate, stage.house.done) == ("freeze", [])
    assert outcome.because == "The change calendar cannot be read, which counts as closed: AWS did not answer closed."


def test_the_calendar_is_asked_again_before_every_act() -> None:
    stage = Stage(deployment=deployed(watched=Watched(calendar="dev-changes")), house=House(cures=set()))
    stage.house.on_look = lambda looks: setattr(stage.surroundings, "calendar", "Closed." if looks == 2 else "")
    assert (stage.run().gate, stage.house.done) == ("freeze", [("tap", "lamp-1")])


FROZEN = Switch(of="dev", says="freeze", until=NIGHT + timedelta(hours=1), because="Ada moves house.")


def test_a_live_freeze_stops_the_act_and_calls_nobody() -> None:
    stage = Stage()
    stage.ledger.freeze = FROZEN
    outcome = stage.run()
    assert (outcome.gate, stage.house.done, stage.notifier.paged) == ("freeze", [], [])
    assert outcome.because == "dev is frozen by hand until 2026-11-23 04:40:00 UTC: Ada moves house."


def test_a_live_freeze_says_who_set_it() -> None:
    stage = Stage()
    stage.ledger.freeze = structs.replace(FROZEN, by="arn:aws:sts::123456789012:assumed-role/operator/ada")
    assert stage.run().because.startswith("dev is frozen by ada until ")


@pytest.mark.parametrize("switch", ["freeze", "mode"])
def test_what_is_switched_between_admission_and_the_call_stops_the_call(switch: str) -> None:
    stage = Stage()
    admit = stage.ledger.admit

    def admit_then_switch(request: Request, limits: Limits) -> Lease | Refusal:
        answer = admit(request, limits)
        setattr(stage.ledger, switch, FROZEN if switch == "freeze" else "observe")
        return answer

    stage.ledger.admit = admit_then_switch  # type: ignore[method-assign]
    outcome = stage.run()
    assert (outcome.gate, stage.house.done, stage.ledger.owners()) == (switch, [], {})


def test_after_it_was_switched_off_a_thousand_events_lead_to_no_act() -> None:
    """HAZARDS.md, T15: from the next call on."""
    first = Stage()
    assert first.run().status == "healed"
    first.ledger.mode = "off"
    done = []
    for n in range(2, 1_002):
        stage = another(first, n, later=timedelta(minutes=n))
        assert run_at(stage).gate == "mode"
        done += stage.house.done
    assert done == []
    assert len(first.ledger.runs) == 1_001


# ------------------------------------------------------------------------------------------------------------- budgets


def test_every_act_of_a_run_is_paid_and_the_one_that_nobody_can_pay_calls_a_person() -> None:
    stage = Stage(deployment=deployed(limits=Limits(budgets=Budgets(resource_hour=1))), house=House(cures=set()))
    outcome = stage.run()
    assert (outcome.status, outcome.gate) == ("not-healed", "budget")
    assert outcome.because.startswith("1 of 1 acts on dev-house used this hour; the next one is free at 04:40:00 UTC")
    assert stage.house.done == [("tap", "lamp-1")]
    assert stage.notifier.paged == [outcome]
    assert [each.by for each in stage.ledger.acts] == ["run-1/1"]


def test_two_hundred_alarms_within_a_minute_are_three_acts_at_most_and_two_hundred_records() -> None:
    """HAZARDS.md, X21: each about its own resource, so only the budget of the environment is in the way."""
    first = Stage(deployment=deployed(limits=Limits()))
    done = []
    for n in range(200):
        stage = another(first, n, later=timedelta(milliseconds=300 * n), house=House(lamps={f"lamp-{n}": "dark"}))
        stage.runbook = scripted(act(lamp=f"lamp-{n}", resource=f"house-{n}"), Nothing(because="Lit."))
        run_at(stage)
        done += stage.house.done
    assert len(done) == 3
    assert len(first.ledger.runs) == 200


def test_what_its_own_act_sets_off_is_an_event_as_any_other_and_comes_to_an_end() -> None:
    """HAZARDS.md, X7: every act starts the next alarm, a hundred times."""
    first = Stage(deployment=deployed(limits=Limits()))
    acts_at = []
    for n in range(100):
        stage = another(first, n, later=timedelta(minutes=n))
        run_at(stage)
        acts_at += [n for _ in stage.house.done]
    assert all(len([at for at in acts_at if start <= at < start + 15]) <= 3 for start in range(100))
    assert len(acts_at) <= 4, "twice an hour, and the third alarm within one opens the circuit"


def test_observing_and_planning_are_free() -> None:
    for stage, event in ((Stage(deployment=deployed("observe")), None), (Stage(), {"house": "dev-house"})):
        assert stage.run(event).status == "observed"
        assert (stage.ledger.acts, stage.ledger.resources, stage.ledger.circuits) == (
            (),
            {},
            {"light-the-lamps": Circuit()},
        )


# ------------------------------------------------------------------------------------------------------------- circuit

HAND = Limits(budgets=GENEROUS.budgets)
TRIAL = Limits(budgets=GENEROUS.budgets, breaker=Breaker(trial_after=timedelta(hours=1)))


def fail_three_times(limits: Limits) -> Stage:
    first = Stage(deployment=deployed(limits=limits), house=House(cures=set()))
    for n in range(1, 4):
        stage = another(first, n, later=timedelta(minutes=40 * n), house=House(cures=set()))
        outcome = stage.run({"house": "dev-house", "apply": True})
        assert outcome.status == "escalated"
        assert outcome.acts
    return first


def test_three_runs_in_a_row_that_did_not_heal_open_the_circuit_and_the_fourth_calls_a_person() -> None:
    first = fail_three_times(HAND)
    circuit = first.ledger.circuits["light-the-lamps"]
    assert (circuit.open, circuit.failures) == (True, 3)
    stage = another(first, 4, later=timedelta(days=30))
    outcome = run_at(stage)
    assert (outcome.gate, stage.house.done, outcome.paged) == ("circuit", [], True)
    assert "a person closes it (remedy circuit close)" in outcome.because
    assert first.ledger.circuits["light-the-lamps"] == circuit, "a refusal says nothing about the runbook"


@pytest.mark.parametrize(("heals", "status", "is_open"), [(True, "healed", False), (False, "escalated", True)])
def test_after_an_hour_one_run_may_try_where_the_environment_allows_it(heals: bool, status: str, is_open: bool) -> None:
    first = fail_three_times(TRIAL)
    opened_at = first.ledger.circuits["light-the-lamps"].opened_at
    assert opened_at is not None
    early = another(first, 4, later=opened_at - NIGHT + timedelta(minutes=59))
    assert run_at(early).gate == "circuit"
    cures = {("tap", "lamp-1")} if heals else set()
    stage = another(first, 5, later=opened_at - NIGHT + timedelta(hours=1), house=House(cures=cures))
    assert run_at(stage).status == status
    assert first.ledger.circuits["light-the-lamps"].open is is_open


@pytest.mark.parametrize(
    ("prepare", "status", "failures"),
    [
        ({}, "healed", 0),
        ({"cures": set()}, "escalated", 3),
        ({"lamps": {"lamp-1": "no power"}}, "escalated", 2),
        ({"lamps": {"lamp-1": "lit"}}, "nothing-to-do", 2),
        ({"blind": True}, "failed", 3),
    ],
)
def test_what_a_run_says_about_its_runbook(prepare: dict[str, Any], status: str, failures: int) -> None:
    stage = Stage(house=House(**prepare))
    stage.ledger.circuits["light-the-lamps"] = Circuit(failures=2)
    assert stage.run().status == status
    assert stage.ledger.circuits["light-the-lamps"].failures == failures


@pytest.mark.parametrize("method", ["confirm", "admit"])
def test_a_refusal_counts_only_after_an_act(method: str) -> None:
    stage = Stage()
    stage.ledger.down = {method}
    assert stage.run().status == "refused"
    assert stage.ledger.circuits.get("light-the-lamps", Circuit()).failures == 0


def test_an_alarm_that_comes_back_three_times_within_an_hour_opens_the_circuit_and_calls_a_person() -> None:
    first = Stage()
    outcomes = []
    for n in range(1, 4):
        stage = another(first, n, later=timedelta(minutes=20 * n))
        outcomes.append(run_at(stage))
    assert [outcome.status for outcome in outcomes] == ["healed", "healed", "refused"]
    assert outcomes[2].gate == "circuit"
    assert outcomes[2].because.startswith(
        "The circuit opens now: the alarm dark-lamps came back 3 times within an hour"
    )
    assert outcomes[2].paged
    assert first.ledger.circuits["light-the-lamps"].open


# --------------------------------------------------------------------------------------------------------------- drift


DRIFT = "desired_capacity = 3 in asg.tf line 12"


def drifting(action: str = "tap") -> Act[Target]:
    return Act(action=action, target=Target(id="lamp-1"), resource="dev-house", because="x", settle=SETTLE, drift=DRIFT)


@pytest.mark.parametrize(
    ("error", "drift"),
    [
        (None, (DRIFT,)),
        (KeyError("lost"), (DRIFT,)),
        (AwsError("No.", operation="house:Tap", code="AccessDenied"), ()),
    ],
)
def test_what_terraform_will_revert_is_told_once_and_only_if_it_may_have_been_done(
    error: Exception | None, drift: tuple[str, ...]
) -> None:
    stage = Stage(runbook=scripted(drifting(), drifting("replace"), Nothing(because="Lit.")))
    if error:
        stage.house.fails = {"tap": error, "replace": error}
    assert stage.run().drift == drift


def test_a_plan_tells_what_terraform_would_revert() -> None:
    outcome = Stage(runbook=scripted(drifting())).run({"house": "dev-house"})
    assert (outcome.status, outcome.evidence, outcome.drift) == ("observed", (DRIFT,), ())
    assert Stage(runbook=scripted(act())).run({"house": "dev-house"}).evidence == ()


# -------------------------------------------------------------------------------------------- the last question


def test_what_is_switched_off_while_an_action_looks_once_more_is_not_done() -> None:
    stage = Stage()

    def tap(aws: Any, settings: Any, target: Any) -> str:
        stage.ledger.mode = "off"  # while it looks
        done: str = aws.acting.do("tap", target.id)
        return done

    stage.runbook = replace(stage.runbook, actions={**stage.runbook.actions, "tap": tap})
    outcome = stage.run()
    assert (outcome.status, outcome.gate, stage.house.done) == ("refused", "mode", [])


def test_an_act_that_was_begun_is_finished() -> None:
    stage = Stage()

    def tap(aws: Any, settings: Any, target: Any) -> str:
        aws.acting.do("warm", target.id)
        stage.ledger.mode = "off"
        done: str = aws.acting.do("tap", target.id)
        return done

    stage.runbook = replace(stage.runbook, actions={**stage.runbook.actions, "tap": tap})
    assert stage.run().status == "healed"
    assert stage.house.done == [("warm", "lamp-1"), ("tap", "lamp-1")]


def test_who_only_looks_is_not_asked() -> None:
    stage = Stage()
    stage.ledger.down = {"confirm"}
    stage.runbook = replace(stage.runbook, actions={**stage.runbook.actions, "tap": lambda aws, *_: str(aws.look())})
    assert stage.run().acts[0].result == "done", "nothing was changed, so nothing had to be asked"
