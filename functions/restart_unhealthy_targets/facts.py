"""What a look at a target group finds out."""

from datetime import datetime

from msgspec import Struct

from remediation.aws.autoscaling import Group, Refresh, Replacement
from remediation.aws.elbv2 import TargetGroup
from remediation.core.spec import Place
from remediation.core.verdict import Target

IN_SERVICE = "InService"
SICK = frozenset(
    ("unhealthy", reason) for reason in ("Target.FailedHealthChecks", "Target.Timeout", "Target.ResponseCodeMismatch")
)
"""Hazard R4: of 7 states and 12 reasons, the pairs that say that the target itself is ill."""
NOT_RUNNING = "none"
"""Instead of a container's start, where it is not running."""
REFUSED = 7
"""curl's exit code for a refused connection: nobody listens."""
CLOSED = frozenset({52, 56})
"""curl's exit codes for a connection that was closed without an answer, and for one that was reset: what Docker's own
proxy does when nobody in the container listens, and also what an application does whose handler of that one path
crashes. A time-out (28) is none of them: a slow application may still serve."""


class Inspection(Struct, frozen=True, kw_only=True):
    """What our document `inspect-container` saw on an instance."""

    container: str
    """Docker's word for its state; `missing`, or `unknown` where Docker does not answer."""
    started_at: str = NOT_RUNNING
    """To the nanosecond, as Docker prints it: it tells this start of the container from every other."""
    restarts: int = 0
    """How often Docker restarted it by itself."""
    http: int = 0
    """The status of `/health` on the instance itself; 0 where there was no answer."""
    curl: int = 0
    ping: int = 0
    """curl's exit code for a second path, one without dependencies; asked only where the first connection was CLOSED."""
    body: str = ""
    database: str = ""
    cache: str = ""
    """What the body says of the dependencies: ok, down, not connected, disabled; empty where it does not say."""
    mongodb: str = ""
    mongodb_at: str = ""
    redis: str = ""
    redis_at: str = ""
    """Whether the instance can open a TCP connection (yes, no, unknown, disabled); asked only where the application
    does not answer."""
    logs: tuple[str, ...] = ()

    @property
    def dead(self) -> bool:
        """Tell whether the container is not running or nothing answers on its port: a restart takes nothing away."""
        stopped = self.container in {"missing", "created", "restarting", "removing", "exited", "dead"}
        silent = self.curl == REFUSED or (self.curl in CLOSED and self.ping in {REFUSED, *CLOSED})
        return stopped or (self.container == "running" and silent)

    @property
    def dependencies_down(self) -> tuple[str, ...]:
        """Return the dependencies that this instance cannot use."""
        mongodb = self.database in {"down", "not connected"} or self.mongodb == "no"
        redis = self.cache in {"down", "not connected"} or self.redis == "no"
        return ("MongoDB",) * mongodb + ("Redis",) * redis

    @property
    def dependencies_up(self) -> bool:
        """Tell whether this instance proves that MongoDB and Redis can be used. Unknown proves nothing."""
        mongodb = self.database == "ok" or self.mongodb == "yes"
        redis = self.cache in {"ok", "disabled"} or self.redis in {"yes", "disabled"}
        return mongodb and redis and not self.dependencies_down


class Backend(Struct, frozen=True, kw_only=True):
    """One registered target: what the load balancer, the Auto Scaling group and the instance say of it."""

    id: str
    port: int
    state: str
    reason: str = ""
    description: str = ""
    lifecycle: str = ""
    """Empty where it is not a member of the group."""
    launched_at: datetime | None = None
    """None where it was not asked, or the instance does not exist any more."""
    security_groups: tuple[str, ...] = ()
    port_open: bool | None = None
    """Whether they let the load balancer in; None where that cannot be told."""
    in_ssm: bool = False
    inspection: Inspection | None = None
    unanswered: str = ""
    """Why there is no inspection, where one was asked for."""


class Facts(Struct, frozen=True, kw_only=True):
    """A target group, its targets, and what goes on around them. What a healthy group makes irrelevant is not asked."""

    place: Place
    group: TargetGroup
    targets: tuple[Backend, ...]
    asg: Group | None
    refresh: Refresh | None = None
    replacements: tuple[Replacement, ...] = ()
    template_created_at: datetime | None = None
    """Of the launch template version that the unhealthy targets run; asked where there is more than one of them."""
    balancer_groups: tuple[str, ...] = ()
    """Security groups that the load balancer's traffic comes from."""


class Judged(Target, frozen=True, kw_only=True):
    """An instance as it was judged: what an act insists on."""

    group: str
    """ARN of the target group in which it is unhealthy."""
    port: int
    started_at: str = NOT_RUNNING
    """The start of its container; nothing is restarted that has started since."""
    dead: bool = False
    """Whether it cannot serve, so that it may be touched however many others are unhealthy (hazard R1)."""
