"""Facts to judge, said in few words: the night at which they hold, and what is different from a healthy group."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from remediation.aws.autoscaling import Group, Member
from remediation.aws.elbv2 import TargetGroup
from remediation.core.spec import Place
from remediation.core.verdict import Act, Attempt, Escalate, Result, Verdict, Wait
from restart_unhealthy_targets.decide import decide
from restart_unhealthy_targets.facts import Backend, Facts, Inspection, Judged
from restart_unhealthy_targets.settings import Settings

NOW = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
STARTED = "2026-11-20T03:40:00.123456789Z"
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
SETTINGS = Settings()

TARGET_GROUP = TargetGroup(
    arn=ARN,
    name="dev-backend-tg-v2",
    target_type="instance",
    port=8080,
    load_balancers=(
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/dev-alb-v2/50dc6c495c0c9188",
    ),
    path="/health",
    check_port=8080,
    interval=timedelta(seconds=30),
    timeout=timedelta(seconds=3),
    healthy_threshold=2,
    unhealthy_threshold=2,
)

FINE = Inspection(
    container="running", started_at=STARTED, http=200, body='{"database":"ok","cache":"ok"}', database="ok", cache="ok"
)
HUNG = Inspection(container="running", started_at=STARTED, curl=28, mongodb="yes", redis="yes", logs=("GC overhead",))
BROKEN = Inspection(container="running", started_at=STARTED, http=500, body="Internal Server Error")
DEAF = Inspection(container="running", started_at=STARTED, curl=56, ping=56, mongodb="yes", redis="yes")
CRASHING = Inspection(container="running", started_at=STARTED, curl=52, mongodb="yes", redis="yes")
"""Closes the connection for /health, and serves other paths."""
STOPPED = Inspection(container="exited", curl=7, mongodb="yes", redis="yes")
MISSING = Inspection(container="missing", curl=7)
NO_DATABASE = Inspection(
    container="running",
    started_at=STARTED,
    http=503,
    body='{"database":"down","cache":"ok"}',
    database="down",
    cache="ok",
)
NO_CACHE = Inspection(
    container="running",
    started_at=STARTED,
    http=503,
    body='{"database":"ok","cache":"down"}',
    database="ok",
    cache="down",
)


def but(struct: Any, **changes: Any) -> Any:
    """Return a struct with something different."""
    return msgspec.structs.replace(struct, **changes)


def healthy(number: int, *, start: int = 100) -> tuple[Backend, ...]:
    """Return healthy targets."""
    return tuple(
        Backend(id=f"i-{start + n:017x}", port=8080, state="healthy", lifecycle="InService") for n in range(number)
    )


def sick(n: int = 1, inspection: Inspection | None = HUNG, **changes: Any) -> Backend:
    """Return a target that is unhealthy, in service, old, reachable and inspected."""
    target = Backend(
        id=f"i-{n:017x}",
        port=8080,
        state="unhealthy",
        reason="Target.Timeout",
        description="Request timed out",
        lifecycle="InService",
        launched_at=LONG_AGO,
        security_groups=("sg-instance",),
        port_open=True,
        in_ssm=True,
        inspection=inspection,
    )
    changed: Backend = but(target, **changes)
    return changed


def facts(*targets: Backend, **changes: Any) -> Facts:
    """Return the facts of a group with these targets, all of them members of an Auto Scaling group with ELB checks."""
    group = Group(
        name="dev-backend-asg",
        min_size=changes.pop("min_size", 2),
        max_size=60,
        desired=changes.pop("desired", len([target for target in targets if target.lifecycle == "InService"])),
        health_checks=changes.pop("health_checks", ("ELB",)),
        grace=changes.pop("grace", timedelta(seconds=300)),
        suspended=changes.pop("suspended", ()),
        members=tuple(
            Member(id=target.id, lifecycle=target.lifecycle, health="Healthy") for target in targets if target.lifecycle
        )
        + tuple(changes.pop("others", ())),
    )
    base = Facts(place=PLACE, group=TARGET_GROUP, targets=targets, asg=group, balancer_groups=("sg-balancer",))
    changed: Facts = but(base, **changes)
    return changed


def tried(action: str, target: Backend, result: Result = "done", *, receipt: str = "ok") -> Attempt[Judged]:
    """Return what this run did two minutes ago."""
    judged = Judged(id=target.id, group=ARN, port=target.port, started_at=STARTED)
    return Attempt(action=action, target=judged, at=NOW - timedelta(minutes=2), result=result, receipt=receipt)


def verdict_on(
    facts: Facts, *, tried: Iterable[Attempt[Judged]] = (), now: datetime = NOW, settings: Settings = SETTINGS
) -> Verdict[Judged]:
    """Decide."""
    return decide(facts, settings, tuple(tried), now)


def act_on(facts: Facts, **more: Any) -> Act[Judged]:
    verdict = verdict_on(facts, **more)
    assert isinstance(verdict, Act), verdict
    assert verdict.evidence
    assert verdict.next_steps
    return verdict


def wait_on(facts: Facts, **more: Any) -> Wait:
    verdict = verdict_on(facts, **more)
    assert isinstance(verdict, Wait), verdict
    assert verdict.evidence or not facts.targets
    assert verdict.next_steps
    return verdict


def person_for(facts: Facts, **more: Any) -> Escalate:
    verdict = verdict_on(facts, **more)
    assert isinstance(verdict, Escalate), verdict
    assert verdict.evidence
    assert verdict.next_steps
    return verdict
