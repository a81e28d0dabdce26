"""Calls of operators that must be denied are, by the synthesised policies; and what they must not be mistaken for is not.

Each sentence is one mistake, or one attack. It is put to both environments as they would be deployed.
"""

import pytest

from stacks.permissions import ESCALATION, SWEEP
from tests.stacks.callers import ALICE, BOB, Attempt, environment
from tests.support.iam import Call

RUNBOOK = "restart-unhealthy-targets"

DENIED: dict[str, Attempt] = {
    "an operator speaks for another one": lambda e: e.operator.asks(e.item("UpdateItem", f"SAID#{BOB}#run-1")),
    "an operator speaks for somebody whose name begins like theirs": lambda e: e.operator.asks(
        e.item("UpdateItem", f"SAID#{ALICE}2#run-1")
    ),
    "an operator changes what another one said": lambda e: e.operator.asks(e.item("UpdateItem", f"SAID#{BOB}#run-1")),
    "an operator hides another one's word among their own": lambda e: e.operator.asks(
        e.item("UpdateItem", f"SAID#{ALICE}#run-1", f"SAID#{BOB}#run-1")
    ),
    "somebody whom AWS does not know speaks": lambda e: e.operator.asks(
        e.on(
            "dynamodb:UpdateItem",
            "dynamodb",
            f"table/{e.names.table}",
            {"dynamodb:LeadingKeys": (f"SAID#{ALICE}#run-1",)},
        )
    ),
    "an operator writes down what another one did": lambda e: e.operator.asks(
        e.item("UpdateItem", f"AUDIT#{e.name}#1#{BOB}")
    ),
    "an operator ends a run without saying a word": lambda e: e.operator.asks(
        e.execution("SendDurableExecutionCallbackFailure", RUNBOOK)
    ),
    "an operator puts another item in the place of their own word": lambda e: e.operator.asks(
        e.item("PutItem", f"SAID#{ALICE}#run-1")
    ),
    "an operator takes back what they said": lambda e: e.operator.asks(e.item("DeleteItem", f"SAID#{ALICE}#run-1")),
    "an operator writes without saying which item": lambda e: e.operator.asks(e.scanned("UpdateItem")),
    "an operator changes another environment's mode": lambda e: e.operator.asks(
        e.item("UpdateItem", f"MODE#{e.other}")
    ),
    "an operator changes the mode of an environment that begins like theirs": lambda e: e.operator.asks(
        e.item("UpdateItem", f"MODE#{e.name}2")
    ),
    "an operator writes another environment's ledger": lambda e: e.operator.asks(
        e.on(
            "dynamodb:UpdateItem",
            "dynamodb",
            f"table/{e.other}-remediation-ledger",
            {"dynamodb:LeadingKeys": (f"MODE#{e.name}",)},
        )
    ),
    "an operator forges an event": lambda e: e.operator.asks(e.item("UpdateItem", "EVENT#a")),
    "an operator rewrites a run": lambda e: e.operator.asks(e.item("UpdateItem", "RUN#1")),
    "an operator takes a lease away": lambda e: e.operator.asks(e.item("UpdateItem", "RESOURCE#dev-backend-asg")),
    "an operator refills a budget": lambda e: e.operator.asks(e.item("UpdateItem", f"BUDGET#{e.name}")),
    "an operator changes what is asked": lambda e: e.operator.asks(e.item("UpdateItem", "APPROVAL#1")),
    "an operator closes an incident": lambda e: e.operator.asks(e.item("UpdateItem", "INCIDENT#a")),
    "an operator silences the doctor": lambda e: e.operator.asks(e.item("UpdateItem", f"DOCTOR#{e.name}")),
    "an operator deletes a freeze": lambda e: e.operator.asks(e.item("DeleteItem", f"FREEZE#{e.name}")),
    "an operator deletes what was changed": lambda e: e.operator.asks(e.item("DeleteItem", f"AUDIT#{e.name}#1#a")),
    "an operator reads the whole ledger": lambda e: e.operator.asks(e.scanned("Scan")),
    "an operator writes by SQL": lambda e: e.operator.asks(e.item("PartiQLInsert", f"SAID#{ALICE}#run-1")),
    "an operator starts the sweep": lambda e: e.operator.asks(e.invoke(SWEEP)),
    "an operator starts the follow-up": lambda e: e.operator.asks(e.invoke(ESCALATION)),
    "an operator starts an old version": lambda e: e.operator.asks(e.invoke(RUNBOOK, ":3")),
    "an operator starts unpublished code": lambda e: e.operator.asks(e.invoke(RUNBOOK, ":$LATEST")),
    "an operator starts a function without its alias": lambda e: e.operator.asks(e.invoke(RUNBOOK, "")),
    "an operator starts another function": lambda e: e.operator.asks(e.invoke("payments")),
    "an operator answers another function": lambda e: e.operator.asks(
        e.execution("SendDurableExecutionCallbackSuccess", "payments")
    ),
    "an operator stops an execution": lambda e: e.operator.asks(e.execution("StopDurableExecution", RUNBOOK)),
    "an operator changes code": lambda e: e.operator.asks(e.function("UpdateFunctionCode")),
    "an operator sends a command": lambda e: e.operator.asks(*e.command("restart-container", e.name)),
    "an operator sets an alarm": lambda e: e.operator.asks(e.alarm("SetAlarmState")),
    "an operator sends events": lambda e: e.operator.asks(e.sent("starttech.drill")),
    "an operator publishes": lambda e: e.operator.asks(
        e.on("sns:Publish", "sns", f"{e.name}-remediation-infrastructure")
    ),
    "an operator decrypts by themselves": lambda e: e.operator.asks(e.on("kms:Decrypt", "kms", "key/environment")),
    "an operator decrypts a message": lambda e: e.operator.asks(e.key_use("Decrypt", "sns")),
    "an operator hands a role on": lambda e: e.operator.asks(
        Call("iam:PassRole", f"arn:aws:iam::{e.names.place.account}:role/admin", e.here())
    ),
}

ALLOWED: dict[str, Attempt] = {
    "an operator starts a runbook": lambda e: e.operator.asks(e.invoke(RUNBOOK)),
    "an operator approves, rejects and acknowledges": lambda e: e.operator.asks(
        e.item("UpdateItem", f"SAID#{ALICE}#run-1"),
        e.item("UpdateItem", f"SAID#{ALICE}#run-1"),
        e.execution("SendDurableExecutionCallbackSuccess", RUNBOOK),
        e.execution("SendDurableExecutionCallbackSuccess", ESCALATION),
    ),
    "an operator switches, and it is written down": lambda e: e.operator.asks(
        e.item("UpdateItem", f"MODE#{e.name}", f"MODE#{e.name}#{RUNBOOK}", f"FREEZE#{e.name}"),
        e.item("UpdateItem", f"CIRCUIT#{e.name}#{RUNBOOK}"),
        e.item("UpdateItem", f"AUDIT#{e.name}#1#{ALICE}"),
    ),
    "an operator looks": lambda e: e.operator.asks(
        e.item("GetItem", "RUN#1"),
        e.scanned("Query", "/index/runs"),
        e.key_use("Decrypt", "dynamodb"),
        e.alarm("DescribeAlarms"),
        e.execution("GetDurableExecution", RUNBOOK),
        e.execution("GetDurableExecutionHistory", RUNBOOK),
    ),
}


@pytest.mark.parametrize("sentence", DENIED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_denied_that(where: str, sentence: str) -> None:
    answer = DENIED[sentence](environment(where))
    assert not answer.allowed, f"in {where}, {sentence}"


@pytest.mark.parametrize("sentence", ALLOWED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_allowed_that(where: str, sentence: str) -> None:
    answer = ALLOWED[sentence](environment(where))
    assert answer.allowed, f"in {where}, {sentence}: {answer.because}"


def test_there_are_more_than_thirty_of_them() -> None:
    assert len(DENIED) > 30
