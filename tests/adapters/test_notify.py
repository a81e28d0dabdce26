"""Outcomes and notices on SNS: a variant for each kind of subscriber, within what SNS takes, and no secret in any."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.notify import SnsNotifier
from remediation.core.deployment import Contact
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.spec import TEAMS, Team
from tests.adapters.ledger_of import outcome
from tests.support.steps import NIGHT
from tests.support.world import deployed


class Published:
    """Records what is sent, and refuses what SNS would refuse."""

    def __init__(self, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[dict[str, Any]] = []
        monkeypatch.setattr(aws.acting.sns, "publish", self)

    def __call__(self, **request: Any) -> dict[str, str]:
        size = len(request["Message"].encode()) + len(json.dumps(request["MessageAttributes"]))
        assert size <= 262_144, "SNS refuses it"
        assert all(attribute["StringValue"] for attribute in request["MessageAttributes"].values()), "SNS refuses it"
        variants = json.loads(request["Message"])
        assert set(variants) == {"default", "email", "https", "sms"}
        assert all(isinstance(variant, str) and variant for variant in variants.values())
        json.loads(variants["default"]), json.loads(variants["https"])
        assert len(variants["sms"]) <= 160
        subject = request["Subject"]
        assert 0 < len(subject) < 100
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


TOPICS: dict[Team, str] = {team: f"arn:aws:sns:us-east-1:123456789012:{team}" for team in TEAMS}
DEPLOYED = deployed(
    contacts={team: Contact(topic=topic, response=timedelta(minutes=15)) for team, topic in TOPICS.items()}
)


@pytest.fixture
def notifier(aws: Clients) -> SnsNotifier:
    return SnsNotifier(aws, DEPLOYED)


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
        "message": "outcome",
        "environment": "dev",
        "runbook": "light-the-lamps",
        "status": "failed",
        "severity": "critical",
        "team": "infrastructure",
    }
    assert {attribute["DataType"] for attribute in attributes.values()} == {"String"}


def test_a_page_goes_to_the_topic_of_the_outcomes_team(notifier: SnsNotifier, published: Published) -> None:
    notifier.page(outcome("first", "escalated"))
    assert published.requests[0]["TopicArn"] == TOPICS["infrastructure"]
    assert json.loads(published.message["default"])["status"] == "escalated"


def test_a_page_to_another_team_says_first_why_it_comes_and_stays_the_same_outcome(
    notifier: SnsNotifier, published: Published
) -> None:
    told = outcome("first", "escalated", incident="dev|light-the-lamps|dark-lamps", paged=True)
    notifier.page(told, "critical", note="Nobody answered for 15 minutes.")
    assert published.requests[0]["TopicArn"] == TOPICS["critical"]
    assert published.requests[0]["MessageAttributes"]["team"]["StringValue"] == "critical"
    assert published.message["email"].startswith("Nobody answered for 15 minutes.\n")
    assert "Nobody answered for 15 minutes." in published.message["sms"]
    chat = json.loads(published.message["https"])
    assert chat["content"]["description"].startswith("Nobody answered for 15 minutes.")
    assert chat["metadata"]["threadId"] == told.incident
    assert msgspec.json.decode(published.message["default"], type=Outcome) == msgspec.structs.replace(
        told, note="Nobody answered for 15 minutes."
    )


NOTICE = Notice(
    kind="unanswered",
    environment="dev",
    run="first",
    incident="dev|light-the-lamps|dark-lamps",
    team="infrastructure",
    severity="critical",
    title="Nobody took on dark-lamps",
    because="Nobody answered for 15 minutes.",
    at=NIGHT,
    next_steps=("remedy ack first --env dev",),
)


def test_a_notice_goes_to_the_team_that_is_named_and_to_the_outcomes_topic(
    notifier: SnsNotifier, published: Published
) -> None:
    notifier.notify(NOTICE, "database")
    assert [request["TopicArn"] for request in published.requests] == [TOPICS["database"], deployed().outcomes]
    for request, team in zip(published.requests, ("database", NOTICE.team), strict=True):
        assert request["Subject"] == "[dev] Nobody took on dark-lamps"
        variants = json.loads(request["Message"])
        assert msgspec.json.decode(variants["default"], type=Notice) == NOTICE
        assert "remedy ack first --env dev" in variants["email"]
        assert json.loads(variants["https"])["metadata"]["threadId"] == NOTICE.incident
        values = {name: attribute["StringValue"] for name, attribute in request["MessageAttributes"].items()}
        assert values == {
            "message": "notice",
            "environment": "dev",
            "kind": "unanswered",
            "severity": "critical",
            "team": team,
        }


def test_a_notice_for_several_teams_is_published_once(notifier: SnsNotifier, published: Published) -> None:
    notifier.notify(NOTICE, "database", "critical")
    assert [request["TopicArn"] for request in published.requests] == [
        TOPICS["database"],
        TOPICS["critical"],
        deployed().outcomes,
    ]


def test_a_notice_for_no_team_goes_to_the_outcomes_topic_only(notifier: SnsNotifier, published: Published) -> None:
    notifier.notify(NOTICE)
    assert [request["TopicArn"] for request in published.requests] == [deployed().outcomes]


def test_nothing_is_told_of_a_notice_for_a_team_without_a_contact(aws: Clients, published: Published) -> None:
    deployment = msgspec.structs.replace(deployed(), contacts={})
    with pytest.raises(LookupError, match="'database'"):
        SnsNotifier(aws, deployment).notify(NOTICE, "database")
    assert published.requests == []


def test_a_machine_tells_an_outcome_from_a_notice_by_its_fields(notifier: SnsNotifier, published: Published) -> None:
    notifier.notify(NOTICE)
    notifier.publish(outcome("first"))
    notice, told = (json.loads(json.loads(request["Message"])["default"]) for request in published.requests)
    assert ("kind" in notice, "status" in notice) == (True, False)
    assert ("kind" in told, "status" in told) == (False, True)


def test_a_team_without_a_contact_is_an_error_that_names_the_team(aws: Clients, published: Published) -> None:
    deployment = msgspec.structs.replace(deployed(), contacts={})
    with pytest.raises(LookupError, match="'infrastructure'"):
        SnsNotifier(aws, deployment).page(outcome("first", "escalated"))
    assert published.requests == []


@pytest.mark.parametrize("line", ["log line ", 'a "quoted" \\ line ', "\x00\x01", "Überlänge 🙈 "])
def test_an_outcome_of_megabytes_is_cut_until_sns_takes_it(
    notifier: SnsNotifier, published: Published, line: str
) -> None:
    lines = tuple(line * 500 for _ in range(120))
    told = outcome("first", "escalated", evidence=lines, drift=lines, next_steps=("aws short", *lines))
    notifier.publish(told)
    sent = json.loads(published.message["default"])
    assert sent["because"] == told.because
    assert sent["evidence"]
    assert "aws short" in published.message["email"]


def test_a_notice_of_megabytes_is_cut_until_sns_takes_it(notifier: SnsNotifier, published: Published) -> None:
    lines = tuple("Überlänge 🙈 \\ " * 500 for _ in range(150))
    notifier.notify(msgspec.structs.replace(NOTICE, lines=lines, because="Because. " * 100_000))
    sent = json.loads(published.message["default"])
    assert sent["lines"]
    assert sent["because"].endswith("(...)")
    assert sent["next_steps"] == ["remedy ack first --env dev"]


def test_no_secret_reaches_a_topic(notifier: SnsNotifier, published: Published) -> None:
    leak = "redis://:hunter2@dev-redis:6379 password=hunter2"
    told = outcome("first", "failed", because=leak, evidence=(leak,), next_steps=(leak,), trigger=leak, drift=(leak,))
    notifier.publish(told)
    notifier.page(told, note=leak)
    notifier.notify(
        msgspec.structs.replace(NOTICE, title=leak, because=leak, lines=(leak,), next_steps=(leak,), incident=leak)
    )
    assert "hunter2" not in json.dumps(published.requests)
    assert "dev-redis:6379" in published.message["email"]


def test_sns_itself_takes_the_message(aws: Clients) -> None:
    topic = aws.acting.sns.create_topic(Name="outcomes")["TopicArn"]
    notifier = SnsNotifier(aws, msgspec.structs.replace(deployed(), outcomes=topic))
    notifier.publish(outcome("first"))
    notifier.notify(NOTICE)
