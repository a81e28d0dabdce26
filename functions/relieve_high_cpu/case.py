"""The facts as a judge needs them: which instances count, which are hot, whether load explains it, and what would scale."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil

from relieve_high_cpu.credits import held, poor
from relieve_high_cpu.facts import Facts, Fullness, Instance
from relieve_high_cpu.heat import Heat
from relieve_high_cpu.settings import Settings
from relieve_high_cpu.step import larger
from remediation.aws import scaling
from remediation.aws.autoscaling import Group
from remediation.aws.group_commands import suspended
from remediation.aws.scaling import IN_SERVICE, OUT, Asked, Policy, Size
from remediation.core.sweep import DescribedAlarm
from remediation.core.verdict import Attempt, Target

SCALE = "scale-out"
REPLACE = "replace-instance"
NEEDED = ("AlarmNotification", *OUT)
"""Processes that a group needs for a policy to make it larger, and for that to help."""
REACTIVE = frozenset({"SimpleScaling", "StepScaling", "TargetTrackingScaling"})
"""Kinds of policies that follow what the load is; a predictive one follows what it was."""
TOGETHER = timedelta(minutes=2)
"""What is told of by two clocks, or follows from one request, is no further apart."""


@dataclass(frozen=True)
class Case:
    """Facts, settings, what was tried, and the time. Only for a group that is there."""

    facts: Facts
    settings: Settings
    tried: tuple[Attempt[Target], ...]
    now: datetime

    @cached_property
    def group(self) -> Group:
        """The group."""
        assert self.facts.group is not None, "there is one"
        return self.facts.group

    # ------------------------------------------------------------------------------------------------------ how hot

    @cached_property
    def heat(self) -> Heat:
        """How hot it is, judged by what was since this run acted, if it did."""
        acted = tuple(attempt.at for attempt in self.tried if attempt.result != "failed")
        return Heat(self.facts.instances, self.settings, acted, self.now)

    @cached_property
    def alone(self) -> Instance | None:
        """The one instance that is out of line. Where the group as a whole has too much load it is not about one."""
        loaded_as_a_whole = self.heat.is_hot(self.heat.cpu) and self.loaded
        return None if loaded_as_a_whole else self.heat.out_of_line

    @cached_property
    def others(self) -> int:
        """How many are in service and healthy besides the one that is out of line."""
        serving = [each.id for each in self.facts.instances if each.lifecycle == IN_SERVICE and each != self.alone]
        return sum(id_ in (self.facts.healthy or ()) for id_ in serving)

    def alone_at(self, others: int) -> float:
        """Return the mean CPU of so many others while the one that is out of line is replaced: its requests are theirs then."""
        assert self.alone is not None, "who asks has made sure of it"
        return (self.heat.beside(self.alone) or 0.0) * (self.others + 1) / others

    @cached_property
    def enough(self) -> int:
        """How many others it takes before one goes (hazard R6): the minimum, and as many as can take over its requests."""
        most = 100 * (1 - self.settings.headroom)
        return max(1, self.group.min_size, ceil(self.alone_at(1) / most - 1e-9))

    @cached_property
    def fleet_hot(self) -> bool:
        """Whether the group as a whole is hot."""
        return self.alone is None and self.heat.is_hot(self.heat.cpu)

    # ----------------------------------------------------------------------------------------------------- its load

    @cached_property
    def loaded(self) -> bool | None:
        """Whether there are more requests than usual; None where that is unknown."""
        requests = self.facts.requests
        if requests.now is None or requests.usual is None:
            return None
        return requests.now >= self.settings.load_factor * requests.usual and requests.now > 0

    @cached_property
    def slowed(self) -> tuple[Instance, ...]:
        """The instances that are slowed down, or may be, because their CPU credits are gone; few of them are hot."""
        return tuple(
            each
            for each, points in self.heat.warmed.items()
            if poor(each, self.settings, self.now) and held(each, points, self.settings, loaded=self.loaded)
        )

    @cached_property
    def throttled(self) -> bool:
        """Whether that is so of half of the instances: then a CPU that is not too much says nothing."""
        return bool(self.slowed) and 2 * len(self.slowed) >= len(self.heat.mature)

    @cached_property
    def unwell(self) -> tuple[Instance, ...]:
        """The instances in service that are no healthy targets."""
        serving = [each for each in self.facts.instances if each.lifecycle == IN_SERVICE]
        healthy = self.facts.healthy
        return () if healthy is None else tuple(each for each in serving if each.id not in healthy)

    @cached_property
    def ill(self) -> tuple[Instance, ...]:
        """Those of them that do not warm up any more, and yet take no requests: the others bear their load."""
        return tuple(each for each in self.unwell if each in self.heat.mature)

    @cached_property
    def unregistered(self) -> tuple[Instance, ...]:
        """The instances in service that are no targets at all: nothing makes them any but a person."""
        return tuple(each for each in self.unwell if each.id not in self.facts.registered)

    @cached_property
    def shared(self) -> float | None:
        """How busy each would be if all took requests, where that makes the difference; None where it makes none."""
        of_all = {each: points[-1].value for each, points in self.heat.warm.items() if points}
        bearing = [value for each, value in of_all.items() if each not in self.ill]
        if not self.ill or not of_all:
            return None
        if not bearing:
            return 0.0
        then = sum(bearing) / len(of_all)
        return then if then < self.settings.hot <= sum(bearing) / len(bearing) else None

    # -------------------------------------------------------------------------------------------- what makes it grow

    @cached_property
    def doing(self) -> tuple[str, ...]:
        """What the group is doing now."""
        return scaling.at_work(self.group, self.facts.history.unfinished)

    @cached_property
    def in_service(self) -> int:
        """How many instances are in service."""
        return sum(each.lifecycle == IN_SERVICE for each in self.facts.instances)

    @cached_property
    def number(self) -> int:
        """How many instances the group has: as many as it wants, or more where none of those beyond that may go."""
        return max(self.group.desired, self.in_service)

    @cached_property
    def suspended(self) -> tuple[str, ...]:
        """The processes that are suspended but needed for a policy to make the group larger, and for that to help."""
        return tuple(process for process in NEEDED if process in self.group.suspended)

    @cached_property
    def outward(self) -> tuple[Policy, ...]:
        """The policies that can make the group larger when it is busy."""
        reactive = [policy for policy in self.facts.policies if policy.kind in REACTIVE]
        return tuple(policy for policy in reactive if policy.adds_to(self.group.desired))

    def broken(self, policy: Policy) -> str:
        """Say why a policy will not make the group larger; nothing if it works."""
        if not policy.enabled:
            return f"{policy.name} is disabled"
        if self.suspended:
            return f"{policy.name} cannot help: {suspended(self.suspended)}"
        alarms = [alarm for alarm in self.facts.alarms if alarm.name in policy.alarms]
        if not alarms:
            return f"no alarm is there that {policy.name} follows"
        if not any(alarm.actions_enabled and alarm.state != "INSUFFICIENT_DATA" for alarm in alarms):
            return f"{', '.join(alarm.name for alarm in alarms)} cannot start {policy.name}: its actions are disabled, or it has no data"
        on = [alarm for alarm in alarms if alarm.actions_enabled and alarm.state == "ALARM"]
        if on and all(self._in_vain(alarm) for alarm in on):
            minutes = round(self.settings.policy_exhausted_after.total_seconds() / 60)
            return f"{policy.name} has launched nothing though {on[0].name} is on for more than {minutes} minutes"
        hot_for = self.heat.hot_for(self.heat.cpu)
        if not on and hot_for >= self.settings.policy_exhausted_after:
            names, minutes = ", ".join(alarm.name for alarm in alarms), round(hot_for.total_seconds() / 60)
            return (
                f"{policy.name} follows something else: {names} is not on though CPU is too high for {minutes} minutes"
            )
        return ""

    def _in_vain(self, alarm: DescribedAlarm) -> bool:
        since, patience = alarm.transitioned_at, self.settings.policy_exhausted_after
        if since is None or self.now - since < patience:
            return False
        return not any(at >= self.now - patience for at in self._launched_by_itself)

    @cached_property
    def _launched_by_itself(self) -> tuple[datetime, ...]:
        """When the group launched something that nobody had asked for by its size, neither a person nor we."""
        history = self.facts.history
        began = [launch.started_at for launch in history.launches]
        return tuple(at for at in began if not any(abs(at - asked.at) < TOGETHER for asked in history.asked))

    @cached_property
    def working(self) -> tuple[Policy, ...]:
        """The policies that do."""
        return tuple(policy for policy in self.outward if not self.broken(policy))

    @cached_property
    def calling(self) -> tuple[tuple[Policy, DescribedAlarm], ...]:
        """The working policies whose alarm is on, each with it."""
        return tuple(
            (policy, alarm)
            for policy in self.working
            for alarm in self.facts.alarms
            if alarm.name in policy.alarms and alarm.state == "ALARM"
        )

    # ---------------------------------------------------------------------------------------------------- our steps

    @cached_property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """The steps out that were asked for lately, oldest first: by this run, and by whoever asked before (hazard C5)."""
        since = self.now - self.settings.steps_within
        told = [asked for asked in self.facts.history.asked if asked.at >= since]
        ours = [
            Asked(from_=attempt.target.from_, to=attempt.target.to, at=attempt.at)
            for attempt in self.tried
            if isinstance(attempt.target, Size) and attempt.result != "failed"
        ]
        unknown = [each for each in ours if not any(_same(each, asked) for asked in told)]
        all_ = sorted((*told, *unknown), key=lambda asked: asked.at)
        return tuple((asked.from_, asked.to) for asked in all_ if asked.to > asked.from_)

    @cached_property
    def next_size(self) -> int:
        """The size that the group would be asked for."""
        return larger(
            self.number,
            max_size=self.group.max_size,
            baseline=self.facts.usual_hosts or 0.0,
            factor=self.settings.baseline_factor,
        )

    def _then(self, each: Fullness, size: int) -> float | None:
        """Return how full something would be with so many instances (hazard C4)."""
        if each.used is None or not each.per_instance or not self.number:
            return each.used
        return each.used * size / self.number

    def tight(self, size: int) -> tuple[str, ...]:
        """Return what would have too little left with so many instances, or of which that is unknown."""
        most = 1 - self.settings.headroom
        said: list[str] = []
        for kind, fullness in (("database", self.facts.databases), ("cache", self.facts.caches)):
            if not fullness:
                said.append(f"how full the {kind} is is not configured (setting `{kind}s`)")
            for each in fullness:
                then = self._then(each, size)
                if each.used is None or then is None:
                    said.append(f"how full {each.name} are is unknown: CloudWatch has no value")
                elif then > most + 1e-9:
                    said.append(f"{each.name} are at {each.used:.0%}, and would be at {then:.0%}")
        return tuple(said)


def _same(one: Asked, other: Asked) -> bool:
    return (one.from_, one.to) == (other.from_, other.to) and abs(one.at - other.at) < TOGETHER
