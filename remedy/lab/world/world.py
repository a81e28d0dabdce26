"""Keep the world turning: processes follow moto's state, and moto's state follows the processes."""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.backends import get_backend
from moto.elbv2.models import FakeTargetGroup

from remedy.lab.environment import CACHE
from remedy.lab.world import addresses, calendars, commands, strict
from remedy.lab.world.caches import Caches
from remedy.lab.world.dependencies import Dependencies
from remedy.lab.world.firewall import LISTED, allows, lets_in
from remedy.lab.world.groups import Groups
from remedy.lab.world.machine import Machine
from remedy.lab.world.metrics import Metrics
from remedy.lab.world.targets import Targets
from remedy.lab.world.traffic import Serving, Traffic

ACCOUNT, REGION = "123456789012", "us-east-1"
TICK = 0.2
PUBLISH_EVERY = 1.0

LOG = logging.getLogger(__name__)


class World:
    """Everything that is not AWS's API."""

    def __init__(
        self, directory: Path, url: str, emulator_url: str, events: Path, *, mongodb: int, atlas: Path
    ) -> None:
        self._directory, self._listed = directory, atlas / LISTED
        self._ec2: Any = get_backend("ec2")[ACCOUNT][REGION]
        self._elbv2: Any = get_backend("elbv2")[ACCOUNT][REGION]
        self.machines: dict[str, Machine] = {}
        self.history: list[dict[str, Any]] = []
        self.dependencies = Dependencies(mongodb, directory.with_name("redis"), atlas)
        self._caches = Caches(get_backend("elasticache")[ACCOUNT][REGION], self.dependencies.redis, CACHE)
        self.targets = Targets()
        self.groups = Groups(get_backend("autoscaling")[ACCOUNT][REGION], self.targets, events)
        self._metrics = Metrics(emulator_url, REGION)
        self._published = 0.0
        self.probed = ""
        """The dependency of which the deployed probe says how it is; of the others the world does."""
        self._traffic: Traffic | None = None
        strict.install()
        addresses.install()
        calendars.install()
        commands.install(self.machines, url, self._told)

    def start(self) -> None:
        """Turn for ever, in the background."""
        threading.Thread(target=self._turn, daemon=True).start()

    def age(self, seconds: float) -> None:
        """Move everything that exists into the past: an environment that was just made is not yet to be judged."""
        by = timedelta(seconds=seconds)
        for instance in self._instances():
            instance.launch_time -= by
        for template in self._ec2.launch_templates.values():
            for version in template.versions:
                version.create_time -= by

    def busy(self, percent: float, usual: float) -> None:
        """Let there be more requests than usual from now on, and a usual day before; without any, as in the beginning."""
        self._traffic = Traffic(percent, usual, time.time()) if percent else None
        for serving in self._serving():
            self._metrics.put(self._traffic.before(serving) if self._traffic else ())

    def _serving(self) -> Iterator[Serving]:
        for group in self.target_groups():
            healthy = [instance for instance in group.targets if self.targets.of(group, instance).state == "healthy"]
            for balancer in group.load_balancer_arns:
                yield Serving(group.arn.rsplit(":", 1)[1], balancer.split(":loadbalancer/", 1)[1], sorted(healthy))

    def target_groups(self) -> list[FakeTargetGroup]:
        """Return moto's target groups."""
        return list(self._elbv2.target_groups.values())

    def _turn(self) -> None:
        while True:
            started = time.monotonic()
            for part in (
                self._network,
                self._caches.tend,
                self._machines,
                self._checks,
                self.groups.tend,
                self._publish,
            ):
                try:
                    part()
                except Exception:
                    LOG.exception("The world stumbled.")  # and goes on: moto's state may change under our hands
            time.sleep(max(0.0, TICK - (time.monotonic() - started)))

    def _network(self) -> None:
        self.dependencies.redis.tend(allowed=allows(self._ec2))
        self.dependencies.mongodb.tend(allowed=lets_in(self._ec2, self._listed))

    def _machines(self) -> None:
        running = {instance.id for instance in self._instances() if instance.state == "running"}
        for instance in running - self.machines.keys():
            self.machines[instance] = Machine(instance, self._directory / instance, self.dependencies)
        for instance in self.machines.keys() - running:
            threading.Thread(target=self.machines.pop(instance).destroy, daemon=True).start()
        for machine in list(self.machines.values()):
            machine.container.tend()

    def _checks(self) -> None:
        self.targets.check(self.target_groups(), self.machines)

    def _publish(self) -> None:
        if time.monotonic() - self._published >= PUBLISH_EVERY:
            self._published = time.monotonic()
            self._metrics.publish(self.target_groups(), self.targets)
            all_of_them = (self.dependencies.mongodb, self.dependencies.redis)
            self._metrics.probe(each for each in all_of_them if each.name != self.probed)
            for serving in self._serving():
                self._metrics.put(self._traffic.told(serving) if self._traffic else ())

    def _instances(self) -> list[Any]:
        return [each for reservation in list(self._ec2.reservations.values()) for each in reservation.instances]

    def _told(self, document: str, instance: str, status: str) -> None:
        self.history.append({"at": time.time(), "document": document, "instance": instance, "status": status})


def emptied(directory: Path) -> Path:
    """Return the directory, with nothing in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
