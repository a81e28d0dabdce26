"""What can be shown: something breaks, people and clocks do their part, and what has to come of it."""

from remedy.lab.scenarios.approval import APPROVAL
from remedy.lab.scenarios.compute import HIGH_CPU, LAUNCH_FAILURE
from remedy.lab.scenarios.database import DATABASE, DATABASE_ACCESS
from remedy.lab.scenarios.escalation import ESCALATION
from remedy.lab.scenarios.frozen import FROZEN
from remedy.lab.scenarios.plain import PLAIN
from remedy.lab.scenarios.redis import REDIS_RULE, REDIS_SNAPSHOT
from remedy.lab.scenarios.scenario import Scenario
from remedy.lab.scenarios.storm import STORM
from remedy.lab.scenarios.terraform_lock import TERRAFORM_LOCK

__all__ = ["SCENARIOS", "Scenario", "named"]

SCENARIOS: tuple[Scenario, ...] = (
    *PLAIN,
    STORM,
    APPROVAL,
    ESCALATION,
    FROZEN,
    TERRAFORM_LOCK,
    REDIS_RULE,
    REDIS_SNAPSHOT,
    LAUNCH_FAILURE,
    HIGH_CPU,
    DATABASE,
    DATABASE_ACCESS,
)


def named(name: str) -> Scenario:
    """Return a scenario. Raises KeyError."""
    return {scenario.name: scenario for scenario in SCENARIOS}[name]
