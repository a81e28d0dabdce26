"""A restore job is a cluster's own only if it is from its time: Atlas keeps those to a deleted one of the same name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediation.atlas.answers import RestoreAnswer
from remediation.atlas.facts import Origin, Restore
from remediation.atlas.jobs import to_it
from remediation.atlas.reads import restore

MADE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORIGIN = Origin(at=MADE, made_for="prod")


def job(at: datetime | None, target: str = "new", **more: Any) -> Restore:
    return Restore(id="1", snapshot="2", target=target, at=at, **more)


@pytest.mark.parametrize("how", [{"finished": True}, {"failed": True}, {}], ids=["finished", "failed", "goes on"])
def test_a_job_from_before_the_cluster_is_not_its_own_and_one_of_its_time_is(how: dict[str, Any]) -> None:
    own = job(MADE, **how)
    assert to_it([job(MADE - SECOND, **how), own], "new", ORIGIN) == (own,)


def test_a_job_of_unknown_time_is_taken_for_its_own_as_is_each_where_nobody_knows_the_age_of_the_cluster() -> None:
    assert to_it([job(None)], "new", ORIGIN) == (job(None),)
    assert to_it([job(MADE - SECOND)], "new", None) == (job(MADE - SECOND),)


def test_a_job_to_another_cluster_is_not_its_own() -> None:
    assert to_it([job(MADE, "other")], "new", ORIGIN) == ()


def test_a_job_is_from_when_it_ended_or_else_from_the_second_that_its_id_begins_with() -> None:
    id_ = f"{int(MADE.timestamp()):08x}{7:016x}"
    assert restore(RestoreAnswer(id=id_)).at == MADE
    assert restore(RestoreAnswer(id=id_, finished_at=MADE + SECOND)).at == MADE + SECOND
    assert restore(RestoreAnswer(id="a-job")).at is None


@pytest.mark.parametrize(
    ("ended", "more", "finished"),
    [
        (True, {}, True),
        (True, {"expired": True}, True),
        (True, {"failed": True}, False),
        (True, {"cancelled": True, "expired": True}, False),
        (False, {"expired": True}, False),
    ],
)
def test_what_has_finished_stays_so_when_it_expires_and_what_failed_does_not_become_so(
    ended: bool, more: dict[str, Any], finished: bool
) -> None:
    found = restore(RestoreAnswer(id="1", finished_at=MADE if ended else None, **more))
    assert (found.finished, found.failed) == (finished, not finished)
