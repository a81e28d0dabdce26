"""What declarations and verdicts promise by themselves."""

from datetime import timedelta
from itertools import product

import pytest

from remediation.core.spec import MODES, Mode, fill, lowest
from remediation.core.verdict import Wait
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, Settings


@pytest.mark.parametrize(("one", "other"), list(product(MODES, MODES)))
def test_of_two_modes_the_more_careful_one_holds(one: Mode, other: Mode) -> None:
    expected = "off" if "off" in {one, other} else "observe" if "observe" in {one, other} else "act"
    assert lowest(one, other) == lowest(other, one) == expected


def test_a_template_is_filled_from_the_settings_and_the_place() -> None:
    assert fill("{house} {environment} {account} {region}", PLACE, Settings()) == "dev-house dev 123456789012 us-east-1"
    assert fill("*", PLACE, Settings()) == "*"


def test_a_template_that_names_what_nobody_knows_is_an_error_with_the_name() -> None:
    with pytest.raises(KeyError, match="hose"):
        fill("{hose}", PLACE, Settings())


def test_what_is_deployed_has_the_environment_in_its_name() -> None:
    assert PLACE.name("ledger") == "dev-remediation-ledger"


def test_a_room_is_named_like_its_runbook() -> None:
    assert LIGHT_THE_LAMPS.package == "light_the_lamps"


@pytest.mark.parametrize("for_", [timedelta(0), timedelta(seconds=-1)])
def test_a_wait_for_no_time_is_an_error_because_it_would_look_for_ever(for_: timedelta) -> None:
    with pytest.raises(ValueError, match="look for ever: Warming"):
        Wait(because="Warming.", for_=for_)
    assert Wait(because="Warming.", for_=timedelta(microseconds=1)).for_ > timedelta(0)
