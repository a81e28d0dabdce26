"""Where snapshot-redis is tried: a cache that was never saved, or cannot be."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from battery.ground import Case, Row, Tried
from battery.grounds.caches import CacheNight, sample
from remediation.core.verdict import Act
from snapshot_redis.decide import decide
from snapshot_redis.facts import Facts, Load
from snapshot_redis.naming import name_of
from snapshot_redis.runbook import RUNBOOK
from tests.functions.snapshot_redis.caches import CACHE, DAY, HOUR, SETTINGS, facts, snapshot
from tests.support.steps import NIGHT

ALARM = "dev-redis-memory-high"
OURS = {"ManagedBy": "remediation", "Environment": "dev"}
FEW = replace(SETTINGS, keep=3, keep_for=2 * DAY)


def _again(night: CacheNight) -> None:
    """Let every snapshot be gone."""
    night.world.snapshots.clear()
    night.sick = name_of("dev-redis", night.steps.now)


def _speak(night: CacheNight, texts: Callable[[], str]) -> None:
    night.world.clusters["dev-redis"]["CacheClusterStatus"] = texts()
    night.world.clusters["dev-redis"]["Engine"] = texts()


def _night(**cluster: Any) -> Callable[[], CacheNight]:
    def made() -> CacheNight:
        night = CacheNight(
            runbook=RUNBOOK,
            settings=FEW,
            alarm=ALARM,
            sick=name_of("dev-redis", NIGHT),
            worse=_again,
            defiled=_speak,
        )
        night.world.clusters["dev-redis"] |= cluster
        return night

    return made


def _saved() -> CacheNight:
    night = _night()()
    night.world.kept("of-somebody", "dev-redis", HOUR)
    return night


def _full() -> CacheNight:
    night = _night()()
    night.world.measured["DatabaseMemoryUsagePercentage"] = [91.0]
    return night


def _old() -> CacheNight:
    night = _saved()
    for days in range(6):
        night.world.kept(f"remedy-old-{days}", "dev-redis", days * DAY + 2 * HOUR, tags=OURS)
    return night


def _refused() -> CacheNight:
    night = _night()()
    night.world.refuses["CreateSnapshot"] = "SnapshotQuotaExceededFault"
    return night


def _blast(size: int) -> Iterator[Row]:
    """Yield so many caches, some of them never saved."""
    caches = [replace(CACHE, id=f"dev-{n}") for n in range(size)]
    for ill in range(size + 1):
        for garbage, load in ((False, Load()), (True, Load(memory=99.0)), (True, Load(evictions=-1.0, cpu=1e9))):
            seen = tuple(
                each
                for n, cache in enumerate(caches)
                for each in facts(
                    *(() if n < ill else (snapshot(f"remedy-{n}", HOUR, cache=cache.id),)), cache=cache, load=load
                ).caches
            )
            verdict = decide(Facts(caches=seen, within=DAY), SETTINGS, (), NIGHT)
            yield Row(
                where=f"{ill} of {size} {'under strain' if garbage else ''}".rstrip(),
                size=size,
                ill=frozenset(name_of(f"dev-{n}", NIGHT) for n in range(ill)),
                touched=verdict.target.id if isinstance(verdict, Act) else "",
                allowed=ill > 0 and not garbage,
                garbage=garbage,
            )


SNAPSHOT_REDIS = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="never saved", ends="healed", ground=_night()),
        Case(name="old ones beyond what is kept", ends="healed", ground=_old),
        Case(name="saved an hour ago", ends="nothing-to-do", ground=_saved),
        Case(name="under strain", ends="escalated", ground=_full),
        Case(name="refused by AWS", ends="escalated", ground=_refused),
        Case(name="being deleted", ends="escalated", ground=_night(CacheClusterStatus="deleting")),
        Case(name="Memcached", ends="escalated", ground=_night(Engine="memcached")),
    ),
    event=sample(RUNBOOK),
    samples=("alarm", "schedule", "plan", "apply", "alarm-of-prod"),
    alarm=ALARM,
    blast=_blast,
)
