"""A refused login is kept for a quarter of an hour, by host; a ledger that does not answer lets nobody log in."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from remediation.core.errors import AwsError
from restore_database.facts import Uncounted
from restore_database.refusals import QUIET, refused_lately, refused_now
from restore_database.runbook import RUNBOOK
from restore_database.settings import Incident
from tests.functions.fakes.firewall import MemorySightings
from tests.functions.restore_database.worlds import HOST, HOUR, NEW, NEW_HOST, SETTINGS, Night
from tests.support.steps import NIGHT

SECOND = timedelta(seconds=1)


def at(ago: timedelta) -> Any:
    sightings = MemorySightings(lambda: NIGHT)
    refused_now(SimpleNamespace(now=lambda: NIGHT - ago, sightings=sightings), NEW_HOST)  # type: ignore[arg-type]
    return SimpleNamespace(now=lambda: NIGHT, sightings=sightings)


def test_a_host_that_has_refused_is_left_alone_for_a_quarter_of_an_hour_and_no_other_is() -> None:
    assert refused_lately(at(QUIET - SECOND), NEW_HOST).startswith(f"{NEW_HOST} refused the login at 03:25:01 UTC")
    assert refused_lately(at(QUIET), NEW_HOST) == ""
    assert refused_lately(at(SECOND), HOST) == ""


def test_where_a_refusal_cannot_be_kept_it_is_told_all_the_same_and_where_none_can_be_read_nobody_logs_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def deaf(*_: str) -> str:
        raise AwsError("The ledger does not answer.", operation="dynamodb", code="Throttled")

    night = Night(monkeypatch)
    night.agreed()
    night.world.refuses["createBackupRestoreJob"] = (403, "USER_UNAUTHORIZED")
    night.run()
    night.fails = {NEW_HOST: "credentials-refused"}
    night.later("run-2", HOUR)
    night.aws.sightings.keep = deaf
    facts = RUNBOOK.diagnose(night.aws, SETTINGS, Incident(new_cluster=NEW))
    assert facts.held == Uncounted(because=f"{NEW_HOST} says credentials-refused.", passes=False)
    looked = len(night.counted)
    night.aws.sightings.kept = deaf
    facts = RUNBOOK.diagnose(night.aws, SETTINGS, Incident(new_cluster=NEW))
    assert (facts.held, len(night.counted)) == (Uncounted(because="The ledger does not answer."), looked)
