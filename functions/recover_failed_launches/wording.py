"""What a person is told: how the group stands, in a sentence, and the evidence, a line each.

Texts of AWS and of instances are in the evidence only, as quotations, redacted and cut; the sentence that becomes the subject
of a message is made of our own words (hazard A4).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from recover_failed_launches.case import Case
from recover_failed_launches.causes import Cause
from recover_failed_launches.facts import Checked, Tried
from remediation.core.wording import cut

MOST_FAILURES = 5
MOST_DEATHS = 3
WATCHED = "GroupInServiceInstances"
"""The group metric that our alarms watch."""
_LINE = 620


def at(instant: datetime) -> str:
    """Return the time of day."""
    return f"{instant:%H:%M:%S} UTC"


def day(instant: datetime) -> str:
    """Return the day and the time of something that may be long ago."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def minutes(span: timedelta) -> int:
    """Return whole minutes."""
    return int(span.total_seconds() // 60)


def counted(number: int, thing: str) -> str:
    """Return a number of things."""
    return (
        f"{number} {thing}{'' if number == 1 else 's'}"
        if thing != "launch"
        else f"{number} launch{'es' * (number != 1)}"
    )


def stands(case: Case) -> str:
    """Say how the group stands."""
    if case.group.weighted:
        units = f"{case.group.serving} of {counted(case.group.desired, 'unit')} of its capacity"
        return f"{case.asg} has {units} in service ({counted(len(case.serving), 'instance')})"
    return f"{case.asg} has {len(case.serving)} of {counted(case.group.desired, 'instance')} in service"


def failing(found: Sequence[Tried], cause: Cause | None) -> str:
    """Say which launches failed, and where, for the reason that is named; and that others did for others."""
    mine = [each for each in found if each.cause == cause]
    others = [each for each in found if each.cause != cause]
    since = f"since {at(min(each.at for each in mine))}" if len(mine) > 1 else f"at {at(mine[0].at)}"
    zones = sorted({each.zone for each in mine if each.zone})
    where = f" in {' and '.join(zones)}" if zones else ""
    reasons = ", ".join(sorted({str(each.cause) for each in others}))
    more = (
        f" ({len(others)} more for {'another reason' if len(others) == 1 else 'others'}: {reasons})" if others else ""
    )
    return f"{counted(len(mine), 'launch')} failed {since}{where}{more}"


def evidence(case: Case) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(cut(line, _LINE) for line in _evidence(case))


def _evidence(case: Case) -> Iterator[str]:
    facts = case.facts
    yield f"{stands(case)}; minimum {case.group.min_size}."
    stand = (*case.failures, *case.refresh_failures, *case.standing("terminate"))[:MOST_FAILURES]
    for each in stand or filter(None, (case.last_failed,)):
        where = f" in {each.zone}" if each.zone else ""
        yield (
            f"{day(each.at) if each not in stand else at(each.at)}: {each.kind} {each.status}{where} ({each.cause})."
            + (f' AWS says: "{each.said}"' if each.said else "")
        )
    for died in case.short_lived[:MOST_DEATHS]:
        why = f' EC2 says: "{died.said}"' if died.said else ""
        version = f", version {died.version}" if died.version else ""
        yield f"{died.id} lived {minutes(died.lived)} min until {at(died.ended_at)}{version}.{why}"
    if refresh := case.refresh:
        percent = f" at {refresh.percent} %" if refresh.percent is not None else ""
        said = f' AWS says: "{refresh.reason}"' if refresh.reason else ""
        yield f"Instance refresh {refresh.id} is {refresh.status}{percent}.{said}"
    for checked in (facts.wanted, facts.given_up, *facts.earlier):
        if checked is not None:
            yield _described(case, checked)
    yield from _pulling(case)
    for suspension in case.group.suspended:
        yield f'{suspension.process} is suspended. AWS says: "{suspension.reason}"'
    yield from (f"{line}." for line in facts.checks)
    for boot in facts.boots:
        yield (
            f"{boot.instance}: "
            + (boot.unanswered or f"cloud-init {boot.cloud_init}, container {boot.container}")
            + "."
        )
        yield from (f"{boot.instance} log: {line}" for line in boot.lines)
    yield from (f"Console of {line}" for line in facts.consoles)
    if WATCHED not in case.group.metrics:
        yield f"{case.asg} does not publish {WATCHED}, so our alarms on it cannot fire."
    yield from (f"Could not be read: {each.what} ({each.why})." for each in facts.unread)


def _described(case: Case, checked: Checked) -> str:
    version = checked.version
    wrong = []
    if checked.image is False:
        wrong.append(f"its image {version.image} is not available")
    if checked.groups_missing:
        wrong.append(f"security groups {', '.join(checked.groups_missing)} do not exist")
    if checked.zones is not None and not set(checked.zones) & set(case.group.zones):
        wrong.append(f"no zone of the group offers {version.type}")
    if checked.tag is False:
        wrong.append("ECR does not have its container image")
    if checked.role == "":
        wrong.append(f"its instance profile {version.profile} holds no role")
    image = f", container {version.container.repository}:{version.container.tag}" if version.container else ""
    source = case.group.source
    of = "" if source and source.template == version.template else f" of {version.template}"
    return (
        f"Version {version.number}{of}, made {version.created_at:%Y-%m-%d %H:%M} UTC ({version.image}, {version.type}{image}):"
        f" {counted(len(case.serving_with(checked)), 'instance')} in service; {'; '.join(wrong) or 'nothing that it names was found missing'}."
    )


def _pulling(case: Case) -> Iterator[str]:
    facts = case.facts
    if facts.denied is not None:
        yield f"{case.settings.role} may {'not ' + ', '.join(facts.denied) if facts.denied else 'pull from ECR'}."
    for subnet in facts.subnets or ():
        yield f"{subnet.id} in {subnet.zone}: {subnet.free} free addresses, default route: {subnet.way}."
    if facts.quota is not None:
        yield f"Quota: {facts.quota} vCPUs."
