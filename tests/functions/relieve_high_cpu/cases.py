"""Facts to judge, said in few words: two instances, hot with load, no policy, and room for more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from relieve_high_cpu.case import REPLACE, SCALE
from relieve_high_cpu.decide import decide
from relieve_high_cpu.facts import Change, Facts, Fullness, Instance, Requests
from remediation.aws.autoscaling import Activity, Group, Member
from remediation.aws.load import Point, Points
from remediation.aws.scaling import Policy, size
from remediation.core.sweep import DescribedAlarm
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Result, Target, Verdict, Wait
from tests.functions.relieve_high_cpu.nights import SETTINGS
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

NOW = NIGHT
MINUTE = timedelta(minutes=1)
A, B, C, D = (f"i-{n:017x}" for n in range(1, 5))
HOT, COOL = (50, 60, 82, 85, 84), (50, 48, 51, 49, 50)
LONG_HOT = (85,) * 8


def points(values: Sequence[float], *, until: datetime = NOW) -> Points:
    """Return values of five minutes each, the last of which has just ended."""
    first = until - len(values) * 5 * MINUTE
    return tuple(Point(at=first + n * 5 * MINUTE, value=float(value)) for n, value in enumerate(values))


def instance(id_: str, cpu: Sequence[float] = HOT, *, age: timedelta = timedelta(days=3), **other: Any) -> Instance:
    said: dict[str, Any] = {"id": id_, "lifecycle": "InService", "launched_at": NOW - age, "cpu": points(cpu)}
    return Instance(**(said | other))


def group(ids: Sequence[str] = (A, B), **other: Any) -> Group:
    said: dict[str, Any] = {
        "name": "dev-backend-asg",
        "min_size": 2,
        "max_size": 6,
        "desired": len(ids),
        "health_checks": ("ELB",),
        "grace": timedelta(seconds=300),
        "suspended": (),
        "members": tuple(Member(id=id_, lifecycle="InService", health="Healthy") for id_ in ids),
    }
    return Group(**(said | other))


def facts(*instances: Instance, **other: Any) -> Facts:
    there = instances or (instance(A), instance(B))
    ids = [each.id for each in there]
    said: dict[str, Any] = {
        "place": PLACE,
        "group": group(ids),
        "instances": there,
        "healthy": frozenset(ids),
        "registered": frozenset(ids),
        "requests": Requests(now=400.0, usual=200.0),
        "usual_hosts": float(len(ids)),
        "databases": (Fullness(name="MongoDB connections", used=0.2),),
        "caches": (Fullness(name="Redis connections", used=0.1),),
        "change": Change(what="instance refresh 08b91cf7 (Successful)", at=NOW - timedelta(hours=2)),
    }
    return Facts(**(said | other))


def policy(**other: Any) -> Policy:
    said: dict[str, Any] = {
        "name": "dev-scale-up",
        "kind": "SimpleScaling",
        "enabled": True,
        "alarms": ("dev-backend-cpu-high",),
        "adjustment": 1,
    }
    return Policy(**(said | other))


def alarm(**other: Any) -> DescribedAlarm:
    said: dict[str, Any] = {
        "name": "dev-backend-cpu-high",
        "arn": "",
        "state": "ALARM",
        "transitioned_at": NOW - 5 * MINUTE,
        "actions_enabled": True,
        "actions": 1,
        "metric": None,
    }
    return DescribedAlarm(**(said | other))


def launch(at: datetime, status: str = "Successful") -> Activity:
    return Activity(description=f"Launching a new EC2 instance: {C}", status=status, started_at=at)


def stepped(from_: int, to: int, *, ago: timedelta = 20 * MINUTE, result: Result = "done") -> Attempt[Target]:
    target = size("dev-backend-asg", from_=from_, to=to)
    return Attempt(action=SCALE, target=target, at=NOW - ago, result=result, receipt="")


def replaced(id_: str, *, ago: timedelta = 60 * MINUTE) -> Attempt[Target]:
    return Attempt(action=REPLACE, target=Target(id=id_), at=NOW - ago, result="done", receipt="")


def judge(found: Facts, *tried: Attempt[Target], **settings: Any) -> Verdict[Target]:
    return decide(found, msgspec.structs.replace(SETTINGS, **settings), tried, NOW)


def nothing(found: Facts, *tried: Attempt[Target], **settings: Any) -> str:
    verdict = judge(found, *tried, **settings)
    assert isinstance(verdict, Nothing), verdict
    return verdict.because


def waits(found: Facts, *tried: Attempt[Target], **settings: Any) -> str:
    verdict = judge(found, *tried, **settings)
    assert isinstance(verdict, Wait), verdict
    return verdict.because


def escalates(found: Facts, *tried: Attempt[Target], **settings: Any) -> Escalate:
    verdict = judge(found, *tried, **settings)
    assert isinstance(verdict, Escalate), verdict
    return verdict


def acts(found: Facts, *tried: Attempt[Target], **settings: Any) -> Act[Target]:
    verdict = judge(found, *tried, **settings)
    assert isinstance(verdict, Act), verdict
    return verdict
