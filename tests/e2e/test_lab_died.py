"""Where a server of the lab dies, that is what is told, whatever failed because of it."""

import os
import signal

import pytest

from remedy.lab.lab import Lab
from remedy.lab.processes import LabError, eventually

pytestmark = pytest.mark.e2e


def test_a_server_that_died_is_named_with_its_status_instead_of_whoever_missed_it() -> None:
    with pytest.raises(LabError, match=r"\Aworld ended with status -15\.\n") as told:
        _lose_the_world()
    assert isinstance(told.value.__cause__, OSError)


def _lose_the_world() -> None:
    with Lab() as lab:
        _, world = lab._servers
        os.killpg(world._process.pid, signal.SIGTERM)
        eventually("it is dead", lambda: world.status is not None, seconds=10)
        lab.world("machines")


def test_a_lab_that_somebody_else_has_closed_tells_what_failed() -> None:
    with pytest.raises(LabError, match="The lab is closed; cdk was not started"):
        _deploy_into_what_is_closed()


def _deploy_into_what_is_closed() -> None:
    with Lab() as lab:
        lab.close()
        lab.run("cdk", "true")


def test_what_fails_in_a_lab_that_is_well_is_told_as_it_is() -> None:
    with pytest.raises(LabError, match="The world refused no-such-thing"), Lab() as lab:
        lab.world("no-such-thing")
