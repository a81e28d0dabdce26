"""The follow-up as it is deployed: a durable execution that waits, pages on SNS, is answered, and ends."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.environment import MisconfiguredError
from remediation.adapters.escalating import composed, escalation_handler
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.reaping import RECOVERED
from remediation.core.deployment import DEPLOYMENT
from remediation.core.escalation import Ended, Task, follow_up
from remediation.core.incident import Recovery
from remediation.core.steps import Reply, Said, Steps
from tests.adapters.executions import Execution, Moment, answered, executing
from tests.adapters.test_handler import messages  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tests.core.test_escalation import KEY, an_outcome
from tests.support.steps import NIGHT
from tests.support.world import deployed

EVENTS = ROOT / "events" / "escalate-incident"
Received = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def handler(table: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, Any], Any]:
    assert table == deployed().ledger
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployed()).decode())
    return escalation_handler()


def test_a_follow_up_ends_when_it_is_told_that_the_alarm_is_over_and_sees_so_itself(
    handler: Callable[[Any, Any], Any],
    messages: Received,  # noqa: F811 - the fixture
) -> None:
    event = json.loads((EVENTS / "incident.json").read_text())
    with executing(handler) as runner:
        runner.poll_interval = 0.01
        execution = runner.run_async(input=json.dumps(event), execution_timeout=3_600)
        runner.send_callback_success(runner.wait_for_callback(execution, "answer 1"), RECOVERED)
        answer = answered(runner.wait_for_result(execution))
    assert msgspec.convert(answer, Ended) == Ended(key=event["key"], end="recovered", pages=1)
    told = [message["Subject"] for message in messages()]
    assert told, "that it is over is told"
    assert all("has recovered" in subject for subject in told)


def test_what_is_no_incident_is_told_to_infrastructure_and_lost_to_nobody(
    handler: Callable[[Any, Any], Any],
    messages: Received,  # noqa: F811 - the fixture
) -> None:
    event = (EVENTS / "misunderstood.json").read_text()
    with executing(handler) as runner:
        answer = answered(runner.run(input=event, execution_timeout=3_600))
    assert answer["end"] == "rejected"
    assert "Expected `object`, got `str` - at `$.outcome`" in answer["because"]
    assert any("An incident cannot be followed up" in message["Subject"] for message in messages())


def test_a_function_without_its_deployment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEPLOYMENT, raising=False)
    with pytest.raises(MisconfiguredError, match=DEPLOYMENT):
        escalation_handler()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_dies_at_any_checkpoint_ends_like_one_that_does_not(
    aws: Clients,
    table: str,
    messages: Received,  # noqa: F811 - the fixture
    moment: Moment,
) -> None:
    incidents = DynamoIncidents(aws, table=table, environment="dev")
    duty = replace(composed(deployed(), aws), incidents=incidents)

    def whole(**die: Any) -> tuple[Any, int]:
        incidents.raise_(KEY, an_outcome(), Recovery.of("dark-lamps"), NIGHT)
        task = Task(key=KEY, recovery=Recovery.of("dark-lamps"), outcome=an_outcome())
        execution = Execution(lambda _, steps: msgspec.to_builtins(follow_up(task, Answered(steps), duty)), **die)
        return execution.answer(), execution.service.checkpoints

    expected, checkpoints = whole()
    assert expected["end"] == "recovered"
    assert messages()
    for die_at in range(1, checkpoints + 1):
        assert whole(die_at=die_at, moment=moment)[0] == expected
        assert incidents.open(KEY).status == "closed"


class Answered:
    """Durable steps whose questions are answered at once: the service in memory waits for people in real time."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def ask(self, name: str, submit: Callable[[str], None], timeout: timedelta) -> Reply:
        assert timeout > timedelta(0)
        self._steps.read(f"{name} told", lambda: submit("a callback"), None)
        return Said(payload=RECOVERED.decode())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._steps, name)
