"""Both environments as configured, and dev in two other ways: synthesised once, because jsii is slow."""

from typing import Any

import pytest
from msgspec.structs import replace

from stacks.catalog import CATALOG
from stacks.config import Config, Contact, load
from tests.stacks.template import Synthesis, Template, synthesise

ALARMS = "arn:aws:sns:us-east-1:123456789012:dev-alarms"
CI_LOGS = "/aws/codebuild/terraform-apply"
SETTINGS: dict[str, dict[str, Any]] = {"clear-stale-lock": {"ci_log_group": CI_LOGS}}
ALARMED = {CATALOG[0].name}


@pytest.fixture(scope="session")
def synthesis() -> Synthesis:
    dev = load("dev", CATALOG)
    return synthesise(dev, load("prod", CATALOG), dev.lowered("observe"), tuned(dev), catalog=CATALOG)


def tuned(config: Config) -> Config:
    """Say everything that a config may leave out."""
    emails = Contact(response_minutes=15, emails=("ops@example.com", "second@example.com"))
    return replace(
        config,
        drills_act=True,
        contacts=replace(config.contacts, infrastructure=emails),
        runbooks={
            name: replace(
                runbook,
                reserved_concurrency=2,
                memory_mb=1024,
                alarm_topics=(ALARMS,) if name in ALARMED else (),
                settings=replace(runbook.settings, **SETTINGS.get(name, {})),
            )
            for name, runbook in config.runbooks.items()
        },
    )


@pytest.fixture(scope="session")
def dev(synthesis: Synthesis) -> Template:
    return synthesis.templates[0]


@pytest.fixture(scope="session")
def prod(synthesis: Synthesis) -> Template:
    return synthesis.templates[1]


@pytest.fixture(scope="session")
def observed(synthesis: Synthesis) -> Template:
    """dev, deployed with `-c mode=observe`."""
    return synthesis.templates[2]


@pytest.fixture(scope="session")
def loud(synthesis: Synthesis) -> Template:
    """dev, with everything said that a config may leave out."""
    return synthesis.templates[3]


@pytest.fixture(scope="session", params=["dev", "prod", "observed"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found
