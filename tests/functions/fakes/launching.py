"""A group that launches, or fails to: Auto Scaling, and what EC2, ECR, IAM, Service Quotas and Systems Manager know of it.

Cause and effect follow from a clock that the test owns. Every minute the group tries to become complete, and every try is an
activity that is really there. Instance refreshes go through AWS's states, and are refused where AWS refuses them.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from remediation.core.spec import Place

MINUTE = timedelta(minutes=1)
GROUP = "dev-backend-asg"
TEMPLATE = "lt-00000000000000001"
SECRET = "hunter2-canary"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ACTIVE = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")
REPOSITORY = "dev-starttech-backend"


@dataclass
class Instance:
    """A member of the group, or an instance that has left it."""

    id: str
    version: str
    launched_at: datetime
    template: str = TEMPLATE
    zone: str = "us-east-1a"
    weight: str = ""
    """As how many units it counts, where the group has weights."""
    lifecycle: str = "InService"
    healthy: bool = True
    state: str = "running"
    code: str = ""
    reason: str = ""
    in_ssm: bool = True
    cloud_init: str = "done"
    container: str = "running"
    log: str = ""


@dataclass
class Refresh:
    """An instance refresh. `version` is its desired configuration; empty where it has none. `named` is how it says so."""

    id: str
    status: str
    started_at: datetime
    version: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    template: str = TEMPLATE
    named: Literal["id", "name", "mix"] = "id"


@dataclass(kw_only=True)
class Backend:
    """The environment. Change what is different tonight, then let time pass."""

    clock: Callable[[], datetime]
    place: Place = field(default_factory=lambda: Place(environment="dev", account="123456789012", region="us-east-1"))
    exists: bool = True
    min_size: int = 2
    desired: int = 2
    version: str = "7"
    """What the group says it launches: a number, or $Latest."""
    template: str = TEMPLATE
    """The launch template that the group uses."""
    mixed: bool = False
    """Whether the group mixes instance types."""
    counts: str = ""
    """What its sizes count, where AWS says so: units, vcpu or memory-mib."""
    templates: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: {TEMPLATE: {}})
    """The versions of every launch template."""
    made: dict[int, datetime] = field(default_factory=dict)
    """When a version was made, of whichever template."""
    refusals: dict[str, str] = field(default_factory=dict)
    """By version: what AWS says instead of launching it."""
    tries: bool = True
    """Whether the group tries to become complete, a try a minute."""
    suspended: dict[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ("GroupDesiredCapacity", "GroupInServiceInstances")
    instances: dict[str, Instance] = field(default_factory=dict)
    gone: dict[str, Instance] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)

    images: dict[str, str] = field(default_factory=lambda: {"ami-0000000000000000a": "available"})
    groups: set[str] = field(default_factory=lambda: {"sg-0000000000000ec20"})
    tags: set[str] = field(default_factory=lambda: {"v7"})
    offered: tuple[str, ...] = ("us-east-1a", "us-east-1b", "us-east-1c")
    free: int = 200
    fuller: int | None = None
    """How many addresses are free in the second subnet, where it is another number."""
    way: str = "nat-00000000000000001"
    """The gateway that the default route leads to; empty: there is no such route."""
    main_way: str | None = None
    """The same of the main route table, which the second subnet uses, where it is another one."""
    route: str = "active"
    role: str = "dev-ec2-role"
    denied: set[str] = field(default_factory=set)
    quota: float = 32.0
    console: str = ""
    may_launch: bool = True
    """Whether the function may use a launch template, which AWS asks of whoever names another version."""
    unreadable: set[str] = field(default_factory=set)
    """IAM actions that are denied."""

    def __post_init__(self) -> None:
        self._ids, self._caught_up = count(1), self.clock()
        self.add_version(7, made=self.clock() - timedelta(days=3))

    # ------------------------------------------------------------------------------------------------- what there is

    @property
    def versions(self) -> dict[int, dict[str, Any]]:
        """The versions of the template that the environment begins with."""
        return self.templates[TEMPLATE]

    def add_version(
        self, number: int, *, made: datetime | None = None, tag: str = "v7", template: str = TEMPLATE, **changes: Any
    ) -> None:
        """Add a version of a launch template."""
        text = f"#!/bin/bash\nexport MONGO_URI=mongodb://app:{SECRET}@db/starttech\ndocker run {REGISTRY}/{REPOSITORY}:{tag}\n"
        self.templates.setdefault(template, {})[number] = {
            "ImageId": "ami-0000000000000000a",
            "InstanceType": "t3.small",
            "SecurityGroupIds": ["sg-0000000000000ec20"],
            "IamInstanceProfile": {"Name": "dev-ec2-profile"},
            "UserData": b64encode(text.encode()).decode(),
        } | changes
        self.made[number] = made or self.clock() - timedelta(minutes=20)

    def add(
        self, number: int = 1, *, version: str = "7", age: timedelta = timedelta(days=2), template: str = TEMPLATE
    ) -> list[Instance]:
        """Add members that serve."""
        made = [self._launched(version, self.clock() - age, template) for _ in range(number)]
        for each in made:
            self.log("Successful", f"Launching a new EC2 instance: {each.id}", at=each.launched_at)
        return made

    def log(self, status: str, description: str, message: str = "", **more: Any) -> None:
        """Add an activity, the newest first; `at` is now unless it is said."""
        at = more.pop("at", None) or self.clock()
        ended = {"EndTime": at} if status in {"Successful", "Failed", "Cancelled"} else {}
        activity = {
            "ActivityId": f"activity-{next(self._ids)}",
            "AutoScalingGroupName": GROUP,
            "Description": description,
            "Cause": more.pop("cause", "a difference between desired and actual capacity"),
            "StartTime": at,
            "StatusCode": status,
            "Details": f'{{"Subnet ID":"subnet-1","Availability Zone":"{more.pop("zone", "us-east-1a")}"}}',
            **ended,
            **({"StatusMessage": message} if message else {}),
            **more,
        }
        self.activities.insert(0, activity)
        self.activities.sort(key=lambda each: each["StartTime"], reverse=True)

    def fail(self, message: str, *, ago: timedelta = MINUTE, status: str = "Failed", zone: str = "us-east-1a") -> None:
        """Let a launch have failed."""
        at = self.clock() - ago
        self.log(status, "Launching a new EC2 instance.  Status Reason: it failed", message, at=at, zone=zone)

    def die(
        self, *, version: str = "7", ago: timedelta = MINUTE, lived: timedelta = 8 * MINUTE, **how: Any
    ) -> Instance:
        """Let an instance have been launched, and taken out as unhealthy a few minutes later."""
        at = self.clock() - ago
        died = self._launched(version, at - lived)
        del self.instances[died.id]
        died.state = "terminated"
        for name, value in how.items():
            setattr(died, name, value)
        self.gone[died.id] = died
        self.log("Successful", f"Launching a new EC2 instance: {died.id}", at=died.launched_at)
        cause = (
            f"At {at:%H:%M:%SZ} an instance was taken out of service in response to an ELB system health check failure."
        )
        self.log("Successful", f"Terminating EC2 instance: {died.id}", at=at, cause=cause)
        return died

    def refresh(
        self, status: str, *, version: str = "", ago: timedelta = 10 * MINUTE, reason: str = "", **how: Any
    ) -> Refresh:
        """Let a refresh have been started; over, if its status says so."""
        ended = None if status in ACTIVE else self.clock() - MINUTE
        made = Refresh(f"refresh-{next(self._ids)}", status, self.clock() - ago, version, ended, reason, **how)
        self.refreshes.insert(0, made)
        return made

    @property
    def active(self) -> Refresh | None:
        """The refresh that is on."""
        return next((each for each in self.refreshes if each.status in ACTIVE), None)

    def launched(self) -> tuple[str, str]:
        """Return the template and the version that is launched now."""
        active = self.active
        if active and active.version and active.status != "RollbackInProgress":
            return active.template, active.version
        newest = str(max(self.templates[self.template]))
        return self.template, newest if self.version == "$Latest" else self.version

    # ------------------------------------------------------------------------------------------------- what happens

    def catch_up(self) -> None:
        """Let happen what would have happened since the last call."""
        while self._caught_up + MINUTE <= self.clock():
            self._caught_up += MINUTE
            self._try(self._caught_up)
            self._get_on(self._caught_up)

    def _try(self, now: datetime) -> None:
        if not self.tries or len(self.instances) >= self.desired or "Launch" in self.suspended:
            return
        template, version = self.launched()
        if message := self.refusals.get(version):
            self.log("Failed", "Launching a new EC2 instance.  Status Reason: it failed", message, at=now)
            return
        new = self._launched(version, now, template)
        self.log("Successful", f"Launching a new EC2 instance: {new.id}", at=now)

    def _get_on(self, now: datetime) -> None:
        """Move the refresh that is on to where AWS would have moved it."""
        active = self.active
        if active is None:
            return
        if active.status == "Pending":
            active.status = "InProgress"
            return
        template, wanted = self.launched()
        if wanted in self.refusals or len(self.instances) < self.desired:
            return
        for each in self.instances.values():
            each.template, each.version = template, wanted
        if active.status in {"InProgress", "Baking"} and active.version:
            self.template, self.version = active.template, active.version
        active.status = "RollbackSuccessful" if active.status == "RollbackInProgress" else "Successful"
        active.ended_at = now

    def _launched(self, version: str, at: datetime, template: str = TEMPLATE) -> Instance:
        new = Instance(id=f"i-{next(self._ids):017x}", version=version, launched_at=at, template=template)
        self.instances[new.id] = new
        return new
