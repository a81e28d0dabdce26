"""One environment's stack: what is shared, and one function per runbook of its configuration."""

from aws_cdk import Annotations, Environment, RemovalPolicy, Stack, Tags
from constructs import Construct

from layers.dependencies.build import LAMBDA, Target
from remediation.core.spec import AnyRunbook
from stacks.acknowledgements import acknowledge, acknowledge_boundary, acknowledge_operators
from stacks.alarms import RunbookAlarms, SystemAlarms, watches
from stacks.boundary import Boundary
from stacks.config import Config
from stacks.dashboard import Dashboard
from stacks.encryption import EnvironmentKey
from stacks.layers import Layers
from stacks.ledger import Ledger
from stacks.names import Names
from stacks.operators import Operators
from stacks.runbook_function import RunbookFunction
from stacks.shared import Shared
from stacks.system_function import PROBE_EXTRAS, AtlasWriter, EscalateIncident, ProbeDependencies, SweepAlarms
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
        boundary = Boundary(self, config=config, deployed=deployed, names=names)
        acknowledge_boundary(boundary, boundary.resources, boundary.actions)
        ledger = Ledger(self, "Ledger", names=names, key=key, removal=removal)
        Topics(self, "Topics", names=names, key=key, contacts=config.contacts)
        speaking = {package for runbook in deployed for package in runbook.speaks}
        extras = {*speaking, *(PROBE_EXTRAS if config.network is not None else ())}
        layers = Layers(self, "Layers", runbooks=deployed, extras=extras, target=target)
        shared = Shared(config=config, names=names, key=key, layers=layers.all, extras=layers.extras, removal=removal)
        for runbook in deployed:
            settings = config.runbooks[runbook.name].settings
            function = RunbookFunction(self, runbook.name, runbook=runbook, shared=shared)
            RunbookAlarms(function, "Alarms", alarms=runbook.alarms_in(settings), names=names, settings=settings)
            watched = watches(runbook, config.runbooks[runbook.name].ask_first)
            SystemAlarms(function, "SystemAlarms", name=runbook.name, watches=watched, names=names)
            acknowledge(function, runbook, shared)
        if config.network is not None:
            ProbeDependencies(self, network=config.network, shared=shared)
        if config.atlas is not None and (writing := config.writing) is not None:
            AtlasWriter(self, atlas=config.atlas, writing=writing, shared=shared)
        SweepAlarms(self, runbooks=deployed, shared=shared)
        EscalateIncident(self, shared=shared)
        if config.operators.principals:
            operators = Operators(
                self, "Operators", config=config, key=key.key_arn, runbooks=deployed, ledger=ledger.table
            )
            acknowledge_operators(operators, operators.statements)
        else:
            env = config.environment
            Annotations.of(self).add_warning_v2(
                "starttech:no-operators",
                f"Nobody gets the role {env}-remediation-operator, so nobody can acknowledge, approve or switch anything off:"
                f" name them under [operators] in config/{env}.toml.",
            )
        Dashboard(self, "Dashboard", catalog=deployed, config=config)
        for tag, value in config.tags.items():
            Tags.of(self).add(tag, value)
