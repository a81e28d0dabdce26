"""A run that was started by hand is followed to its end, whichever way that is learned of."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any, get_args

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.engine import carry_out
from remediation.core.errors import AwsError
from remediation.core.outcome import Status
from remediation.core.parsing import parse
from remediation.core.triggers import Invoked
from remedy.approvals import Asked
from remedy.aws import connect
from remedy.environment import Environment
from remedy.invoke import LOOK_EVERY, QUEUED_FOR, Answer, Execution, Run, exit_status
from remedy.starting import AwsLambda, LedgerWatch
from remedy.telling import FailedError, LeftError, TroubleError
from tests.remedy.started import NIGHT, PAYLOAD, RUN, Night, down, ended, nothing
from tests.remedy.waiting import wanted
from tests.support.steps import InMemorySteps
from tests.support.toy import House
from tests.support.world import Stage

ARN = "arn:aws:lambda:us-east-1:123456789012:function:dev-light-the-lamps:3/durable-execution/remedy-1/x"


def test_what_lambda_answers_is_the_outcome() -> None:
    run = Night([nothing, lambda night: night.outcome(ended())]).run()
    assert run.to_its_end() == ended()
    assert run.elapsed.total_seconds() == 2 * LOOK_EVERY


def test_the_payload_is_sent_once() -> None:
    night = Night([lambda night: night.outcome(ended())])
    night.run().to_its_end()
    assert night.sent == [PAYLOAD]


def test_the_timeline_grows_while_the_run_goes_on() -> None:
    night = Night(
        [
            nothing,
            lambda night: night.tell("Received."),
            lambda night: night.tell("Received.", "Looked."),
            lambda night: night.tell("Received.", "Looked.", "Ended.", outcome=ended()),
            lambda night: night.outcome(ended()),
        ]
    )
    seen = [len(record.timeline) if record else None for record in night.run()]
    assert seen == [None, 1, 2, 3, 3]


def test_a_ledger_that_cannot_be_read_hides_the_timeline_but_not_the_outcome() -> None:
    night = Night([nothing, lambda night: night.outcome(ended())], ledger_down=True)
    run = night.run()
    assert list(run) == [None, None]
    assert run.outcome == ended()


def test_an_emulator_that_answers_at_the_first_wait_is_asked_until_the_execution_has_ended() -> None:
    night = Night(
        [lambda night: night.answer({"Status": "PENDING"}, execution=ARN)],
        executions=[Execution(status="RUNNING"), Execution(status="SUCCEEDED", result=ended().json())],
    )
    assert night.run().to_its_end() == ended()
    assert night.asked == [ARN, ARN]


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "STOPPED"])
def test_an_execution_that_ended_otherwise_has_failed(status: str) -> None:
    night = Night(
        [lambda night: night.answer({"Status": "PENDING"}, execution=ARN)],
        executions=[Execution(status=status, error="It was too long")],
    )
    with pytest.raises(FailedError, match=f"ended {status}: It was too long. See: remedy runs"):
        night.run().to_its_end()


def test_an_error_of_the_function_is_told_with_where_to_see_more() -> None:
    error = {"errorType": "OutcomeLostError", "errorMessage": "The outcome could not be told."}
    night = Night([lambda night: night.tell("Received."), lambda night: night.answer(error, failed=True)])
    with pytest.raises(FailedError) as raised:
        night.run().to_its_end()
    assert str(raised.value) == (
        f"The run failed: OutcomeLostError: The outcome could not be told. See: remedy show {RUN} --env dev"
    )


def test_an_error_of_the_function_that_is_no_json_object_is_told_as_it_is() -> None:
    with pytest.raises(FailedError, match='failed: "out of memory"'):
        Night([lambda night: night.answer("out of memory", failed=True)]).run().to_its_end()


def test_an_answer_that_is_no_outcome_is_a_failure_unless_the_ledger_knows_better() -> None:
    with pytest.raises(FailedError, match="without an outcome that can be read"):
        Night([lambda night: night.answer({"hello": "world"})]).run().to_its_end()
    known = Night([lambda night: night.tell(outcome=ended()), lambda night: night.answer({"hello": "world"})])
    assert known.run().to_its_end() == ended()


@pytest.mark.parametrize("code", ["ReadTimeout", "ConnectionClosed", "ServiceException", "500", "InternalFailure"])
def test_a_connection_that_is_lost_is_not_the_end_the_ledger_tells_it(code: str) -> None:
    night = Night([lambda night: night.fail(down(code)), nothing, lambda night: night.tell(outcome=ended("escalated"))])
    assert night.run().to_its_end().status == "escalated"


def test_a_connection_that_was_lost_before_the_run_was_known_is_given_up_after_a_minute() -> None:
    run = Night([lambda night: night.fail(down("ConnectionClosed"))]).run()
    with pytest.raises(TroubleError, match="The answer was lost, and the run is not in the ledger"):
        run.to_its_end()
    assert 60 < run.elapsed.total_seconds() < 70


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException", "TooManyRequestsException"])
def test_what_lambda_refuses_is_raised_at_once(code: str) -> None:
    with pytest.raises(AwsError, match=code):
        Night([lambda night: night.fail(down(code))]).run().to_its_end()


def test_a_run_that_has_closed_but_is_not_answered_is_believed_after_a_while() -> None:
    run = Night([lambda night: night.tell(outcome=ended())]).run()
    assert run.to_its_end() == ended()
    assert 15 < run.elapsed.total_seconds() < 20


def test_a_run_that_does_not_end_is_left_after_sixteen_minutes() -> None:
    with pytest.raises(TroubleError, match=f"has not ended after 16 min. See: remedy show {RUN} --env dev"):
        Night([lambda night: night.tell("Received.")]).run().to_its_end()


def test_a_run_that_is_only_started_is_followed_in_the_ledger_to_its_end() -> None:
    night = Night([Night.start, lambda night: night.tell("Looked."), lambda night: night.tell(outcome=ended("healed"))])
    assert night.run().to_its_end() == ended("healed")
    assert night.asked == [], "nobody knows its execution"


def test_a_run_that_is_started_but_never_begins_is_given_up_after_as_long_as_lambda_keeps_it() -> None:
    night = Night([Night.start])
    with pytest.raises(TroubleError, match=r"has not begun after 6 min\. See: remedy runs"):
        night.run().to_its_end()
    assert QUEUED_FOR.total_seconds() < night.now < QUEUED_FOR.total_seconds() + 2


def test_while_a_run_asks_it_is_known_what_and_afterwards_no_more() -> None:
    asked = Asked(wanted=wanted(run=RUN), status="pending", callback="callback-1")
    moments = [Night.start, lambda night: night.asks(asked), lambda night: night.tell("It was approved.")]
    run = Night([*moments, lambda night: night.tell(outcome=ended())]).run()
    seen = [run.asked for _ in run]
    assert seen[:3] == [None, asked, None]
    assert run.outcome == ended()


def test_what_a_run_asks_that_cannot_be_read_does_not_end_the_following() -> None:
    moments = [Night.start, lambda night: night.asks(TroubleError("It cannot be read."))]
    run = Night([*moments, lambda night: night.tell(outcome=ended())]).run()
    assert run.to_its_end() == ended()
    assert run.asked is None


def test_leaving_at_the_keyboard_says_that_the_run_goes_on() -> None:
    def interrupt(_: Night) -> None:
        raise KeyboardInterrupt

    with pytest.raises(LeftError, match=f"the run goes on. See: remedy show {RUN} --env dev"):
        Night([lambda night: night.tell("Received."), interrupt]).run().to_its_end()


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("apply", [True, False])
def test_every_outcome_has_its_exit_status(status: Status, apply: bool) -> None:
    expected = {"healed": 0, "nothing-to-do": 0, "observed": 3 if apply else 0, "refused": 3, "ignored": 3}
    expected |= {"rejected": 2, "not-healed": 4, "escalated": 4, "failed": 5}
    assert exit_status(ended(status), apply=apply) == expected[status]


# --------------------------------------------------------------------------------------- with the real ledger


class ToyLambda:
    """Carries the toy runbook out, with the real ledger."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def invoke(self, payload: Any) -> Any:
        outcome = carry_out(self.stage.runbook, dict(payload), self.stage.steps, self.stage.world)
        return Answer(payload=outcome.json())

    def execution(self, arn: str) -> Execution:
        raise AssertionError(arn)


def test_a_whole_run_is_found_in_the_ledger_by_its_request(ledger: DynamoLedger, dev: Environment) -> None:
    house = House(lamps={"lamp-1": "dark"}, cures={("tap", "lamp-1")})
    stage = Stage(house=house, ledger=ledger, steps=InMemorySteps(run=RUN, now=NIGHT))  # type: ignore[arg-type]
    run = Run(PAYLOAD, ToyLambda(stage), LedgerWatch(connect(dev), dev), environment="dev", sleep=lambda _: None)
    records = [record for record in run if record]
    assert run.outcome is not None
    assert run.outcome.status == "healed"
    assert house.done == [("tap", "lamp-1")]
    watch = LedgerWatch(connect(dev), dev)
    trigger = parse(PAYLOAD)
    assert isinstance(trigger, Invoked)
    assert watch.run_of(trigger.key) == RUN
    found = watch.run(RUN)
    assert found is not None
    assert found.outcome == run.outcome
    assert all(record.run == RUN for record in records)


def test_an_event_that_no_run_has_is_nobodys(aws: Clients, dev: Environment) -> None:
    assert aws is not None
    watch = LedgerWatch(connect(dev), dev)
    assert watch.run_of("manual|never|True|{}") == ""
    assert watch.run("no-such-run") is None


# --------------------------------------------------------------------------------------------------- with Lambda


@pytest.fixture
def lambda_client() -> Any:
    return boto3.client("lambda", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def calling(lambda_client: Any, dev: Environment) -> Callable[[], AwsLambda]:
    return lambda: AwsLambda(lambda_client, dev, dev.runbook("restart-unhealthy-targets"))


def body(text: str) -> StreamingBody:
    return StreamingBody(BytesIO(text.encode()), len(text))


def test_lambda_is_invoked_synchronously_on_the_alias_under_the_requests_name(
    lambda_client: Any,
    calling: Callable[[], AwsLambda],
) -> None:
    with Stubber(lambda_client) as stub:
        stub.add_response(
            "invoke",
            {"StatusCode": 200, "Payload": body('{"a": 1}'), "DurableExecutionArn": ARN},
            {
                "FunctionName": "dev-restart-unhealthy-targets:live",
                "InvocationType": "RequestResponse",
                "DurableExecutionName": "remedy-1",
                "Payload": json.dumps(PAYLOAD).encode(),
            },
        )
        answer = calling().invoke(PAYLOAD)
    assert (answer.payload, answer.failed, answer.execution) == ('{"a": 1}', False, ARN)


def test_a_function_error_is_told_apart_from_an_outcome(lambda_client: Any, calling: Callable[[], AwsLambda]) -> None:
    with Stubber(lambda_client) as stub:
        stub.add_response("invoke", {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": body("{}")})
        assert calling().invoke(PAYLOAD).failed


def test_an_execution_is_read_by_its_arn(lambda_client: Any, calling: Callable[[], AwsLambda]) -> None:
    basics = {
        "DurableExecutionArn": ARN,
        "DurableExecutionName": "remedy-1",
        "FunctionArn": "f",
        "StartTimestamp": NIGHT,
    }
    with Stubber(lambda_client) as stub:
        stub.add_response(
            "get_durable_execution",
            {**basics, "Status": "FAILED", "Error": {"ErrorMessage": "no"}},
            {"DurableExecutionArn": ARN},
        )
        stub.add_response("get_durable_execution", {**basics, "Status": "SUCCEEDED", "Result": "{}"})
        assert calling().execution(ARN) == Execution(status="FAILED", error="no")
        assert calling().execution(ARN) == Execution(status="SUCCEEDED", result="{}")
