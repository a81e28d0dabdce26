"""Signs of life of a lock's holder. Each source says one of: alive, dead (it ended), silent, or that it cannot be asked.

The rule of the domain (FACTS.md, section 4): absence of signs is not death, and a source that cannot be asked is alive.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from clear_stale_lock import github
from clear_stale_lock.facts import Life, Sign
from clear_stale_lock.jobs import Job
from clear_stale_lock.settings import Settings
from remediation.aws.cloudtrail import role_of
from remediation.aws.secrets import SecretShapeError
from remediation.aws.terraform import LockInfo
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

WROTE_LATELY = timedelta(minutes=20)
"""CloudTrail tells of a call within 15 minutes."""
NAMED = ("ip-", "i-")
"""How EC2 names hosts: by their private address, or by the instance's id."""
ALIVE_STATES = frozenset({"pending", "running", "stopping"})
_PAGES = 5
MOST_BUILDS = 1_000
LONGEST_BUILD = timedelta(hours=36)
"""CodeBuild ends a build after so long at the latest (its largest time-out)."""

Answer = tuple[Life, str]


def signs(aws: "Clients", settings: Settings, info: LockInfo, now: datetime) -> tuple[Sign, ...]:
    """Ask every source that is configured."""
    return tuple(_asked(aws, settings, info, now))


def _asked(aws: "Clients", settings: Settings, info: LockInfo, now: datetime) -> Iterator[Sign]:
    if settings.github:
        yield _sign("GitHub Actions", lambda: judged(github.jobs(aws, settings, info.created or now), info))
    for project in settings.codebuild:
        yield _sign(f"CodeBuild {project}", partial(_build_life, aws, project, info))
    if info.host.startswith(NAMED):
        yield _sign("EC2", lambda: _instance(aws, info))
    if settings.ci_role:
        yield _sign("CloudTrail", lambda: _writes(aws, settings.ci_role, now - WROTE_LATELY))


def _sign(source: str, ask: Callable[[], Answer]) -> Sign:
    try:
        says, about = ask()
    except (AwsError, github.GitHubError, SecretShapeError) as error:
        says, about = "unknown", str(error)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        says, about = "unknown", f"its answer cannot be understood ({type(error).__name__})"
    return Sign(source=source, says=says, about=about)


def judged(jobs: list[Job], info: LockInfo) -> Answer:
    """Say what a CI's jobs mean: any that is on may be the holder; the one that was on when it locked has ended."""
    running = [job.name for job in jobs if job.ended_at is None]
    if running:
        return "alive", f"{running[0]} is running or about to"
    if info.created is None:
        return "silent", "nothing is running, and when it was locked is not known"
    covering = [job for job in jobs if job.covers(info.created)]
    if not covering:
        return "silent", "nothing is running, and no job is known that was when it was locked"
    last = covering[-1]
    return "dead", f"{last.name}, which was running when it was locked, ended ({last.ended_as or 'ended'})"


def _builds(aws: "Clients", project: str, locked_at: datetime | None) -> list[Job]:
    """Return the builds of a project, newest first, back to before any that could have locked. Raises AwsError."""
    found: list[Job] = []
    for page in aws.codebuild.get_paginator("list_builds_for_project").paginate(
        projectName=project, sortOrder="DESCENDING", PaginationConfig={"MaxItems": MOST_BUILDS}
    ):
        found += _described(aws, page["ids"])
        if found and locked_at is not None and found[-1].started_at < locked_at - LONGEST_BUILD:
            return found
    if len(found) >= MOST_BUILDS:
        sentence = (
            f"There are more than {MOST_BUILDS} builds of {project} since it was locked, too many to look through."
        )
        raise AwsError(sentence, operation="CodeBuild:ListBuildsForProject", code="TooMany")
    return found


def _described(aws: "Clients", ids: list[str]) -> list[Job]:
    if not ids:
        return []
    return [
        Job(
            name=f"build {build['id']}",
            started_at=build["startTime"].astimezone(UTC),
            ended_at=None if build["buildStatus"] == "IN_PROGRESS" else build["endTime"].astimezone(UTC),
            ended_as=build["buildStatus"],
        )
        for build in aws.codebuild.batch_get_builds(ids=ids)["builds"]
    ]


def _build_life(aws: "Clients", project: str, info: LockInfo) -> Answer:
    return judged(_builds(aws, project, info.created), info)


def _instance(aws: "Clients", info: LockInfo) -> Answer:
    """Say whether the instance lives that is called as the holder was. One that was launched later only got its name."""
    host, since = info.host, info.created
    name = host if "." in host else f"{host}.*"
    found = aws.ec2.describe_instances(Filters=[{"Name": "private-dns-name", "Values": [name]}])
    instances = [instance for reservation in found["Reservations"] for instance in reservation["Instances"]]
    for instance in instances:
        if instance["State"]["Name"] in ALIVE_STATES:
            return "alive", f"{instance['InstanceId']} ({host}) is {instance['State']['Name']}"
    instances = [each for each in instances if since is not None and each["LaunchTime"].astimezone(UTC) <= since]
    if instances:
        return "dead", f"{instances[0]['InstanceId']} ({host}) is {instances[0]['State']['Name']}"
    return "silent", f"no instance is called {host}"


def _writes(aws: "Clients", role: str, since: datetime) -> Answer:
    pages = aws.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
        StartTime=since,
        PaginationConfig={"MaxItems": 50 * _PAGES},
    )
    seen = 0
    for page in pages:
        for event in page["Events"]:
            seen += 1
            if role_of(event.get("CloudTrailEvent", "")) == role:
                return "alive", f"{role} called {event.get('EventName', 'something')} at {event['EventTime']:%H:%M:%S}"
    if seen >= 50 * _PAGES:
        return "unknown", f"there are more than {seen} writes in 20 minutes, too many to look through"
    return "silent", f"{role} has changed nothing in 20 minutes"
