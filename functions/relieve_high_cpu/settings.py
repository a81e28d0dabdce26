"""What differs between environments: the group, when it is hot, what it leans on, and what the next size costs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.spec import Place


class Dependency(Struct, frozen=True, kw_only=True):
    """How full something is that the application leans on: a metric, and the value at which it is full (hazard C4)."""

    name: str
    """As people call it: `Redis connections`."""
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    full: Annotated[float, Meta(gt=0)]
    statistic: str = "Maximum"
    per_instance: bool = True
    """Whether every instance of the application uses as much of it, as it does of connections."""


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are those of StartTech's `dev` (FACTS.md, section 1), and of HAZARDS.md, section 1.5."""

    asg: str = "dev-backend-asg"
    target_group: str = "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
    load_balancer: str = "app/dev-alb-v2/50dc6c495c0c9188"
    """As in the dimensions of their metrics."""

    hot: float = 70.0
    """Percent of CPU that is too much; that of the environment's own alarm."""
    period: timedelta = timedelta(minutes=5)
    """How often CloudWatch has a value; five minutes is EC2's basic monitoring. With less an instance has none in most periods."""
    evaluate: int = 5
    breach: int = 3
    """Hazard C6: so many of the last so many periods have to be too high; one without a value is not."""
    warm_up: timedelta = timedelta(minutes=5)
    """Hazard C6: what an instance does so soon after its launch, or a group so soon after it grew, says nothing."""
    out_of_line_for: timedelta = timedelta(minutes=30)
    """One instance that is hot for so long while the others are not is replaced, if a person agrees."""
    out_of_line_by: float = 25.0
    """So many points of CPU it has to be above the mean of the others: less is no more than work that is shared unevenly."""
    load_factor: float = 1.2
    """So many times the usual requests are load; with fewer, high CPU is the application's doing (hazard C5)."""
    headroom: float = 0.2
    """Hazard C4: so much of a database and a cache has to be left after a step; and of the CPU of the others while one is
    replaced."""
    databases: tuple[Dependency, ...] = ()
    caches: tuple[Dependency, ...] = ()
    """What the application leans on. Where one of the two is empty its headroom is unknown, and unknown is none."""
    baseline_factor: float = 2.0
    """Hazard C1: no more than so many times the instances of the last 24 hours."""
    policy_exhausted_after: timedelta = timedelta(minutes=20)
    """A policy whose alarm is on for so long and that has launched nothing does not work, nor does one whose alarm is not on
    though the group is hot for so long: it follows something else."""
    steps: int = 2
    steps_within: timedelta = timedelta(hours=2)
    """Hazard C5: after so many steps within so long that did not help, a person is called."""
    credits_gone: float = 1.0
    """An instance with fewer CPU credits than that has none; in standard mode it is slowed down."""

    instance_type: str = "t3.medium"
    next_type: str = "t3.large"
    """The size that comes next, as Terraform calls it."""
    hourly: float = 0.0
    next_hourly: float = 0.0
    """What an instance of this and of the next type costs per hour in US dollars, so far as you know; 0: unknown."""
    answer_within: timedelta = timedelta(seconds=20)
    """How long an instance may take to say what keeps it busy."""

    def targets(self, place: Place) -> str:
        """Return the ARN of the target group."""
        return f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:{self.target_group}"


class Incident(Struct, frozen=True, kw_only=True):
    """Which Auto Scaling group; empty: the environment's."""

    group: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{0,255}\Z")] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why a group is not this environment's, if it is not."""
    if incident.group in {"", settings.asg}:
        return None
    return f"the Auto Scaling group {incident.group!r} is not {settings.asg}"
