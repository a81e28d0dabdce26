"""Look at a group, how busy its instances are, and what might make it larger. Reads only.

A group that is not busy takes five calls and no instance is asked, unless one has no CPU credits: that may be why it is not.
The busiest are asked what they do, at most five of them.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from relieve_high_cpu.asking import ask, told
from relieve_high_cpu.credits import poor
from relieve_high_cpu.facts import Change, Facts, Instance
from relieve_high_cpu.figures import Seen, seen
from relieve_high_cpu.settings import Incident, Settings
from remediation.aws import autoscaling, cloudwatch, ec2, elbv2, scaling
from remediation.aws.autoscaling import Group, Refresh

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_ASKED = 5


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or its figures cannot be read."""
    now = aws.now()
    group = autoscaling.group(aws, settings.asg)
    if group is None:
        return Facts(place=aws.place, group=None)
    ids = [member.id for member in group.members]
    launched, figures = ec2.instances(aws, ids), seen(aws, settings, ids, now)
    instances = tuple(
        Instance(
            id=member.id,
            lifecycle=member.lifecycle,
            launched_at=launched[member.id].launched_at if member.id in launched else None,
            type=launched[member.id].type if member.id in launched else "",
            cpu=figures.cpu[member.id],
            credits=figures.credits[member.id],
        )
        for member in group.members
    )
    modes = ec2.credit_modes(aws, [each.id for each in instances if poor(each, settings, now)])
    instances = tuple(msgspec.structs.replace(each, credit_mode=modes.get(each.id, "")) for each in instances)
    facts = _facts(aws, group, instances, figures)
    busy = sorted((each for each in instances if _busy(each, settings, now)), key=lambda each: -each.cpu[-1].value)
    return _closer(aws, settings, facts, tuple(busy), now) if busy else facts


def _facts(aws: "Clients", group: Group, instances: tuple[Instance, ...], figures: Seen) -> Facts:
    return Facts(
        place=aws.place,
        group=group,
        instances=instances,
        group_cpu=figures.group,
        requests=figures.requests,
        usual_hosts=figures.usual_hosts,
        databases=figures.databases,
        caches=figures.caches,
        refresh=autoscaling.latest_refresh(aws, group.name),
    )


def _busy(instance: Instance, settings: Settings, now: datetime) -> bool:
    """Tell whether an instance was too busy at any time lately, or may be and does not show it, for it has no CPU credits."""
    lately = instance.cpu[-settings.evaluate :]
    return any(point.value >= settings.hot for point in lately) or (bool(lately) and poor(instance, settings, now))


def _closer(aws: "Clients", settings: Settings, facts: Facts, busy: tuple[Instance, ...], now: datetime) -> Facts:
    """Ask the busiest what they do, and see what would make the group larger while they answer."""
    assert facts.group is not None, "it was there"
    busiest = busy[:MOST_ASKED]
    asked = ask(aws, settings, tuple(each.id for each in busiest))

    policies = scaling.policies(aws, settings.asg)
    alarms = cloudwatch.alarms_called(aws, [name for policy in policies for name in policy.alarms])
    history = scaling.history(aws, settings.asg, now - settings.steps_within)
    health = elbv2.target_health(aws, settings.targets(aws.place))
    change = _last_change(aws, facts.group, facts.refresh)

    answered = {each.id: each for each in told(aws, settings, asked, busiest)}
    return msgspec.structs.replace(
        facts,
        instances=tuple(answered.get(each.id, each) for each in facts.instances),
        policies=policies,
        alarms=alarms,
        history=history,
        healthy=frozenset(target.id for target in health if target.state == "healthy"),
        registered=frozenset(target.id for target in health if target.state != "draining"),
        change=change,
    )


def _last_change(aws: "Clients", group: Group, refresh: Refresh | None) -> Change | None:
    """Return the last deploy: an instance refresh, or a new version of the launch template that the instances run."""
    changes: list[Change] = []
    if refresh and refresh.started_at:
        changes.append(Change(what=f"instance refresh {refresh.id} ({refresh.status})", at=refresh.started_at))
    run = sorted({(member.template, member.version) for member in group.members if member.template})
    for template, version in run:
        if at := ec2.template_created_at(aws, template, [version]):
            changes.append(Change(what=f"version {version} of launch template {template}", at=at))
    return max(changes, key=lambda change: change.at, default=None)
