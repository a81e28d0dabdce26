"""Outcomes on SNS: one JSON for machines, one text for people, and no secret in either."""

import json
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.notify import SnsNotifier
from remediation.core.outcome import Outcome
from tests.adapters.ledger_of import outcome
from tests.support.world import deployed


class Published:
    """Records what is sent, and refuses what SNS would refuse."""

    def __init__(self, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[dict[str, Any]] = []
        monkeypatch.setattr(aws.acting.sns, "publish", self)

    def __call__(self, **request: Any) -> dict[str, str]:
        size = len(request["Message"].encode()) + len(json.dumps(request["MessageAttributes"]))
        assert size <= 262_144, "SNS refuses it"
        subject = request["Subject"]
        assert 0 < len(subject) <= 100
        assert subject.isascii()
        assert subject.isprintable()
        self.requests.append(request)
        return {"MessageId": "1"}

    @property
    def message(self) -> dict[str, str]:
        message: dict[str, str] = json.loads(self.requests[-1]["Message"])
        return message


@pytest.fixture
def published(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> Published:
    return Published(aws, monkeypatch)


@pytest.fixture
def notifier(aws: Clients) -> SnsNotifier:
    return SnsNotifier(aws, deployed())


def test_an_outcome_is_published_as_json_and_as_text_for_email(notifier: SnsNotifier, published: Published) -> None:
    told = outcome("first", "escalated", evidence=("The fuse is out.",), next_steps=("Put the fuse back.",))
    notifier.publish(told)
    assert published.requests[0]["TopicArn"] == deployed().outcomes
    assert published.requests[0]["MessageStructure"] == "json"
    assert published.requests[0]["Subject"] == "[dev] light-the-lamps: escalated"
    assert json.loads(published.message["default"]) == json.loads(told.json())
    assert "Put the fuse back." in published.message["email"]
    assert "remedy show first --env dev" in published.message["email"]


def test_subscriptions_can_filter_by_attributes(notifier: SnsNotifier, published: Published) -> None:
    notifier.publish(outcome("first", "failed"))
    attributes = published.requests[0]["MessageAttributes"]
    assert {name: attribute["StringValue"] for name, attribute in attributes.items()} == {
        "environment": "dev",
        "runbook": "light-the-lamps",
        "status": "failed",
        "severity": "critical",
    }
    assert {attribute["DataType"] for attribute in attributes.values()} == {"String"}


def test_a_page_goes_to_the_topic_of_the_outcomes_team(notifier: SnsNotifier, published: Published) -> None:
    notifier.page(outcome("first", "escalated"))
    assert published.requests[0]["TopicArn"] == deployed().contacts["infrastructure"].topic
    assert json.loads(published.message["default"])["status"] == "escalated"


def test_a_team_without_a_contact_is_an_error_that_names_the_team(aws: Clients, published: Published) -> None:
    deployment = msgspec.structs.replace(deployed(), contacts={})
    with pytest.raises(LookupError, match="'infrastructure'"):
        SnsNotifier(aws, deployment).page(outcome("first", "escalated"))
    assert published.requests == []


@pytest.mark.parametrize("line", ["log line ", 'a "quoted" \\ line ', "\x00\x01", "Überlänge 🙈 "])
def test_an_outcome_of_megabytes_is_cut_until_sns_takes_it(
    notifier: SnsNotifier, published: Published, line: str
) -> None:
    told = outcome("first", "escalated", evidence=tuple(line * 500 for _ in range(500)))
    notifier.publish(told)
    sent = json.loads(published.message["default"])
    assert sent["because"] == told.because
    assert sent["evidence"]


def test_no_secret_reaches_a_topic(notifier: SnsNotifier, published: Published) -> None:
    leak = "redis://:hunter2@dev-redis:6379 password=hunter2"
    told: Outcome = outcome("first", "failed", because=leak, evidence=(leak,), next_steps=(leak,), trigger=leak)
    notifier.publish(told)
    notifier.page(told)
    assert "hunter2" not in json.dumps(published.requests)
    assert "dev-redis:6379" in published.message["email"]


def test_sns_itself_takes_the_message(aws: Clients) -> None:
    topic = aws.acting.sns.create_topic(Name="outcomes")["TopicArn"]
    SnsNotifier(aws, msgspec.structs.replace(deployed(), outcomes=topic)).publish(outcome("first"))
