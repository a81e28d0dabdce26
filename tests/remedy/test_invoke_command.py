"""The command `invoke`, as a person and a script see it."""

import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.errors import AwsError
from remediation.core.outcome import Outcome, Status
from remedy.invoke import Answer
from remedy.starting import AwsLambda
from stacks.catalog import CATALOG
from tests.remedy.console import RUNBOOK, fine, happened, outcome, remedy
from tests.remedy.started import down


@pytest.fixture
def answers(
    aws: Clients, ledger: DynamoLedger, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Outcome | Answer | AwsError], list[dict[str, Any]]]:
    """Let Lambda answer the next invocation with this; returns the payloads that it was sent."""
    assert aws is not None
    monkeypatch.setattr("remedy.invoke.LOOK_EVERY", 0.01)
    sent: list[dict[str, Any]] = []

    def will(answer: Outcome | Answer | AwsError) -> list[dict[str, Any]]:
        def invoke(_: AwsLambda, payload: dict[str, Any]) -> Answer:
            sent.append(payload)
            if isinstance(answer, AwsError):
                raise answer
            if isinstance(answer, Answer):
                return answer
            event = f"manual|{payload['request']}|{payload['apply']}|" + json.dumps(
                {"target_group": payload["target_group"]}
            )
            happened(ledger, answer, event=event)
            return Answer(payload=answer.json())

        monkeypatch.setattr(AwsLambda, "invoke", invoke)
        return sent

    return will


INVOKE = ("invoke", RUNBOOK, "--target", "dev-backend-tg-v2")


def test_without_apply_the_plan_is_shown(answers: Callable[..., Any]) -> None:
    sent = answers(outcome("aaaa-aaaa-aaaa", "observed", would="restart-container i-0abc"))
    text = fine(*INVOKE)
    assert "It would do: restart-container i-0abc" in text
    assert "Have it done with --apply." in text
    assert "gate      Every gate let it pass." in text
    assert [(payload["target_group"], payload["apply"]) for payload in sent] == [("dev-backend-tg-v2", False)]


def test_a_flush_without_a_snapshot_is_asked_for_in_so_many_words(answers: Callable[..., Any]) -> None:
    sent = answers(Answer(payload=outcome("aaaa-aaaa-aaaa", "observed", runbook="flush-redis").json()))
    fine("invoke", "flush-redis", "--target", "dev-redis")
    fine("invoke", "flush-redis", "--target", "dev-redis", "--without-snapshot")
    assert [(payload["cache"], payload.get("without_snapshot", False)) for payload in sent] == [
        ("dev-redis", False),
        ("dev-redis", True),
    ]


@pytest.mark.parametrize("which", ["starttech", "0e8f9f0c-2d3a-0b61-7a52-9b2e6d5c4a31"])
def test_a_lock_is_named_by_its_state_or_by_its_id(answers: Callable[..., Any], which: str) -> None:
    sent = answers(Answer(payload=outcome("aaaa-aaaa-aaaa", "observed", runbook="clear-stale-lock").json()))
    fine("invoke", "clear-stale-lock", "--lock", which)
    assert [(payload["lock"], payload["apply"]) for payload in sent] == [(which, False)]


def test_with_apply_it_is_done(answers: Callable[..., Any]) -> None:
    sent = answers(outcome("aaaa-aaaa-aaaa"))
    text = fine(*INVOKE, "--apply", "--because", "it is slow")
    assert "healed, after 2 min 10 s. Run aaaa-aaaa-aaaa." in text
    assert (sent[0]["apply"], sent[0]["because"]) == (True, "it is slow")


def test_what_terraform_will_revert_is_told_on_the_screen_as_in_the_message(answers: Callable[..., Any]) -> None:
    answers(outcome("aaaa-aaaa-aaaa", drift=("desired_capacity = 3",)))
    assert "Drift, which the next `terraform apply` reverts:\n  desired_capacity = 3\n" in fine(*INVOKE, "--apply")


def test_for_machines_the_outcome_is_all_there_is(answers: Callable[..., Any]) -> None:
    told = outcome("aaaa-aaaa-aaaa")
    answers(told)
    assert msgspec.json.decode(fine(*INVOKE, "--apply", "--json"), type=Outcome) == told


@pytest.mark.parametrize(
    ("status", "exit_status"), [("escalated", 4), ("not-healed", 4), ("refused", 3), ("observed", 3), ("failed", 5)]
)
def test_the_exit_status_tells_the_outcome(answers: Callable[..., Any], status: Status, exit_status: int) -> None:
    answers(outcome("aaaa-aaaa-aaaa", status, gate="lease"))
    assert remedy(*INVOKE, "--apply").exit_code == exit_status


def test_a_run_that_failed_is_one_sentence(answers: Callable[..., Any]) -> None:
    answers(Answer(payload='{"errorType": "MisconfiguredError", "errorMessage": "No such thing."}', failed=True))
    result = remedy(*INVOKE)
    assert result.exit_code == 5
    assert result.stderr == "The run failed: MisconfiguredError: No such thing. See: remedy runs --since 1h --env dev\n"


def test_a_function_that_is_not_deployed_is_one_sentence(answers: Callable[..., Any]) -> None:
    answers(down("ResourceNotFoundException"))
    result = remedy(*INVOKE)
    assert result.exit_code == 1
    assert result.stderr.startswith("It is not deployed in dev")
    assert "make deploy ENV=dev" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["restart-unhealthy-target"],
            "There is no runbook 'restart-unhealthy-target'; did you mean restart-unhealthy",
        ),
        (["zzz"], f"There is no runbook 'zzz'; there are: {', '.join(sorted(runbook.name for runbook in CATALOG))}."),
        ([RUNBOOK], "restart-unhealthy-targets needs 'target_group'; say --target VALUE."),
        ([RUNBOOK, "-t", "prod-tg"], "Not in the scope of dev: the target group 'prod-tg'"),
        (["clear-stale-lock", "--lock", " "], "--lock needs the name of a state, or the ID in the lock."),
        (["clear-stale-lock", "--lock", "x" * 201], "The request to clear-stale-lock is malformed: Expected `str` of"),
        (["clear-stale-lock", "--lock", "a", "--set", "lock=b"], "'lock' is said twice."),
        ([RUNBOOK, "-t", "x", "--lock", "y"], "restart-unhealthy-targets does not know `lock`; it takes"),
        ([RUNBOOK, "-t", "x", "--env", "qa"], "There is no environment 'qa'"),
    ],
)
def test_a_mistake_needs_no_aws_to_be_told(arguments: list[str], sentence: str) -> None:
    result = remedy("invoke", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_on_a_terminal_a_run_is_followed_live(answers: Callable[..., Any], terminal: io.StringIO) -> None:
    answers(outcome("aaaa-aaaa-aaaa"))
    assert remedy(*INVOKE, "--apply").exit_code == 0
    text = terminal.getvalue()
    assert "\x1b[" in text
    assert "healed: restart-unhealthy-targets in dev" in text
    assert "+2 min 10 s" in text
