"""One night on which Redis cannot be reached: the real engine on a strict ElastiCache, a firewall and a scripted probe."""

from datetime import datetime, timedelta
from typing import Any

from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.probed import Fault, Layer, Probed, RedisState, Step
from remediation.core.spec import Mode
from restore_redis_access.decide import decide
from restore_redis_access.diagnose import diagnose
from restore_redis_access.runbook import RUNBOOK
from restore_redis_access.settings import Incident, Settings
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.functions.fakes.firewall import CloudTrail, Firewall, MemorySightings, ProbeFunction, SecurityGroups
from tests.support.carried import carried
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.toy import PLACE, alarm_event
from tests.support.world import MemoryBackups, Stage

GROUP, APPLICATION = "sg-0c0c0c0c0c0c0c0c0", "sg-0a0a0a0a0a0a0a0a0"
CI = "github-actions-terraform"
SETTINGS = Settings(cache="dev-redis", group=GROUP, source=APPLICATION, machines=(CI,))
HOST = "dev-redis.abc123.0001.use1.cache.amazonaws.com"
LAYERS: tuple[Layer, ...] = ("dns", "tcp", "auth", "ping", "info")
METRIC = {
    "namespace": "Remediation",
    "name": "DependencyDown",
    "dimensions": {"environment": "dev", "dependency": "redis"},
}


def probed(layer: Layer | None = None, fault: Fault = "no-answer", because: str = "As the server says.") -> Probed:
    """Return a look at which this layer failed; none: all is well."""
    at = LAYERS.index(layer) if layer in LAYERS else 0
    steps = [Step(layer=each, because="Well.") for each in (LAYERS[:at] if layer else LAYERS)]
    if layer is not None:
        steps.append(Step(layer=layer, fault=fault, because=because))
    state = RedisState(role="master", used_memory=1, max_memory=0, clients=3, loading=False) if layer is None else None
    return Probed(
        dependency="redis",
        host=HOST,
        port=6379,
        at=datetime.fromisoformat("2026-11-23T03:40:00Z"),
        steps=tuple(steps),
        state=state,
    )


class Night:
    """A night. Without the rule the probe hears nothing; with it, it hears what `server` says."""

    def __init__(self, *, rule: bool = False, mode: Mode = "act", settings: Settings = SETTINGS) -> None:
        self.steps = InMemorySteps()
        self.stage = Stage(backups=MemoryBackups(fresh="remedy-1"))
        self.world = CacheWorld(clock=lambda: self.steps.now)
        self.world.cluster("dev-redis")
        self.firewall = Firewall(GROUP)
        self.firewall.add(22, cidr="10.0.0.0/16")
        if rule:
            self.firewall.add(6379, group=APPLICATION)
        self.server: Probed | str = probed()
        self.settings, self.mode = settings, mode
        aws: Any = CacheClients(self.world, PLACE)
        aws.now = lambda: self.steps.now
        aws.ec2 = SecurityGroups(self.firewall, aws.calls)
        aws.acting.ec2 = SecurityGroups(self.firewall, aws.calls, acting=True)
        aws.acting.lambda_ = self.probe = ProbeFunction(self.look)
        aws.cloudtrail = self.trail = CloudTrail(aws.calls)
        aws.sightings = MemorySightings(lambda: self.steps.now)
        self.aws: Any = aws
        name = "dev-remediation-redis-unreachable"
        self.stage.alarms.alarms[name] = LiveAlarm(
            exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True
        )

    @property
    def open(self) -> bool:
        """Tell whether the application gets through."""
        return any(
            rule.get("ReferencedGroupInfo", {}).get("GroupId") == APPLICATION and rule["FromPort"] == 6379
            for rule in self.firewall.rules.values()
        )

    def look(self) -> Probed | str:
        """Look as the probe does."""
        return self.server if self.open or isinstance(self.server, str) else probed("tcp", "no-answer")

    def removed(self, *, minutes: float = 20, **who: str) -> None:
        """Let CloudTrail know who took the rule away, so long ago."""
        self.trail.tell("RevokeSecurityGroupIngress", self.steps.now - timedelta(minutes=minutes), **who)

    def decided(self) -> Any:
        """Return what would be decided first."""
        return decide(diagnose(self.aws, self.settings, Incident()), self.settings, (), self.steps.now)

    def run(self, event: Any = None, **more: Any) -> Outcome:
        """Carry it out, on the alarm if nothing else is said."""
        return carried(
            RUNBOOK,
            self.aws,
            self.settings,
            alarm() if event is None else event,
            self.steps,
            stage=self.stage,
            mode=self.mode,
            **more,
        )

    def later(self, run: str, after: timedelta) -> None:
        """Begin another run, after some time."""
        self.steps = InMemorySteps(run=run, now=self.steps.now + after)

    @property
    def changed(self) -> list[str]:
        """Return what was changed, in order."""
        return [call.operation for call in self.aws.calls.made if call.acting]


def alarm(**more: Any) -> Any:
    """Return the alarm on the probe's metric."""
    event = alarm_event(name="dev-remediation-redis-unreachable", **more)
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"] = METRIC
    return event
