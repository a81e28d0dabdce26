"""The facts as a judge needs them: which targets count, which are ill, and how much may be touched."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import floor

from remediation.core.verdict import Attempt
from restart_unhealthy_targets.facts import IN_SERVICE, NOT_RUNNING, SICK, Backend, Facts, Judged
from restart_unhealthy_targets.settings import Settings

LEAVING = frozenset({"draining", "unhealthy.draining"})
RESTING = frozenset({IN_SERVICE, "Standby"})
"""Lifecycle states of instances that their group is not about to change."""
REPLACING = ("HealthCheck", "Launch", "ReplaceUnhealthy", "Terminate")
"""Processes that an Auto Scaling group needs to replace an unhealthy instance."""


def within_blast_radius(total: int, unhealthy: int, healthy: int, fraction: float) -> bool:
    """Tell whether so few are unhealthy that one may be touched, even if it should still serve (hazard R1)."""
    return total >= 2 and healthy >= 1 and 1 <= unhealthy <= max(1, floor(round(fraction * total, 9)))


@dataclass(frozen=True)
class Case:
    """Facts, settings, what was tried, and the time."""

    facts: Facts
    settings: Settings
    tried: tuple[Attempt[Judged], ...]
    now: datetime

    @cached_property
    def counted(self) -> tuple[Backend, ...]:
        """The targets that are not on their way out."""
        return tuple(target for target in self.facts.targets if target.state not in LEAVING)

    @cached_property
    def healthy(self) -> tuple[Backend, ...]:
        """Those that serve."""
        return tuple(target for target in self.counted if target.state == "healthy")

    @cached_property
    def serving(self) -> tuple[Backend, ...]:
        """Those of the healthy that their Auto Scaling group counts on (hazard R6)."""
        return tuple(target for target in self.healthy if target.lifecycle == IN_SERVICE)

    @cached_property
    def unhealthy(self) -> tuple[Backend, ...]:
        """Those that fail their checks, for whatever reason."""
        return tuple(target for target in self.counted if target.state == "unhealthy")

    @cached_property
    def candidates(self) -> tuple[Backend, ...]:
        """Those of them that are for us, now."""
        return tuple(target for target in self.counted if target.state != "healthy" and self.not_yet(target) is None)

    @cached_property
    def small(self) -> bool:
        """Whether it is about few enough targets."""
        fraction = self.settings.max_unhealthy_fraction
        return within_blast_radius(len(self.counted), len(self.unhealthy), len(self.healthy), fraction)

    @cached_property
    def eligible(self) -> tuple[Backend, ...]:
        """Those of the candidates that may be touched: first the one that was, and what is dead at any fraction."""
        pool = tuple(target for target in self.candidates if self.attempts(target)) or self.candidates
        return pool if self.small else tuple(target for target in pool if target.inspection and target.inspection.dead)

    @cached_property
    def moving(self) -> tuple[str, ...]:
        """What the Auto Scaling group is doing, instance by instance."""
        members = self.facts.asg.members if self.facts.asg else ()
        return tuple(f"{member.id} is {member.lifecycle}" for member in members if member.lifecycle not in RESTING)

    @cached_property
    def short(self) -> str:
        """What the Auto Scaling group lacks to be complete, if anything."""
        asg = self.facts.asg
        if asg is None:
            return ""
        if self.moving:
            return "; ".join(self.moving)
        serving = {member.id for member in asg.members if member.lifecycle == IN_SERVICE}
        if len(serving) < asg.desired:
            return f"{len(serving)} of {asg.desired} instances are in service"
        missing = sorted(serving - {target.id for target in self.counted})
        return f"{', '.join(missing)} not registered" if missing else ""

    @cached_property
    def loop(self) -> tuple[str, ...]:
        """The instances that the Auto Scaling group replaced lately because the load balancer found them unhealthy."""
        since = self.now - self.settings.replaced_within
        return tuple(replaced.instance for replaced in self.facts.replacements if replaced.at >= since)

    @cached_property
    def suspended(self) -> tuple[str, ...]:
        """The processes that are suspended but needed to replace an instance."""
        return tuple(process for process in REPLACING if self.facts.asg and process in self.facts.asg.suspended)

    @cached_property
    def deployed_at(self) -> datetime | None:
        """The last change that the unhealthy targets have in common, as far as AWS knows."""
        changes = [self.facts.template_created_at]
        if self.facts.refresh:
            changes += [self.facts.refresh.started_at, self.facts.refresh.ended_at]
        return max((at for at in changes if at is not None), default=None)

    @cached_property
    def dependencies_up(self) -> bool:
        """Whether it is proven that MongoDB and Redis can be used: a healthy target has just said so."""
        looked = (target.inspection for target in self.candidates)
        return bool(self.healthy) or any(inspection is not None and inspection.dependencies_up for inspection in looked)

    def attempts(self, target: Backend) -> tuple[Attempt[Judged], ...]:
        """Return what this run tried on a target."""
        return tuple(attempt for attempt in self.tried if attempt.target.id == target.id)

    def grace_ends(self, target: Backend) -> datetime | None:
        """Return when an instance has had the time to become healthy by itself (hazard R5)."""
        if target.launched_at is None or self.facts.asg is None:
            return None
        return target.launched_at + max(self.facts.asg.grace, self.settings.grace_at_least)

    def not_yet(self, target: Backend) -> str | None:
        """Say why a target that is not healthy is not for us now, if so (hazards R4, R5)."""
        asg, grace_ends = self.settings.asg, self.grace_ends(target)
        if (target.state, target.reason) not in SICK:
            return f"{target.id} is {target.state} ({target.reason or 'no reason given'})"
        if not target.lifecycle:
            return f"{target.id} is not a member of {asg}"
        if target.lifecycle != IN_SERVICE:
            return f"{target.id} is {target.lifecycle} in {asg}"
        if grace_ends is None:
            return f"{target.id} could not be looked up in EC2"
        if self.now < grace_ends:
            return f"{target.id} is young and has until {grace_ends:%H:%M:%S} UTC to become healthy"
        if self.recovering(target):
            return f"{target.id} answers since its container was started a moment ago, and the load balancer is yet to notice"
        return None

    def recovering(self, target: Backend) -> bool:
        """Tell whether somebody has just restarted the container, and it helped."""
        inspection = target.inspection
        if inspection is None or inspection.http != 200 or inspection.started_at == NOT_RUNNING:
            return False
        return self.now - datetime.fromisoformat(inspection.started_at) < self.settle

    @property
    def checked(self) -> timedelta:
        """How long the load balancer takes to find a target healthy."""
        return self.facts.group.healthy_threshold * self.facts.group.interval

    @property
    def settle(self) -> timedelta:
        """How long a restart takes to show."""
        return self.checked + self.settings.warm_up
