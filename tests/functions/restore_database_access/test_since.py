"""Since when it is so counts within one incident: the next one, weeks later, is waited for from its own beginning."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.verdict import Wait
from restore_database_access.diagnose import WATCHED
from tests.functions.restore_database_access.nights import CLUSTER, SETTINGS, Night, probed

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def electing(night: Night) -> None:
    night.server = probed("hello", "no-primary")


def updating(night: Night) -> None:
    night.server = probed("hello", "no-answer")
    night.world.clusters[CLUSTER]["stateName"] = "UPDATING"


def erring(night: Night) -> None:
    night.server = probed()
    night.aws.cloudwatch.measured = [4.0, 3.0, 5.0]


TROUBLES = pytest.mark.parametrize(
    ("trouble", "longest"), [(electing, 3 * MINUTE), (updating, 30 * MINUTE), (erring, 5 * MINUTE)]
)


def suffering(trouble: Any) -> Night:
    night = Night(listed=True, settings=replace(SETTINGS, log_group="/aws/ec2/dev-starttech-backend"))
    trouble(night)
    return night


@TROUBLES
@pytest.mark.parametrize("later", [14 * DAY, 31 * DAY, WATCHED + MINUTE])
def test_a_second_incident_is_waited_for_as_the_first_was(trouble: Any, longest: timedelta, later: timedelta) -> None:
    night = suffering(trouble)
    began = night.steps.now
    first = night.run({"apply": True})
    assert first.status == "escalated", first.text()
    assert longest <= night.steps.now - began <= longest + 2 * MINUTE
    night.later("run-2", later)
    again = night.steps.now
    verdict = night.decided()
    assert isinstance(verdict, Wait), verdict
    assert f"{began:%Y-%m-%d %H:%M}" not in verdict.because
    second = night.run({"apply": True})
    assert second.status == "escalated", second.text()
    assert longest <= night.steps.now - again <= longest + 2 * MINUTE
    assert f"since {again:%Y-%m-%d %H:%M} UTC" in second.because


@TROUBLES
def test_within_one_incident_another_run_goes_on_from_where_the_first_was(trouble: Any, longest: timedelta) -> None:
    night = suffering(trouble)
    began = night.steps.now
    night.run({"apply": True})
    night.later("run-2", WATCHED - MINUTE)
    second = night.run({"apply": True})
    assert second.status == "escalated"
    assert f"since {began:%Y-%m-%d %H:%M} UTC" in second.because
    assert longest


@TROUBLES
def test_what_has_passed_and_comes_again_begins_anew(trouble: Any, longest: timedelta) -> None:
    night = suffering(trouble)
    night.run({"apply": True})
    night.server, night.aws.cloudwatch.measured = probed(), []
    night.world.clusters[CLUSTER]["stateName"] = "IDLE"
    night.later("run-2", MINUTE)
    assert night.run({"apply": True}).status == "nothing-to-do"
    night.later("run-3", MINUTE)
    trouble(night)
    assert isinstance(night.decided(), Wait), longest
