"""The CDK app: `cdk deploy -c env=dev`. Offline, and without Docker."""

import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from layers.dependencies.build import LAMBDA, host
from layers.dependencies.models import UnknownOperationError
from layers.dependencies.requirements import BuildError
from stacks.catalog import CATALOG
from stacks.config import ConfigError, environments, load, lower
from stacks.remediation_stack import RemediationStack

TARGETS = {"lambda": LAMBDA, "host": host()}
"""What the functions' packages are built for: Lambda, or (for an emulator) this machine and the Python of this process."""


def compose(app: App) -> RemediationStack:
    """Add the stack of the environment that `-c env=...` names. Raises ConfigError, and what the layer's build raises."""
    environment, mode, target = (app.node.try_get_context(key) for key in ("env", "mode", "target"))
    if not environment:
        choices = " or ".join(f"-c env={name}" for name in environments())
        raise ConfigError(f"Say which environment: {choices}.")
    config = load(str(environment), CATALOG)
    if mode is not None:
        config = lower(config, mode)
    if target is not None and target not in TARGETS:
        raise ConfigError(f"-c target={target}: expected one of {', '.join(TARGETS)}.")
    stack = RemediationStack(app, config=config, catalog=CATALOG, target=TARGETS[target or "lambda"])
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def main() -> int:
    """Synthesise, or say in one sentence what is wrong with the configuration or the build."""
    app = App()
    try:
        compose(app)
    except (BuildError, ConfigError, UnknownOperationError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
