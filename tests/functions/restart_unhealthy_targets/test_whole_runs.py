"""From the alarm to the outcome: the real engine, the real runbook, and a world in which cause has its effect."""

from datetime import timedelta
from itertools import pairwise

import pytest

from restart_unhealthy_targets.runbook import RUNBOOK
from tests.functions.fakes.world import Machine
from tests.functions.restart_unhealthy_targets.nights import ALARM, Night, event
from tests.support.steps import NIGHT, InMemorySteps


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.add(2)
    return night


def first(night: Night) -> Machine:
    return next(iter(night.world.machines.values()))


# ----------------------------------------------------------------------------------------------------------- healed


@pytest.mark.parametrize("fault", ["hung", "deaf", "stopped", "broken"])
@pytest.mark.parametrize("sample", ["alarm", "sns", "apply"])
def test_a_restart_heals(night: Night, fault: str, sample: str) -> None:
    ill = first(night)
    night.world.fail(ill, fault)  # type: ignore[arg-type]
    outcome = night.run(sample)
    assert (outcome.status, outcome.because) == ("healed", "2 of 2 targets of dev-backend-tg-v2 are healthy.")
    assert night.aws.mutations == [("SendCommand", ill.id)]
    assert [(act.action, act.result) for act in outcome.acts] == [("restart-container", "done")]
    assert all(machine.state == "healthy" for machine in night.world.machines.values())
    assert night.notifier.published == [outcome]
    assert night.notifier.paged == []


def test_the_group_itself_replaces_what_a_restart_does_not_heal(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung", incurable=True)
    night.world.group_reacts_after = timedelta(minutes=3)
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.aws.mutations == [("SendCommand", ill.id)], "replacing is the group's"
    assert ill.id not in night.world.machines
    assert len(night.world.machines) == 2


def test_a_group_with_ec2_checks_is_told_to_replace_what_a_restart_does_not_heal(night: Night) -> None:
    night.world.add(2)
    night.world.health_check_type, night.world.desired = "EC2", 4
    ill = first(night)
    night.world.fail(ill, "hung", incurable=True)
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.aws.mutations == [("SendCommand", ill.id), ("SetInstanceHealth", ill.id)]
    assert len(night.world.machines) == 4


def test_stopped_containers_are_started_one_after_the_other(night: Night) -> None:
    for machine in night.world.machines.values():
        night.world.fail(machine, "stopped")
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.aws.mutations == [("SendCommand", instance) for instance in night.world.machines]
    assert all(later.at - earlier.at >= timedelta(seconds=90) for earlier, later in pairwise(outcome.acts))


def test_three_of_ten_are_restarted_one_at_a_time(night: Night) -> None:
    night.world.add(8)
    night.world.desired = 10
    for machine in list(night.world.machines.values())[:3]:
        night.world.fail(machine, "hung")
    outcome = night.run()
    assert outcome.status == "healed"
    assert len(night.aws.mutations) == len(outcome.acts) == 3


def test_what_somebody_else_has_just_restarted_is_left_to_recover(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    night.world.restart(ill)
    assert (night.run().status, night.aws.mutations) == ("nothing-to-do", [])


def test_what_recovers_between_the_look_and_the_act_is_left_alone(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    restart_container = night.aws.acting.ssm.send_command

    def too_late(**asked: object) -> object:
        assert asked["DocumentName"] == "dev-remediation-inspect-container", "it has recovered"
        answer = restart_container(**asked)
        ill.fault = ""
        night.steps.now += timedelta(seconds=90)
        return answer

    night.aws.acting.ssm.send_command = too_late  # type: ignore[method-assign]
    outcome = night.run()
    assert (outcome.status, outcome.acts) == ("nothing-to-do", ())
    assert any("left alone" in entry.text for entry in night.ledger.runs[outcome.run].timeline)
    assert night.aws.mutations == []


def test_what_may_still_serve_is_left_alone_when_the_last_neighbour_falls_ill_before_the_act(night: Night) -> None:
    ill, neighbour = night.world.machines.values()
    night.world.fail(ill, "hung")
    send_command = night.aws.acting.ssm.send_command

    def meanwhile(**asked: object) -> object:
        answer = send_command(**asked)
        night.world.fail(neighbour, "hung")
        return answer

    night.aws.acting.ssm.send_command = meanwhile  # type: ignore[method-assign]
    outcome = night.run()
    assert (outcome.status, outcome.acts, night.aws.mutations) == ("escalated", (), [])
    assert "2 of 2 targets of dev-backend-tg-v2 are unhealthy" in outcome.because


# ------------------------------------------------------------------------------------------------------- not healed


def test_without_mongodb_nothing_is_restarted_and_the_database_team_is_called(night: Night) -> None:
    night.world.lose("mongodb")
    outcome = night.run()
    assert (outcome.status, outcome.team) == ("escalated", "database")
    assert night.aws.mutations == []
    assert night.notifier.paged == [outcome]
    assert any('"database": "down"' in line for line in outcome.evidence)
    assert "hunter2" not in outcome.text() + outcome.json()


def test_without_redis_nothing_is_restarted(night: Night) -> None:
    night.world.lose("redis")
    outcome = night.run()
    assert (outcome.status, outcome.team, night.aws.mutations) == ("escalated", "infrastructure", [])


def test_all_hung_may_still_serve_and_are_left_alone(night: Night) -> None:
    for machine in night.world.machines.values():
        night.world.fail(machine, "hung")
    outcome = night.run()
    assert (outcome.status, night.aws.mutations) == ("escalated", [])


def test_a_group_that_replaces_in_a_loop_is_a_persons(night: Night) -> None:
    night.world.fail(first(night), "stopped", incurable=True)
    night.world.group_reacts_after, night.world.grace = timedelta(seconds=30), timedelta(0)
    night.world.fault_of_new = "stopped"
    outcome = night.run()
    assert outcome.status in {"escalated", "not-healed"}
    assert len(night.aws.mutations) <= 3


def test_a_group_that_does_not_replace_is_given_up_within_thirteen_minutes(night: Night) -> None:
    night.world.fail(first(night), "hung", incurable=True)
    outcome = night.run()
    assert outcome.status == "not-healed"
    assert outcome.because.startswith("Time is up: ")
    assert outcome.duration <= RUNBOOK.guardrails.heal_within
    assert len(night.aws.mutations) == 1


def test_a_deploy_that_takes_longer_than_the_run_calls_nobody(night: Night) -> None:
    night.world.fail(first(night), "hung")
    night.world.refresh = ("InProgress", NIGHT, None)
    outcome = night.run()
    assert (outcome.status, night.notifier.paged, night.aws.mutations) == ("refused", [], [])
    assert "a deploy is on" in outcome.because


def test_who_is_called_when_the_time_is_up_is_told_what_was_seen_and_how_to_go_on(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung", incurable=True)
    paged = night.run()
    assert night.notifier.paged == [paged]
    assert any(line.startswith(f"{ill.id}: container backend runs since") for line in paged.evidence)
    assert f"aws ssm start-session --target {ill.id} --region us-east-1" in paged.next_steps


def test_an_interrupted_restart_is_not_repeated(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    night.steps.crash_at("restart-container 1", "after")
    outcome = night.run()
    assert outcome.status == "healed"
    assert [act.result for act in outcome.acts] == ["unknown"]
    assert night.aws.mutations == [("SendCommand", ill.id)]


def test_a_restart_that_never_began_is_unknown_and_the_group_is_left_to_replace(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    night.world.group_reacts_after = timedelta(minutes=3)
    night.steps.crash_at("restart-container 1", "started")
    outcome = night.run()
    assert outcome.status == "healed"
    assert night.aws.mutations == []


# ------------------------------------------------------------------------------------------------------ not started


def test_a_plan_does_nothing(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    outcome = night.run("plan")
    assert (outcome.status, outcome.would) == ("observed", f"restart-container {ill.id}")
    assert night.aws.mutations == []


def test_observing_uses_exactly_the_reads_that_are_declared(night: Night) -> None:
    night.mode = "observe"
    for machine in night.world.machines.values():
        night.world.fail(machine, "stopped")
    assert night.run().status == "observed"
    assert night.aws.mutations == []
    assert night.aws.calls.permissions == {allowed.action for allowed in RUNBOOK.reads}


def test_a_full_run_uses_exactly_the_reads_and_writes_that_are_declared(night: Night) -> None:
    night.world.add(5)
    night.world.health_check_type, night.world.desired = "EC2", 7
    incurable, curable, *_ = night.world.machines.values()
    night.world.fail(incurable, "hung", incurable=True)
    night.world.fail(curable, "hung")
    assert night.run().status == "healed"
    assert night.aws.mutations == [
        ("SendCommand", incurable.id),
        ("SetInstanceHealth", incurable.id),
        ("SendCommand", curable.id),
    ]
    assert night.aws.calls.permissions == {allowed.action for allowed in (*RUNBOOK.reads, *RUNBOOK.writes)}


def test_another_accounts_target_group_is_not_looked_at(night: Night) -> None:
    arn = night.world.group_arn.replace("123456789012", "999999999999")
    outcome = night.run({"target_group": arn})
    assert (outcome.status, night.aws.calls.made) == ("ignored", [])
    assert "is in account 999999999999, not in 123456789012" in outcome.because


@pytest.mark.parametrize(
    ("sample", "status"),
    [("ok", "ignored"), ("muted", "refused"), ("alarm-of-prod", "ignored"), ("drill", "observed")],
)
def test_what_is_not_to_be_acted_on_is_not(night: Night, sample: str, status: str) -> None:
    night.world.fail(first(night), "hung")
    if sample == "ok":
        night.steps.now += timedelta(minutes=4)
    assert night.run(sample).status == status
    assert night.aws.mutations == []


def test_the_same_alarm_twice_is_one_restart(night: Night) -> None:
    ill = first(night)
    night.world.fail(ill, "hung")
    night.run()
    night.steps = InMemorySteps(run="run-2", now=NIGHT + timedelta(seconds=30))
    assert night.run().status == "refused"
    assert len(night.aws.mutations) == 1


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ({}, "target_group"),
        ({"target_group": 7}, "target_group"),
        ({"target_group": "dev-backend-tg-v2; reboot"}, "target_group"),
        ({"target_group": "dev-backend-tg-v2", "force": True}, "force"),
        ({"target_group": "dev-backend-tg-v2", "apply": "yes"}, "apply"),
    ],
)
def test_a_request_that_is_wrong_is_told_which_field(night: Night, payload: dict[str, object], names: str) -> None:
    outcome = night.run(payload)
    assert outcome.status == "rejected"
    assert names in outcome.because
    assert night.aws.calls.made == []


def test_a_recovered_group_needs_nothing(night: Night) -> None:
    outcome = night.run()
    assert (outcome.status, night.aws.mutations) == ("nothing-to-do", [])
    assert night.alarms.asked == [ALARM]


def test_an_alarm_out_of_insufficient_data_is_looked_at_twice(night: Night) -> None:
    sample = event("alarm")
    sample["detail"]["previousState"]["value"] = "INSUFFICIENT_DATA"
    night.world.fail(first(night), "hung")
    outcome = night.run(sample)
    assert outcome.status == "healed"
    assert [name for name, _ in night.steps.waited] == ["look twice", "settle 2"]
