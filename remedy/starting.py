"""Start a run in AWS, in the name of the person who asks for it, and read how it goes on."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from remediation.adapters.history import History
from remediation.core.parsing import parse
from remediation.core.record import RunRecord
from remediation.core.spec import AnyRunbook, answers_in_time
from remediation.core.spoken import request_hash
from remediation.core.triggers import Invoked
from remediation.core.verdict import LONGEST_ASKED
from remedy.approvals import Asked, asked_of
from remedy.aws import Aws, connect
from remedy.environment import Environment
from remedy.invoke import FOLLOWED_FOR, Answer, Execution, Run
from remedy.saying import say
from stacks.names import ALIAS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


PLANNED_WITHIN = timedelta(minutes=4)
"""A plan waits for nobody: it has looked within seconds, or Lambda has no room for it."""


def start(payload: Mapping[str, Any], runbook: AnyRunbook, environment: Environment, now: datetime) -> Run:
    """Start a run in AWS; one that is to act in the name of the person whose credentials these are.

    Raises RemedyError where that cannot be asked for.
    """
    aws = connect(environment)
    if payload["apply"]:
        request = payload["request"]
        what = f"asked for {runbook.name} in {environment.place.environment}, request {request}"
        change = aws.identity.change(what, payload.get("because", ""), now)
        say(aws, environment, "request", request, change=change, hash_=_requested(runbook, payload))
        payload = {**payload, "by": aws.identity.user}
    lambda_ = AwsLambda(aws.invoking(), environment, runbook)
    limits = runbook.guardrails
    return Run(
        payload,
        lambda_,
        LedgerWatch(aws, environment),
        environment=environment.place.environment,
        followed_for=FOLLOWED_FOR if lambda_.waits else limits.heal_within + limits.max_acts * LONGEST_ASKED,
    )


def plans(
    aws: Aws, payloads: Iterable[Mapping[str, Any]], runbook: AnyRunbook, environment: Environment
) -> tuple[Run, ...]:
    """Start a plan for each payload, all at once. Whoever follows one after the other waits as long as for the slowest."""
    lambda_, watch = AwsLambda(aws.invoking(), environment, runbook), LedgerWatch(aws, environment)
    where = environment.place.environment
    return tuple(Run(each, lambda_, watch, environment=where, followed_for=PLANNED_WITHIN) for each in payloads)


def _requested(runbook: AnyRunbook, payload: Mapping[str, Any]) -> str:
    """Return what binds a request to what is requested; nothing where the engine would not understand it either."""
    trigger = parse(dict(payload))
    return request_hash(runbook.name, trigger.payload) if isinstance(trigger, Invoked) else ""


class AwsLambda:
    """The alias `live` of a runbook's function. `waits`: whether Lambda answers when the run has ended."""

    def __init__(self, client: "LambdaClient", environment: Environment, runbook: AnyRunbook) -> None:
        self._client, self._function = client, f"{environment.names.function(runbook)}:{ALIAS}"
        self.waits = answers_in_time(runbook, environment.config.runbooks[runbook.name].ask_first)

    def invoke(self, payload: Mapping[str, Any]) -> Answer:
        """Start a run under its request's name, so that Lambda too knows the same request again."""
        answer = self._client.invoke(
            FunctionName=self._function,
            InvocationType="RequestResponse" if self.waits else "Event",
            DurableExecutionName=payload["request"],
            Payload=json.dumps(payload).encode(),
        )
        return Answer(
            payload=answer["Payload"].read().decode("utf-8", "replace"),
            failed="FunctionError" in answer,
            execution=answer.get("DurableExecutionArn", ""),
            started=not self.waits,
        )

    def execution(self, arn: str) -> Execution:
        """Return how an execution stands."""
        found = self._client.get_durable_execution(DurableExecutionArn=arn)
        return Execution(
            status=found["Status"],
            result=found.get("Result", ""),
            error=found.get("Error", {}).get("ErrorMessage", ""),
        )


class LedgerWatch:
    """The ledger, read."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        self._aws, self._environment = aws, environment
        self._history = History(aws.clients, environment.names.table)

    def run_of(self, event: str) -> str:
        """Return the id of the run that has an event (see adapters/ledger.py for the item)."""
        return self._aws.table.read(f"EVENT#{sha256(event.encode()).hexdigest()}").text("run")

    def run(self, run: str) -> RunRecord | None:
        """Return a run as it is now."""
        return self._history.run(run)

    def asked(self, run: str) -> Asked | None:
        """Return what a run asks people, if it does."""
        found = asked_of(self._aws.table.read(f"APPROVAL#{run}"))
        return found if found is not None and found.status == "pending" else None
