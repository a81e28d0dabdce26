"""What starts the runbook where AWS sends no event: launches succeed, and what was launched dies."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from recover_failed_launches.runbook import RUNBOOK
from remediation.core.spec import Alarm
from tests.functions.fakes.launching import MINUTE
from tests.functions.recover_failed_launches.nights import SETTINGS, Night

LASTING, COMING_AND_GOING = RUNBOOK.alarms
LOOKED_AT = 180
"""Minutes."""

Life = Callable[[int], bool]
"""Whether an instance of the group is in service in a minute."""


def rounds(spared: int, gone: int, after: int = 0) -> Life:
    """One that is in service for as long as it is spared, and then gone until the next one is."""
    return lambda minute: (minute - after) % (spared + gone) < spared


def away(*times: tuple[int, int]) -> Life:
    """One that is replaced at these times."""
    return lambda minute: not any(begins <= minute < ends for begins, ends in times)


def breaches(alarm: Alarm, *lives: Life) -> Iterator[bool]:
    """Yield period by period whether the metric, one sample a minute, breaches the threshold."""
    samples = [sum(life(minute) for life in lives) for minute in range(LOOKED_AT)]
    length = round(alarm.period / MINUTE)
    of = {"Maximum": max, "Minimum": min}[alarm.statistic]
    for begins in range(0, LOOKED_AT, length):
        assert alarm.below
        yield of(samples[begins : begins + length]) < alarm.limit(SETTINGS)


def fires(alarm: Alarm, *lives: Life) -> bool:
    """Tell whether CloudWatch would ever raise the alarm."""
    found = list(breaches(alarm, *lives))
    return any(sum(found[: n + 1][-alarm.evaluate :]) >= alarm.breach for n in range(len(found)))


@pytest.mark.parametrize("apart", [0, 2, 4])
@pytest.mark.parametrize(("spared", "gone"), [(6, 1), (6, 2), (7, 1), (8, 2), (6, 4)])
def test_instances_that_come_up_and_die_are_noticed_though_the_group_is_complete_in_every_round(
    spared: int, gone: int, apart: int
) -> None:
    lives = (rounds(spared, gone), rounds(spared, gone, after=apart))
    assert fires(COMING_AND_GOING, *lives)
    assert not fires(LASTING, *lives), "it is never short for a quarter of an hour"


@pytest.mark.parametrize("begins", range(30, 36))
def test_a_deploy_of_one_instance_after_the_other_is_not_what_the_alarms_are_about(begins: int) -> None:
    """Each takes five minutes to leave, the next one a minute to come and a minute to warm up (FACTS.md: 50 % healthy)."""
    first, second = away((begins, begins + 6)), away((begins + 7, begins + 13))
    assert not fires(COMING_AND_GOING, first, second)
    assert not fires(LASTING, first, second)


def test_two_deploys_within_an_hour_raise_the_alarm_and_find_nothing_to_do() -> None:
    first, second = away((30, 36), (60, 66)), away((37, 43), (67, 73))
    assert fires(COMING_AND_GOING, first, second)
    night = Night()
    night.world.add(2, age=20 * MINUTE)
    for ago in (50, 43, 20, 13):
        night.world.log(
            "Successful", "Terminating EC2 instance: i-00000000000000099", at=night.steps.now - ago * MINUTE
        )
    assert night.run("alarm-come-and-go").status == "nothing-to-do"


@pytest.mark.parametrize("begins", range(30, 36))
def test_one_replacement_is_not_what_the_alarms_are_about(begins: int) -> None:
    assert not fires(COMING_AND_GOING, away((begins, begins + 6)), away())
    assert not fires(LASTING, away((begins, begins + 6)), away())


def test_what_is_missing_for_a_quarter_of_an_hour_is_noticed_before_what_comes_and_goes() -> None:
    gone = away((30, LOOKED_AT))
    first = [list(breaches(alarm, gone, away())).index(True) for alarm in (LASTING, COMING_AND_GOING)]
    after = [(at + alarm.breach) * alarm.period for at, alarm in zip(first, (LASTING, COMING_AND_GOING), strict=True)]
    assert after == [45 * MINUTE, 60 * MINUTE]


def test_a_night_on_which_instances_only_die_is_told_with_the_reason() -> None:
    """No launch fails and no termination does, so there is no event; the group is complete when it is looked at."""
    night = Night()
    night.world.tags.clear()
    night.world.tries = False
    night.world.add(1)
    for minutes in (40, 32, 24, 16, 8):
        night.world.die(ago=minutes * MINUTE, lived=7 * MINUTE)
    night.world.add(1, age=7 * MINUTE)
    assert {each["StatusCode"] for each in night.world.activities} == {"Successful"}
    outcome = night.run("alarm-come-and-go")
    assert (outcome.status, outcome.team) == ("escalated", "application")
    assert outcome.because.startswith(
        "dev-backend-asg has 2 of 2 instances in service; 5 instances came up and died again"
    )
    assert outcome.because.endswith("ECR does not have dev-starttech-backend:v7.")
    deaths = [each["StartTime"] for each in night.world.activities if each["Description"].startswith("Terminating")]
    assert all(later - earlier == timedelta(minutes=8) for later, earlier in pairwise(deaths))
