"""The commands `runs` and `show`, as a person and a script see them."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.outcome import Done, Outcome, Status
from remediation.core.record import RunRecord
from tests.remedy import console
from tests.remedy.console import LONG, RUNBOOK, TABLE, fine, outcome, remedy


@pytest.fixture
def happened(ledger: DynamoLedger) -> Callable[..., Outcome]:
    """Let a run have happened."""

    def write(run: str, status: Status = "healed", **more: Any) -> Outcome:
        told = outcome(run, status, **more)
        console.happened(ledger, told)
        return told

    return write


def test_runs_are_listed_the_newest_first_and_whole(happened: Callable[..., Outcome]) -> None:
    now = datetime.now(UTC)
    happened("aaaa-aaaa-aaaa", at=now - timedelta(hours=2))
    happened("bbbb-bbbb-bbbb", "refused", at=now - timedelta(hours=1), because=LONG)
    header, *rows = fine("runs").splitlines()
    assert header.split() == ["started", "(UTC)", "run", "runbook", "status", "took", "because"]
    assert ["bbbb-bbbb-bbbb" in rows[0], "aaaa-aaaa-aaaa" in rows[1], len(rows)] == [True, True, 2]
    assert LONG in rows[0]
    assert "2 min 10 s" in rows[1]


def test_a_run_in_progress_is_listed_as_running(ledger: DynamoLedger) -> None:
    now = datetime.now(UTC)
    console.received(ledger, "cccc-cccc-cccc", now=now)
    row = fine("runs", "--status", "running").splitlines()[1]
    assert "running" in row
    assert "Started by the schedule." in row
    assert json.loads(fine("runs", "--json"))[0]["status"] is None


def test_runs_can_be_narrowed_down(happened: Callable[..., Outcome]) -> None:
    now = datetime.now(UTC)
    happened("aaaa-aaaa-aaaa", at=now - timedelta(days=3))
    happened("bbbb-bbbb-bbbb", "escalated", at=now - timedelta(hours=1))
    happened("cccc-cccc-cccc", "healed", at=now - timedelta(minutes=1))
    happened("dddd-dddd-dddd", "healed", at=now, runbook="another")

    def found(*arguments: str) -> list[str]:
        return [row["run"][:4] for row in json.loads(fine("runs", "--json", *arguments))]

    assert found() == ["dddd", "cccc", "bbbb"]
    assert found("--since", "7d") == ["dddd", "cccc", "bbbb", "aaaa"]
    assert found("--since", (now - timedelta(seconds=30)).isoformat()) == ["dddd"]
    assert found("--status", "healed", "--since", "7d") == ["dddd", "cccc", "aaaa"]
    assert found("--status", "healed", "--since", "7d", "--limit", "1") == ["dddd"]
    assert found("--runbook", RUNBOOK) == ["cccc", "bbbb"]
    assert found("--limit", "2") == ["dddd", "cccc"]


def test_no_runs_are_an_empty_list(aws: Clients) -> None:
    assert aws is not None
    assert fine("runs", "--json") == "[]\n"
    assert fine("runs").count("\n") == 1


def test_a_list_in_json_has_what_a_list_has(happened: Callable[..., Outcome]) -> None:
    happened("aaaa-aaaa-aaaa")
    (row,) = json.loads(fine("runs", "--json"))
    assert set(row) == {field.name for field in msgspec.structs.fields(RunRecord)} - {"outcome", "timeline"}
    assert (row["run"], row["status"]) == ("aaaa-aaaa-aaaa", "healed")


def test_one_run_is_told_with_its_whole_timeline(happened: Callable[..., Outcome]) -> None:
    done = Done(
        action="restart-container", target="i-0abc", at=datetime.now(UTC), result="done", receipt="It answered."
    )
    happened("aaaa-aaaa-aaaa", acts=(done,), evidence=("The log says x.",), next_steps=("Look at y.",))
    text = fine("show", "aaaa-aaaa-aaaa")
    for part in (
        "restart-unhealthy-targets in dev",
        "Run aaaa-aaaa-aaaa, started",
        "gate      Every gate let it pass.",
        "facts     Looked. group dev-backend-tg-v2, targets [i-0abc unhealthy, i-0def healthy], logs [2]",
        "verdict   restart-container i-0abc: its container is [31mdead.",
        "wait      Waiting 90 s.",
        f"outcome   healed: {LONG}",
        "Every target is healthy.",
        "restart-container i-0abc: done. It answered.",
        "The log says x.",
        "Look at y.",
        "healed, after 2 min 10 s. Run aaaa-aaaa-aaaa.",
    ):
        assert part in text, part


def test_facts_can_be_unfolded(happened: Callable[..., Outcome]) -> None:
    happened("aaaa-aaaa-aaaa")
    text = fine("show", "aaaa-aaaa-aaaa", "--facts")
    assert [line.strip() for line in text.splitlines() if line.startswith(" " * 20)][:6] == [
        "group:",
        "name: dev-backend-tg-v2",
        "port: 8080",
        "targets:",
        "- id: i-0abc",
        "state: unhealthy",
    ]
    assert "refresh: none" in text


def test_a_run_can_be_asked_for_as_it_is_read_out(happened: Callable[..., Outcome]) -> None:
    happened("aaaa-aaaa-aaaa")
    assert json.loads(fine("show", " AAAA-aaaa-AAAA ", "--json"))["outcome"]["status"] == "healed"


def test_a_run_in_progress_has_not_ended(ledger: DynamoLedger) -> None:
    console.received(ledger, "cccc-cccc-cccc", now=datetime.now(UTC))
    assert "It has not ended." in fine("show", "cccc-cccc-cccc")


def test_a_run_that_does_not_exist_is_one_sentence(aws: Clients) -> None:
    assert aws is not None
    result = remedy("show", "zzzz-zzzz-zzzz")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no run 'zzzz-zzzz-zzzz' in dev. List them with: remedy runs --env dev\n"


def test_a_record_of_another_version_is_one_sentence(aws: Clients, happened: Callable[..., Outcome]) -> None:
    happened("aaaa-aaaa-aaaa")
    aws.acting.dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "RUN#aaaa-aaaa-aaaa"}},
        UpdateExpression="SET #status = :new",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":new": {"S": "transcended"}},
    )
    for command in (["show", "aaaa-aaaa-aaaa"], ["runs"]):
        result = remedy(*command)
        assert result.exit_code == 1
        assert result.stderr.startswith("A record of the ledger cannot be read by this version of remedy")


def test_on_a_terminal_no_id_is_cut(happened: Callable[..., Outcome], terminal: io.StringIO) -> None:
    happened("aaaa-aaaa-aaaa", because=LONG)
    assert remedy("runs").exit_code == 0
    assert remedy("show", "aaaa-aaaa-aaaa").exit_code == 0
    text = terminal.getvalue()
    assert text.count("aaaa-aaaa-aaaa") == 3
    assert "\x1b[31mdead" not in text


def test_a_status_that_there_is_not_gets_a_hint() -> None:
    assert remedy("runs", "--status", "heald").stderr == "There is no status 'heald'; did you mean healed?\n"
    assert remedy("runs", "--status", "x").stderr.startswith("There is no status 'x'; there are: nothing-to-do,")
