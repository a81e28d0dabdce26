"""A run that is to act is asked for in the name of a person whom AWS knows; one that may last is only started."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.adapters.approvals import DynamoApprovals
from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.outcome import Entry, Outcome
from remediation.core.parsing import parse
from remediation.core.triggers import Invoked
from remedy.environment import Environment
from remedy.invoke import Run
from stacks.catalog import CATALOG
from tests.remedy.console import RUNBOOK, TABLE, closed, fine, happened, items, outcome, received, refused
from tests.remedy.people import Console
from tests.remedy.waiting import CALLBACK, HASH, RUN, wanted

INVOKE = ("invoke", RUNBOOK, "--target", "dev-backend-tg-v2")
APPLY = (*INVOKE, "--apply", "--because", "checkout is slow")


class Function:
    """The function at Lambda's end: what it was sent, and what it does with it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.does: Callable[[Invoked], Outcome | None] = lambda _: None

    @property
    def payload(self) -> dict[str, Any]:
        """Return what it was sent last."""
        payload: dict[str, Any] = json.loads(self.sent[-1]["Payload"])
        return payload

    def invoke(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Answer as Lambda does: the outcome where somebody waits for it, else only that it was started."""
        self.sent.append(parameters)
        trigger = parse(self.payload)
        assert isinstance(trigger, Invoked)
        told = self.does(trigger)
        waits = parameters["InvocationType"] == "RequestResponse"
        answer = told.json() if told is not None and waits else ""
        return {"Payload": io.BytesIO(answer.encode()), "StatusCode": 200 if waits else 202}


@pytest.fixture
def function(people: Console, ledger: DynamoLedger, monkeypatch: pytest.MonkeyPatch) -> Function:
    """Return the runbook's function, which heals what it is asked to, unless a test says otherwise."""
    monkeypatch.setattr("remedy.invoke.LOOK_EVERY", 0.01)
    known, call = Function(), people.call

    def invoked(service: str, operation: str, parameters: dict[str, Any], go_on: Callable[[], Any]) -> Any:
        if operation == "Invoke" and operation not in people.denied:
            people.heard.append((service, operation, parameters))
            return known.invoke(parameters)
        return call(service, operation, parameters, go_on)

    def heals(trigger: Invoked) -> Outcome:
        told = outcome(RUN)
        happened(ledger, told, event=trigger.key)
        return told

    monkeypatch.setattr(people, "call", invoked)
    known.does = heals
    return known


@pytest.fixture
def asks_first(dev: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Let dev ask people before the runbook acts."""
    runbooks = {name: replace(each, ask_first=("replace-instance",)) for name, each in dev.config.runbooks.items()}
    asking = Environment(replace(dev.config, runbooks=runbooks), CATALOG)
    monkeypatch.setattr("remedy.commands.invoking.environment", lambda _: asking)
    return asking


def test_who_asks_for_a_run_is_bound_to_it(aws: Clients, function: Function, people: Console) -> None:
    fine(*APPLY)
    request = function.payload["request"]
    said = DynamoApprovals(aws, table=TABLE, environment="dev").said(function.payload["by"], request)
    assert said is not None, "the engine finds who asked for it"
    assert (said.says, said.by, said.arn, said.because) == (
        "request",
        people.user(),
        people.arn(),
        "checkout is slow",
    )
    (audit,) = items(aws, "AUDIT#").values()
    assert audit["what"] == f"asked for {RUNBOOK} in dev, request {request}"


def test_the_request_is_on_record_before_the_run_is_started(aws: Clients, function: Function) -> None:
    there: list[int] = []
    heals = function.does

    def look(trigger: Invoked) -> Outcome | None:
        there.append(len(items(aws, "SAID#")))
        return heals(trigger)

    function.does = look
    fine(*APPLY)
    assert there == [1]


def test_a_plan_is_asked_for_by_nobody(aws: Clients, function: Function) -> None:
    fine(*INVOKE)
    assert "by" not in function.payload
    assert items(aws, "SAID#") == items(aws, "AUDIT#") == {}


def test_who_may_not_say_so_starts_nothing(function: Function, people: Console) -> None:
    people.denied.add("TransactWriteItems")
    assert refused(*APPLY, status=1).startswith("These credentials may not do DynamoDB:TransactWriteItems in dev.")
    assert function.sent == []


def test_who_may_not_invoke_is_told(function: Function, people: Console) -> None:
    assert function.sent == []
    people.denied.add("Invoke")
    assert refused(*INVOKE, status=1).startswith("These credentials may not do Lambda:Invoke in dev.")


def test_a_run_that_ends_in_time_is_waited_for_under_its_requests_name(function: Function) -> None:
    fine(*APPLY)
    (sent,) = function.sent
    assert sent["InvocationType"] == "RequestResponse"
    assert sent["FunctionName"] == f"dev-{RUNBOOK}:live"
    assert sent["DurableExecutionName"] == function.payload["request"]


def test_a_run_that_asks_people_is_only_started_and_followed_in_the_ledger(
    function: Function, asks_first: Environment, ledger: DynamoLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asks_first is not None
    monkeypatch.setattr("remedy.invoke.TELLING", datetime.resolution * 0)

    def heals(trigger: Invoked) -> None:
        happened(ledger, outcome(RUN), event=trigger.key)

    function.does = heals
    text = fine(*APPLY)
    assert function.sent[0]["InvocationType"] == "Event"
    assert f"healed, after 2 min 10 s. Run {RUN}." in text


def test_who_follows_a_run_that_asks_sees_how_to_answer(
    aws: Clients, function: Function, asks_first: Environment, ledger: DynamoLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asks_first is not None
    monkeypatch.setattr("remedy.invoke.TELLING", datetime.resolution * 0)
    approvals = DynamoApprovals(aws, table=TABLE, environment="dev")
    asked = wanted()

    def asks(trigger: Invoked) -> None:
        now = datetime.now(UTC)
        received(ledger, RUN, now=now, event=trigger.key)
        approvals.ask(asked, CALLBACK, now)
        ledger.note(run=RUN, timeline=(Entry(at=now, kind="approval", text="Asked to approve."),))

    shown = Run.__iter__

    def until_shown(run: Run) -> Any:
        for record in shown(run):
            yield record
            if run.asked is not None:
                approvals.end(asked, "approved", datetime.now(UTC))
                closed(ledger, outcome(RUN))

    monkeypatch.setattr(Run, "__iter__", until_shown)
    function.does = asks
    text = fine(*APPLY)
    assert f"remedy approve {RUN} --hash {HASH[:12]} --env dev" in text
    assert text.count("Waiting for somebody to approve") == 1


@pytest.mark.parametrize("command", [INVOKE, APPLY])
def test_without_credentials_nothing_is_started(command: tuple[str, ...]) -> None:
    assert refused(*command, status=1).startswith("There are no AWS credentials for dev")


def test_a_reason_that_is_too_long_is_a_mistake(function: Function) -> None:
    assert refused(*INVOKE, "--apply", "--because", "x" * 501, status=2).startswith("--because has 501 characters")
    assert function.sent == []


def test_nobody_asks_in_somebody_elses_name(function: Function) -> None:
    sentence = refused(*INVOKE, "--apply", "--set", "by=AROAOPERATOR:grace", status=2)
    assert sentence == "--set cannot say 'by'; there is an option for that, if it can be said."
    assert function.sent == []
