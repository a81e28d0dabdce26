"""The system as config/dev.toml deploys it."""

from functools import cache

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
    return load("dev", CATALOG)
