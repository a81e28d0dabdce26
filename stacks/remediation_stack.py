"""One environment's stack: what is shared, and one function per runbook of its configuration."""

from aws_cdk import Environment, RemovalPolicy, Stack, Tags
from constructs import Construct

from layers.dependencies.build import LAMBDA, Target
from remediation.core.spec import AnyRunbook
from stacks.acknowledgements import acknowledge
from stacks.alarms import RunbookAlarms, SystemAlarms
from stacks.config import Config
from stacks.dashboard import Dashboard
from stacks.encryption import EnvironmentKey
from stacks.layers import Layers
from stacks.ledger import Ledger
from stacks.names import Names
from stacks.runbook_function import RunbookFunction
from stacks.shared import Shared
from stacks.topics import Topics


class RemediationStack(Stack):
    """Everything of one environment."""

    def __init__(
        self, scope: Construct, *, config: Config, catalog: tuple[AnyRunbook, ...], target: Target = LAMBDA
    ) -> None:
        super().__init__(
            scope,
            f"remediation-{config.environment}",
            env=Environment(account=config.account, region=config.region),
            description=f"Auto-remediation of {config.environment}",
            termination_protection=not config.disposable,
        )
        names, removal = Names(config.place), RemovalPolicy.DESTROY if config.disposable else RemovalPolicy.RETAIN
        deployed = tuple(runbook for runbook in catalog if runbook.name in config.runbooks)
        key = EnvironmentKey(self, "Encryption", names=names, removal=removal).key
        Ledger(self, "Ledger", names=names, key=key, removal=removal)
        Topics(self, "Topics", names=names, key=key, contacts=config.contacts)
        layers = Layers(self, "Layers", runbooks=deployed, target=target)
        shared = Shared(config=config, names=names, key=key, layers=layers.all, removal=removal)
        for runbook in deployed:
            settings = config.runbooks[runbook.name].settings
            function = RunbookFunction(self, runbook.name, runbook=runbook, shared=shared)
            RunbookAlarms(function, "Alarms", alarms=runbook.alarms, names=names, settings=settings)
            SystemAlarms(function, "SystemAlarms", runbook=runbook, names=names)
            acknowledge(function, runbook, shared)
        Dashboard(self, "Dashboard", catalog=deployed, config=config)
        for tag, value in config.tags.items():
            Tags.of(self).add(tag, value)
