"""How hot a group is: which moments count, which instances are hot in them, and which one is out of line.

A moment is a period of CloudWatch that has ended. The values of instances arrive some minutes late, and not all at once, so a
moment counts only once nearly every instance that had warmed up by then has a value. A moment without values is not hot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from relieve_high_cpu.facts import Instance
from relieve_high_cpu.figures import FRESH, ended
from relieve_high_cpu.settings import Settings
from remediation.aws.load import Point, Points, mean
from remediation.aws.scaling import IN_SERVICE

ENOUGH = 2
"""Values after a step of ours that tell whether it helped."""
NEARLY_ALL = 0.8
"""Of the instances, of which a moment needs the values: one that CloudWatch has lost does not blind a large group."""


@dataclass(frozen=True)
class Heat:
    """Instances and what CloudWatch says of them, judged at a time. `acted` is when we did something to the group."""

    instances: tuple[Instance, ...]
    settings: Settings
    acted: tuple[datetime, ...]
    now: datetime

    # ----------------------------------------------------------------------------------------------------- what counts

    @cached_property
    def mature(self) -> tuple[Instance, ...]:
        """The instances in service that are not warming up any more (hazard C6)."""
        return tuple(
            each
            for each in self.instances
            if each.lifecycle == IN_SERVICE
            and each.launched_at is not None
            and self.now - each.launched_at >= self.settings.warm_up
        )

    @cached_property
    def changed_at(self) -> datetime | None:
        """When the group got the shape that it has: its newest instance was launched, or we acted."""
        launches = [each.launched_at for each in self.instances if each.launched_at and each.lifecycle == IN_SERVICE]
        return max((*self.acted, *launches), default=None)

    @cached_property
    def since(self) -> datetime | None:
        """From when on values count, where the group changed lately: what was before says nothing of what it is now."""
        if self.changed_at is None:
            return None
        since = self.changed_at + self.settings.warm_up
        return since if since > self.now - self.settings.evaluate * self.settings.period or self.acted else None

    @cached_property
    def rule(self) -> tuple[int, int]:
        """How many of how many values have to be too high (hazard C6); after a step of ours two tell whether it helped."""
        return (ENOUGH, ENOUGH) if self.acted else (self.settings.breach, self.settings.evaluate)

    @cached_property
    def warmed(self) -> Mapping[Instance, Points]:
        """The mature instances with their values since they do not warm up any more."""
        begins = {each: each.launched_at + self.settings.warm_up for each in self.mature if each.launched_at}
        return {each: tuple(p for p in each.cpu if p.at >= begin) for each, begin in begins.items()}

    @cached_property
    def complete(self) -> tuple[datetime, ...]:
        """The moments of which nearly all values are there, oldest first, whatever changed meanwhile."""
        begins = [each.launched_at + self.settings.warm_up for each in self.mature if each.launched_at]
        found = [point.at for points in self.warmed.values() for point in points]
        return tuple(
            at for at in sorted(set(found)) if found.count(at) >= NEARLY_ALL * sum(begin <= at for begin in begins)
        )

    def fresh(self, at: datetime) -> bool:
        """Tell whether a moment is new enough to say how it is now."""
        return at >= ended(self.now, self.settings.period) - FRESH * self.settings.period

    @cached_property
    def moments(self) -> frozenset[datetime]:
        """The moments that count."""
        return frozenset(at for at in self.complete if self.since is None or at >= self.since)

    @cached_property
    def newest(self) -> datetime | None:
        """The newest moment that counts, if it is fresh."""
        at = max(self.moments, default=None)
        return at if at and self.fresh(at) else None

    # ------------------------------------------------------------------------------------------------------ how hot

    @cached_property
    def cpu(self) -> Points:
        """The mean of the instances at every moment that counts."""
        return self._means(self.moments)

    @cached_property
    def last(self) -> Point | None:
        """The mean at the last moment of which nearly all values are there, whatever changed meanwhile."""
        return next(iter(self._means(self.complete[-1:])), None)

    def _means(self, moments: Iterable[datetime]) -> Points:
        values = {at: [p for points in self.warmed.values() for p in points if p.at == at] for at in sorted(moments)}
        return tuple(Point(at=at, value=mean(tuple(found)) or 0.0) for at, found in values.items())

    @cached_property
    def calm(self) -> bool:
        """Whether no instance that counts was too busy lately, whatever changed meanwhile."""
        if self.last is None or not self.fresh(self.last.at):
            return False
        return all(points[-1].value < self.settings.hot for points in self.warmed.values() if points)

    @cached_property
    def warm(self) -> Mapping[Instance, Points]:
        """The mature instances with their values at the moments that count."""
        return {each: tuple(p for p in points if p.at in self.moments) for each, points in self.warmed.items()}

    def _lately(self, points: Points, periods: int) -> Points:
        """Return what there is of so many periods, the newest moment's and those before it."""
        assert self.newest is not None, "who asks has made sure of it"
        begin = self.newest - (periods - 1) * self.settings.period
        return tuple(point for point in points if begin <= point.at <= self.newest)

    def too_high(self, points: Points) -> int:
        """Return how many of the last periods are too high; none where the newest one is not: then it is over."""
        if self.newest is None:
            return 0
        high = [point.at for point in self._lately(points, self.rule[1]) if point.value >= self.settings.hot]
        return len(high) if self.newest in high else 0

    def is_hot(self, points: Points) -> bool:
        """Tell whether enough values are too high."""
        return self.too_high(points) >= self.rule[0]

    @cached_property
    def hot(self) -> tuple[Instance, ...]:
        """The instances that are hot, each by its own values."""
        return tuple(each for each, points in self.warm.items() if self.is_hot(points))

    def hot_for(self, points: Points) -> timedelta:
        """Return for how long there was too much without a break; a period without a value is one."""
        high = {point.at for point in points if point.value >= self.settings.hot}
        at = begin = self.newest or self.now
        while at in high:
            at -= self.settings.period
        return begin - at

    @cached_property
    def out_of_line(self) -> Instance | None:
        """The one instance that is hot, and then far hotter than the others, which together are not."""
        if len(self.hot) != 1 or len(self.mature) == 1:
            return None
        (hot,) = self.hot
        mine, others = mean(self._high(hot)) or 0.0, self.beside(hot)
        if others is None or others >= self.settings.hot:
            return None
        return hot if mine - others >= self.settings.out_of_line_by else None

    def _high(self, hot: Instance) -> Points:
        return tuple(p for p in self._lately(self.warm[hot], self.rule[1]) if p.value >= self.settings.hot)

    def beside(self, hot: Instance) -> float | None:
        """Return the mean of the others while this one was hot lately."""
        then = {point.at for point in self._high(hot)}
        return mean(tuple(p for each, points in self.warm.items() if each != hot for p in points if p.at in then))

    @cached_property
    def late(self) -> tuple[Instance, ...]:
        """The mature instances of which CloudWatch has no fresh value."""
        return tuple(each for each, points in self.warmed.items() if not any(self.fresh(p.at) for p in points))
