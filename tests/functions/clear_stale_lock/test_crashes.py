"""A process that dies anywhere while both halves of a lock are cleared leaves it held or free, and the next run finishes (L6).

It dies in botocore, before a call has left or after it was answered, and never comes back: the next tick is another run.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from tests.functions.clear_stale_lock.locks import HOUR, ID, STATE, info
from tests.functions.clear_stale_lock.nights import CODEBUILD, START, Night
from tests.functions.clear_stale_lock.stores import MD5, stores
from tests.support.steps import CrashError
from tests.support.toy import PLACE

POINTS = {
    ("before", "dynamodb.UpdateItem"): (True, True),
    ("after", "dynamodb.UpdateItem"): (True, True),
    ("before", "dynamodb.DeleteItem"): (True, True),
    ("after", "dynamodb.DeleteItem"): (False, True),
    ("before", "s3.DeleteObject"): (False, True),
    ("after", "s3.DeleteObject"): (False, False),
}
"""Where it dies, and whether the item and the object are there then. Terraform stays locked while either is."""
ANOTHER = info(ID="another")


@pytest.fixture
def night() -> Iterator[Night]:
    with stores(START, CODEBUILD) as made:
        night = Night(made, replace(CODEBUILD, stale_after=HOUR))
        made.lock()
        night.ended()
        night.run()
        made.now += 7 * HOUR
        yield night


def dies(night: Night, moment: str, call: str, **more: Any) -> None:
    """Carry it out, and die there for good."""

    def die(**_: object) -> None:
        raise CrashError(f"{moment} {call}")

    session = boto3.Session(region_name=PLACE.region)
    session.events.register(f"{moment}-call.{call}", die)
    night.listen(session)
    with pytest.raises(CrashError):
        night.run(resumes=False, **more)
    night.listen(None)


@pytest.mark.parametrize("point", POINTS, ids=" ".join)
def test_it_is_held_or_free_by_then_and_the_next_run_finishes_the_same_lock(night: Night, point: Any) -> None:
    dies(night, *point)
    assert night.stores.held == POINTS[point]
    night.stores.now += HOUR
    outcome = night.run()
    assert night.stores.held == (False, False)
    assert [(act.target, act.result) for act in outcome.acts] == ([(ID, "done")] if any(POINTS[point]) else [])
    assert (night.stores.items, night.stores.objects) == ({STATE.digest_id: MD5}, {STATE.key}), "and nothing else"


@pytest.mark.parametrize("point", POINTS, ids=" ".join)
def test_whoever_holds_it_when_the_next_run_comes_keeps_it(night: Night, point: Any) -> None:
    dies(night, *point)
    night.stores.unlock()
    night.stores.lock(ANOTHER)
    night.stores.now += HOUR
    outcome = night.run()
    assert (outcome.status, outcome.acts) == ("nothing-to-do", ())
    assert (night.stores.held, night.stores.items[STATE.lock_id]) == ((True, True), ANOTHER)


@pytest.mark.parametrize(("call", "asks_again"), [("dynamodb.DeleteItem", True), ("s3.DeleteObject", False)])
def test_an_apply_that_a_person_let_go_is_asked_for_again_unless_its_item_is_gone_already(
    night: Night, call: str, asks_again: bool
) -> None:
    night.stores.lock(info(Operation="OperationTypeApply"))
    dies(night, "before", call, says="approve")
    night.stores.now += 24 * HOUR
    night.run()
    assert len(night.stage.approvals.asked) == 1 + asks_again
    assert night.stores.held == (asks_again, asks_again)
