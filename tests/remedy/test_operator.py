"""What the console asks of AWS is what the operators' role allows: every command works with it, and it allows nothing more."""

import io
from collections.abc import Iterable

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.approval import Wanted
from tests.remedy.atlas import NAME as CLUSTER
from tests.remedy.atlas import atlas_of
from tests.remedy.cached import caches_of
from tests.remedy.console import RUNBOOK, TABLE, fine, happened, outcome, remedy
from tests.remedy.people import Console, Heard
from tests.remedy.waiting import HASH, RUN, Troubled, Waiting
from tests.stacks.callers import environment
from tests.support.asked import Asking
from tests.support.iam import Call
from tests.support.toy import PLACE

BECAUSE = ("--because", "the release is going wrong")
TROUBLED = "dddd-eeee-ffff"
ALICE, BOB = "AROAOPERATOR:alice", "AROAOPERATOR:bob"
EVERY = (
    ("status",),
    ("runs",),
    ("show", RUN),
    ("show", TROUBLED),
    ("audit",),
    ("mode",),
    ("mode", "off", *BECAUSE),
    ("mode", "observe", "--runbook", RUNBOOK, *BECAUSE),
    ("mode", "act", *BECAUSE),
    ("freeze", "--until", "1h", *BECAUSE),
    ("thaw", *BECAUSE),
    ("circuit", "close", RUNBOOK, *BECAUSE),
    ("approve", RUN, "--hash", HASH[:12]),
    ("reject", "bbbb-bbbb-bbbb", *BECAUSE),
    ("ack", TROUBLED),
)
INVOKE = ("invoke", RUNBOOK, "--target", "dev-backend-tg-v2", "--apply")
ELSEWHERE = {"lambda:GetDurableExecution", "lambda:GetDurableExecutionHistory"}
"""A run that lasts is followed by its execution, for which moto has none; its history is for people with the AWS console."""
KEY_OF_WRITING = {"kms:GenerateDataKey"}
"""What DynamoDB may need in order to write, whoever asks it to."""


def asked(heard: Iterable[Heard]) -> list[Call]:
    """Return what IAM was asked, for everybody may ask who they are."""
    calls: list[Call] = []
    for service, operation, parameters in heard:
        if operation != "GetCallerIdentity":
            calls += Asking(PLACE, by=ALICE).calls(service, operation, _partitioned(parameters))
    return calls


def _partitioned(parameters: dict[str, object]) -> dict[str, object]:
    """Return a call of an index in which the partition is called so."""
    values = parameters.get("ExpressionAttributeValues")
    if not isinstance(values, dict) or ":environment" not in values or "IndexName" not in parameters:
        return parameters
    named = {":partition" if name == ":environment" else name: value for name, value in values.items()}
    return {**parameters, "ExpressionAttributeValues": named}


@pytest.fixture
def night(aws: Clients, ledger: DynamoLedger, people: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Return Alice at the console, in a night in which there is something to do for every command."""
    monkeypatch.setattr("remedy.invoke.LOOK_EVERY", 0.01)
    waiting = Waiting(aws, ledger)
    waiting.asks()
    other: Wanted = waiting.asks("callback-3", run="bbbb-bbbb-bbbb")
    assert other.run == "bbbb-bbbb-bbbb"
    trouble = Troubled(aws, ledger)
    trouble.escalates(TROUBLED)
    trouble.follows("callback-2", TROUBLED)
    happened(ledger, outcome("eeee-eeee-eeee"))
    aws.acting.dynamodb.put_item(
        TableName=TABLE, Item={"pk": {"S": f"CIRCUIT#dev#{RUNBOOK}"}, "state": {"S": "open"}, "opened_at": {"N": "1"}}
    )
    people.heard.clear()
    people.sits = "alice"
    assert people.user() == ALICE
    return people


def test_an_operator_is_allowed_every_command_and_nothing_that_none_needs(
    night: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = environment("dev").operator
    for command in EVERY:
        fine(*command)
    world = caches_of(night, monkeypatch)
    world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available"}
    fine("snapshots")
    world.cluster("dev-redis")
    fine("snapshots")
    atlas_of(night, monkeypatch).cluster(CLUSTER)
    fine("database", "status")
    fine("database", "backups")
    call = night.call

    def invoked(service: str, operation: str, parameters: dict[str, object], go_on: object) -> object:
        if operation != "Invoke":
            return call(service, operation, parameters, go_on)  # type: ignore[arg-type]
        night.heard.append((service, operation, parameters))
        return {"StatusCode": 200, "Payload": io.BytesIO(outcome(RUN).json().encode())}

    monkeypatch.setattr(night, "call", invoked)
    fine(*INVOKE)
    calls = asked(night.heard)
    for each in calls:
        answer = operator.asks(each)
        assert answer.allowed, f"{each.action} on {each.resource} {each.context}: {answer.because}"
    may = {action for statement in operator.own for action in _listed(statement["Action"])}
    assert may - {each.action for each in calls} - ELSEWHERE - KEY_OF_WRITING == set()


def test_nobody_sends_what_another_ones_console_sends(night: Console) -> None:
    for command in EVERY:
        fine(*command)
    operator = environment("dev").operator
    transactions = [heard for heard in night.heard if heard[1] == "TransactWriteItems"]
    assert len(transactions) == len([command for command in EVERY if command[1:] and command[0] != "show"])
    for transaction in transactions:
        calls = asked([transaction])
        assert operator.asks(*calls).allowed
        bobs = [Call(each.action, each.resource, {**each.context, "aws:userid": BOB}) for each in calls]
        assert not operator.asks(*bobs).allowed, "its record is Alice's"


def test_looking_writes_nothing(night: Console) -> None:
    for command in (("status",), ("runs",), ("show", RUN), ("audit",), ("mode",)):
        assert remedy(*command).exit_code == 0
    assert not [each for each in asked(night.heard) if each.action.endswith(("UpdateItem", "PutItem", "DeleteItem"))]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
