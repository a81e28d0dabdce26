"""The lab's durable functions behave as Lambda's: callbacks, names, and what Invoke refuses. With the real SDK, deployed by
CloudFormation, in a lab of its own."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from remedy.lab.lab import Lab
from remedy.lab.processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("durable lab")]

HANDLER = """
from datetime import UTC, datetime

import boto3
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.exceptions import CallbackExternalError, CallbackTimeoutError

table = boto3.client("dynamodb")

def put(key, **more):
    table.put_item(TableName="scratch", Item={"pk": {"S": key}, **more})

def clock():
    return datetime.now(UTC).timestamp()

@durable_execution
def handler(event, context):
    if "wait" in event:
        context.wait(Duration.from_seconds(event["wait"]), "wait")
    if "timeout" not in event:
        return event
    begun = context.step(lambda _: clock(), "begin")
    callback = context.create_callback("ask", CallbackConfig(timeout=Duration.from_seconds(event["timeout"])))
    context.step(lambda _: put(event["key"], callback={"S": callback.callback_id}), "submit")
    try:
        return callback.result()
    except CallbackTimeoutError:
        return f"timed out after {(clock() - begun) // 60:.0f} minutes"
    except CallbackExternalError:
        return "failed"
"""
SHIPPED = ("aws_durable_execution_sdk_python", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3")
MODELS = {"dynamodb", "lambda"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        lab.client("s3").create_bucket(Bucket="code")
        lab.client("s3").put_object(Bucket="code", Key="function.zip", Body=_bundle())
        lab.client("dynamodb").create_table(
            TableName="scratch",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        formation = lab.client("cloudformation")
        formation.create_stack(
            StackName="scratch", TemplateBody=json.dumps(_template()), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        waiter = formation.get_waiter("stack_create_complete")
        waiter.wait(StackName="scratch", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        yield lab


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (
            lambda client, callback: client.send_durable_execution_callback_success(CallbackId=callback, Result=b"yes"),
            "yes",
        ),
        (
            lambda client, callback: client.send_durable_execution_callback_failure(CallbackId=callback, Error={}),
            "failed",
        ),
    ],
    ids=["success", "failure"],
)
def test_a_callback_wakes_a_suspended_execution_once(
    lab: Lab, answer: Callable[[Any, str], object], result: str
) -> None:
    client = lab.client("lambda")
    execution = _start(lab, {"key": result, "timeout": 1800})
    callback = _callback(lab, result)
    assert _status(lab, execution) == "RUNNING"
    answer(client, callback)
    assert _result(lab, execution) == result
    with pytest.raises(ClientError) as refused:
        answer(client, callback)
    assert refused.value.response["Error"]["Code"] == "CallbackTimeoutException"


def test_fifteen_minutes_without_an_answer_pass_in_fifteen_seconds_and_are_fifteen_to_the_function(lab: Lab) -> None:
    started = time.monotonic()
    execution = _start(lab, {"key": "nobody", "timeout": 900})
    assert _result(lab, execution) == "timed out after 15 minutes"
    assert 14 < time.monotonic() - started < 25
    with pytest.raises(ClientError) as refused:
        lab.client("lambda").send_durable_execution_callback_success(CallbackId=_callback(lab, "nobody"))
    assert refused.value.response["Error"]["Code"] == "CallbackTimeoutException"


def test_a_name_is_one_execution(lab: Lab) -> None:
    once, twice = (_start(lab, {"wait": 1, "of": "a name"}, DurableExecutionName="ours") for _ in range(2))
    assert once == twice
    with pytest.raises(ClientError) as refused:
        _start(lab, {"wait": 1, "of": "another"}, DurableExecutionName="ours")
    assert refused.value.response["Error"]["Code"] == "DurableExecutionAlreadyStartedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    listed = lab.client("lambda").list_durable_executions_by_function(FunctionName="long", DurableExecutionName="ours")
    assert [each["DurableExecutionArn"] for each in listed["DurableExecutions"]] == [once]


def test_a_synchronous_invocation_waits_for_the_end_and_may_not_last_longer_than_15_minutes(lab: Lab) -> None:
    answered = lab.client("lambda").invoke(FunctionName="short:live", Payload=json.dumps({"wait": 1}))
    assert json.load(answered["Payload"]) == {"wait": 1}
    with pytest.raises(ClientError, match="executionTimeout greater than 15 minutes"):
        lab.client("lambda").invoke(FunctionName="long:live", Payload="{}")


def test_the_minute_of_a_schedule_passes_in_five_seconds_or_when_the_lab_says_so(lab: Lab) -> None:
    lab.tick("short")
    seen = _inputs(lab, "short").count("Scheduled Event")
    eventually("it runs again", lambda: _inputs(lab, "short").count("Scheduled Event") > max(seen, 1), seconds=15)


def test_an_alarm_tells_since_when_it_is_in_its_state_also_where_it_was_set(lab: Lab) -> None:
    cloudwatch, before = lab.client("cloudwatch"), time.time() - 1
    cloudwatch.put_metric_alarm(
        AlarmName="set by hand",
        Namespace="Scratch",
        MetricName="Nothing",
        Statistic="Maximum",
        Period=86400,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    for state in ("INSUFFICIENT_DATA", "ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="set by hand", StateValue=state, StateReason="a test")
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["set by hand"])["MetricAlarms"]
        assert alarm["StateValue"] == state
        assert before <= alarm["StateTransitionedTimestamp"].timestamp() <= time.time()


def test_a_sweep_event_reaches_the_rule_that_takes_it(lab: Lab) -> None:
    entry = {"Source": "starttech.sweep", "DetailType": "CloudWatch Alarm State Change", "Detail": '{"alarmName": "a"}'}
    lab.client("events").put_events(Entries=[entry])
    eventually("the function gets it", lambda: "starttech.sweep" in _inputs(lab, "long"), seconds=10)


def test_iam_tells_a_roles_boundary_and_sts_who_assumed_it(lab: Lab) -> None:
    role = lab.client("iam").get_role(RoleName="dev-scratch")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/dev-boundary")
    assumed = lab.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="ada")["Credentials"]
    session = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], "us-east-1")
    caller = session.client("sts", endpoint_url=lab.emulator_url).get_caller_identity()
    assert caller["UserId"].endswith(":ada")
    assert caller["Arn"].endswith(":assumed-role/dev-scratch/ada")


def _start(lab: Lab, event: dict[str, Any], **more: Any) -> str:
    payload = json.dumps(event)
    started = lab.client("lambda").invoke(FunctionName="long:live", InvocationType="Event", Payload=payload, **more)
    arn: str = started["DurableExecutionArn"]
    return arn


def _status(lab: Lab, execution: str) -> str:
    status: str = lab.client("lambda").get_durable_execution(DurableExecutionArn=execution)["Status"]
    return status


def _result(lab: Lab, execution: str) -> object:
    eventually("the execution ends", lambda: _status(lab, execution) != "RUNNING", seconds=30)
    return json.loads(lab.client("lambda").get_durable_execution(DurableExecutionArn=execution)["Result"])


def _callback(lab: Lab, key: str) -> str:
    def item() -> dict[str, Any]:
        found = lab.client("dynamodb").get_item(TableName="scratch", Key={"pk": {"S": key}})
        return dict(found.get("Item", {}))

    eventually("the callback is known", lambda: bool(item()), seconds=20)
    callback: str = item()["callback"]["S"]
    return callback


def _inputs(lab: Lab, function: str) -> str:
    client = lab.client("lambda")
    listed = client.list_durable_executions_by_function(FunctionName=function)["DurableExecutions"]
    arns = [each["DurableExecutionArn"] for each in listed]
    return " ".join(client.get_durable_execution(DurableExecutionArn=arn)["InputPayload"] for arn in arns)


def _bundle() -> bytes:
    """Zip the handler with what it imports, as installed here."""
    packages = Path(boto3.__file__).parents[1]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("handler.py", HANDLER)
        archive.write(packages / "six.py", "six.py")
        for name in SHIPPED:
            for file in (packages / name).rglob("*"):
                models = packages / "botocore" / "data"
                foreign = models in file.parents and file.parent != models and not MODELS & set(file.parts)
                if file.is_file() and "__pycache__" not in file.parts and not foreign:
                    archive.write(file, file.relative_to(packages))
    return buffer.getvalue()


def _template() -> dict[str, Any]:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    sweep = {"source": ["aws.cloudwatch", "starttech.sweep"]}
    return {
        "Resources": {
            "Boundary": _resource("IAM::ManagedPolicy", ManagedPolicyName="dev-boundary", PolicyDocument=everything),
            "Role": _resource(
                "IAM::Role",
                RoleName="dev-scratch",
                AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
                PermissionsBoundary={"Ref": "Boundary"},
            ),
            **_function("Short", 900),
            **_function("Long", 86400),
            "Schedule": _resource("Events::Rule", ScheduleExpression="rate(1 minute)", Targets=_targets("Short")),
            "Sweep": _resource("Events::Rule", EventPattern=sweep, Targets=_targets("Long")),
        }
    }


def _function(name: str, timeout: int) -> dict[str, Any]:
    function = _resource(
        "Lambda::Function",
        FunctionName=name.lower(),
        Runtime="python3.13",
        Handler="handler.handler",
        Role={"Fn::GetAtt": ["Role", "Arn"]},
        Code={"S3Bucket": "code", "S3Key": "function.zip"},
        Timeout=60,
        DurableConfig={"ExecutionTimeout": timeout, "RetentionPeriodInDays": 1},
    )
    version = _resource("Lambda::Version", FunctionName={"Ref": name})
    live = {"FunctionVersion": {"Fn::GetAtt": [f"{name}Version", "Version"]}, "Name": "live"}
    alias = _resource("Lambda::Alias", FunctionName={"Ref": name}, **live)
    return {name: function, f"{name}Version": version, f"{name}Alias": alias}


def _targets(function: str) -> list[dict[str, Any]]:
    return [{"Id": "function", "Arn": {"Ref": f"{function}Alias"}}]


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}
