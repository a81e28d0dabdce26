"""The one action: an address of our own is let in by the writer, and what came of it is kept for the day."""

from datetime import timedelta
from typing import Any

import pytest

from remediation.atlas.asking import Allow
from remediation.core.acting import NotNowError
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.gates import Refusal
from restore_database_access.actions import LASTS, let_in
from restore_database_access.facts import Came, Line
from restore_database_access.once import kept
from restore_database_access.runbook import RUNBOOK
from tests.functions.restore_database_access.nights import (
    ALARM,
    OURS,
    SETTINGS,
    SUBNETS,
    Night,
)
from tests.support.steps import NIGHT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINE = Line(id=OURS)


def down(night: Night, operation: str) -> None:
    night.world.refuses[operation] = (403, "USER_UNAUTHORIZED")


def test_an_address_that_is_listed_by_then_is_left_alone() -> None:
    night = Night(listed=True)
    with pytest.raises(LeftAloneError, match="is on the access list already"):
        let_in(night.aws, SETTINGS, LINE)
    assert night.written == []


@pytest.mark.parametrize("address", ["198.51.100.1", "192.0.2.99", "10.0.0.1"])
def test_an_address_that_is_not_ours_by_then_is_left_alone(address: str) -> None:
    night = Night()
    with pytest.raises(LeftAloneError, match="is no address of our NAT gateways any more"):
        let_in(night.aws, SETTINGS, Line(id=address))
    assert night.written == []
    assert let_in(night.aws, SETTINGS, LINE).startswith(f"Atlas lets {OURS}/32 in until")


def test_what_the_writer_refuses_has_not_happened_and_does_not_count() -> None:
    night = Night()
    down(night, "createAccessListEntry")
    night.agree()
    outcome = night.run()
    assert (outcome.status, outcome.paged, night.open) == ("escalated", True, False), outcome.text()
    assert f"{OURS} could not be let in: " in outcome.because
    assert "Nothing was changed." in outcome.because
    night.world.refuses.clear()
    night.later("run-2", HOUR)
    night.agree()
    assert "It was tried at 2026-11-23 03:4" in night.decided().because
    assert night.run({"apply": True}).because.startswith(f"MongoDB answers again since {OURS} is let in")


def test_what_may_not_be_tried_any_more_does_not_count() -> None:
    class Forbidden:
        def __getattr__(self, name: str) -> Any:
            if name in {"acting", "patient"}:
                raise NotNowError(Refusal(gate="mode", because="The mode is off."))
            return getattr(night.aws, name)

    night = Night()
    forbidden: Any = Forbidden()
    with pytest.raises(NotNowError):
        let_in(forbidden, SETTINGS, LINE)
    assert kept(night.aws, SETTINGS, (OURS,))[OURS].how == "refused"
    let_in(night.aws, SETTINGS, LINE)
    assert kept(night.aws, SETTINGS, (OURS,)) == {OURS: Came(at=night.steps.now, how="done")}


@pytest.mark.parametrize(
    ("code", "how"),
    [("TooManyRequestsException", "refused"), ("AccessDeniedException", "refused"), ("ReadTimeout", "unknown")],
)
def test_a_writer_that_could_not_be_invoked_has_certainly_done_nothing_but_one_that_was_not_heard_may_have(
    code: str, how: str
) -> None:
    night = Night()

    def refuse(*_: Any, **__: Any) -> Any:
        raise AwsError("Lambda says no.", operation="Lambda:Invoke", code=code)

    night.aws.acting.lambda_.invoke = refuse
    with pytest.raises(AwsError):
        let_in(night.aws, SETTINGS, LINE)
    assert kept(night.aws, SETTINGS, (OURS,))[OURS].how == how


def test_a_mark_that_cannot_be_kept_afterwards_stays_unknown_and_what_was_done_is_done() -> None:
    night = Night()
    keep, marks = night.aws.sightings.keep, []

    def once(subject: str, text: str) -> None:
        marks.append(text)
        if len(marks) > 1:
            raise AwsError("The ledger is busy.", operation="DynamoDB:UpdateItem", code="ThrottlingException")
        keep(subject, text)

    night.aws.sightings.keep = once
    assert let_in(night.aws, SETTINGS, LINE).startswith(f"Atlas lets {OURS}/32 in until")
    assert kept(night.aws, SETTINGS, (OURS,))[OURS].how == "unknown"


def test_a_writer_that_gives_no_answer_is_asked_once_and_what_it_did_is_looked_at() -> None:
    night = Night()
    night.world.refuses["createAccessListEntry"] = (500, "UNEXPECTED_ERROR")
    night.agree()
    outcome = night.run()
    assert len(night.written) == 1
    assert (outcome.status, night.open) == ("escalated", False), outcome.text()
    assert kept(night.aws, SETTINGS, (OURS,))[OURS].how == "unknown"
    night.later("run-2", HOUR)
    assert "It may have been let in" in night.run({}).because


def test_the_end_is_before_what_the_writer_refuses_also_if_its_clock_is_behind() -> None:
    assert timedelta(hours=4) - LASTS == MINUTE
    allow = Allow(address=OURS, comment="-", until=NIGHT + LASTS)
    assert allow.until - (NIGHT - MINUTE) <= timedelta(hours=4)


def test_the_runbook_has_nothing_that_could_name_a_range() -> None:
    assert Line.__struct_fields__ == ("id",)
    night = Night()
    for wide in ("0.0.0.0/0", "203.0.113.0/24", f"{OURS}/32"):
        with pytest.raises((LeftAloneError, AwsError, ValueError)):
            let_in(night.aws, SETTINGS, Line(id=wide))
    assert night.written == []


def test_the_alarm_is_the_one_that_the_stack_makes() -> None:
    assert ALARM.removeprefix("dev-remediation-") == RUNBOOK.alarms[0].name
    assert len(SUBNETS) == 2
