"""T10: how much a runbook may touch: in every state of the world, in one run, and by all runs together."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from battery.ground import Ground, Tried
from battery.grounds import GROUNDS
from battery.trial import Effort, Figure, Trial, at_least, at_most, none
from battery.trial import told as figure
from remediation.core.gates import LiveAlarm
from remediation.core.limits import DAY, HOUR, QUARTER, Limits
from stacks.catalog import CATALOG
from stacks.config import load
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.world import MemoryLedger

TIMES = 100
"""How often what was healed is ill again."""
MINUTE = timedelta(minutes=1)
PACES = (MINUTE, 16 * MINUTE, 31 * MINUTE)
"""Within a cooldown; after it, but so often that the circuit opens; and so seldom that only the budgets are left."""


def run(effort: Effort) -> Iterator[Figure]:
    """Judge every group of up to N targets, carry every case out, and let it all happen again and again."""
    yield from _table(effort)
    for tried in GROUNDS.values():
        most = tried.runbook.guardrails.max_acts
        yield at_most(f"acts of {tried.runbook.name} in its longest run", _longest(tried), most)
    yield from _again()


def _table(effort: Effort) -> Iterator[Figure]:
    rows, acts, beyond, well, never = 0, 0, list[str](), list[str](), list[str]()
    for size in range(effort.n + 1):
        for name, tried in GROUNDS.items():
            acted = False
            for row in tried.blast(size):
                rows += 1
                if not row.touched:
                    continue
                acts += 1
                acted |= not row.garbage
                if row.touched not in row.ill:
                    well.append(f"{name}: {row.where}")
                if not row.allowed:
                    beyond.append(f"{name}: {row.where}")
            if size >= 2 and not acted:
                never.append(f"{name}: {size}")
        effort.advance()
    yield figure("rows of the table: sizes, how many are ill of what, and garbage in the numbers", rows)
    yield figure("rows with an act, each on one target", acts)
    yield none(
        "acts where more is ill, or less serves, than the specification lets be touched", len(beyond), tuple(beyond)
    )
    yield none("acts on what is not ill", len(well), tuple(well))
    yield none("sizes from two up at which nothing is ever done", len(never), tuple(never))


def _longest(tried: Tried) -> int:
    grounds = [case.ground() for case in tried.cases]
    for ground in grounds:
        ground.carry(tried.event("alarm"))
    return max(len(ground.aws.mutations) for ground in grounds)


def _again() -> Iterator[Figure]:
    """Let what was healed be ill again, a hundred times at every pace, under the limits of config/dev.toml."""
    limits = load("dev", CATALOG).limits
    budgets = limits.budgets
    for pace in PACES:
        at = list(_acts(limits, pace))
        yield at_least(f"acts in {TIMES} times that it is ill again, every {pace // MINUTE} min", len(at), 1)
        for window, most, name in (
            (QUARTER, budgets.environment_quarter, "15 minutes"),
            (HOUR, len(GROUNDS) * budgets.resource_hour, "an hour"),
            (DAY, budgets.environment_day, "a day"),
        ):
            yield at_most(f"of them within {name}", _most(at, window), most)


def _acts(limits: Limits, pace: timedelta) -> Iterator[datetime]:
    """Yield when a runbook acts; they all take from the same budgets."""
    grounds, ledger = [(tried, tried.ground()) for tried in GROUNDS.values()], MemoryLedger()
    begun = NIGHT
    for nth in range(TIMES):
        begun += pace
        for tried, ground in grounds[nth % len(grounds) :] + grounds[: nth % len(grounds)]:  # each is first in its turn
            ground.limits = limits
            ground.on(ledger)
            yield from _ill_again(ground, tried, f"{tried.runbook.name}-{nth}", begun)
            begun = max(begun, ground.steps.now)


def _ill_again(ground: Ground, tried: Tried, run: str, begun: datetime) -> list[datetime]:
    """Let it be ill again, and return when something is changed about that: later than begun, where people are asked."""
    ground.steps = InMemorySteps(run=run, now=begun)
    live = LiveAlarm(exists=True, state="ALARM", transitioned_at=begun, actions_enabled=True)
    ground.alarms.alarms[tried.alarm] = live
    ground.worsen()
    before = len(ground.aws.mutations)
    outcome = ground.carry(_moved(tried, begun))
    assert len(ground.aws.mutations) - before <= len(outcome.acts), "every change is told"
    return [act.at for act in outcome.acts]


def _moved(tried: Tried, now: datetime) -> dict[str, object]:
    told = tried.event("alarm")
    told["time"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    told["detail"]["state"]["timestamp"] = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    return told


def _most(instants: list[datetime], window: timedelta) -> int:
    return max((sum(start <= at < start + window for at in instants) for start in instants), default=0)


TRIAL = Trial(
    id="T10",
    title="the blast table",
    unit="targets",
    full=50,
    quick=10,
    run=run,
    shows="how much is ill decides whether one thing is touched; no run and no storm of runs goes beyond its numbers",
    hides="what changes between the look and the act, which the action asks again (T2, T6)",
)
