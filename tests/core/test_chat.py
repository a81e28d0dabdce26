"""What Amazon Q Developer shows in a channel: its own schema, one thread per incident, and no mention from a log line."""

from typing import Any, get_args

import msgspec
import pytest

from remediation.core.chat import LONGEST_DESCRIPTION, LONGEST_THREAD, LONGEST_TITLE, notification
from remediation.core.notice import Message
from remediation.core.outcome import Severity
from tests.core.test_fitting import NOTICE, OUTCOME
from tests.core.test_notice import DOCTOR, WANTED
from tests.core.test_outcome import HEALED

INCIDENT = "dev|restart-unhealthy-targets|dark-lamps"
PAGED = msgspec.structs.replace(
    HEALED, status="not-healed", paged=True, incident=INCIDENT, drift=("desired_capacity goes back to 2.",)
)


def told(message: Message) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(notification(message)))
    return decoded


@pytest.mark.parametrize("message", [HEALED, PAGED, WANTED, DOCTOR, OUTCOME, NOTICE])
def test_it_has_the_schema_that_amazon_q_does_not_drop(message: Message) -> None:
    sent = told(message)
    assert (sent["version"], sent["source"]) == ("1.0", "custom")
    assert set(sent) == {"version", "source", "content", "metadata"}
    content, metadata = sent["content"], sent["metadata"]
    assert set(content) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert content["textType"] == "client-markdown"
    assert set(metadata) == {"threadId", "summary", "eventType", "relatedResources", "additionalContext"}
    texts = [content["title"], content["description"], *content["nextSteps"], *content["keywords"]]
    texts += [metadata["threadId"], metadata["summary"], metadata["eventType"], *metadata["relatedResources"]]
    assert all(isinstance(text, str) and text for text in [*texts, *metadata["additionalContext"].values()])


def test_every_message_of_an_incident_is_in_one_thread() -> None:
    again = msgspec.structs.replace(PAGED, run="another-run", status="healed")
    threads = {told(message)["metadata"]["threadId"] for message in (PAGED, again, WANTED)}
    assert threads == {INCIDENT}


def test_other_trouble_is_in_another_thread_however_long_its_name() -> None:
    long = [msgspec.structs.replace(PAGED, incident="x" * 500 + end) for end in "ab"]
    threads = [told(message)["metadata"]["threadId"] for message in long]
    assert len(set(threads)) == 2
    assert max(len(thread) for thread in threads) <= LONGEST_THREAD
    assert told(HEALED)["metadata"]["threadId"] == HEALED.run
    assert told(DOCTOR)["metadata"]["threadId"]


def test_a_person_sees_what_happened_why_what_was_done_what_to_type_and_the_drift() -> None:
    content = told(PAGED)["content"]
    assert content["title"] == "🔴 restart-unhealthy-targets in dev: not-healed"
    for part in (
        "2 of 2 targets are healthy.",
        "It hung.",
        "restart-container i-1: done.",
        "desired_capacity goes back",
    ):
        assert part in content["description"]
    assert content["nextSteps"] == [
        "`remedy ack k3fa-9x2q-7bmd --env dev`",
        "`aws ssm start-session --target i-1`",
    ]
    assert content["keywords"] == ["dev", "restart-unhealthy-targets", "not-healed", "infrastructure"]


def test_a_webhook_finds_the_facts_beside_the_text() -> None:
    metadata = told(PAGED)["metadata"]
    assert metadata["eventType"] == "not-healed"
    assert metadata["relatedResources"] == ["i-1"]
    assert metadata["additionalContext"] == {
        "schema": "1",
        "environment": "dev",
        "account": "123456789012",
        "runbook": "restart-unhealthy-targets",
        "status": "not-healed",
        "severity": "critical",
        "run": "k3fa-9x2q-7bmd",
        "incident": INCIDENT,
        "team": "infrastructure",
    }
    assert told(WANTED)["metadata"]["additionalContext"]["kind"] == "approval-wanted"


@pytest.mark.parametrize(
    "line", ["<!channel> look", "<@U012AB3CD>", "<https://evil.example|the runbook>", "``` <!here> *bold*", "a & b"]
)
def test_nothing_that_a_log_says_becomes_a_mention_a_link_or_the_end_of_a_block(line: str) -> None:
    sent = told(
        msgspec.structs.replace(
            PAGED, because=line, note=line, would=line, evidence=(line,), drift=(line,), next_steps=(line,)
        )
    )
    text = msgspec.json.encode(sent).decode()
    assert "<" not in text
    assert ">" not in text
    assert sent["content"]["description"].count("```") % 2 == 0
    assert all(step.count("`") == 2 for step in sent["content"]["nextSteps"])


@pytest.mark.parametrize("message", [OUTCOME, NOTICE], ids=["outcome", "notice"])
def test_it_stays_within_what_a_channel_shows(message: Message) -> None:
    content = told(message)["content"]
    assert len(content["title"]) <= LONGEST_TITLE + 2, "and its mark"
    assert len(content["description"]) <= LONGEST_DESCRIPTION + 100
    assert content["description"].count("```") % 2 == 0
    assert "(498 more: see the timeline)" in content["description"]
    assert "remedy show k3fa-9x2q-7bmd --env dev" in content["description"]
    assert "`aws short`" in content["nextSteps"]


def test_the_reason_is_cut_rather_than_left_out() -> None:
    description = told(OUTCOME)["content"]["description"]
    assert description.startswith("It hung.")


@pytest.mark.parametrize("severity", get_args(Severity))
def test_every_severity_has_a_mark_of_its_own(severity: Severity) -> None:
    marks = {told(msgspec.structs.replace(WANTED, severity=each))["content"]["title"][0] for each in get_args(Severity)}
    assert len(marks) == 3
    assert told(msgspec.structs.replace(WANTED, severity=severity))["content"]["title"][0] in marks
