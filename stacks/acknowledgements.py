"""Findings of cdk-nag that are right and still meant so, each with its reason. Whatever is not here fails synth.

A wildcard in a resource is acknowledged one resource at a time, with the very actions that it is for. A wildcard in an action
is never acknowledged but in the boundary, which grants nothing.
"""

from collections.abc import Iterable, Iterator

from aws_cdk import Acknowledgment, Validations
from constructs import Construct

from remediation.core.spec import AnyRunbook
from stacks.permissions import Statement, policies
from stacks.shared import Shared

RUNTIME = (
    "AwsSolutions-L1",
    "The layer's wheels and bytecode are built for python3.13 (layers/dependencies); a newer runtime changes both at once.",
)
_EXECUTIONS = "Executions of named functions: their ARNs extend a version's, which a deploy makes."
_SNAPSHOTS = "Whether a cache has a fresh snapshot before it is risked; which one is only known then. Reads."
_WHY = {
    "autoscaling:DescribeInstanceRefreshes": "Whether a deploy is on; AWS narrows this to no group.",
    "ec2:AssignPrivateIpAddresses": "Interfaces that Lambda makes in the VPC; the function's code is denied all of it.",
    "ec2:CreateNetworkInterface": "Interfaces in the named subnets; their ids are only known then.",
    "ec2:DescribeNatGateways": "Which addresses are ours, before Atlas lets one in; AWS narrows this to none.",
    "ec2:DescribeNetworkInterfaces": "Lambda looks for its own interfaces; AWS narrows this to none.",
    "elasticache:DescribeCacheClusters": _SNAPSHOTS,
    "elasticache:DescribeReplicationGroups": _SNAPSHOTS,
    "elasticache:DescribeServerlessCaches": _SNAPSHOTS,
    "elasticache:DescribeServerlessCacheSnapshots": _SNAPSHOTS,
    "elasticache:DescribeSnapshots": _SNAPSHOTS,
    "cloudformation:DescribeStacks": "A named stack, whose ARN ends in an id that AWS makes.",
    "cloudwatch:DescribeAlarms": "Which alarm started a run is only known then, and alarms made elsewhere count too.",
    "cloudwatch:GetAlarmMuteRule": "Which rules mute alarms of this environment is only known by looking at them all.",
    "cloudwatch:ListMetrics": "Whether an alarm's metric exists; AWS narrows this to no metric.",
    "lambda:CheckpointDurableExecution": "Executions of this one function: their ARNs extend a version's, which a deploy makes.",
    "lambda:GetDurableExecution": _EXECUTIONS,
    "lambda:SendDurableExecutionCallbackSuccess": _EXECUTIONS,
    "logs:CreateLogStream": "Streams of the function's own log group; Lambda names them.",
}
"""Of the engine's statements, by their first action."""
_BOUNDARY = "A boundary grants nothing. It keeps each function's own policy, which names resources, within this."


def acknowledge(function: Construct, runbook: AnyRunbook, shared: Shared) -> None:
    """Acknowledge what is meant so of one runbook's function."""
    own = policies(runbook, shared.config, "the key, which has no wildcard")
    wildcards = [*_known(own["engine"]), *((each, _declared(each)) for each in own["runbook"])]
    _acknowledge(function, [RUNTIME, *_findings(wildcards)])


def acknowledge_system(function: Construct, statements: Iterable[Statement]) -> None:
    """Acknowledge what is meant so of a function that belongs to no runbook."""
    _acknowledge(function, [RUNTIME, *_findings(_known(statements))])


def acknowledge_operators(role: Construct, statements: Iterable[Statement]) -> None:
    """Acknowledge what is meant so of the operators' role."""
    _acknowledge(role, _findings(_known(statements)))


def acknowledge_boundary(boundary: Construct, resources: Iterable[str], actions: Iterable[str]) -> None:
    """Acknowledge that a boundary says how far all functions together may reach at most."""
    _acknowledge(boundary, [(_iam5(resource), _BOUNDARY) for resource in resources if "*" in resource])
    _acknowledge(boundary, [(f"AwsSolutions-IAM5[Action::{action}]", _BOUNDARY) for action in actions if "*" in action])


def _acknowledge(construct: Construct, findings: Iterable[tuple[str, str]]) -> None:
    for id_, reason in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=id_, reason=reason))


def _findings(wildcards: Iterable[tuple[Statement, str]]) -> Iterator[tuple[str, str]]:
    """Yield one finding per resource with a wildcard, with the reasons of all statements that name it."""
    reasons: dict[str, list[str]] = {}
    for statement, reason in wildcards:
        for resource in statement.resources:
            if "*" in resource and reason not in reasons.setdefault(resource, []):
                reasons[resource].append(reason)
    yield from ((_iam5(resource), " ".join(each)) for resource, each in reasons.items())


def _known(statements: Iterable[Statement]) -> list[tuple[Statement, str]]:
    """Return the engine's statements that hold a wildcard, each with its reason."""
    return [(each, _WHY[each.actions[0]]) for each in statements if any("*" in resource for resource in each.resources)]


def _declared(statement: Statement) -> str:
    actions = ", ".join(statement.actions)
    if statement.resources == ("*",):
        return f"{actions}: reads that take no resource or list them (tests/house/rules.py, ONLY_STAR)."
    narrowed = ", ".join(f"{key} = {value}" for block in statement.condition.values() for key, value in block.items())
    return f"{actions}: narrowed by {narrowed or 'the rest of the ARN, as the runbook declares it'}."


def _iam5(resource: str) -> str:
    return f"AwsSolutions-IAM5[Resource::{resource}]"
