"""The engine before an act that may lose data: a fresh snapshot, or the act is not made."""

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from remediation.core.approval import plan_hash
from remediation.core.ports import NoBackups
from remediation.core.spec import Guardrails
from remediation.core.spoken import Spoken
from remediation.core.verdict import Approval, Nothing
from tests.support.steps import Moment
from tests.support.toy import PLACE, act, scripted
from tests.support.world import MemoryBackups, Stage

CACHE = "dev-redis"
RISKY = structs.replace(act(), after_snapshot=CACHE)
PATIENT = Guardrails(heal_within=timedelta(hours=1))
DONE = [("tap", "lamp-1")]
LIT = Nothing(because="Every lamp is lit.")


def stage(*, looks: int = 1, **of_backups: Any) -> Stage:
    """Return a stage whose runbook taps a lamp after a snapshot; it is risky for so many looks, and then all is well."""
    return Stage(
        runbook=scripted(*[RISKY] * looks, LIT, guardrails=PATIENT),
        backups=MemoryBackups(**of_backups),
    )


def names(stage: Stage) -> list[str]:
    return [name for name, _ in stage.steps.names]


def refused(stage: Stage, because: str) -> None:
    """Insist that nothing was done or leased, and that somebody is told."""
    outcome = stage.run()
    assert (outcome.status, outcome.gate, outcome.because) == ("refused", "snapshot", because)
    assert (stage.house.done, stage.ledger.resources, stage.ledger.acts) == ([], {}, ())
    assert outcome in stage.notifier.paged


def test_a_fresh_snapshot_lets_an_act_go_on_and_no_other_is_taken() -> None:
    night = stage(fresh="rm-0")
    outcome = night.run()
    assert (outcome.status, night.house.done, night.backups.requests) == ("healed", DONE, [])
    assert f"rm-0 is a fresh snapshot of {CACHE}." in night.said()


def test_a_missing_snapshot_is_taken_and_waited_for_and_then_the_world_is_looked_at_anew() -> None:
    night = stage(looks=2, takes=3)
    outcome = night.run()
    assert (outcome.status, night.house.done, night.house.looks) == ("healed", DONE, 3)
    assert night.backups.requests == [(CACHE, "run-1-snapshot-1")]
    assert [name for name in names(night) if name.startswith("wait for")] == [
        "wait for snapshot 1.1", "wait for snapshot 1.2", "wait for snapshot 1.3",
    ]  # fmt: skip
    assert names(night).index("wait for snapshot 1.3") < names(night).index("look 2") < names(night).index("admit 2")


def test_what_got_well_while_the_snapshot_was_taken_is_left_alone() -> None:
    night = stage(takes=3)
    assert night.run().status == "nothing-to-do"
    assert night.house.done == []


def test_without_a_snapshot_the_act_is_not_made() -> None:
    refused(
        stage(says="snapshot-redis ended without one: 20 of 20 snapshots of this day are used."),
        "tap lamp-1 is not done without a fresh snapshot: "
        "snapshot-redis ended without one: 20 of 20 snapshots of this day are used.",
    )


def test_a_snapshot_that_takes_too_long_holds_the_act_back() -> None:
    night = stage(takes=1000)
    refused(night, f"tap lamp-1 is not done without a fresh snapshot: {CACHE} has no fresh snapshot.")
    assert sum((for_ for name, for_ in night.steps.waited if name.startswith("wait for")), timedelta()) == timedelta(
        minutes=30
    )


def test_what_cannot_be_seen_is_no_snapshot() -> None:
    refused(
        stage(down=True),
        f"tap lamp-1 is not done without a fresh snapshot: whether {CACHE} has a snapshot cannot be seen: "
        "ElastiCache did not answer.",
    )


def test_a_runbook_that_declares_no_such_act_gets_no_snapshot_and_does_not_act() -> None:
    night = stage()
    night.backups = NoBackups()  # type: ignore[assignment]
    refused(
        night,
        f"tap lamp-1 is not done without a fresh snapshot: No snapshot of {CACHE} is in sight of this runbook.",
    )


def test_an_act_that_risks_nothing_asks_for_none() -> None:
    night = Stage(backups=MemoryBackups(down=True))
    assert (night.run().status, night.house.done) == ("healed", DONE)


def asking(*, says: str = "approve", **of_backups: Any) -> Stage:
    """Return a stage that asks before the risky act, and is answered after five minutes."""
    wants = structs.replace(RISKY, approval=Approval(because="It loses what is in the cache."))
    night = Stage(
        runbook=scripted(*[wants] * 3, LIT, guardrails=PATIENT),
        backups=MemoryBackups(**of_backups),
    )
    hash_ = plan_hash("run-1", "light-the-lamps", wants, PLACE)
    at = night.steps.now + timedelta(minutes=5)
    night.approvals.spoken["ada", "run-1"] = Spoken(says=says, about="run-1", by="ada", at=at, hash=hash_)  # type: ignore[arg-type]
    night.steps.replies["approval 1"] = (timedelta(minutes=5), json.dumps({"by": "ada"}))
    return night


def test_the_snapshot_is_taken_after_the_yes_so_that_it_is_young_at_the_act() -> None:
    night = asking(takes=2)
    assert (night.run().status, night.house.done) == ("healed", DONE)
    order = [name for name in names(night) if name in {"approval 1", "ask for snapshot 2", "admit 3"}]
    assert order == ["approval 1", "ask for snapshot 2", "admit 3"]
    assert len(night.steps.asked) == 1, "one yes is enough, however long the snapshot took"


def test_after_a_no_no_snapshot_is_taken() -> None:
    night = asking(says="reject")
    assert night.run().gate == "rejection"
    assert (night.backups.looks, night.backups.requests) == ([], [])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "step", ["read snapshot 1", "ask for snapshot 1", "wait for snapshot 1.2", "read snapshot 1.2"]
)
def test_a_crash_while_the_snapshot_is_taken_asks_for_no_other_and_acts_once(step: str, moment: Moment) -> None:
    night = stage(looks=2, takes=3)
    night.steps.crash_at(step, moment)
    assert night.run().status == "healed"
    assert night.house.done == DONE
    assert len(set(night.backups.requests)) == 1, "to ask again is to ask with the same name"
