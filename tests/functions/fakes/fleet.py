"""A busy group in memory: load that comes and goes, CPU that follows from it, a policy with its alarms, and a group that grows.

Cause and effect follow from a clock that the test owns, a minute at a time. The world has been there for a day when a test
begins, so that there is something usual to compare with.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from remediation.core.spec import Document, Place

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEFORE = timedelta(hours=25)
BOOT = timedelta(minutes=2)
"""From the launch of an instance until it is in service."""
STARTING = timedelta(minutes=3)
"""For so long an instance is busy with itself."""
DRAIN = timedelta(minutes=2)
COOLDOWN = timedelta(minutes=5)
"""From the end of an activity on."""
PERIOD = timedelta(minutes=5)
BASELINE, MOST_CREDITS = 20.0, 576.0
"""Of a t3.medium: percent of CPU for which it earns as much as it uses, and the credits of a day, which it keeps at most."""
GROUP = "dev-backend-asg"
TARGETS = "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
BALANCER = "app/dev-alb-v2/50dc6c495c0c9188"

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Box:
    """An instance. `extra` is what keeps it busy besides its share of the load."""

    id: str
    launched_at: datetime
    lifecycle: str = "InService"
    left_at: datetime | None = None
    extra: float = 0.0
    credits: float | None = None
    credit_mode: Literal["standard", "unlimited"] = "unlimited"
    type: str = "t3.medium"
    healthy: bool = True
    """As the load balancer finds it, once it is in service."""
    registered: bool = True
    """Whether the load balancer knows it: it gets no requests else, also after the process is resumed that was to register it."""
    protected: bool = False
    reported_unhealthy: bool = False
    in_ssm: bool = True
    lag: timedelta = timedelta(0)
    """So long after a period has ended CloudWatch has its values of this instance."""

    @property
    def saves(self) -> bool:
        """Tell whether it is slowed down without credits."""
        return self.credits is not None and self.credit_mode == "standard"

    @property
    def serves(self) -> bool:
        """Tell whether it takes requests."""
        return self.lifecycle == "InService" and self.registered and self.healthy


@dataclass
class Bucket:
    """The samples of a metric in one period, as CloudWatch keeps them."""

    total: float = 0.0
    number: int = 0
    largest: float = float("-inf")


@dataclass
class Activity:
    """One line of the group's history."""

    description: str
    cause: str
    at: datetime
    box: str = ""
    failed: str = ""


@dataclass
class Watch:
    """An alarm on the mean CPU of the group, twice in a row, and the policy that follows it."""

    name: str
    policy: str
    threshold: float
    change: Literal[1, -1]
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"] = "OK"
    since: datetime | None = None
    actions_enabled: bool = True
    enabled: bool = True
    works: bool = True
    """False: the alarm is on, and nothing comes of it."""


def watches() -> list[Watch]:
    """Return StartTech's two (FACTS.md, section 1)."""
    return [
        Watch(name="dev-backend-cpu-high", policy="dev-scale-up", threshold=70, change=1),
        Watch(name="dev-backend-cpu-low", policy="dev-scale-down", threshold=30, change=-1),
    ]


@dataclass(kw_only=True)
class Fleet:
    """The environment. `load` is how many percent of one instance all requests take together, at a time."""

    clock: Callable[[], datetime]
    load: Callable[[datetime], float] = lambda _: 80.0
    cost: Callable[[datetime], float] = lambda _: 1.0
    """What a request takes, compared with the usual."""
    size: int = 2
    min_size: int = 2
    max_size: int = 6
    watches: list[Watch] = field(default_factory=watches)
    documents: tuple[Document, ...] = ()
    place: Place = field(default_factory=lambda: Place(environment="dev", account="123456789012", region="us-east-1"))

    suspended: tuple[str, ...] = ()
    refresh: tuple[str, datetime] | None = None
    launches_fail: str = ""
    template_created_at: datetime | None = None
    mongodb_per_instance: float = 50.0
    mongodb_full: float = 500.0
    silent: set[str] = field(default_factory=set)
    """Metrics without data."""

    def __post_init__(self) -> None:
        self._begun = self.clock()
        self.now = self._begun - BEFORE
        self._ids = count(1)
        self.desired = self.size
        born = self.now - DAY
        self.boxes = {box.id: box for box in (Box(self._id(), born) for _ in range(self.size))}
        self.activities: list[Activity] = []
        self.cooldown_until = self.now
        self.values: dict[Key, dict[datetime, Bucket]] = defaultdict(dict)
        self.largest = self.size
        self.sizes: list[tuple[datetime, int]] = []
        """What was asked of the group by hand."""

    # ----------------------------------------------------------------------------------------------------- what is so

    @property
    def serving(self) -> list[Box]:
        """The instances that take requests."""
        return [box for box in self.boxes.values() if box.serves]

    def cpu(self, box: Box) -> float:
        """Return how busy an instance is now."""
        starting = 95.0 if self.now - box.launched_at < BOOT + STARTING else 0.0
        share = self.load(self.now) * self.cost(self.now) / max(1, len(self.serving)) if box.serves else 0.0
        wanted = min(100.0, max(starting, share + box.extra)) if box.lifecycle == "InService" else starting
        return min(wanted, BASELINE) if box.saves and not box.credits else wanted

    @property
    def mongodb(self) -> float:
        """How many connections MongoDB has."""
        return self.mongodb_per_instance * len(self.boxes)

    # --------------------------------------------------------------------------------------------------- what happens

    def catch_up(self) -> None:
        """Let happen what would have happened since the last call. Of the day before the test, nothing but the load changes."""
        while self.now + MINUTE <= self.clock():
            step = PERIOD if self.now + PERIOD <= self._begun else MINUTE
            self.now += step
            self._grow()
            self._sample(step // MINUTE)
            self._spend(step / MINUTE)
            self._watch()
            self._balance()

    def _grow(self) -> None:
        for box in list(self.boxes.values()):
            if box.lifecycle == "Pending" and self.now >= box.launched_at + BOOT:
                box.lifecycle, box.registered = "InService", "AddToLoadBalancer" not in self.suspended
            if box.left_at and self.now >= box.left_at + DRAIN:
                del self.boxes[box.id]
            elif box.reported_unhealthy and box.lifecycle == "InService" and "ReplaceUnhealthy" not in self.suspended:
                self._terminate(box, "an instance was taken out of service in response to a user health-check.")

    def _sample(self, times: int) -> None:
        serving = self.serving
        all_cpu = [self.cpu(box) for box in self.boxes.values() if not box.left_at]
        self._put(times, "CPUUtilization", sum(all_cpu) / len(all_cpu) if all_cpu else None, AutoScalingGroupName=GROUP)
        for box in self.boxes.values():
            if not box.left_at:
                self._put(times, "CPUUtilization", self.cpu(box), InstanceId=box.id)
                self._put(times, "CPUCreditBalance", box.credits, InstanceId=box.id)
        requests = 10 * self.load(self.now) / max(1, len(serving))
        self._put(times, "RequestCountPerTarget", requests or None, TargetGroup=TARGETS)
        self._put(times, "HealthyHostCount", len(serving), TargetGroup=TARGETS, LoadBalancer=BALANCER)
        self._put(times, "MongoConnections", self.mongodb, Environment="dev")
        self._put(times, "CurrConnections", 100.0 * len(self.boxes), CacheClusterId="dev-redis")
        self.largest = max(self.largest, len(self.boxes))

    def _spend(self, minutes: float) -> None:
        """Let instances earn credits and use them up: one is a minute of one of the two processors of a t3.medium."""
        for box in self.boxes.values():
            if box.saves and box.credits is not None:
                gained = minutes * 2 * (BASELINE - self.cpu(box)) / 100
                box.credits = min(MOST_CREDITS, max(0.0, round(box.credits + gained, 9)))

    def _put(self, times: int, metric: str, value: float | None, **dimensions: str) -> None:
        if value is not None and metric not in self.silent:
            bucket = self.values[key(metric, **dimensions)].setdefault(_begin(self.now, PERIOD), Bucket())
            bucket.total, bucket.number = bucket.total + times * value, bucket.number + times
            bucket.largest = max(bucket.largest, value)

    def _watch(self) -> None:
        if (self.now.timestamp() % PERIOD.total_seconds()) == 0:
            points = self.aggregated(key("CPUUtilization", AutoScalingGroupName=GROUP), self.now - 2 * PERIOD, self.now, PERIOD, "Average")  # fmt: skip
            for watch in self.watches:
                beyond = [(value - watch.threshold) * watch.change > 0 for _, value in points]
                state: Literal["OK", "ALARM"] = "ALARM" if len(beyond) == 2 and all(beyond) else "OK"
                if watch.state not in {"INSUFFICIENT_DATA", state}:
                    watch.state, watch.since = state, self.now
        for watch in self.watches:
            if watch.state == "ALARM" and watch.actions_enabled and watch.enabled and watch.works:
                self._follow(watch)

    def _follow(self, watch: Watch) -> None:
        wanted = min(self.max_size, max(self.min_size, self.desired + watch.change))
        if wanted == self.desired or "AlarmNotification" in self.suspended or self.now < self.cooldown_until:
            return
        self.resize(wanted, f"a monitor alarm {watch.name} in state ALARM triggered policy {watch.policy}")

    def resize(self, wanted: int, why: str) -> None:
        """Change the size that is wanted, and begin to follow it."""
        self._why = (
            f"At {self.now:%Y-%m-%dT%H:%M:%SZ} {why} changing the desired capacity from {self.desired} to {wanted}."
        )
        self.desired, self.cooldown_until = wanted, self.now + BOOT + COOLDOWN
        self._balance()

    _why = "At some time a difference was found."

    def _balance(self) -> None:
        staying = [box for box in self.boxes.values() if not box.left_at]
        if len(staying) > self.desired and "Terminate" not in self.suspended:
            going = [box for box in staying if not box.protected][: len(staying) - self.desired]
            for box in going:
                self._terminate(box, self._why)
        missing = 0 if "Launch" in self.suspended else self.desired - len(staying)
        for _ in range(missing):
            failed = bool(self.launches_fail)
            earning = any(each.credits is not None for each in staying)
            mode = staying[0].credit_mode if earning else "unlimited"
            box = Box(self._id(), self.now, "Pending", credits=0.0 if earning else None, credit_mode=mode)
            about = Activity(
                description=f"Launching a new EC2 instance{'' if failed else f': {box.id}'}",
                cause=self._why,
                at=self.now,
                box=box.id,
                failed=self.launches_fail,
            )
            if not (failed and self.activities and self.now - self.activities[0].at < 5 * MINUTE):
                self.activities.insert(0, about)
            if not failed:
                self.boxes[box.id] = box

    def _terminate(self, box: Box, why: str) -> None:
        box.lifecycle, box.left_at = "Terminating", self.now
        about = Activity(description=f"Terminating EC2 instance: {box.id}", cause=why, at=self.now, box=box.id)
        self.activities.insert(0, about)

    def status(self, activity: Activity) -> str:
        """Return how an activity stands."""
        if activity.failed:
            return "Failed"
        box = self.boxes.get(activity.box)
        on = box is not None and box.lifecycle in {"Pending", "Terminating"}
        return "InProgress" if on else "Successful"

    def aggregated(
        self, of: Key, since: datetime, until: datetime, period: timedelta, statistic: str
    ) -> list[tuple[datetime, float]]:
        """Return what CloudWatch makes of the samples of whole periods; what has no sample has no value."""
        assert since < until, "CloudWatch refuses a time that ends before it begins"
        buckets, found = self.values.get(of, {}), dict[datetime, list[Bucket]]()
        at = _begin(since, PERIOD)
        box = self.boxes.get(dict(of[1]).get("InstanceId", ""))
        published = self.now - (box.lag if box else timedelta(0))
        while at < until:
            if (bucket := buckets.get(at)) and at + PERIOD <= published:
                found.setdefault(_begin(at, period), []).append(bucket)
            at += PERIOD
        how: dict[str, Callable[[list[Bucket]], float]] = {
            "Average": lambda all_: sum(each.total for each in all_) / sum(each.number for each in all_),
            "Sum": lambda all_: sum(each.total for each in all_),
            "Maximum": lambda all_: max(each.largest for each in all_),
        }
        return [(at, how[statistic](all_)) for at, all_ in sorted(found.items())]

    def _id(self) -> str:
        return f"i-{next(self._ids):017x}"


def _begin(at: datetime, period: timedelta) -> datetime:
    return at - timedelta(seconds=at.timestamp() % period.total_seconds())


def key(metric: str, **dimensions: str) -> Key:
    """Return how the values of a metric are kept."""
    return metric, frozenset(dimensions.items())
