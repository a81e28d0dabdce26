"""A function as Lambda sees it: environment in, event in, answer out; table, topics, log and metric in between."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

import remediation
from remediation.adapters.clients import Clients
from remediation.adapters.environment import MisconfiguredError
from remediation.adapters.handler import lambda_handler
from remediation.adapters.history import History
from remediation.core.deployment import DEPLOYMENT, SETTINGS
from remediation.core.spec import AnyRunbook, Mode
from tests.adapters.conftest import TABLE
from tests.adapters.executions import answered, executing
from tests.adapters.ledger_of import items
from tests.support.steps import NIGHT
from tests.support.toy import LIGHT_THE_LAMPS, House, Settings, alarm_event
from tests.support.world import RecordingFollowUp, deployed

LEAK = "mongodb+srv://app:hunter2@dev.mongodb.net password=hunter2"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def runbook(house: House) -> AnyRunbook:
    """Return the toy runbook, with a house instead of AWS."""
    return replace(
        LIGHT_THE_LAMPS,
        diagnose=lambda _aws, _settings, _incident: house.look(),
        actions={"tap": lambda _aws, _settings, lamp: house.do("tap", lamp.id)},
    )


@pytest.fixture
def messages(aws: Clients) -> Callable[[], list[dict[str, Any]]]:
    """Make the topics, and a queue that listens to both."""
    import boto3  # noqa: PLC0415 - not before the account is pretended

    sqs: Any = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="all")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for name in ("outcomes", "contact"):
        topic = aws.acting.sns.create_topic(Name=name)["TopicArn"]
        aws.acting.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return received


Invoke = Callable[..., Any]


@pytest.fixture
def invoke(runbook: AnyRunbook, table: str, messages: object, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Return what invokes the function."""
    assert table == deployed().ledger
    assert messages, "the topics exist"

    monkeypatch.setattr(
        "remediation.adapters.handler.LambdaFollowUp", lambda *_: RecordingFollowUp()
    )  # moto knows no such function

    def started(event: object, *, mode: Mode = "act") -> Any:
        monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployed(mode)).decode())
        monkeypatch.setenv(SETTINGS, msgspec.json.encode(Settings()).decode())
        with executing(lambda_handler(runbook)) as runner:
            return runner.run(input=json.dumps(event), execution_timeout=3_600)

    return started


APPLY = {"house": "dev-house", "apply": True}


def test_a_run_by_hand_heals_and_answers_its_outcome_as_json(invoke: Invoke, house: House, aws: Clients) -> None:
    answer = answered(invoke(APPLY))
    assert (answer["status"], answer["environment"], answer["runbook"]) == ("healed", "dev", "light-the-lamps")
    assert [(act["action"], act["target"], act["result"]) for act in answer["acts"]] == [("tap", "lamp-1", "done")]
    assert house.done == [("tap", "lamp-1")]
    record = History(aws, TABLE).run(answer["run"])
    assert record is not None
    assert record.status == "healed"
    assert {entry.kind for entry in record.timeline} == {
        "received", "gate", "facts", "verdict", "admitted", "act", "wait", "outcome",
    }  # fmt: skip


def test_without_apply_the_answer_is_the_plan(invoke: Invoke, house: House) -> None:
    answer = answered(invoke({"house": "dev-house"}))
    assert (answer["status"], answer["would"]) == ("observed", "tap lamp-1")
    assert house.done == []


@pytest.mark.parametrize(("mode", "status"), [("observe", "observed"), ("off", "refused")])
def test_the_deployed_mode_holds_for_people_too(invoke: Invoke, house: House, mode: Mode, status: str) -> None:
    assert answered(invoke(APPLY, mode=mode))["status"] == status
    assert house.done == []


@pytest.mark.parametrize("event", [None, [], "text", 7, {"hause": 1}, {"Records": []}, {"alarmData": {}}])
def test_nonsense_is_answered_recorded_and_told(
    invoke: Invoke, house: House, messages: Callable[[], list[dict[str, Any]]], event: object
) -> None:
    answer = answered(invoke(event))
    assert answer["status"] == "rejected"
    assert answer["because"]
    assert [json.loads(message["Message"])["status"] for message in messages()] == ["rejected"]
    assert house.looks == 0


def test_an_old_alarm_is_refused_whatever_the_house_looks_like(invoke: Invoke, house: House) -> None:
    answer = answered(invoke(alarm_event(at=NIGHT.replace(year=2020))))
    assert (answer["status"], answer["gate"]) == ("refused", "freshness")
    assert house.looks == 0


def test_an_outcome_is_published_once_and_a_page_goes_out_where_a_person_is_needed(
    invoke: Invoke, house: House, messages: Callable[[], list[dict[str, Any]]]
) -> None:
    house.lamps["lamp-1"] = "no power"
    invoke(APPLY)
    topics = sorted(message["TopicArn"].rpartition(":")[2] for message in messages())
    assert topics == ["contact", "outcomes"]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_the_outcome_is_one_structured_line_and_one_metric(invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    run = answered(invoke(APPLY))["run"]
    metric, line = lines(capsys)
    expected = {"level": "INFO", "run": run, "runbook": "light-the-lamps", "environment": "dev", "status": "healed"}
    assert line.items() >= expected.items()
    assert line["message"] == "healed: Every lamp is lit."
    declared = metric["_aws"]["CloudWatchMetrics"]
    assert declared == [
        {
            "Namespace": "Remediation",
            "Dimensions": [["environment", "runbook"]],
            "Metrics": [{"Name": "healed", "Unit": "Count"}],
        }
    ]
    assert (metric["environment"], metric["runbook"], metric["healed"]) == ("dev", "light-the-lamps", [1.0])


def test_no_secret_of_an_error_reaches_the_table_the_topics_the_log_or_the_answer(  # noqa: PLR0917
    invoke: Invoke,
    house: House,
    aws: Clients,
    messages: Callable[[], list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def look(_: int) -> None:
        raise ValueError(LEAK) from KeyError(LEAK)

    house.on_look = look
    result = invoke(APPLY)
    assert answered(result)["status"] == "failed"
    told = messages()
    assert len(told) == 2
    out, err = capsys.readouterr()
    everywhere = [str(result), json.dumps(told), str(items(aws)), out, err, caplog.text]
    assert ["hunter2" in text for text in everywhere] == [False] * 6
    assert "ValueError: mongodb+srv://***@dev.mongodb.net password=***" in caplog.text, "the traceback is logged"
    assert "dev.mongodb.net" in json.dumps(told), "what is no secret stays"


# -------------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        (DEPLOYMENT, None, f"The environment variable {DEPLOYMENT} is not set; the CDK app sets it."),
        (DEPLOYMENT, "{", f"The environment variable {DEPLOYMENT} is no Deployment: "),
        (DEPLOYMENT, '{"place": {"environment": 7}}', "Expected `str`, got `int` - at `$.place.environment`."),
        (SETTINGS, '{"house": 7}', f"{SETTINGS} is no Settings: Expected `str`, got `int` - at `$.house`."),
    ],
)
def test_a_function_that_is_configured_wrongly_says_which_variable_and_key(
    aws: Clients,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str | None,
    sentence: str,
) -> None:
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployed()).decode())
    monkeypatch.setenv(SETTINGS, "{}")
    if text is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, text)
    with pytest.raises(MisconfiguredError) as caught:
        lambda_handler(LIGHT_THE_LAMPS)
    assert sentence in str(caught.value)


def test_only_one_file_imports_the_durable_sdk() -> None:
    package = Path(remediation.__file__).parent
    importing = {path.name for path in package.rglob("*.py") if "import aws_durable" in _imports(path)}
    assert importing == {"durable.py"}


def _imports(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("from aws_durable", "import aws_durable")


def test_a_handler_loads_no_cdk_and_the_core_no_boto3() -> None:
    check = (
        "import sys, remediation.core.engine, remediation.adapters.ledger\n"
        "assert 'boto3' not in sys.modules and 'aws_durable_execution_sdk_python' not in sys.modules\n"
        "import remediation.adapters.handler\n"
        "assert not {'aws_cdk', 'pydantic', 'aws_xray_sdk', 'remedy', 'stacks'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
