"""What a function may do: what its runbook declares, and what the engine needs. Pure data; roles.py makes the role of it.

Reads always. Writes only where the runbook's effective mode is `act`: in `observe` a mistake in the code cannot act, because
the right to is not there.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from remediation.core.spec import TEAMS, Allow, AnyRunbook, Document, Mode, fill
from stacks.names import Names

LEDGER_ACTIONS = ("dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:UpdateItem")
"""What adapters/ledger.py does to items. No Delete, Query or Scan: what was recorded stays, and is looked up by key."""
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


class Statement(Struct, frozen=True, kw_only=True):
    """One statement that allows something, with everything filled in."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, str]] = {}


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
    for allow in allowed(runbook, mode):
        resource = fill(allow.on, names.place, settings)
        condition = {
            operator: {key: fill(value, names.place, settings) for key, value in block.items()}
            for operator, block in allow.when.items()
        }
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


def engine(runbook: AnyRunbook, names: Names, key: str) -> Iterator[Statement]:
    """Yield what every function needs, whatever its runbook does; `key` is the ARN of the environment's key."""
    yield Statement(actions=LEDGER_ACTIONS, resources=(names.arn("dynamodb", f"table/{names.table}"),))
    topics = tuple(names.topic(purpose) for purpose in ("outcomes", *TEAMS))
    yield Statement(actions=("sns:Publish",), resources=topics)
    services = tuple(f"{service}.{names.place.region}.amazonaws.com" for service in ("dynamodb", "sns"))
    for service in services:
        yield Statement(actions=KEY_ACTIONS, resources=(key,), condition={"StringEquals": {"kms:ViaService": service}})
    yield Statement(actions=("cloudwatch:DescribeAlarms",), resources=(names.arn("cloudwatch", "alarm:*"),))
    function = names.arn("lambda", f"function:{names.function(runbook)}")
    # Durable executions are authorised as <function>:<version>/durable-execution/<name>/<id>, never unqualified.
    yield Statement(
        actions=("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"), resources=(f"{function}:*",)
    )
    yield Statement(
        actions=("logs:CreateLogStream", "logs:PutLogEvents"),
        resources=(names.arn("logs", f"log-group:{names.log_group(runbook)}:*"),),
    )
    yield Statement(actions=("sqs:SendMessage",), resources=(names.arn("sqs", names.queue(runbook)),))
