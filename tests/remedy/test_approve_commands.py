"""The commands `approve` and `reject`: one plan, once, in time, by somebody whom AWS knows; every refusal is recorded."""

import io
import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from tests.remedy.console import fine, items, received, refused, remedy
from tests.remedy.people import Console
from tests.remedy.waiting import CALLBACK, HASH, RUN, Waiting

APPROVE = ("approve", RUN, "--hash", HASH[:12])
REJECT = ("reject", RUN, "--because", "it is the last healthy one")


@pytest.fixture
def waiting(aws: Clients, ledger: DynamoLedger, people: Console) -> Waiting:
    assert people is not None
    return Waiting(aws, ledger)


def audits(aws: Clients) -> list[tuple[str, str, str]]:
    return [
        (audit["by"].rpartition("/")[2], audit["what"], audit["because"]) for audit in items(aws, "AUDIT#").values()
    ]


# ------------------------------------------------------------------------------------------------------------ approving


def test_the_plan_is_shown_and_the_run_hears_the_approval(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    text = fine(*APPROVE, "--because", "I have looked at it")
    for part in (
        "restart-unhealthy-targets asks: replace-instance i-0abc (dev-backend-asg in dev)?",
        "because  Its container does not start.",
        f"plan     {HASH}",
        "asked by an alarm or a schedule",
        "people   one",
        f"Approved; the run goes on: remedy show {RUN} --env dev",
    ):
        assert part in text, part
    assert people.answered == [(CALLBACK, people.user("ada"))]
    assert waiting.hears(asked, people.user("ada")) is None, "the engine lets it act"
    assert audits(aws) == [("ada", f"approved {asked.plan}, run {RUN}, plan {HASH[:12]}", "I have looked at it")]


def test_a_word_is_written_under_the_user_id_of_who_says_it(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    people.sits = "grace"
    fine(*APPROVE)
    said = items(aws, "SAID#")
    assert list(said) == [f"SAID#{people.user('grace')}#{RUN}"]
    told = said[f"SAID#{people.user('grace')}#{RUN}"]
    assert (told["says"], told["hash"], told["about"], told["arn"]) == ("approve", HASH, RUN, people.arn("grace"))
    assert next(iter(items(aws, "AUDIT#"))).endswith(f"#{people.user('grace')}")
    assert waiting.hears(asked, people.user("ada")) is not None, "Ada said nothing"


def test_the_word_is_there_before_the_run_is_woken(aws: Clients, waiting: Waiting, people: Console) -> None:
    waiting.asks()
    there: list[int] = []
    people.before["SendDurableExecutionCallbackSuccess"] = lambda: there.append(len(items(aws, "SAID#")))
    fine(*APPROVE)
    assert there == [1]


def test_for_machines_the_answer_is_what_was_said(waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    told = json.loads(fine(*APPROVE, "--json"))
    assert (told["run"], told["says"], told["plan"], told["hash"]) == (RUN, "approve", asked.plan, HASH)
    assert told["by"] == people.arn()


def test_a_run_is_named_as_it_is_read_out(waiting: Waiting, people: Console) -> None:
    waiting.asks()
    fine("approve", f" {RUN.upper()} ", "--yes")
    assert people.answered


def test_where_nobody_can_be_asked_again_a_plan_is_not_approved_by_its_run_alone(
    aws: Clients, waiting: Waiting, people: Console
) -> None:
    waiting.asks()
    result = remedy("approve", RUN)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "Nobody can be asked here whether this is what you mean: say --hash HASH, or --yes."
    )
    assert refused("approve", RUN, "--json", status=2).startswith("Nobody can be asked here")
    assert people.answered == []
    assert items(aws, "SAID#") == {}


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_on_a_terminal_the_plan_is_confirmed(
    waiting: Waiting, people: Console, terminal: io.StringIO, typed: str, status: int
) -> None:
    waiting.asks()
    with patch("remedy.commands.answering._at_terminal", lambda: True):
        result = remedy("approve", RUN, typed=typed)
    assert result.exit_code == status
    assert "replace-instance i-0abc" in terminal.getvalue()
    assert bool(people.answered) == (status == 0)
    if status:
        assert f"Nothing was said, and the run waits: remedy approve {RUN} --env dev" in result.stderr


def test_saying_the_same_again_after_a_broken_connection_wakes_the_run(
    aws: Clients, waiting: Waiting, people: Console
) -> None:
    asked = waiting.asks()
    people.denied.add("SendDurableExecutionCallbackSuccess")
    result = remedy(*APPROVE)
    assert (result.exit_code, people.answered) == (1, [])
    people.denied.clear()
    fine(*APPROVE)
    assert people.answered == [(CALLBACK, people.user())]
    assert waiting.hears(asked, people.user()) is None
    assert len(audits(aws)) == 1, "it was said once"


def test_a_run_that_asks_again_for_something_else_can_be_answered_again(waiting: Waiting, people: Console) -> None:
    waiting.ends(waiting.asks(), "approved")
    fine_hash = "f" * 64
    second = waiting.asks("callback-2", hash=fine_hash)
    fine("approve", RUN, "--hash", fine_hash[:8])
    assert people.answered == [("callback-2", people.user())]
    assert waiting.hears(second, people.user()) is None


# ------------------------------------------------------------------------------------------------------------ rejecting


def test_a_plan_is_rejected_with_a_reason(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    assert f"Rejected; it is not done: remedy show {RUN} --env dev" in fine(*REJECT)
    assert people.answered == [(CALLBACK, people.user())]
    refusal = waiting.hears(asked, people.user())
    assert refusal is not None
    assert refusal.because == f"ada rejected {asked.plan}: it is the last healthy one."
    assert audits(aws) == [("ada", f"rejected {asked.plan}, run {RUN}, plan {HASH[:12]}", "it is the last healthy one")]


def test_a_rejection_needs_a_reason(waiting: Waiting, people: Console) -> None:
    waiting.asks()
    assert refused("reject", RUN, status=2).startswith("Rejecting a plan needs a reason, for the record")
    assert people.answered == []


def test_who_asked_for_it_may_always_say_no(waiting: Waiting, people: Console) -> None:
    waiting.asks(people=2, requested_by=people.user())
    fine(*REJECT)
    assert people.answered


# ------------------------------------------------------------------------------------------------------------- refusing


def not_said(aws: Clients, people: Console, why: str) -> None:
    """See that nothing was said, and that the attempt is on record."""
    assert people.answered == []
    assert items(aws, "SAID#") == {}
    assert audits(aws) == [(people.sits, f"could not approve run {RUN}, plan {HASH[:12]}", why)]


def test_a_run_that_asks_nothing_cannot_be_approved(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    received(ledger, RUN, now=datetime.now(UTC))
    assert refused(*APPROVE, status=3) == f"Run {RUN} in dev asks for no approval. See: remedy show {RUN} --env dev"
    assert people.answered == []


def test_another_plan_is_not_approved(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    why = refused("approve", RUN, "--hash", "feedfeedfeed", status=3)
    assert why == f"The plan is another one now: {asked.plan}, plan {HASH[:12]} and not feedfeedfeed."
    not_said(aws, people, why)


def test_a_hash_that_is_too_short_tells_no_plan(waiting: Waiting, people: Console) -> None:
    waiting.asks()
    assert refused("approve", RUN, "--hash", HASH[:7], status=2).startswith(f"--hash {HASH[:7]!r} is too short")
    assert people.answered == []


def test_an_approval_that_expired_is_too_late(aws: Clients, waiting: Waiting, people: Console) -> None:
    expires = datetime.now(UTC) - timedelta(seconds=1)
    asked = waiting.asks(expires=expires)
    why = refused(*APPROVE, status=3)
    assert why == f"The approval of {asked.plan} expired at {expires:%Y-%m-%d %H:%M:%S} UTC; it is not done."
    not_said(aws, people, why)


def test_an_approval_that_expires_while_somebody_thinks_is_too_late(
    aws: Clients, waiting: Waiting, people: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = waiting.asks()
    times = iter([datetime.now(UTC), datetime.now(UTC), asked.expires + timedelta(seconds=1)])
    monkeypatch.setattr("remedy.commands.answering.now", lambda: next(times))
    result = remedy(*APPROVE)
    why = f"The approval of {asked.plan} expired while you thought; it is not done."
    assert (result.exit_code, result.stderr) == (3, f"{why}\n")
    not_said(aws, people, why)


@pytest.mark.parametrize("status", ["approved", "rejected", "expired", "refused"])
def test_what_was_answered_cannot_be_answered_again(
    aws: Clients, waiting: Waiting, people: Console, status: str
) -> None:
    asked = waiting.asks()
    waiting.ends(asked, status)
    why = refused(*APPROVE, status=3)
    assert why == f"{asked.plan} was {status} already. See: remedy show {RUN} --env dev"
    not_said(aws, people, why)


def test_of_two_people_who_answer_at_once_the_second_is_told(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    fine(*REJECT)
    people.sits = "grace"
    result = remedy(*APPROVE)
    why = f"{asked.plan} was answered already, or expired; your answer came too late."
    assert (result.exit_code, result.stderr) == (3, f"{why}\n")
    assert people.answered == [(CALLBACK, people.user("ada"))]
    assert audits(aws)[-1] == ("grace", f"could not approve run {RUN}, plan {HASH[:12]}", why)


def test_nobody_changes_their_mind_about_a_plan(aws: Clients, waiting: Waiting, people: Console) -> None:
    asked = waiting.asks()
    fine(*APPROVE)
    result = remedy(*REJECT)
    assert (result.exit_code, result.stderr) == (
        3,
        "You have answered this plan already: approve. Only one answer counts.\n",
    )
    assert waiting.hears(asked, people.user()) is None, "the first word stands"
    assert audits(aws)[-1][1] == f"could not reject run {RUN}, plan {HASH[:12]}"


def test_who_asked_for_it_does_not_approve_where_two_people_are_needed(
    aws: Clients, waiting: Waiting, people: Console
) -> None:
    asked = waiting.asks(people=2, requested_by=people.user("ada"))
    why = refused(*APPROVE, status=3)
    assert why == f"{asked.plan} needs two people, and you asked for it yourself. Somebody else has to approve."
    not_said(aws, people, why)
    people.sits = "grace"
    text = fine(*APPROVE)
    assert "asked by ada" in text
    assert "people   two: who asked for it may not approve" in text
    assert waiting.hears(asked, people.user("grace")) is None


def test_a_refusal_that_cannot_be_recorded_is_told_all_the_same(waiting: Waiting, people: Console) -> None:
    waiting.ends(waiting.asks(), "expired")
    people.denied.add("TransactWriteItems")
    why = refused(*APPROVE, status=3)
    assert "was expired already" in why
    assert "This could not be recorded: These credentials may not do" in why


@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_without_credentials_nothing_is_answered(command: tuple[str, ...]) -> None:
    assert refused(*command, status=1).startswith("There are no AWS credentials for dev")


@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_another_environment_is_not_answered_by_mistake(
    waiting: Waiting, people: Console, command: tuple[str, ...]
) -> None:
    waiting.asks()
    assert refused(*command, "--env", "prod", status=1).startswith("These AWS credentials are of account")
    assert refused(*command, "--env", "qa", status=2).startswith("There is no environment 'qa'")
    assert people.answered == []


def test_who_may_not_write_says_nothing(aws: Clients, waiting: Waiting, people: Console) -> None:
    waiting.asks()
    people.denied.add("TransactWriteItems")
    result = remedy(*APPROVE)
    assert result.exit_code == 1
    assert result.stderr.startswith("These credentials may not do DynamoDB:TransactWriteItems in dev.")
    assert people.answered == []
    assert items(aws, "SAID#") == {}


def test_what_another_version_asks_is_one_sentence(aws: Clients, waiting: Waiting, people: Console) -> None:
    waiting.asks()
    aws.acting.dynamodb.update_item(
        TableName="dev-remediation-ledger",
        Key={"pk": {"S": f"APPROVAL#{RUN}"}},
        UpdateExpression="SET people = :three",
        ExpressionAttributeValues={":three": {"N": "3"}},
    )
    assert "cannot be read by this version of remedy" in refused(*APPROVE, status=1)
    assert people.answered == []
