"""Locks of one night, in words: who holds what, since when, and what is known of them."""

import json
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from clear_stale_lock.decide import decide
from clear_stale_lock.facts import Facts, Held, LockFacts, Sighting, Sign
from clear_stale_lock.settings import Settings
from remediation.aws.terraform import Half, State, read
from remediation.core.verdict import Act, Attempt, Verdict

NOW = datetime.fromisoformat("2026-11-23T12:00:00+00:00")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ID = "0cfc0d6d-3745-d690-5f1d-24b6113c2c3d"
STATE = State(
    name="starttech",
    bucket="dev-starttech-terraform-state-123456789012",
    key="starttech/terraform.tfstate",
    table="dev-starttech-terraform-locks",
    lockfile=True,
)
SETTINGS = Settings(states=(STATE,), automatic_plan=True)
DEAD = Sign(
    source="GitHub Actions", says="dead", about="run 7 (apply), which was running when it was locked, ended (cancelled)"
)
SILENT = Sign(source="GitHub Actions", says="silent", about="nothing is running, and no job is known")


def info(**changes: Any) -> str:
    """Return a lock's information, as Terraform writes it."""
    said = {
        "ID": ID,
        "Operation": "OperationTypePlan",
        "Info": "",
        "Who": "runner@fv-az123-456",
        "Version": "1.11.4",
        "Created": "2026-11-23T05:00:00.736618348Z",
        "Path": STATE.lock_id,
    }
    return json.dumps(said | changes)


def item(raw: str | None = None) -> Half:
    raw = info() if raw is None else raw
    return Half(raw=raw, info=read(raw))


def file(raw: str | None = None, *, modified_at: datetime = NOW - 7 * HOUR, etag: str = '"e1"') -> Half:
    raw = info() if raw is None else raw
    return Half(raw=raw, info=read(raw), etag=etag, modified_at=modified_at)


def lock(**changes: Any) -> LockFacts:
    """Return a lock of a plan of CI's that is seven hours old, in both stores, and whose holder has ended."""
    stale = LockFacts(
        name=STATE.name,
        lock_id=STATE.lock_id,
        item=item(),
        object=file(),
        first=Sighting(at=NOW - 7 * HOUR, moved_at=NOW - 7 * HOUR),
        mark="m1",
        signs=(DEAD,),
    )
    return replace(stale, **changes)


def judged(found: LockFacts, *, tried: tuple[Attempt[Held], ...] = (), settings: Settings = SETTINGS) -> Verdict[Held]:
    return decide(Facts(locks=(found,)), settings, tried, NOW)


def cleared(found: LockFacts, **more: Any) -> Act[Held]:
    verdict = judged(found, **more)
    assert isinstance(verdict, Act), verdict
    return verdict
