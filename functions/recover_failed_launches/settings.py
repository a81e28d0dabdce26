"""What differs between environments, and the incident: which Auto Scaling group it is about."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.spec import Place


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are those of StartTech's `dev` (FACTS.md, section 1), and of HAZARDS.md, section 1.4."""

    asg: str = "dev-backend-asg"
    """The one group that is looked after."""
    in_service_at_least: int = 2
    """The group's minimum, which our own alarms compare with. They count instances: where those have weights, say how many
    of them the minimum takes."""
    repository: str = "dev-starttech-backend"
    """The repository in ECR that the instances pull from; empty: whether they can is not looked at."""
    tag: str = ""
    """The image's tag, where user data does not name it in plain words; empty: what user data names."""
    role: str = "dev-ec2-role"
    """The instances' role; empty: what it may do is not looked at."""
    instance_profile: str = "dev-ec2-profile"
    """The instance profile that holds it."""
    container: str = "backend"
    """The name given to `docker run --name` (user_data.sh)."""
    console: bool = False
    """Hazard A2: whether to read the console of an instance that died. It may hold secrets, so it is off."""

    may_launch: bool = False
    """Whether the function may start an instance refresh with another version. AWS takes that from nobody who may not also
    launch instances and pass on their role, which the boundary denies (docs/compute.md): without it, a person starts it."""

    recent: timedelta = timedelta(hours=1)
    """What is older is not what is wrong now."""
    patience: timedelta = timedelta(minutes=20)
    """How long Auto Scaling may try by itself against what passes (no capacity), and an instance take to leave, before a person
    is told."""
    starting: timedelta = timedelta(minutes=10)
    """How long an instance may take until it is in service, and a refresh go on while nothing serves; longer is too long."""
    dies_within: timedelta = timedelta(minutes=20)
    """An instance that is taken out as unhealthy so soon after its launch never came up."""
    deaths: int = 2
    """So many instances that were launched and ended within `recent` are no accident."""
    maintenance_at_most: timedelta = timedelta(hours=8)
    """No maintenance takes longer (hazard W3): a process that is suspended for longer was left behind by one."""
    warm_up: timedelta = timedelta(seconds=60)
    """How long an instance refresh of ours lets a new instance get ready."""
    answer_within: timedelta = timedelta(seconds=15)
    """How long an instance may take to answer with its log."""


class Incident(Struct, frozen=True, kw_only=True):
    """Which Auto Scaling group, by its name."""

    asg: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,254}\Z")]


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why a group is not this environment's, if it is not."""
    if incident.asg != settings.asg:
        return f"the Auto Scaling group {incident.asg!r} is not {settings.asg}, which is the one that is looked after"
    return None
