"""What is still changing around a slow deploy. Each source is asked by itself; one that cannot be asked is named, and no more."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from explain_slow_deploy.facts import Around, Group, Targets, Unasked
from explain_slow_deploy.settings import Settings
from remediation.aws import autoscaling, cloudtrail, ec2, elasticache, elbv2, health
from remediation.aws.cloudtrail import Trail
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

A = TypeVar("A")

ASK_TRAIL_EVERY = timedelta(minutes=10)
"""The whole account shares CloudTrail's two look-ups a second (hazard F4)."""
MOST_REFUSED = 20
_TRAIL = "deploy/cloudtrail"


class _Kept(Struct, frozen=True, kw_only=True):
    """What CloudTrail answered last, and when."""

    at: datetime
    trail: Trail


class _Sources:
    """Asks one source after the other, and keeps those that could not be asked."""

    def __init__(self) -> None:
        self.unasked: list[Unasked] = []

    def ask(self, source: str, question: Callable[[], A], nothing: A) -> A:
        try:
            return question()
        except AwsError as error:
            why = "it is not available without a Business support plan" if error.code == health.NO_PLAN else str(error)
        except (LookupError, ValueError) as error:  # an answer that is none
            why = f"its answer cannot be read ({type(error).__name__})"
        self.unasked.append(Unasked(source=source, why=why))
        return nothing

    def each(self, kind: str, names: tuple[str, ...], question: Callable[[str], A]) -> tuple[A, ...]:
        found = (self.ask(f"{kind} {name}", partial(question, name), None) for name in names)
        return tuple(each for each in found if each is not None)


def around(aws: "Clients", settings: Settings, since: datetime, now: datetime) -> Around:
    """Ask every source that is configured for what happened since a deploy began."""
    sources = _Sources()
    instances: tuple[ec2.Instance, ...] = sources.ask(
        "EC2 instances", lambda: ec2.instances_of(aws, aws.place.environment), ()
    )
    running = [instance.id for instance in instances if instance.state == "running"]
    trail = sources.ask("CloudTrail", lambda: _trail(aws, settings, since, now), Trail(refused=(), whole=True))
    return Around(
        since=since,
        groups=sources.each("Auto Scaling group", settings.asgs, lambda name: _group(aws, name, since)),
        instances=instances,
        checks=sources.ask("EC2 status checks", lambda: ec2.statuses(aws, running), ()),
        targets=sources.each("target group", settings.target_groups, lambda name: _targets(aws, name)),
        balancers=sources.each("load balancer", settings.load_balancers, lambda name: elbv2.load_balancer(aws, name)),
        caches=(
            *sources.each("cache", settings.caches, lambda id_: elasticache.cache_cluster(aws, id_)),
            *sources.each(
                "replication group", settings.replication_groups, lambda id_: elasticache.replication_group(aws, id_)
            ),
        ),
        refused=tuple(each for each in trail.refused if each.last_at >= since),
        all_calls=trail.whole,
        issues=sources.ask("AWS Health", lambda: health.open_issues(aws), ()),
        unasked=tuple(sources.unasked),
    )


def _group(aws: "Clients", name: str, since: datetime) -> Group:
    activities = autoscaling.activities(aws, name, since)
    return Group(name=name, activities=activities, refresh=autoscaling.latest_refresh(aws, name))


def _targets(aws: "Clients", name: str) -> Targets:
    group = elbv2.target_group(aws, name=name)
    return Targets(name=name, arn=group.arn, health=elbv2.target_health(aws, group.arn))


def _trail(aws: "Clients", settings: Settings, since: datetime, now: datetime) -> Trail:
    """Return what CloudTrail says, or what it said if that was asked within ten minutes."""
    kept = _kept(aws.sightings.kept(_TRAIL))
    if kept is not None and now - kept.at < ASK_TRAIL_EVERY:
        return kept.trail
    found = cloudtrail.refused(aws, since, settings.roles)
    trail = Trail(refused=found.refused[:MOST_REFUSED], whole=found.whole)
    aws.sightings.keep(_TRAIL, msgspec.json.encode(_Kept(at=now, trail=trail)).decode())
    return trail


def _kept(text: str) -> _Kept | None:
    try:
        return msgspec.json.decode(text, type=_Kept)
    except msgspec.MsgspecError:
        return None
