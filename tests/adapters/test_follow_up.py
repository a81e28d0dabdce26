"""Starting a follow-up: what is asked of Lambda, once per run, and what the function understands of it."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from remediation.adapters.clients import Clients
from remediation.adapters.follow_up import LARGEST_OUTCOME, LambdaFollowUp
from remediation.core.errors import AwsError
from remediation.core.escalation import Task
from remediation.core.incident import Recovery
from tests.core.test_escalation import KEY, an_outcome
from tests.support.toy import PLACE


class Lambda:
    """Invoke, asynchronously, of a durable function: the same name again is refused where the payload is another."""

    def __init__(self) -> None:
        self.started: dict[str, bytes] = {}
        self.code = ""

    def invoke(self, **asked: Any) -> Any:
        if self.code:
            raise AwsError("Lambda refused.", operation="lambda:Invoke", code=self.code)
        assert asked["FunctionName"] == "dev-escalate-incident:live"
        assert asked["InvocationType"] == "Event"
        assert len(asked["Payload"]) < 256_000
        name = asked["DurableExecutionName"]
        if self.started.setdefault(name, asked["Payload"]) != asked["Payload"]:
            code = "DurableExecutionAlreadyStartedException"
            raise AwsError("It was started already.", operation="lambda:Invoke", code=code)
        return {"StatusCode": 202}


def following(lambda_: Lambda) -> LambdaFollowUp:
    return LambdaFollowUp(cast("Clients", SimpleNamespace(acting=SimpleNamespace(lambda_=lambda_))), PLACE)


def test_the_function_understands_what_it_is_sent() -> None:
    lambda_ = Lambda()
    following(lambda_).start(KEY, an_outcome(), Recovery.of("dark-lamps"))
    ((name, payload),) = lambda_.started.items()
    assert name == "run-1"
    assert msgspec.json.decode(payload, type=Task) == Task(
        key=KEY, recovery=Recovery.of("dark-lamps"), outcome=an_outcome()
    )


def test_a_run_starts_one_follow_up_however_often_it_asks() -> None:
    lambda_ = Lambda()
    follow_up = following(lambda_)
    follow_up.start(KEY, an_outcome(), Recovery.of("dark-lamps"))
    follow_up.start(KEY, replace(an_outcome(), because="In other words."), Recovery.of("dark-lamps"))
    assert list(lambda_.started) == ["run-1"]


def test_an_outcome_is_cut_until_it_fits_and_carries_no_secret() -> None:
    lambda_ = Lambda()
    told = replace(an_outcome(), because="password=hunter2", evidence=("x" * 2_000,) * 200)
    following(lambda_).start(KEY, told, Recovery.of("dark-lamps"))
    payload = lambda_.started["run-1"]
    assert len(payload) < LARGEST_OUTCOME + 2_000
    assert b"hunter2" not in payload


def test_what_lambda_refuses_is_an_error_of_the_step() -> None:
    lambda_ = Lambda()
    lambda_.code = "TooManyRequestsException"
    with pytest.raises(AwsError):
        following(lambda_).start(KEY, an_outcome(), Recovery.of("dark-lamps"))
