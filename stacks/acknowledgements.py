"""Findings of cdk-nag that are right and still meant so, each with its reason. Whatever is not here fails synth.

A wildcard in a resource is acknowledged one resource at a time, with the very actions that it is for. A wildcard in an action
never is.
"""

from collections.abc import Iterator

from aws_cdk import Acknowledgment, Validations
from constructs import Construct

from remediation.core.spec import AnyRunbook
from stacks.permissions import Statement, declared, engine
from stacks.shared import Shared

RUNTIME = (
    "AwsSolutions-L1",
    "The layer's wheels and bytecode are built for python3.13 (layers/dependencies); a newer runtime changes both at once.",
)
_ENGINE = {
    "cloudwatch:DescribeAlarms": "Which alarm started a run is only known then, and alarms made elsewhere count too.",
    "lambda:CheckpointDurableExecution": "Executions of this one function: their ARNs extend a version's, which a deploy makes.",
    "logs:CreateLogStream": "Streams of the function's own log group; Lambda names them.",
}


def acknowledge(function: Construct, runbook: AnyRunbook, shared: Shared) -> None:
    """Acknowledge what is meant so of one runbook's function."""
    for id_, reason in acknowledgements(runbook, shared):
        Validations.of(function).acknowledge(Acknowledgment(id=id_, reason=reason))


def acknowledgements(runbook: AnyRunbook, shared: Shared) -> Iterator[tuple[str, str]]:
    """Yield the ids of findings and the reasons why they are meant so."""
    yield RUNTIME
    own, names = shared.config.runbooks[runbook.name], shared.names
    for statement in engine(runbook, names, "the key, which has no wildcard"):
        for resource in _wildcards(statement):
            yield _iam5(resource), _ENGINE[statement.actions[0]]
    statements = declared(runbook, own.mode, names, own.settings)
    resources = dict.fromkeys(resource for statement in statements for resource in _wildcards(statement))
    for resource in resources:
        reasons = [_reason(statement) for statement in statements if resource in statement.resources]
        yield _iam5(resource), " ".join(reasons)


def _reason(statement: Statement) -> str:
    actions = ", ".join(statement.actions)
    if statement.resources == ("*",):
        return f"{actions}: reads that take no resource or list them (tests/house/rules.py, ONLY_STAR)."
    narrowed = ", ".join(f"{key} = {value}" for block in statement.condition.values() for key, value in block.items())
    return f"{actions}: narrowed by {narrowed or 'the rest of the ARN, as the runbook declares it'}."


def _wildcards(statement: Statement) -> list[str]:
    return [resource for resource in statement.resources if "*" in resource]


def _iam5(resource: str) -> str:
    return f"AwsSolutions-IAM5[Resource::{resource}]"
