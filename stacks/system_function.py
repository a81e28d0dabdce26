"""The functions that belong to no runbook: the sweep, and the one that follows an incident up until somebody answers.

Nobody heals while the sweep stands still and nobody notices, so its silence pages: a dead man's switch.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import msgspec
from aws_cdk import aws_events as events
from constructs import Construct

from remediation.atlas.asking import DOORS
from remediation.core.atlas import AtlasProject, Writing
from remediation.core.dependencies import Probing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.spec import AnyRunbook, OnAlarm, fill
from remediation.core.sweep import Answers, SweepSettings, Swept
from stacks.acknowledgements import acknowledge_system
from stacks.alarms import SystemAlarms, Watch, function_watches
from stacks.config import Config
from stacks.deployments import contacts
from stacks.live_function import LiveFunction, Plan
from stacks.names import Names
from stacks.network import Network
from stacks.permissions import (
    ATLAS_WRITER,
    ESCALATION,
    PROBE,
    SWEEP,
    Statement,
    atlas_writer,
    escalation,
    probe,
    sweep,
)
from stacks.runbook_function import execution_timeout, room
from stacks.shared import Shared

SWEEP_EVERY = timedelta(minutes=5)
"""As often as an alarm's own event may be late (core/gates.py, LARGEST_AGE)."""
FOLLOWED_FOR = timedelta(hours=26)
"""An incident is followed up for a day at most; the rest is for closing."""
PROBE_EXTRAS = ("pymongo", "redis")
"""What the probe speaks with the dependencies by."""


def deployment(config: Config) -> Deployment:
    """Return an environment as a function that belongs to no runbook has to know it."""
    names = Names(config.place)
    return Deployment(
        place=config.place,
        mode=config.mode,
        ledger=names.table,
        outcomes=names.topic("outcomes"),
        contacts=contacts(config),
        limits=config.limits,
        watched=config.watched,
    )


def sweep_settings(config: Config, runbooks: Iterable[AnyRunbook]) -> SweepSettings:
    """Return what the sweep has to know of the runbooks that are deployed."""
    return SweepSettings(runbooks=tuple(_swept(runbook, config) for runbook in runbooks))


def _swept(runbook: AnyRunbook, config: Config) -> Swept:
    own, place = config.runbooks[runbook.name], config.place
    alarms = tuple(
        Answers(
            namespace=fill(trigger.namespace, place, own.settings),
            metric=trigger.metric,
            dimensions={
                name: fill(template, place, own.settings)
                # As in routing: what the incident is made of has to be there, whatever it says.
                for name, template in (dict.fromkeys(trigger.incident.values(), "*") | dict(trigger.dimensions)).items()
            },
        )
        for trigger in runbook.triggers_in(own.settings)
        if isinstance(trigger, OnAlarm)
    )
    return Swept(
        runbook=runbook.name,
        team=runbook.team,
        mode=own.mode,
        alarms=alarms,
        limit=execution_timeout(runbook, own.ask_first),
        cooldown=runbook.guardrails.cooldown,
    )


class SystemFunction(LiveFunction):
    """One function that belongs to no runbook, with the alarms on it."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        summary: str,
        statements: tuple[Statement, ...],
        settings: msgspec.Struct | None,
        durable_for: timedelta | None,
        retries: int,
        watches: Iterable[Watch],
        shared: Shared,
        network: Network | None = None,
        extras: tuple[str, ...] = (),
        concurrency: int | None = None,
        doors: Mapping[str, str] | None = None,
    ) -> None:
        package = name.replace("-", "_")
        variables = {DEPLOYMENT: msgspec.json.encode(deployment(shared.config)).decode()}
        if settings is not None:
            variables[SETTINGS] = msgspec.json.encode(settings).decode()
        plan = Plan(
            name=name,
            package=package,
            summary=summary,
            code=room(package),
            environment={**variables, "POWERTOOLS_LOG_LEVEL": "INFO"},
            policies={"system": statements},
            role=f"{name} in {shared.config.environment}",
            durable_for=durable_for,
            retries=retries,
            network=network,
            extras=extras,
            concurrency=concurrency,
            doors=doors or {},
        )
        super().__init__(scope, name, plan=plan, shared=shared)
        SystemAlarms(self, "SystemAlarms", name=name, watches=watches, names=shared.names)
        acknowledge_system(self, statements)

    def scheduled(self, name: str, expression: str, names: Names) -> None:
        """Start it again and again."""
        schedule = events.CfnRule(
            self,
            "Schedule",
            name=names.place.name(f"{name}-schedule1"),
            description=f"Starts {names.place.environment}-{name}",
            schedule_expression=expression,
            state="ENABLED",
            targets=[self.starts.target],
        )
        self.starts.let("events", schedule.node.id, schedule.attr_arn)


class SweepAlarms(SystemFunction):
    """The sweep, and what starts it."""

    def __init__(self, scope: Construct, *, runbooks: tuple[AnyRunbook, ...], shared: Shared) -> None:
        names = shared.names
        super().__init__(
            scope,
            SWEEP,
            summary="Offer alarms that are still in ALARM again, close what was left lying, and examine the alarms.",
            statements=tuple(sweep(names, shared.key.key_arn, runbooks)),
            settings=sweep_settings(shared.config, runbooks),
            durable_for=None,
            retries=0,  # the next tick is the next try
            watches=sweep_watches(),
            shared=shared,
        )
        self.scheduled(SWEEP, f"rate({round(SWEEP_EVERY.total_seconds() / 60)} minutes)", names)


class ProbeDependencies(SystemFunction):
    """The probe, which stands in the VPC and looks at what the application depends on, every minute."""

    def __init__(self, scope: Construct, *, network: Network, shared: Shared) -> None:
        dependencies = shared.config.dependencies
        super().__init__(
            scope,
            PROBE,
            summary="Look at the dependencies from where the application does, layer by layer.",
            statements=tuple(probe(shared.names, shared.key.key_arn, network, dependencies)),
            settings=Probing(dependencies=dependencies, networks=network.networks),
            durable_for=None,
            retries=0,  # the next minute is the next try
            watches=probe_watches(),
            shared=shared,
            network=network,
            extras=PROBE_EXTRAS,
        )
        self.scheduled(PROBE, "rate(1 minute)", shared.names)


class AtlasWriter(SystemFunction):
    """What writes to Atlas, and the only function that can. Runbooks that declare it invoke it; nothing else does.

    Each invokes the alias of what it may ask for. Nobody may invoke `live`, and through that nothing is done.

    One request at a time, as Atlas wants it: the function's reserved concurrency is one, and a second caller is throttled.
    """

    def __init__(self, scope: Construct, *, atlas: AtlasProject, writing: Writing, shared: Shared) -> None:
        super().__init__(
            scope,
            ATLAS_WRITER,
            summary="Let an own address in, take a snapshot, make a new cluster, restore to it: at Atlas, and nothing else.",
            statements=tuple(atlas_writer(shared.names, atlas)),
            settings=writing,
            durable_for=None,
            retries=0,
            watches=function_watches(durable=False),
            shared=shared,
            concurrency=1,
            doors={name: f"What asks for {name} invokes" for name in DOORS},
        )


class EscalateIncident(SystemFunction):
    """What follows an incident up. Runbooks and the sweep start it, asynchronously; nothing else does."""

    def __init__(self, scope: Construct, *, shared: Shared) -> None:
        super().__init__(
            scope,
            ESCALATION,
            summary="Page the next contact until somebody answers or the alarm is over.",
            statements=tuple(escalation(shared.names, shared.key.key_arn)),
            settings=None,
            durable_for=FOLLOWED_FOR,
            retries=2,
            watches=function_watches(durable=True),
            shared=shared,
        )


def sweep_watches() -> Iterator[Watch]:
    """Yield the alarms on the sweep: those of every function, and one on its silence."""
    yield from function_watches(durable=False)
    yield Watch(
        name="silent",
        because="The sweep did not run for ten minutes: alarms whose event was lost or refused are not offered again.",
        namespace="AWS/Lambda",
        metric="Invocations",
        below=True,
        periods=2,
    )


def probe_watches() -> Iterator[Watch]:
    """Yield the alarms on the probe: those of every function, and one on its silence."""
    yield from function_watches(durable=False)
    yield Watch(
        name="silent",
        because="The probe did not run for ten minutes: nobody sees whether the dependencies can be reached.",
        namespace="AWS/Lambda",
        metric="Invocations",
        below=True,
        periods=2,
    )
