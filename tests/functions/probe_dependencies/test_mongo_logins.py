"""What the last login says while the next is not due."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from probe_dependencies.mongo_logins import LASTING, as_before
from remediation.adapters.logins import APART, LastLogin
from remediation.adapters.table import Item
from remediation.core.probed import Fault, MongoFault
from remediation.reach.unreachable import UnreachableError

AT = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)


def last(fault: Fault | None = None, because: str = "As the server said.", at: datetime | None = AT) -> LastLogin:
    return LastLogin(found=Item(), at=at, fault=fault, because=because, version="7")


@pytest.mark.parametrize("fault", sorted(LASTING))
def test_a_refusal_lasts_until_the_next_login(fault: Fault) -> None:
    with pytest.raises(UnreachableError) as caught:
        as_before(last(fault), "7", LATER)
    layer = "config" if fault == "string-not-understood" else "auth"
    assert (caught.value.layer, caught.value.fault) == (layer, fault)
    assert "last at 03:00 UTC" in caught.value.because
    assert caught.value.because.endswith("came to this: As the server said.")


@pytest.mark.parametrize("fault", sorted(set(get_args(MongoFault)) - LASTING))
def test_whatever_else_became_of_a_login_is_only_told(fault: Fault) -> None:
    assert as_before(last(fault), "7", LATER) == (
        "A login is tried once in 15 minutes, last at 03:00 UTC; the last that ended came to this: As the server said."
        " That was no refusal and says nothing about now; the next is due at 03:15 UTC."
    )


def test_a_login_that_is_due_and_was_not_tried_is_due_soon() -> None:
    assert as_before(last("cut-off"), "7", AT + APART).endswith("the next is due with one of the next looks.")


def test_a_login_that_was_taken_is_told_as_it_was() -> None:
    assert as_before(last(), "7", LATER).endswith("came to this: As the server said.")


@pytest.mark.parametrize("known", [last(because="", fault="credentials-refused"), last(at=None)])
def test_what_has_not_ended_yet_is_not_known(known: LastLogin) -> None:
    assert as_before(known, "7", LATER).endswith("what comes of it is not known yet.")


@pytest.mark.parametrize("fault", [*sorted(LASTING), "cut-off", None])
def test_what_came_of_another_version_of_the_string_says_nothing_about_this_one(fault: Fault | None) -> None:
    assert as_before(last(fault), "8", LATER) == (
        "No login was tried now: the last that ended was with another version of the connection string, and what comes of this"
        " one is not known yet; the next is due at 03:15 UTC."
    )
