"""Look at a group, what it tried, and, where something is wrong, at everything that a launch needs. Reads only.

A group that is complete takes three calls. Whatever else is asked is asked by itself: what cannot be read is named, and the
diagnosis goes on without it (hazard A5).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from recover_failed_launches.causes import Cause, classify
from recover_failed_launches.deaths import LONGEST, Boot, quoted, understood
from recover_failed_launches.documents import READ_START
from recover_failed_launches.facts import Checked, Died, Facts, Tried, Unread
from recover_failed_launches.settings import Incident, Settings
from remediation.aws import ec2, endings, launches, network, pulling, ssm, templates
from remediation.aws.launches import Activity, Group, Refresh
from remediation.aws.templates import Container, Version
from remediation.core.errors import AwsError
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

A = TypeVar("A")

ACTIVE_REFRESH = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
BAD_REFRESH = frozenset({"Failed", "RollbackFailed"})
IN_SERVICE = "InService"
MOST_ASKED = 3
"""Instances whose start is read; they fail alike."""
MOST_DIED = 10
MOST_TRIED = 30
_FAILED = frozenset({"Failed", "Cancelled"})
_UNHEALTHY = re.compile(r"health.?check|status.?check", re.IGNORECASE)
"""In the cause of a termination: the group took the instance out because it was ill, and not to scale in or to deploy."""
_BY_THE_GROUP = frozenset(
    {"Client.UserInitiatedShutdown", "Client.InstanceInitiatedShutdown", "Client.InstanceTerminated"}
)
"""Codes of EC2 that say how an instance ended, and nothing of why."""


class _Sources:
    """Asks one source after the other, and keeps those that could not be read."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []

    def ask(self, what: str, question: Callable[[], A]) -> A | None:
        try:
            return question()
        except AwsError as error:
            self.cannot(what, f"{error.operation} answered {error.code}")
        except (KeyError, TypeError, ValueError) as error:  # an answer that is none
            self.cannot(what, f"its answer cannot be understood ({type(error).__name__})")
        return None

    def cannot(self, what: str, why: str) -> None:
        self.unread.append(Unread(what=what, why=why))


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or what it tried cannot be read."""
    group = _quoting(launches.group(aws, incident.asg))
    facts = Facts(place=aws.place, asg=incident.asg, group=group)
    if group is None:
        return facts
    activities = launches.activities(aws, incident.asg)
    refresh = _told(launches.refresh(aws, incident.asg))
    tried = tuple(map(_tried, activities[:MOST_TRIED]))
    facts = msgspec.structs.replace(facts, tried=tried, refresh=refresh)
    well = _complete(group, tried, refresh) and _ill(activities) < settings.deaths
    return facts if well else _closer(aws, settings, facts, group, activities)


def _complete(group: Group, tried: tuple[Tried, ...], refresh: Refresh | None) -> bool:
    serving = sum(member.lifecycle == IN_SERVICE and member.healthy for member in group.members)
    troubled = refresh is not None and refresh.status in ACTIVE_REFRESH | BAD_REFRESH
    stuck = any(each.kind == "terminate" and each.failed for each in tried)
    return serving >= group.desired and not troubled and not stuck


def _ill(activities: tuple[Activity, ...]) -> int:
    """Return how many instances the group took out because they were ill, as far back as its activities tell."""
    return sum(each.kind == "terminate" and _UNHEALTHY.search(each.cause) is not None for each in activities)


def _quoting(group: Group | None) -> Group | None:
    if group is None:
        return None
    suspended = tuple(msgspec.structs.replace(each, reason=quoted(each.reason)) for each in group.suspended)
    return msgspec.structs.replace(group, suspended=suspended)


def _told(refresh: Refresh | None) -> Refresh | None:
    return msgspec.structs.replace(refresh, reason=quoted(refresh.reason)) if refresh else None


def _tried(activity: Activity) -> Tried:
    """Return an activity as a fact. It is classified from the whole text: redacting may take words out that matter."""
    failed = activity.status in _FAILED
    return Tried(
        kind=activity.kind,
        status=activity.status,
        at=activity.at,
        cause=classify(activity.status, activity.message) if failed else None,
        said=quoted(activity.message) if failed else "",
        zone=activity.zone,
        instance=activity.instance,
    )


# ------------------------------------------------------------------------------------------------------ a closer look


def _closer(aws: "Clients", settings: Settings, facts: Facts, group: Group, activities: tuple[Activity, ...]) -> Facts:
    sources = _Sources()
    wanted = _wanted(aws, sources, group, facts.refresh)
    number = str(wanted.number) if wanted else ""
    earlier = tuple(_earlier(aws, sources, group, number))
    checked = _checked(aws, settings, sources, wanted)
    causes = {each.cause for each in facts.tried if each.failed}
    boots = _boots(aws, settings, sources, group, number)
    died = tuple(_died(aws, sources, activities))
    return msgspec.structs.replace(
        facts,
        wanted=checked,
        earlier=tuple(each for old in earlier if (each := _checked(aws, settings, sources, old)) is not None),
        denied=_denied(aws, settings, sources, checked),
        subnets=sources.ask("the subnets", lambda: network.subnets(aws, group.subnets)),
        quota=_quota(aws, sources, wanted) if Cause.QUOTA in causes else None,
        boots=boots,
        died=died,
        checks=tuple(_status_checks(aws, sources, group)),
        consoles=_consoles(aws, settings, sources, group, died),
        unread=tuple(sources.unread),
    )


def _wanted(aws: "Clients", sources: _Sources, group: Group, refresh: Refresh | None) -> Version | None:
    """Return the version that is launched, or was last: of the refresh that is on or failed, else of the group."""
    deployed = refresh.source if refresh and refresh.status in ACTIVE_REFRESH | BAD_REFRESH else None
    source = deployed or group.source
    if source is None:
        sources.cannot("the launch template", "the group uses a launch configuration, or names none by its id")
        return None
    return sources.ask("the launch template", lambda: templates.version(aws, source.template, source.version))


def _earlier(aws: "Clients", sources: _Sources, group: Group, wanted: str) -> Iterator[Version]:
    """Yield the other versions of the same template that members run."""
    runs = {(each.source.template, each.source.version) for each in group.members if each.source is not None}
    for template, number in sorted(runs):
        if number == wanted or group.source is None or template != group.source.template:
            continue
        found = sources.ask(f"version {number}", partial(templates.version, aws, template, number))
        if found is not None:
            yield found


def _checked(aws: "Clients", settings: Settings, sources: _Sources, version: Version | None) -> Checked | None:
    """Look whether what a version names exists."""
    if version is None:
        return None
    which = f"of version {version.number}"
    state = _image(aws, sources, version, which)
    profile = version.profile
    if profile and settings.role and profile != settings.instance_profile:
        sources.cannot(f"the role {which}", f"its profile is not {settings.instance_profile}, the one in the settings")
    return Checked(
        version=version,
        image=None if state is None else state == "available",
        groups_missing=sources.ask(
            f"the security groups {which}", lambda: templates.missing_groups(aws, version.groups)
        ),
        zones=sources.ask(f"the zones {which}", lambda: templates.zones_offering(aws, version.type))
        if version.type
        else None,
        tag=_tag(aws, settings, sources, version, which),
        role=sources.ask(f"the role {which}", lambda: pulling.role_of(aws, profile))
        if settings.role and profile == settings.instance_profile
        else None,
    )


def _image(aws: "Clients", sources: _Sources, version: Version, which: str) -> str | None:
    if not version.image.startswith("ami-"):
        sources.cannot(f"the image {which}", "it is none by its id: a parameter of Systems Manager may name it")
        return None
    return sources.ask(f"the image {which}", lambda: templates.image_state(aws, version.image))


def _tag(aws: "Clients", settings: Settings, sources: _Sources, version: Version, which: str) -> bool | None:
    image = container(settings, version)
    if not settings.repository:
        return None
    if image is None or image.repository != settings.repository:
        sources.cannot(f"the container image {which}", f"it names no tag of {settings.repository} in plain words")
        return None
    return sources.ask(f"the container image {which}", lambda: pulling.tag_exists(aws, image))


def container(settings: Settings, version: Version) -> Container | None:
    """Return the image that a version's instances pull: what the settings say, else what its user data names."""
    if settings.tag and settings.repository:
        return Container(repository=settings.repository, tag=settings.tag)
    return version.container


def _denied(aws: "Clients", settings: Settings, sources: _Sources, wanted: Checked | None) -> tuple[str, ...] | None:
    """Ask IAM whether the instances' role may pull; only of the one role that the settings name."""
    role = wanted.role if wanted else None
    if not role or not settings.repository:
        return None
    if role.rpartition("/")[2] != settings.role:
        sources.cannot("what the role may do", f"the profile's role is not {settings.role}, the one in the settings")
        return None
    return sources.ask("what the role may do", lambda: pulling.denied(aws, role, settings.repository))


def _quota(aws: "Clients", sources: _Sources, wanted: Version | None) -> int | None:
    return sources.ask("the vCPU quota", lambda: endings.vcpu_quota(aws, wanted.type)) if wanted else None


# ------------------------------------------------------------------------------------- instances that launch and die


def _ailing(group: Group) -> tuple[str, ...]:
    """Return the members that are there and do not serve."""
    gone = ("Terminating", "Terminated", "Detached", "Detaching")
    return tuple(
        member.id
        for member in group.members
        if not member.lifecycle.startswith(gone) and not (member.lifecycle == IN_SERVICE and member.healthy)
    )


def _boots(aws: "Clients", settings: Settings, sources: _Sources, group: Group, wanted: str) -> tuple[Boot, ...]:
    """Ask instances that do not serve how they started; where there is none, those that run what is launched now."""
    newest = tuple(each.id for each in group.members if each.source is not None and each.source.version == wanted)
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


def _died(aws: "Clients", sources: _Sources, activities: tuple[Activity, ...]) -> Iterator[Died]:
    """Yield the instances that the group took out because they were ill, or that EC2 ended."""
    ended: dict[str, datetime] = {}
    for activity in activities:
        if activity.kind == "terminate" and activity.instance and _UNHEALTHY.search(activity.cause):
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
            version=each.version,
        )


def _status_checks(aws: "Clients", sources: _Sources, group: Group) -> Iterator[str]:
    ailing = _ailing(group)
    found = sources.ask("EC2's status checks", lambda: ec2.statuses(aws, ailing)) if ailing else ()
    for status in found or ():
        if {status.instance, status.system} - {"ok", "initializing"}:
            yield f"{status.id}: instance check {status.instance}, system check {status.system}"


def _consoles(
    aws: "Clients", settings: Settings, sources: _Sources, group: Group, died: Iterable[Died]
) -> tuple[str, ...]:
    """Return the end of one instance's console, redacted as a whole before it is cut; nothing unless it is switched on."""
    newest = next(iter((*_ailing(group), *(each.id for each in died))), "")
    if not settings.console or not newest:
        return ()
    output = sources.ask("the console", lambda: endings.console(aws, newest))
    text = " ".join(redact(output or "").split())
    return (f"{newest}: {text[-LONGEST:]}",) if text else ()
