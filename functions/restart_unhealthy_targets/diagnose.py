"""Look at a target group, its targets and what goes on around them. Reads only.

The instances are asked first and answer last: everything else is read while they work. A healthy group takes three calls.
"""

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from remediation.aws import autoscaling, ec2, elbv2, ssm
from remediation.core.redact import redact
from restart_unhealthy_targets.documents import INSPECT
from restart_unhealthy_targets.facts import Backend, Facts, Inspection
from restart_unhealthy_targets.settings import Incident, Settings, located

if TYPE_CHECKING:
    from datetime import datetime

    from remediation.adapters.clients import Clients


_LOG_LINES, _LOG_LINE, _BODY = 8, 200, 400
"""Lines, and bytes of a line and of a body: the facts of 50 instances have to fit into one checkpoint (256 KB)."""


class _Printed(Struct):
    """What the document `inspect-container` prints. `body` and `logs` are in Base64."""

    container: str
    started_at: str
    restarts: int
    http: int
    curl: int
    ping: int
    body: str
    logs: str
    mongodb: str
    mongodb_at: str
    redis: str
    redis_at: str


class _Health(Struct):
    """The body of `/health` of StartTech's backend."""

    database: str = ""
    cache: str = ""


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or its targets cannot be read."""
    arn, name = located(incident, aws.place)
    group = elbv2.target_group(aws, arn=arn, name=name)
    targets = elbv2.target_health(aws, group.arn)
    asg = autoscaling.group(aws, settings.asg)
    facts = Facts(place=aws.place, group=group, targets=_registered(targets, asg), asg=asg)
    return facts if all(target.state == "healthy" for target in targets) else _closer(aws, settings, facts)


def _registered(targets: tuple[elbv2.TargetHealth, ...], asg: autoscaling.Group | None) -> tuple[Backend, ...]:
    lifecycles = {member.id: member.lifecycle for member in asg.members} if asg else {}
    return tuple(
        Backend(
            id=target.id,
            port=target.port,
            state=target.state,
            reason=target.reason,
            description=redact(target.description),
            lifecycle=lifecycles.get(target.id, ""),
        )
        for target in targets
    )


def _closer(aws: "Clients", settings: Settings, facts: Facts) -> Facts:
    """Look closer at the unhealthy targets that are in service, and at what their Auto Scaling group is doing."""
    unhealthy = [target for target in facts.targets if target.state == "unhealthy"]
    at_work = sorted({target.id for target in unhealthy if target.lifecycle == "InService"})[: ssm.MOST]
    known = ssm.online(aws, tuple(at_work))
    asked = tuple(instance for instance in at_work if instance in known)
    command = _ask(aws, settings, facts.group, asked)

    instances = ec2.instances(aws, at_work)
    balancer_groups = elbv2.load_balancer_security_groups(aws, facts.group.load_balancers if at_work else ())
    rules = ec2.ingress(aws, [group for instance in instances.values() for group in instance.security_groups])
    refresh = autoscaling.latest_refresh(aws, settings.asg) if facts.asg else None
    replacements = autoscaling.elb_replacements(aws, settings.asg) if facts.asg else ()
    created_at = _template_created_at(aws, facts.asg, at_work) if len(unhealthy) > 1 else None

    answers = ssm.answers(aws, command, asked, within=settings.answer_within)

    def described(target: Backend) -> Backend:
        instance, answer = instances.get(target.id), answers.get(target.id)
        if target.state != "unhealthy" or instance is None:
            return target
        mine = [rule for group in instance.security_groups for rule in rules.get(group, ())]
        open_ = ec2.admits(mine, port=target.port, sources=balancer_groups) if balancer_groups else None
        inspection, unanswered = _understood(answer) if answer else (None, "")
        return msgspec.structs.replace(
            target,
            launched_at=instance.launched_at,
            security_groups=instance.security_groups,
            port_open=open_,
            in_ssm=target.id in known,
            inspection=inspection,
            unanswered=unanswered,
        )

    return msgspec.structs.replace(
        facts,
        targets=tuple(map(described, facts.targets)),
        refresh=refresh,
        replacements=replacements,
        template_created_at=created_at,
        balancer_groups=balancer_groups,
    )


def _ask(aws: "Clients", settings: Settings, group: elbv2.TargetGroup, instances: tuple[str, ...]) -> str:
    if not instances:
        return ""
    parameters = {
        "Container": settings.container,
        "Port": str(group.check_port),
        "Path": group.path,
        "Ping": settings.ping_path,
    }
    document = aws.place.name(INSPECT.name)
    return ssm.send(aws, document, instances, parameters, comment=f"Unhealthy in {group.name}: look")


def _template_created_at(aws: "Clients", asg: autoscaling.Group | None, instances: list[str]) -> "datetime | None":
    versions: dict[str, set[str]] = {}
    for member in asg.members if asg else ():
        if member.id in instances and member.template:
            versions.setdefault(member.template, set()).add(member.version)
    made = [ec2.template_created_at(aws, template, run) for template, run in sorted(versions.items())]
    return max((at for at in made if at is not None), default=None)


def _understood(answer: ssm.Answer) -> tuple[Inspection | None, str]:
    """Return what an instance answered, or why that is of no use."""
    if not answer.finished:
        return None, f"it did not answer in time (command {answer.status})"
    if answer.status != "Success":
        return None, _cut(redact(f"its inspection ended with {answer.status}: {answer.error or answer.output}"), _BODY)
    try:
        printed = msgspec.json.decode(answer.output, type=_Printed)
        body, logs = _plain(printed.body), _plain(printed.logs)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        return None, f"its inspection printed something else than expected ({error})"
    health = _health(body)
    inspection = Inspection(
        container=printed.container,
        started_at=printed.started_at,
        restarts=printed.restarts,
        http=printed.http,
        curl=printed.curl,
        ping=printed.ping,
        body=_cut(redact(body), _BODY),
        database=health.database,
        cache=health.cache,
        mongodb=printed.mongodb,
        mongodb_at=printed.mongodb_at,
        redis=printed.redis,
        redis_at=printed.redis_at,
        logs=tuple(_cut(line, _LOG_LINE) for line in redact(logs).splitlines()[-_LOG_LINES:]),
    )
    return inspection, ""


def _health(body: str) -> _Health:
    try:
        return msgspec.json.decode(body, type=_Health)
    except msgspec.MsgspecError:
        return _Health()


def _cut(text: str, most: int) -> str:
    """Return as much of the start of a text as takes `most` bytes in JSON, where a character takes 1 to 6 of them."""
    left = most
    for n, character in enumerate(text):
        left -= len(msgspec.json.encode(character)) - len('""')
        if left < 0:
            return text[:n]
    return text


def _plain(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode(errors="replace")
