"""What a function may do: what its runbook declares, and what the engine needs. Pure data; roles.py makes the role of it.

Reads always. Writes only where the runbook's effective mode is `act`: in `observe` a mistake in the code cannot act, because
the right to is not there. What a function may write to the ledger is named by the keys of the items: what people say (MODE#,
FREEZE#, SAID#, AUDIT#) is not among that, so no mistake in a function can raise its own mode or approve its own act.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import astuple

from remediation.atlas.asking import WRITER
from remediation.core.atlas import AtlasProject
from remediation.core.dependencies import Dependencies
from remediation.core.record import RUNS_INDEX
from remediation.core.spec import TEAMS, Allow, AnyRunbook, Document, Mode, filled
from remediation.core.triggers import SWEEP as SWEPT
from remediation.core.watched import Deploys, Lock, Watched
from stacks.config import Config, ConfigError
from stacks.names import ALIAS, Names
from stacks.network import Network

SWEEP = "sweep-alarms"
ESCALATION = "escalate-incident"
PROBE = "probe-dependencies"
ATLAS_WRITER = WRITER
"""The system functions: what they are called, after the environment."""
BACKUPS = "snapshot-redis"
"""Who takes a snapshot before an act that may lose data."""
DATABASE_BACKUPS = "backup-database"
"""Whose reads of Atlas a person has as well, for `remedy database`."""

INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda itself does for a function in a VPC, with the function's role."""
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
LEADING_KEYS = "dynamodb:LeadingKeys"
RUN_WRITES = ("EVENT#*", "RUN#*", "RESOURCE#*", "BUDGET#*", "CIRCUIT#*", "APPROVAL#*", "INCIDENT#*")
"""The items that a runbook's function writes (adapters/ledger.py says what is in them)."""
LOGINS = ("AUTH#mongodb",)
"""The items that the probe reads and writes."""
ESCALATION_WRITES = ("INCIDENT#*",)
SWEEP_WRITES = ("CIRCUIT#*", "DOCTOR#*", "INCIDENT#*", "RESOURCE#*", "RUN#*")
"""The sweep also closes runs that nobody else closes any more, and gives back what they have leased."""

Values: TypeAlias = str | tuple[str, ...]


class Statement(Struct, frozen=True, kw_only=True):
    """One statement that allows something, with everything filled in."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Values]] = {}


def allowed(runbook: AnyRunbook, mode: Mode) -> tuple[Allow, ...]:
    """Return what a runbook declares that is deployed in a mode; each once, as reads and writes may overlap."""
    declared = (*runbook.reads, *(runbook.writes if mode == "act" else ()))
    return tuple(allow for n, allow in enumerate(declared) if allow not in declared[:n])


def documents(runbook: AnyRunbook, mode: Mode) -> tuple[Document, ...]:
    """Return the documents of a runbook that are deployed in a mode."""
    return tuple(document for document in runbook.documents if mode == "act" or not document.mutates)


def declared(runbook: AnyRunbook, mode: Mode, names: Names, settings: Struct) -> tuple[Statement, ...]:
    """Return the statements of a runbook's own permissions: one per resource and condition."""
    grouped: list[tuple[str, dict[str, dict[str, str]], list[str]]] = []
    granted = (each for allow in allowed(runbook, mode) for each in filled(allow, names.place, settings))
    for allow in granted:
        resource = allow.on
        condition = {operator: dict(block) for operator, block in allow.when.items()}
        for other_resource, other_condition, actions in grouped:
            if (other_resource, other_condition) == (resource, condition):
                actions.append(allow.action)
                break
        else:
            grouped.append((resource, condition, [allow.action]))
    return tuple(
        Statement(actions=tuple(sorted(actions)), resources=(resource,), condition=condition)
        for resource, condition, actions in grouped
    )


def policies(runbook: AnyRunbook, config: Config, key: str) -> dict[str, tuple[Statement, ...]]:
    """Return the inline policies of a runbook's function, by name; `key` is the ARN of the environment's key."""
    names, own = Names(config.place), config.runbooks[runbook.name]
    network = config.network if runbook.speaks else None
    shared = (*engine(runbook, names, key, config.watched, own.mode), *(standing(names, network) if network else ()))
    stated = declared(runbook, own.mode, names, own.settings)
    return {
        "engine": tuple(each for each in shared if each not in stated),
        "runbook": (*stated, *decrypting(names, own.keys)),
    }


def decrypting(names: Names, keys: tuple[str, ...]) -> Iterator[Statement]:
    """Yield the right to have AWS's services decrypt what is encrypted with customer keys."""
    if keys:
        through = f"*.{names.place.region}.amazonaws.com"
        yield Statement(actions=("kms:Decrypt",), resources=keys, condition={"StringLike": {"kms:ViaService": through}})


def engine(runbook: AnyRunbook, names: Names, key: str, watched: Watched, mode: Mode) -> Iterator[Statement]:
    """Yield what every runbook's function needs, whatever it does."""
    yield from ledger(names, (*RUN_WRITES, "SEEN#*") if runbook.sightings else RUN_WRITES)
    yield from told(names, key)
    yield alarms(names)
    yield from running(names, runbook.name, durable=True)
    yield follow_up(names)
    deploys = watched.deploys if "deploy" in runbook.yields_to else Deploys()
    yield from surroundings(names, deploys, watched.calendar)
    if runbook.snapshots and mode == "act":
        yield from backups(names, {allow.action for allow in runbook.reads})


def backups(names: Names, own: Container[str]) -> Iterator[Statement]:
    """Yield what it takes to have a fresh snapshot before an act: to see whether there is one, and to have one taken.

    `own` is what the runbook may do of itself; it looks at the very cache that it risks.
    """
    yield from (each for each in caches(names) if each.actions[0] not in own)
    yield Statement(actions=("lambda:InvokeFunction",), resources=(live(names, BACKUPS),))


def caches(names: Names) -> Iterator[Statement]:
    """Yield the right to see caches and their snapshots; what a cache is, AWS tells only to who asks for each kind."""
    kinds = {
        "DescribeCacheClusters": "cluster",
        "DescribeReplicationGroups": "replicationgroup",
        "DescribeServerlessCaches": "serverlesscache",
        "DescribeServerlessCacheSnapshots": "serverlesscachesnapshot",
        "DescribeSnapshots": "snapshot",
    }
    for action, kind in kinds.items():
        yield Statement(actions=(f"elasticache:{action}",), resources=(names.arn("elasticache", f"{kind}:*"),))


def escalation(names: Names, key: str) -> Iterator[Statement]:
    """Yield what the function that follows an incident up needs: to know whether it is over, and to tell people."""
    yield from ledger(names, ESCALATION_WRITES, checks=False)
    yield from told(names, key)
    yield alarms(names)
    yield from running(names, ESCALATION, durable=True)


def sweep(names: Names, key: str, runbooks: Iterable[AnyRunbook]) -> Iterator[Statement]:
    """Yield what the sweep needs: to find what was left lying, to offer it again, and to close what is over."""
    yield from ledger(names, SWEEP_WRITES, checks=False)
    yield listing(names)
    yield from told(names, key)
    yield alarms(names)
    mute_rules = names.arn("cloudwatch", "alarm-mute-rule:*")
    yield Statement(actions=("cloudwatch:GetAlarmMuteRule", "cloudwatch:ListAlarmMuteRules"), resources=(mute_rules,))
    yield Statement(actions=("cloudwatch:ListMetrics",), resources=("*",))
    yield from running(names, SWEEP, durable=False)
    yield follow_up(names)
    yield Statement(
        actions=("events:PutEvents",),
        resources=(names.arn("events", "event-bus/default"),),
        condition={"StringEquals": {"events:source": SWEPT}},
    )
    if runs := tuple(executions(names, runbook.name) for runbook in runbooks):
        yield Statement(actions=("lambda:GetDurableExecution",), resources=runs)
    yield Statement(actions=("lambda:SendDurableExecutionCallbackSuccess",), resources=(executions(names, ESCALATION),))


def probe(names: Names, key: str, network: Network, dependencies: Dependencies) -> Iterator[Statement]:
    """Yield what the probe needs: to stand in the VPC, to read what it logs in with, and to keep when it did."""
    yield from running(names, PROBE, durable=False)
    yield from standing(names, network)
    redis, mongodb = dependencies.redis, dependencies.mongodb
    if redis is not None and redis.token:
        yield Statement(actions=("secretsmanager:GetSecretValue",), resources=(redis.token,))
    if mongodb is not None:
        if mongodb.secret:
            yield Statement(actions=("secretsmanager:GetSecretValue",), resources=(mongodb.secret,))
        if mongodb.parameter:
            parameter = names.arn("ssm", f"parameter{mongodb.parameter}")
            yield Statement(actions=("ssm:GetParameter",), resources=(parameter,))
        yield logins(names)
        yield via(names, key, "dynamodb")
    yield from decrypting(names, dependencies.keys)


def atlas_writer(names: Names, atlas: AtlasProject) -> Iterator[Statement]:
    """Yield what the writer needs: the secret that nobody else may read, and to see our NAT gateways."""
    yield from running(names, ATLAS_WRITER, durable=False)
    yield Statement(actions=("secretsmanager:GetSecretValue",), resources=(atlas.writer,))
    yield Statement(
        actions=("ec2:DescribeNatGateways", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"), resources=("*",)
    )
    yield from decrypting(names, atlas.keys)


def logins(names: Names) -> Statement:
    """Return the right to know when a login was tried last, and to take the next (adapters/logins.py): one item each."""
    table = names.arn("dynamodb", f"table/{names.table}")
    actions = ("dynamodb:GetItem", "dynamodb:UpdateItem")
    return Statement(actions=actions, resources=(table,), condition=of_keys(LOGINS))


def standing(names: Names, network: Network) -> Iterator[Statement]:
    """Yield what Lambda needs to put a function into these subnets. Its code may do none of it (boundary.py, Interfaces).

    The resources are those of the Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC": one
    that names interfaces alone keeps them from being deleted.
    """
    places = (
        *(f"subnet/{id_}" for id_ in network.subnets),
        *(f"security-group/{id_}" for id_ in network.security_groups),
    )
    yield Statement(
        actions=("ec2:CreateNetworkInterface",),
        resources=tuple(names.arn("ec2", place) for place in (*places, "network-interface/*")),
    )
    yield Statement(actions=INTERFACES[1:], resources=(names.arn("ec2", "*/*"),))
    yield Statement(actions=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"), resources=("*",))


def surroundings(names: Names, deploys: Deploys, calendar: str) -> Iterator[Statement]:
    """Yield what it takes to see a deploy that is on, and whether the change calendar is open. Reads, each of one thing.

    Raises ConfigError.
    """
    for name in (*deploys.stacks, *(part for lock in deploys.locks for part in astuple(lock)), calendar):
        if "*" in name or "?" in name:
            raise ConfigError(f"deploys, freeze: a wildcard in {name!r} would widen a permission; name one thing.")
    if deploys.asgs:
        yield Statement(actions=("autoscaling:DescribeInstanceRefreshes",), resources=("*",))
    if deploys.stacks:
        stacks = tuple(names.arn("cloudformation", f"stack/{stack}/*") for stack in deploys.stacks)
        yield Statement(actions=("cloudformation:DescribeStacks",), resources=stacks)
    yield from _locks(names, deploys.locks)
    if calendar:
        document = calendar if calendar.startswith("arn:") else names.arn("ssm", f"document/{calendar}")
        yield Statement(actions=("ssm:GetCalendarState",), resources=(document,))


def ledger(names: Names, writes: tuple[str, ...], *, checks: bool = True) -> Iterator[Statement]:
    """Yield the right to read the ledger, and to write the items whose keys are like these.

    No Put, Delete or Scan: what was recorded stays, and is looked up by key. Only runs check one item while they write
    another. Whoever sends no key is not allowed either (`ForAllValues` alone would let that pass).
    """
    table = (names.arn("dynamodb", f"table/{names.table}"),)
    reads = ("dynamodb:ConditionCheckItem", "dynamodb:GetItem") if checks else ("dynamodb:GetItem",)
    yield Statement(actions=reads, resources=table)
    yield Statement(actions=("dynamodb:UpdateItem",), resources=table, condition=of_keys(writes))


def listing(names: Names) -> Statement:
    """Return the right to list runs, approvals and incidents by the ledger's index."""
    return Statement(
        actions=("dynamodb:Query",), resources=(names.arn("dynamodb", f"table/{names.table}/index/{RUNS_INDEX}"),)
    )


def of_keys(patterns: tuple[str, ...]) -> dict[str, dict[str, Values]]:
    """Return the condition that every item's partition key is like one of these, and that there is one."""
    return {"ForAllValues:StringLike": {LEADING_KEYS: patterns}, "Null": {LEADING_KEYS: "false"}}


def plain(condition: Mapping[str, Mapping[str, Values]]) -> dict[str, dict[str, str | list[str]]]:
    """Return a condition as a policy's JSON has it."""
    return {
        operator: {key: values if isinstance(values, str) else list(values) for key, values in block.items()}
        for operator, block in condition.items()
    }


def via(names: Names, key: str, service: str) -> Statement:
    """Return the right to use the environment's key through one service, and in no other way."""
    through = f"{service}.{names.place.region}.amazonaws.com"
    return Statement(actions=KEY_ACTIONS, resources=(key,), condition={"StringEquals": {"kms:ViaService": through}})


def told(names: Names, key: str) -> Iterator[Statement]:
    """Yield the right to tell people, and to use what the ledger and the topics are encrypted with."""
    topics = tuple(names.topic(purpose) for purpose in ("outcomes", *TEAMS))
    yield Statement(actions=("sns:Publish",), resources=topics)
    yield from (via(names, key, service) for service in ("dynamodb", "sns"))


def alarms(names: Names) -> Statement:
    """Return the right to look at the alarms."""
    return Statement(actions=("cloudwatch:DescribeAlarms",), resources=(names.arn("cloudwatch", "alarm:*"),))


def running(names: Names, name: str, *, durable: bool) -> Iterator[Statement]:
    """Yield what a function needs to run at all: its execution if it is durable, its log, its dead letters."""
    if durable:
        yield Statement(
            actions=("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"),
            resources=(executions(names, name),),
        )
    yield Statement(
        actions=("logs:CreateLogStream", "logs:PutLogEvents"),
        resources=(names.arn("logs", f"log-group:/aws/lambda/{names.place.environment}-{name}:*"),),
    )
    yield Statement(actions=("sqs:SendMessage",), resources=(names.arn("sqs", names.place.name(f"{name}-dlq")),))


def follow_up(names: Names) -> Statement:
    """Return the right to have an incident followed up."""
    return Statement(actions=("lambda:InvokeFunction",), resources=(live(names, ESCALATION),))


def live(names: Names, name: str) -> str:
    """Return the ARN of the alias by which a function is invoked."""
    return names.arn("lambda", f"function:{names.place.environment}-{name}:{ALIAS}")


def executions(names: Names, name: str) -> str:
    """Return what the ARNs of a function's durable executions are like.

    They are authorised as <function>:<version>/durable-execution/<name>/<id>, never by an alias or unqualified.
    """
    return names.arn("lambda", f"function:{names.place.environment}-{name}:*")


def _locks(names: Names, locks: Iterable[Lock]) -> Iterator[Statement]:
    tables: dict[str, list[str]] = {}
    buckets: dict[str, list[str]] = {}
    for lock in locks:
        if lock.table:
            tables.setdefault(lock.table, []).append(lock.id)
        if lock.bucket:
            buckets.setdefault(lock.bucket, []).append(lock.key)
    for table, ids in tables.items():
        yield Statement(
            actions=("dynamodb:GetItem",),
            resources=(names.arn("dynamodb", f"table/{table}"),),
            condition={"ForAllValues:StringEquals": {LEADING_KEYS: tuple(ids)}, "Null": {LEADING_KEYS: "false"}},
        )
    for bucket, keys in buckets.items():
        # Without the right to list, S3 answers 403 instead of 404 for a lock that is not there, and the gate would refuse
        # for ever. It is asked without a prefix then, so none can be demanded. Names of objects, not what is in them.
        yield Statement(actions=("s3:ListBucket",), resources=(f"arn:aws:s3:::{bucket}",))
        yield Statement(actions=("s3:GetObject",), resources=tuple(f"arn:aws:s3:::{bucket}/{key}" for key in keys))
