"""Instances that were launched and do not serve: how those start that are there, and how those ended that are not."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from recover_failed_launches.causes import classify
from recover_failed_launches.deaths import LONGEST, Boot, quoted, understood
from recover_failed_launches.documents import READ_START
from recover_failed_launches.facts import Died
from recover_failed_launches.settings import Settings
from recover_failed_launches.sources import Sources
from remediation.aws import ec2, endings, ssm
from remediation.aws.autoscaling import failed_check
from remediation.aws.launches import Activity, Group, Source
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_ASKED = 3
"""Instances whose start is read; they fail alike."""
MOST_DIED = 10
_BY_THE_GROUP = frozenset(
    {"Client.UserInitiatedShutdown", "Client.InstanceInitiatedShutdown", "Client.InstanceTerminated"}
)
"""Codes of EC2 that say how an instance ended, and nothing of why."""


def taken_out(activity: Activity) -> bool:
    """Tell whether the group took an instance out because it was ill, and not to scale in or to deploy."""
    return activity.kind == "terminate" and failed_check(activity.cause) != ""


def _ailing(group: Group) -> tuple[str, ...]:
    """Return the members that are to serve and do not. One in standby was put there by a person."""
    elsewhere = ("Terminating", "Terminated", "Detached", "Detaching", "Standby", "EnteringStandby")
    return tuple(
        member.id for member in group.members if not member.serves and not member.lifecycle.startswith(elsewhere)
    )


def boots(
    aws: "Clients", settings: Settings, sources: Sources, group: Group, wanted: Source | None
) -> tuple[Boot, ...]:
    """Ask instances that do not serve how they started; where there is none, those that run what is launched now."""
    newest = tuple(each.id for each in group.members if each.serves and each.source and each.source == wanted)
    asked = (_ailing(group) or newest)[:MOST_ASKED]

    def ask() -> tuple[Boot, ...]:
        known = ssm.online(aws, asked)
        there = tuple(each for each in asked if each in known)
        silent = tuple(Boot(instance=each, unanswered="Systems Manager is not in contact with it") for each in asked)
        if not there:
            return silent
        document, parameters = aws.place.name(READ_START.name), {"Container": settings.container}
        command = ssm.send(aws, document, there, parameters, comment=f"{group.name} cannot launch: look")
        answered = ssm.answers(aws, command, there, within=settings.answer_within)
        return tuple(understood(answered[each.instance]) if each.instance in answered else each for each in silent)

    return (sources.ask("how instances started", ask) or ()) if asked else ()


def died(aws: "Clients", sources: Sources, activities: tuple[Activity, ...]) -> Iterator[Died]:
    """Yield the instances that the group took out because they were ill, or that EC2 ended."""
    ended: dict[str, datetime] = {}
    for activity in activities:
        if activity.instance and taken_out(activity):
            ended.setdefault(activity.instance, activity.at)
    newest = tuple(ended)[:MOST_DIED]
    known = sources.ask("the instances that died", lambda: endings.endings(aws, newest)) if newest else ()
    for each in known or ():
        plain = not each.code or each.code in _BY_THE_GROUP
        yield Died(
            id=each.id,
            launched_at=each.launched_at,
            ended_at=ended[each.id],
            cause=None if plain else classify("Failed", f"{each.code}: {each.reason}"),
            said=quoted(each.reason),
            template=each.template,
            version=each.version,
        )


def status_checks(aws: "Clients", sources: Sources, group: Group) -> Iterator[str]:
    """Yield what EC2's own checks find wrong, a line for each instance."""
    ailing = _ailing(group)
    found = sources.ask("EC2's status checks", lambda: ec2.statuses(aws, ailing)) if ailing else ()
    for status in found or ():
        if {status.instance, status.system} - {"ok", "initializing"}:
            yield f"{status.id}: instance check {status.instance}, system check {status.system}"


def consoles(
    aws: "Clients", settings: Settings, sources: Sources, group: Group, died: Iterable[Died]
) -> tuple[str, ...]:
    """Return the end of one instance's console, redacted as a whole before it is cut; nothing unless it is switched on."""
    newest = next(iter((*_ailing(group), *(each.id for each in died))), "")
    if not settings.console or not newest:
        return ()
    output = sources.ask("the console", lambda: endings.console(aws, newest))
    text = " ".join(redact(output or "").split())
    return (f"{newest}: {text[-LONGEST:]}",) if text else ()
