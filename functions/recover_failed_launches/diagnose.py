"""Look at a group, what it tried, and, where something is wrong, at everything that a launch needs. Reads only.

A group that is complete takes three calls. Whatever else is asked is asked by itself: what cannot be read is named, and the
diagnosis goes on without it (hazard A5).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from recover_failed_launches.causes import Cause, classify
from recover_failed_launches.deaths import quoted
from recover_failed_launches.facts import Checked, Facts, Since, Tried
from recover_failed_launches.instances import boots, consoles, died, status_checks, taken_out
from recover_failed_launches.settings import Incident, Settings
from recover_failed_launches.sources import Sources
from remediation.aws import endings, launches, network, pulling, templates
from remediation.aws.launches import Activity, Group, Refresh
from remediation.aws.templates import Container, Version

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST_QUOTED = 30
"""Activities whose text is kept; of older ones the class of it has to do."""
WATCHED = timedelta(minutes=15)
"""What was not looked at for so long may have been otherwise meanwhile: since when it is so begins anew. A run that waits looks every
two minutes, and the sweep offers an alarm whose run was refused every five. It also begins anew while people are asked, who have half
an hour, and while the sweep lets an alarm rest, which is as long: then there is one more look, and one more `starting`."""
_FAILED = frozenset({"Failed", "Cancelled"})


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or what it tried cannot be read."""
    group = _quoting(launches.group(aws, incident.asg))
    facts = Facts(place=aws.place, asg=incident.asg, group=group)
    if group is None:
        return facts
    sources, now = Sources(), aws.now()
    since = now - settings.recent
    activities = launches.activities(aws, incident.asg, min(since, now - settings.dies_within))
    refresh = _told(launches.refresh(aws, group))
    tried = tuple(_tried(each, quote=n < MOST_QUOTED) for n, each in enumerate(activities))
    launched, seen = launches.launched(activities), _seen(aws, sources, group)
    facts = msgspec.structs.replace(facts, tried=tried, launched=launched, refresh=refresh, since=seen)
    lately = tuple(each for each in activities if each.at >= since)
    if _complete(group, lately, refresh, since) and sum(map(taken_out, lately)) < settings.deaths:
        return facts
    return _closer(aws, settings, sources, facts, group, lately, since)


def _seen(aws: "Clients", sources: Sources, group: Group) -> Since | None:
    """Return since when the group is short; a look at a complete one ends that."""
    serving = group.serving
    what, mark = "short" if serving < group.desired else "complete", "serves" if serving else "dark"
    look = partial(aws.sightings.see, f"launches/{group.name}", what, mark, within=WATCHED)
    seen = sources.ask("since when it is so", look)
    if seen is None or what == "complete":
        return None
    return Since(short=seen.at, dark=None if serving else seen.moved_at)


def _complete(group: Group, lately: tuple[Activity, ...], refresh: Refresh | None, since: datetime) -> bool:
    troubled = refresh is not None and (refresh.active or failed_since(refresh, since))
    stuck = any(each.kind == "terminate" and each.status in _FAILED for each in lately)
    return group.serving >= group.desired and not troubled and not stuck


def failed_since(refresh: Refresh, since: datetime) -> bool:
    """Tell whether a refresh failed lately. What failed weeks ago stays the newest refresh until there is another one."""
    at = refresh.ended_at or refresh.started_at
    return refresh.failed and at is not None and at >= since


def _quoting(group: Group | None) -> Group | None:
    if group is None:
        return None
    suspended = tuple(msgspec.structs.replace(each, reason=quoted(each.reason)) for each in group.suspended)
    return msgspec.structs.replace(group, suspended=suspended)


def _told(refresh: Refresh | None) -> Refresh | None:
    return msgspec.structs.replace(refresh, reason=quoted(refresh.reason)) if refresh else None


def _tried(activity: Activity, *, quote: bool) -> Tried:
    """Return an activity as a fact. It is classified from the whole text: redacting may take words out that matter."""
    failed = activity.status in _FAILED
    return Tried(
        kind=activity.kind,
        status=activity.status,
        at=activity.at,
        cause=classify(activity.status, activity.message) if failed else None,
        said=quoted(activity.message) if failed and quote else "",
        zone=activity.zone,
        instance=activity.instance,
    )


# ------------------------------------------------------------------------------------------------------ a closer look


def _closer(  # noqa: PLR0917 - what was read already
    aws: "Clients",
    settings: Settings,
    sources: Sources,
    facts: Facts,
    group: Group,
    lately: tuple[Activity, ...],
    since: datetime,
) -> Facts:
    wanted = _wanted(aws, sources, group, facts.refresh)
    earlier = tuple(_earlier(aws, sources, group, wanted))
    checked = _checked(aws, settings, sources, wanted)
    given_up = _given_up(aws, sources, group, facts.refresh, since)
    causes = {each.cause for each in facts.tried if each.failed}
    started = boots(aws, settings, sources, group, wanted.source if wanted else None)
    ended = tuple(died(aws, sources, lately))
    return msgspec.structs.replace(
        facts,
        wanted=checked,
        earlier=tuple(each for old in earlier if (each := _checked(aws, settings, sources, old)) is not None),
        given_up=_checked(aws, settings, sources, given_up),
        denied=_denied(aws, settings, sources, checked),
        subnets=sources.ask("the subnets", lambda: network.subnets(aws, group.subnets)),
        quota=_quota(aws, sources, wanted) if Cause.QUOTA in causes else None,
        boots=started,
        died=ended,
        checks=tuple(status_checks(aws, sources, group)),
        consoles=consoles(aws, settings, sources, group, ended),
        unread=tuple(sources.unread),
    )


def _wanted(aws: "Clients", sources: Sources, group: Group, refresh: Refresh | None) -> Version | None:
    """Return the version that is launched: of the refresh that is on, else of the group, to which also a rollback leads."""
    deploying = refresh is not None and refresh.active and refresh.status != "RollbackInProgress"
    if refresh and deploying and refresh.unclear:
        why = "the instance refresh that is on names another launch template by its name, or a mix of instance types"
        sources.cannot("the version that is deployed", why)
        return None
    source = (refresh.source if refresh and deploying else None) or group.source
    if source is None:
        sources.cannot("the launch template", "the group uses a launch configuration, or names none by its id")
        return None
    return sources.ask("the launch template", lambda: templates.version(aws, source.template, source.version))


def _earlier(aws: "Clients", sources: Sources, group: Group, wanted: Version | None) -> Iterator[Version]:
    """Yield the other versions of the same template that members run."""
    launched = wanted.source if wanted else group.source
    runs = {
        (each.source.template, each.source.version) for each in group.members if each.source and each.source != launched
    }
    for template, number in sorted(runs):
        if launched is None or template != launched.template:
            continue
        found = sources.ask(f"version {number}", partial(templates.version, aws, template, number))
        if found is not None:
            yield found


def _given_up(
    aws: "Clients", sources: Sources, group: Group, refresh: Refresh | None, since: datetime
) -> Version | None:
    """Return the version of a refresh that failed lately, where it is not what the group itself says."""
    source = refresh.source if refresh and failed_since(refresh, since) else None
    if source is None or source == group.source:
        return None
    ask = partial(templates.version, aws, source.template, source.version)
    return sources.ask("the version whose deploy failed", ask)


def _checked(aws: "Clients", settings: Settings, sources: Sources, version: Version | None) -> Checked | None:
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


def _image(aws: "Clients", sources: Sources, version: Version, which: str) -> str | None:
    if not version.image.startswith("ami-"):
        sources.cannot(f"the image {which}", "it is none by its id: a parameter of Systems Manager may name it")
        return None
    return sources.ask(f"the image {which}", lambda: templates.image_state(aws, version.image))


def _tag(aws: "Clients", settings: Settings, sources: Sources, version: Version, which: str) -> bool | None:
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


def _denied(aws: "Clients", settings: Settings, sources: Sources, wanted: Checked | None) -> tuple[str, ...] | None:
    """Ask IAM whether the instances' role may pull; only of the one role that the settings name."""
    role = wanted.role if wanted else None
    if not role or not settings.repository:
        return None
    if role.rpartition("/")[2] != settings.role:
        sources.cannot("what the role may do", f"the profile's role is not {settings.role}, the one in the settings")
        return None
    return sources.ask("what the role may do", lambda: pulling.denied(aws, role, settings.repository))


def _quota(aws: "Clients", sources: Sources, wanted: Version | None) -> int | None:
    return sources.ask("the vCPU quota", lambda: endings.vcpu_quota(aws, wanted.type)) if wanted else None
