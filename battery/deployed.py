"""The system as config/dev.toml deploys it, with the one alarm that a runbook only has where its settings say so."""

from functools import cache

from msgspec.structs import replace

from battery.grounds.clear_stale_lock import CLEAR_STALE_LOCK, SETTINGS
from remediation.core.deployment import Deployment
from remediation.core.spec import AnyRunbook
from remediation.core.sweep import SweepSettings
from stacks.catalog import CATALOG
from stacks.config import Config, load
from stacks.deployments import deployment
from stacks.system_function import sweep_settings


def as_deployed(runbook: AnyRunbook) -> tuple[Deployment, SweepSettings]:
    """Return what the CDK app tells the runbook's function, and the sweep."""
    return deployment(runbook, _config()), sweep_settings(_config(), CATALOG)


@cache
def _config() -> Config:
    config, name = load("dev", CATALOG), CLEAR_STALE_LOCK.runbook.name
    own = replace(config.runbooks[name], settings=SETTINGS)
    return replace(config, runbooks={**config.runbooks, name: own})
