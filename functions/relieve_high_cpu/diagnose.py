"""Look at a group, how busy its instances are, and what might make it larger. Reads only.

A group that is not busy takes five calls and no instance is asked. The busiest are asked what they do, at most five of them.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from relieve_high_cpu.documents import SHOW_LOAD
from relieve_high_cpu.facts import Change, Facts, Instance
from relieve_high_cpu.figures import Seen, seen
from relieve_high_cpu.settings import Incident, Settings
from remediation.aws import autoscaling, cloudwatch, ec2, elbv2, scaling, ssm
from remediation.aws.autoscaling import Group, Refresh
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_ASKED = 5
_LINES, _LINE = 8, 120
"""What is kept of an instance's answer: the facts of a group have to fit into one checkpoint (256 KB)."""


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or its figures cannot be read."""
    now = aws.sightings.see(f"cpu/{settings.asg}", settings.asg, "").now
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
            cpu=figures.cpu[member.id],
            credits=figures.credits[member.id],
        )
        for member in group.members
    )
    facts = _facts(aws, group, instances, figures)
    busy = sorted((each for each in instances if _warm(each, settings)), key=lambda each: -each.cpu[-1].value)
    return _closer(aws, settings, facts, busy[:MOST_ASKED], now) if busy else facts


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


def _warm(instance: Instance, settings: Settings) -> bool:
    """Tell whether an instance was too busy at any time lately."""
    return any(point.value >= settings.hot for point in instance.cpu[-settings.evaluate :])


def _closer(aws: "Clients", settings: Settings, facts: Facts, busy: list[Instance], now: datetime) -> Facts:
    """Ask the busy instances what they do, and see what would make the group larger while they answer."""
    assert facts.group is not None, "it was there"
    online = ssm.online(aws, tuple(each.id for each in busy))
    asked = tuple(each.id for each in busy if each.id in online)
    document, lines = aws.place.name(SHOW_LOAD.name), {"Lines": str(_LINES // 2)}
    command = ssm.send(aws, document, asked, lines, comment=f"{settings.asg} is busy: look") if asked else ""

    policies = scaling.policies(aws, settings.asg)
    alarms = cloudwatch.alarms_called(aws, [name for policy in policies for name in policy.alarms])
    history = scaling.history(aws, settings.asg, now - settings.steps_within)
    health = elbv2.target_health(aws, target_group_arn(aws, settings))
    change = _last_change(aws, facts.group, facts.refresh)

    answers = ssm.answers(aws, command, asked, within=settings.answer_within) if asked else {}
    return msgspec.structs.replace(
        facts,
        instances=tuple(_told(each, answers.get(each.id), each in busy) for each in facts.instances),
        policies=policies,
        alarms=alarms,
        history=history,
        healthy=frozenset(target.id for target in health if target.state == "healthy"),
        change=change,
    )


def target_group_arn(aws: "Clients", settings: Settings) -> str:
    """Return the ARN of the group's targets."""
    return f"arn:aws:elasticloadbalancing:{aws.place.region}:{aws.place.account}:{settings.target_group}"


def _told(instance: Instance, answer: ssm.Answer | None, busy: bool) -> Instance:
    if answer is None:
        return msgspec.structs.replace(instance, unanswered="Systems Manager does not reach it") if busy else instance
    if answer.status != "Success":
        return msgspec.structs.replace(instance, unanswered=f"its answer is {answer.status}")
    lines = [line.strip()[:_LINE] for line in redact(answer.output).splitlines() if line.strip()]
    return msgspec.structs.replace(instance, busy=tuple(lines[: _LINES + 1]))


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
