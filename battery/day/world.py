"""The fakes' world, lived through a plan: restarts that take time, instances that die, deploys that go machine by machine.

Everything that heals by itself in the real environment does here too: the group replaces what is dead (and what fails the
load balancer's checks, where it is told to), Docker restarts nothing that hangs, people roll a bad deploy back after a while.
People look at times that are drawn with the day, paged or not: to come sooner would be in the system's favour, and is not known.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from battery.day.plan import Happening, Plan
from tests.functions.fakes.world import Fault, Machine, StartTech

RESTART_TAKES = timedelta(seconds=30)
"""From `docker restart` until the application answers again: `settings.warm_up`."""
DEAD_FOR = timedelta(minutes=4)
"""Until the group believes EC2's status checks that an instance is dead."""
NOTICED_AFTER = timedelta(minutes=15)
"""A person who looks replaces what has been ill for so long."""
WARM_UP = timedelta(seconds=60)
STALLED_AFTER = timedelta(minutes=30)
"""An instance refresh whose new instance does not become healthy fails after so long."""


@dataclass
class Refresh:
    """A deploy that goes machine by machine: half of the group stays in service."""

    version: str
    moved: datetime
    """When it last got on."""


@dataclass(kw_only=True)
class Town(StartTech):
    """StartTech on one day."""

    plan: Plan
    pending: list[Happening] = field(default_factory=list)
    visits: list[datetime] = field(default_factory=list)
    ends: list[tuple[datetime, Happening]] = field(default_factory=list)
    restarting: dict[str, tuple[datetime, Fault]] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    """What is being restarted although it did serve."""
    recovers: dict[str, datetime] = field(default_factory=dict)
    died: dict[str, datetime] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    """Where each instance stands; its successor stands there after it."""
    by_hand: set[str] = field(default_factory=set)
    """What people have decided to replace."""
    false: list[Fault] = field(default_factory=list)
    """What keeps `/health` from being answered by what serves: it seems to be that."""
    rolling: Refresh | None = None
    version: int = 7
    hits: int = 0
    """Faults that befell a container which did serve until then."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pending, self.visits = list(self.plan.happenings), list(self.plan.visits)
        self.desired, self.min_size = self.plan.machines, 2 if self.plan.machines > 2 else 1
        self.health_check_type = "ELB" if self.plan.elb_checks else "EC2"
        self.group_reacts_after = self.plan.group_reacts_after
        self.places = {machine.id: place for place, machine in enumerate(self.add(self.plan.machines))}

    @property
    def counted(self) -> list[Machine]:
        """The targets that the load balancer knows and does not let go."""
        return [machine for machine in self.machines.values() if machine.state not in {"", "draining"}]

    def health(self, machine: Machine) -> tuple[int, str]:
        """Return the status of `/health`, which fails on what serves as well while there is a cause for that."""
        return super().health(self.seeming(machine))

    def seeming(self, machine: Machine) -> Machine:
        """Return a container as its `/health` makes it seem."""
        return replace(machine, fault=self.false[-1]) if self.false and not machine.fault else machine

    def serves(self, machine: Machine) -> bool:
        """Tell whether requests other than `/health` are answered: without MongoDB none is, without Redis they are slow."""
        return machine.fault == "" and self.mongodb

    def restart(self, machine: Machine) -> None:
        """Restart the container, which takes a while."""
        now = self.clock()
        if self.serves(machine):
            self.interrupted.add(machine.id)
        machine.started_at = now
        after: Fault = machine.fault if machine.incurable else ""
        self.restarting[machine.id] = (now + RESTART_TAKES, after)
        self.recovers.pop(machine.id, None)
        machine.fault = "deaf"

    def _tick(self, now: datetime) -> None:
        while self.pending and self.pending[0].at <= now:
            self._happen(self.pending.pop(0), now)
        while self.visits and self.visits[0] <= now:
            self.visits.pop(0)
            self._look_after(now)
        for end in [end for end in self.ends if end[0] <= now]:
            self.ends.remove(end)
            self._end(end[1], now)
        for machine in list(self.machines.values()):
            self._mend(machine, now)
        super()._tick(now)
        if self.rolling is not None:
            self._roll(self.rolling, now)

    def _check(self, machine: Machine, now: datetime) -> None:
        """Count new targets that fail as well: the fake leaves them `initial` for ever, AWS does not."""
        status, reason = self.health(machine)
        if machine.state != "initial" or status == 200:
            super()._check(machine, now)
            return
        machine.streak += 1
        if machine.streak >= self.threshold:
            machine.state, machine.reason, machine.streak, machine.since = "unhealthy", reason, 0, now
            machine.description = f"Health checks failed with these codes: [{status}]"

    def _happen(self, happening: Happening, now: datetime) -> None:
        match happening.kind:
            case "mongodb" | "redis":
                setattr(self, happening.kind, False)
                self.ends.append((now + happening.for_, happening))
            case "false":
                self.false.append(happening.fault)
                self.ends.append((now + happening.for_, happening))
            case "deploy":
                self._deploy(happening.fault, now)
                if happening.fault:
                    self.ends.append((now + happening.for_, happening))
            case "wedge" | "blip" | "death":
                self._hit(self._at(happening.place), happening, now)

    def _end(self, happening: Happening, now: datetime) -> None:
        match happening.kind:
            case "mongodb" | "redis":
                setattr(self, happening.kind, True)
            case "false":
                self.false.remove(happening.fault)
            case _:
                self._deploy("", now)

    def _at(self, place: int) -> Machine:
        (there,) = (
            machine
            for machine in self.machines.values()
            if self.places[machine.id] == place and machine.lifecycle != "Terminating"
        )
        return there

    def _hit(self, machine: Machine, happening: Happening, now: datetime) -> None:
        if machine.lifecycle == "Pending" or (machine.fault and machine.id not in self.restarting):
            return  # its container does not run, so nothing can befall it
        self.hits += 1
        self.restarting.pop(machine.id, None)
        self.recovers.pop(machine.id, None)
        if happening.kind == "death":
            self.died[machine.id] = now
            machine.fault, machine.incurable, machine.in_ssm = "hung", True, False
            return
        machine.fault, machine.incurable = happening.fault, happening.incurable
        machine.agent_answers = not happening.mute
        if happening.kind == "blip":
            self.recovers[machine.id] = now + happening.for_

    def _mend(self, machine: Machine, now: datetime) -> None:
        restarted = self.restarting.get(machine.id)
        if restarted and restarted[0] <= now:
            machine.fault = restarted[1]
            del self.restarting[machine.id]
            self.interrupted.discard(machine.id)
        if machine.id in self.recovers and self.recovers[machine.id] <= now:
            machine.fault = ""
            del self.recovers[machine.id]

    # ------------------------------------------------------------------------------------------------ what replaces

    def _unwanted(self, machine: Machine, now: datetime) -> bool:
        if machine.lifecycle != "InService":
            return False
        dead = machine.id in self.died and now >= self.died[machine.id] + DEAD_FOR
        return dead or machine.id in self.by_hand or super()._unwanted(machine, now)

    def _look_after(self, now: datetime) -> None:
        for machine in self.machines.values():
            if machine.state == "unhealthy" and machine.since is not None and now >= machine.since + NOTICED_AFTER:
                self.by_hand.add(machine.id)

    def _replace(self, machine: Machine, now: datetime) -> None:
        super()._replace(machine, now)
        *_, new = self.machines.values()
        new.template_version, new.incurable = str(self.version), bool(new.fault)
        self.places[new.id] = self.places[machine.id]
        if machine.id in self.died or machine.id in self.by_hand:
            who = "a user request" if machine.id in self.by_hand else "an EC2 instance status check failure"
            self.activities[0].cause = f"At {now:%H:%M:%S} an instance was taken out of service in response to {who}."

    def _deploy(self, fault: Fault, now: datetime) -> None:
        self.version += 1
        self.fault_of_new, self.template_created_at = fault, now
        self.refresh = ("InProgress", now, None)
        self.rolling = Refresh(str(self.version), now)

    def _roll(self, refresh: Refresh, now: datetime) -> None:
        machines = [machine for machine in self.machines.values() if machine.lifecycle != "Terminating"]
        new = [machine for machine in machines if machine.template_version == refresh.version]
        ready = [machine for machine in new if self._ready(machine, now)]
        old = [machine for machine in machines if machine not in new and machine.lifecycle == "InService"]
        if len(ready) < len(new):
            if now >= refresh.moved + STALLED_AFTER:
                self._over("Failed", now)
        elif not old:
            self._over("Successful", now)
        else:
            refresh.moved = now
            ill_first = min(old, key=lambda machine: (machine.state == "healthy", self.places[machine.id]))
            self._replace(ill_first, now)
            self.activities[
                0
            ].cause = f"At {now:%H:%M:%S} an instance was taken out of service for an instance refresh."

    def _ready(self, machine: Machine, now: datetime) -> bool:
        warm = machine.lifecycle == "InService" and now >= machine.started_at + WARM_UP
        return warm and (machine.state == "healthy" or not self.plan.elb_checks)

    def _over(self, status: str, now: datetime) -> None:
        assert self.refresh is not None, "it was rolling"
        self.refresh, self.rolling = (status, self.refresh[1], now), None
