"""What a slow deploy may be waiting for, likeliest first: what cannot get better by itself comes before what may.

A suspect is `hard` if the deploy cannot go on whatever it waits for: its own calls are denied, or no instance can be launched.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from explain_slow_deploy.facts import Around, Group
from explain_slow_deploy.settings import Settings
from explain_slow_deploy.wording import at, quoted, refused
from remediation.aws.autoscaling import ACTIVE_REFRESH
from remediation.aws.cloudtrail import Refused
from remediation.aws.elasticache import AVAILABLE

BAD_CHECKS = frozenset({"impaired", "insufficient-data"})
BAD_REFRESHES = frozenset({"Failed", "RollbackFailed"})
BAD_BALANCERS = frozenset({"failed", "active_impaired"})
MOVING = frozenset({"pending", "shutting-down", "stopping"})


class Suspect(Struct, frozen=True, kw_only=True):
    """One thing that explains it: what, in a sentence without its full stop, and what to type to look closer."""

    what: str
    look: str
    hard: bool = False


def suspects(around: Around, settings: Settings) -> Iterator[Suspect]:
    """Yield whatever explains a slow deploy, the likeliest first."""
    yield from _denied(around.refused, bool(settings.roles))
    yield from filter(None, map(_launches, around.groups))
    yield from _unwell(around)
    yield from _refresh(around)
    yield from _changing(around)
    yield from _throttled(around.refused)
    for issue in around.issues:
        about = f"{issue.code} of {issue.service}{f' since {at(issue.started_at)}' if issue.started_at else ''}"
        yield Suspect(
            what=f"AWS itself has an open issue here: {about}",
            look="aws health describe-events --region us-east-1 --filter eventStatusCodes=open",
        )


def _denied(calls: Iterable[Refused], ours: bool) -> Iterator[Suspect]:
    for call in calls:
        if call.kind == "denied":
            yield Suspect(what=refused(call), look=_trail(call), hard=ours)


def _throttled(calls: Iterable[Refused]) -> Iterator[Suspect]:
    for call in calls:
        if call.kind == "throttled":
            yield Suspect(what=f"{refused(call)}; Terraform tries such calls again, ever slower", look=_trail(call))


def _trail(call: Refused) -> str:
    """Return the command that lists such calls; only a plain name becomes part of it."""
    name = call.call.partition(":")[2]
    only = f" --lookup-attributes AttributeKey=EventName,AttributeValue={name}" if name.isalnum() else ""
    return f"aws cloudtrail lookup-events --max-items 20{only}"


def _launches(group: Group) -> Suspect | None:
    """Say that a group cannot launch instances: its last attempt that ended, failed."""
    ended = [activity for activity in group.activities if activity.launch and activity.ended]
    if not ended or ended[0].status != "Failed":
        return None
    times = sum(activity.status == "Failed" for activity in ended)
    how_often = f" ({times} times since)" if times > 1 else ""
    return Suspect(
        what=f"{group.name} cannot launch an instance{how_often}: {quoted(ended[0].message) or 'it does not say why'}",
        look=_history(group),
        hard=True,
    )


def _unwell(around: Around) -> Iterator[Suspect]:
    """Say what is there and does not work: targets, instances by EC2's own checks, load balancers."""
    for pool in around.targets:
        bad = [target for target in pool.health if target.state == "unhealthy"]
        if bad:
            why = ", ".join(sorted({target.reason for target in bad if target.reason})) or "no reason is given"
            yield Suspect(
                what=f"{len(bad)} of {len(pool.health)} targets of {pool.name} are unhealthy ({why})",
                look=f"aws elbv2 describe-target-health --target-group-arn {pool.arn}",
            )
    for check in around.checks:
        if {check.instance, check.system} & BAD_CHECKS:
            said = f"instance {check.instance}, system {check.system}"
            yield Suspect(
                what=f"{check.id} does not pass EC2's status checks ({said})",
                look=f"aws ec2 describe-instance-status --instance-ids {check.id}",
            )
    for balancer in around.balancers:
        if balancer.state in BAD_BALANCERS:
            why = f" ({quoted(balancer.reason)})" if balancer.reason else ""
            yield Suspect(what=f"{balancer.name} is {balancer.state}{why}", look=_balancer(balancer.name))


def _refresh(around: Around) -> Iterator[Suspect]:
    """Say that an instance refresh is on, or failed meanwhile: how far it came, since when, and what it says itself."""
    for group in around.groups:
        found = group.refresh
        if found is None:
            continue
        failed = found.status in BAD_REFRESHES and found.ended_at is not None and found.ended_at >= around.since
        if failed or found.status in ACTIVE_REFRESH:
            done = f" at {found.percent} %" if found.percent is not None else ""
            when = f" since {at(found.started_at)}" if found.started_at else ""
            why = f": {quoted(found.reason)}" if found.reason else ""
            yield Suspect(
                what=f"the instance refresh of {group.name} is {found.status}{done}{when}{why}",
                look=f"aws autoscaling describe-instance-refreshes --auto-scaling-group-name {shlex.quote(group.name)} --max-records 1",
            )


def _changing(around: Around) -> Iterator[Suspect]:
    """Say what is still being made or changed."""
    for group in around.groups:
        yield from _activities(group)
    for cache in around.caches:
        if cache.status != AVAILABLE:
            look = f"aws elasticache describe-events --duration 60 --max-items 20   # what happens to {cache.id}"
            yield Suspect(what=f"{cache.id} of ElastiCache is {cache.status}", look=look)
    for instance in around.instances:
        if instance.state in MOVING:
            look = f"aws ec2 describe-instances --instance-ids {instance.id} --query 'Reservations[].Instances[].[State,StateReason]'"
            yield Suspect(what=f"{instance.id} is {instance.state} (launched {at(instance.launched_at)})", look=look)
    for check in around.checks:
        if "initializing" in {check.instance, check.system}:
            look = f"aws ssm start-session --target {check.id}   # then: sudo tail -n 50 /var/log/cloud-init-output.log"
            yield Suspect(what=f"{check.id} still boots (its status checks are initializing)", look=look)
    for pool in around.targets:
        initial = Counter(target.reason for target in pool.health if target.state == "initial")
        if initial:
            why = ", ".join(filter(None, initial)) or "no reason is given"
            look = f"aws elbv2 describe-target-health --target-group-arn {pool.arn}"
            yield Suspect(
                what=f"{initial.total()} of {len(pool.health)} targets of {pool.name} are initial ({why})",
                look=look,
            )
    for balancer in around.balancers:
        if balancer.state == "provisioning":
            yield Suspect(what=f"{balancer.name} is provisioning", look=_balancer(balancer.name))


def _activities(group: Group) -> Iterator[Suspect]:
    for activity in group.activities:
        if not activity.ended:
            what = f"{group.name}: {quoted(activity.description)} since {at(activity.started_at)} ({activity.status})"
            yield Suspect(what=what, look=_history(group))


def _history(group: Group) -> str:
    return (
        f"aws autoscaling describe-scaling-activities --auto-scaling-group-name {shlex.quote(group.name)} --max-items 5"
    )


def _balancer(name: str) -> str:
    return f"aws elbv2 describe-load-balancers --names {shlex.quote(name)}"
