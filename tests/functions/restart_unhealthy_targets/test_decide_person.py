"""What a person has to decide, and what they are told."""

from datetime import timedelta

import pytest

from remediation.aws.autoscaling import Member, Refresh, Replacement
from remediation.core.verdict import Act, Escalate
from tests.functions.restart_unhealthy_targets.cases import (
    NO_CACHE,
    NO_DATABASE,
    NOW,
    STOPPED,
    act_on,
    but,
    facts,
    healthy,
    person_for,
    sick,
    verdict_on,
)

MINUTE = timedelta(minutes=1)


def test_a_database_that_is_down_is_the_database_teams() -> None:
    verdict = person_for(facts(sick(1, NO_DATABASE), sick(2, NO_DATABASE)))
    assert verdict.team == "database"
    assert verdict.because.startswith("MongoDB cannot be used by i-00000000000000001, i-00000000000000002")
    assert any('503 {"database":"down"' in line for line in verdict.evidence)


def test_a_database_that_was_never_connected_is_down() -> None:
    assert person_for(facts(sick(1, but(NO_DATABASE, database="not connected")), *healthy(1))).team == "database"


def test_a_cache_that_is_down_is_infrastructures() -> None:
    verdict = person_for(facts(sick(1, NO_CACHE), sick(2, NO_CACHE)))
    assert (verdict.team, verdict.because.split()[0]) == ("infrastructure", "Redis")


def test_both_down_is_the_database_teams() -> None:
    verdict = person_for(facts(sick(1, NO_CACHE), sick(2, NO_DATABASE)))
    assert verdict.team == "database"
    assert verdict.because.startswith("MongoDB and Redis")


def test_a_stopped_container_that_cannot_reach_its_database_is_not_restarted() -> None:
    assert person_for(facts(sick(1, but(STOPPED, mongodb="no")), sick(2, STOPPED))).team == "database"


def test_one_instance_alone_without_its_database_is_told_apart() -> None:
    verdict = person_for(facts(sick(1, NO_DATABASE), *healthy(2)))
    assert "2 targets are healthy, so it may be only their way to it" in verdict.because


def test_a_dependency_comes_before_a_deploy_in_progress() -> None:
    refresh = Refresh(id="r", status="InProgress", started_at=NOW)
    assert person_for(facts(sick(1, NO_DATABASE), sick(2, NO_DATABASE), refresh=refresh)).team == "database"


def test_three_replacements_in_half_an_hour_are_a_loop() -> None:
    replaced = [Replacement(instance=f"i-old{n}", at=NOW - minutes * MINUTE) for n, minutes in enumerate((5, 15, 30))]
    verdict = person_for(facts(sick(), *healthy(1), replacements=tuple(replaced)))
    assert "replaced 3 instances" in verdict.because
    assert verdict.because.endswith("Why they do not come up is for recover-failed-launches to say.")
    assert verdict.next_steps[0] == "remedy invoke recover-failed-launches --target dev-backend-asg --env dev"
    assert any("suspend-processes" in step for step in verdict.next_steps)
    assert any("i-old0, i-old1, i-old2" in line for line in verdict.evidence)


def test_two_replacements_or_old_ones_are_no_loop() -> None:
    replaced = [Replacement(instance=f"i-old{n}", at=NOW - minutes * MINUTE) for n, minutes in enumerate((5, 15, 31))]
    act_on(facts(sick(), *healthy(1), replacements=tuple(replaced)))


def test_a_loop_ends_the_waiting_for_a_group_at_work() -> None:
    replaced = tuple(Replacement(instance=f"i-old{n}", at=NOW - n * MINUTE) for n in range(3))
    launching = Member(id="i-00000000000000abc", lifecycle="Pending", health="Healthy")
    person_for(facts(sick(), *healthy(1), replacements=replaced, others=[launching]))


@pytest.mark.parametrize(("minutes", "suspect"), [(29, True), (30, False), (31, False)])
def test_several_unhealthy_soon_after_a_new_template_are_a_suspect_deploy(minutes: int, *, suspect: bool) -> None:
    night = facts(sick(1), sick(2), sick(3), *healthy(7), template_created_at=NOW - minutes * MINUTE)
    verdict = verdict_on(night)
    assert isinstance(verdict, Escalate if suspect else Act)
    assert not isinstance(verdict, Escalate) or verdict.team == "application"


def test_a_refresh_that_has_just_ended_is_a_suspect_deploy() -> None:
    refresh = Refresh(id="r", status="Successful", started_at=NOW - 40 * MINUTE, ended_at=NOW - 10 * MINUTE)
    verdict = person_for(facts(sick(1), sick(2), sick(3), *healthy(7), refresh=refresh))
    assert (verdict.team, "10 minutes after" in verdict.because) == ("application", True)


def test_one_unhealthy_target_is_no_suspect_deploy() -> None:
    act_on(facts(sick(), *healthy(1), template_created_at=NOW - MINUTE))


def test_a_closed_port_is_a_persons_with_the_command_that_opens_it() -> None:
    verdict = person_for(facts(sick(port_open=False), *healthy(1)))
    assert verdict.next_steps[0] == (
        "aws ec2 authorize-security-group-ingress --group-id sg-instance --protocol tcp --port 8080 "
        "--source-group sg-balancer --region us-east-1"
    )
    assert "terraform" in verdict.next_steps[1].lower()


def test_a_port_of_which_nothing_is_known_does_not_matter() -> None:
    act_on(facts(sick(port_open=None), *healthy(1)))


def test_an_instance_out_of_reach_is_a_persons() -> None:
    verdict = person_for(facts(sick(1, None, in_ssm=False), *healthy(1)))
    assert "out of Systems Manager's reach" in verdict.because
    assert any("set-instance-health --instance-id i-00000000000000001" in step for step in verdict.next_steps)


def test_an_instance_that_does_not_answer_is_a_persons() -> None:
    silent = sick(1, None, unanswered="it did not answer in time (command InProgress)")
    assert "did not answer in time" in person_for(facts(silent, *healthy(1))).because


def test_one_that_can_be_reached_comes_before_one_that_cannot() -> None:
    verdict = act_on(facts(sick(1, None, in_ssm=False), sick(2), *healthy(8)))
    assert verdict.target.id == sick(2).id
