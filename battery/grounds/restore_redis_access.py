"""Where restore-redis-access is tried: a Redis whose way was closed, by a machine, a person or nobody knows whom; or that is ill."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from battery.ground import Case, Row, Tried
from battery.grounds.caches import CacheNight, sample
from remediation.core.probed import Probed
from remediation.core.verdict import Act
from restore_redis_access.decide import RESTORE, decide
from restore_redis_access.diagnose import diagnose
from restore_redis_access.runbook import RUNBOOK
from restore_redis_access.settings import Incident
from tests.functions.fakes.firewall import CloudTrail, Firewall, MemorySightings, ProbeFunction, SecurityGroups
from tests.functions.restore_redis_access.nights import APPLICATION, CI, GROUP, SETTINGS, probed
from tests.functions.restore_redis_access.test_decide import BY_ADA, BY_CI, RULE, cut_off
from tests.support.carried import approved
from tests.support.steps import NIGHT
from tests.support.world import Stage

ALARM = "dev-remediation-redis-unreachable"
MINUTE = timedelta(minutes=1)


@dataclass(kw_only=True)
class Way(CacheNight):
    """A night on which Redis is reached through a security group."""

    server: Probed = field(default_factory=probed)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.firewall = Firewall(GROUP)
        self.firewall.add(22, cidr="10.0.0.0/16")
        self.plain.ec2 = SecurityGroups(self.firewall, self.plain.calls)
        self.plain.acting.ec2 = SecurityGroups(self.firewall, self.plain.calls, acting=True)
        self.plain.acting.lambda_ = ProbeFunction(self.look)
        self.plain.cloudtrail = self.trail = CloudTrail(self.plain.calls)
        self.plain.sightings = MemorySightings(lambda: self.steps.now)

    def look(self) -> Probed:
        """Look as the probe does."""
        through = [rule.get("ReferencedGroupInfo", {}).get("GroupId") for rule in self.firewall.rules.values()]
        return self.server if APPLICATION in through else probed("tcp", "no-answer")


def _closed_again(night: CacheNight) -> None:
    assert isinstance(night, Way)
    night.firewall.rules = {id_: rule for id_, rule in night.firewall.rules.items() if rule["FromPort"] == 22}
    night.trail.tell("RevokeSecurityGroupIngress", night.steps.now - 20 * MINUTE, role=CI)


def _speak(night: CacheNight, texts: Callable[[], str]) -> None:
    assert isinstance(night, Way)
    night.world.clusters["dev-redis"]["CacheClusterStatus"] = texts()
    night.server = probed("ping", "not-understood", texts())


def _night(*, rule: bool = False, server: Probed | None = None, **who: str) -> Callable[[], Way]:
    def made() -> Way:
        night = Way(
            runbook=RUNBOOK,
            settings=SETTINGS,
            alarm=ALARM,
            sick="" if rule else GROUP,
            worse=_closed_again,
            defiled=_speak,
            server=server or probed(),
        )
        if rule:
            night.firewall.add(6379, group=APPLICATION)
        if who:
            night.trail.tell("RevokeSecurityGroupIngress", NIGHT - 20 * MINUTE, **who)
        return night

    return made


def _dead(*, agreed: bool) -> Callable[[], Way]:
    def made() -> Way:
        night = _night(rule=True, server=probed("tcp", "refused", "nothing listens."))()
        night.sick = "dev-redis"
        reboot = night.plain.acting.elasticache.reboot_cache_cluster

        def rebooted(**asked: Any) -> Any:
            answer = reboot(**asked)
            night.world.clusters["dev-redis"]["CacheClusterStatus"] = "available"
            night.server = probed()
            return answer

        night.plain.acting.elasticache.reboot_cache_cluster = rebooted
        if agreed:
            act = decide(diagnose(night.aws, SETTINGS, Incident()), SETTINGS, (), NIGHT)
            assert isinstance(act, Act)
            approved(Stage(approvals=night.approvals), night.steps, RUNBOOK, act)
            night.plain.calls.made.clear()
        return night

    return made


def _blast(size: int) -> Iterator[Row]:
    """Yield so many rules of others beside the one; the one is there, or was taken away by somebody."""
    others = tuple(replace(RULE, id=f"sgr-{n}", from_port=n, to_port=n) for n in range(1, size + 1))
    for missing in (False, True):
        for by in ((BY_CI,), (BY_ADA,), (BY_CI, BY_ADA), (), None):
            for odd in ({}, {"missing_since": None}, {"restored_at": NIGHT - 60 * MINUTE}):
                seen = cut_off(rules=others if missing else (*others, RULE), removals=by, **odd)
                verdict = decide(seen, SETTINGS, (), NIGHT)
                acts = isinstance(verdict, Act) and verdict.action == RESTORE
                may = missing and by == (BY_CI,) and "restored_at" not in odd
                yield Row(
                    where=f"{size} others, {'missing' if missing else 'there'}, {by}, {odd}",
                    size=size,
                    ill=frozenset({GROUP} if missing else ()),
                    touched=GROUP if acts else "",
                    allowed=may,
                    garbage=not may,
                )


RESTORE_REDIS_ACCESS = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="CI took the rule away", ends="healed", ground=_night(role=CI)),
        Case(name="a dead node, and a person agrees", ends="healed", ground=_dead(agreed=True)),
        Case(name="a dead node, and nobody answers", ends="refused", ground=_dead(agreed=False)),
        Case(name="a person took the rule away", ends="escalated", ground=_night(user="ada")),
        Case(name="nobody knows who took it away", ends="escalated", ground=_night()),
        Case(
            name="a wrong token",
            ends="escalated",
            ground=_night(rule=True, server=probed("auth", "token-wrong", "WRONGPASS")),
        ),
        Case(name="well", ends="nothing-to-do", ground=_night(rule=True)),
    ),
    event=sample(RUNBOOK),
    samples=("alarm", "plan", "apply", "of-prod", "alarm-of-mongodb"),
    alarm=ALARM,
    blast=_blast,
)
