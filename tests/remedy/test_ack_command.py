"""The command `ack`: take on what a run could not heal, so that nobody else is paged."""

import json
from datetime import UTC, datetime

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remedy import acknowledging
from tests.remedy.console import fine, happened, items, outcome, received, refused
from tests.remedy.people import Console
from tests.remedy.waiting import CALLBACK, KEY, RUN, Troubled

LATER = "dddd-eeee-ffff"


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that were waited, in no time."""
    seconds: list[float] = []
    monkeypatch.setattr(acknowledging, "sleep", seconds.append)
    return seconds


@pytest.fixture
def troubled(aws: Clients, ledger: DynamoLedger, people: Console) -> Troubled:
    """Return an incident that somebody follows up."""
    assert people is not None
    trouble = Troubled(aws, ledger)
    trouble.escalates()
    trouble.follows()
    return trouble


def test_an_incident_is_taken_on(aws: Clients, troubled: Troubled, people: Console) -> None:
    text = fine("ack", RUN, "--because", "on my way")
    assert text == f"You are on it: {KEY}. Nobody else is paged; you are told when it is over.\n"
    assert people.answered == [(CALLBACK, people.user())]
    assert troubled.hears(people.user()) == "acknowledge"
    (audit,) = items(aws, "AUDIT#").values()
    assert (audit["by"], audit["what"]) == (people.arn(), f"acknowledged {KEY}, run {RUN}")
    assert audit["because"] == "on my way"


def test_for_machines_the_answer_is_what_was_taken_on(troubled: Troubled, people: Console) -> None:
    assert troubled is not None
    told = json.loads(fine("ack", RUN, "--json"))
    assert (told["run"], told["incident"], told["by"]) == (RUN, KEY, people.arn())


def test_any_run_of_an_incident_may_be_named(troubled: Troubled, people: Console) -> None:
    troubled.escalates(LATER)
    fine("ack", LATER)
    assert people.answered == [(CALLBACK, people.user())]
    assert troubled.hears(people.user()) == "acknowledge", "whoever follows it up knows the run that opened it"


def test_where_a_page_was_sent_at_that_moment_its_own_callback_is_answered(troubled: Troubled, people: Console) -> None:
    def page() -> None:
        people.over.add(CALLBACK)
        troubled.follows("callback-2")

    people.before["SendDurableExecutionCallbackSuccess"] = page
    fine("ack", RUN)
    assert people.answered == [("callback-2", people.user())]


def test_where_nobody_waits_just_now_it_may_be_tried_again(
    troubled: Troubled, people: Console, waited: list[float]
) -> None:
    people.over.add(CALLBACK)
    sentence = refused("ack", RUN, status=1)
    assert sentence == f"The incident of run {RUN} is being looked at right now. Try again in a minute."
    assert waited == [1] * acknowledging.PATIENCE
    troubled.follows("callback-2")
    fine("ack", RUN)
    assert people.answered == [("callback-2", people.user())]


def test_an_incident_that_nobody_follows_up_yet_cannot_be_taken_on(
    aws: Clients, ledger: DynamoLedger, people: Console
) -> None:
    Troubled(aws, ledger).escalates()
    sentence = refused("ack", RUN, status=1)
    assert sentence == f"The incident of run {RUN} is not being followed up yet. Try again in a minute."
    assert people.answered == []


def test_who_answers_a_page_at_once_waits_for_who_follows_it_up(
    aws: Clients, ledger: DynamoLedger, people: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Troubled(aws, ledger)
    trouble.escalates()
    monkeypatch.setattr(acknowledging, "sleep", lambda _: trouble.follows())
    fine("ack", RUN)
    assert people.answered == [(CALLBACK, people.user())]
    assert trouble.hears(people.user()) == "acknowledge"
    assert len(items(aws, "AUDIT#")) == 1


def test_what_somebody_is_on_already_is_told(troubled: Troubled, people: Console) -> None:
    troubled.takes_note(people.arn("grace"))
    assert refused("ack", RUN, status=3) == f"grace has acknowledged the incident of run {RUN} already."
    assert people.answered == []


def test_what_is_over_need_not_be_taken_on(troubled: Troubled, people: Console) -> None:
    troubled.closes()
    assert refused("ack", RUN, status=3) == f"The incident of run {RUN} is over already."
    assert people.answered == []


def test_what_is_over_at_that_moment_is_told(troubled: Troubled, people: Console) -> None:
    def recovers() -> None:
        people.over.add(CALLBACK)
        troubled.closes()

    people.before["SendDurableExecutionCallbackSuccess"] = recovers
    assert refused("ack", RUN, status=3) == f"The incident of run {RUN} is over already."


def test_a_run_that_healed_has_nothing_to_take_on(ledger: DynamoLedger, people: Console) -> None:
    happened(ledger, outcome(RUN))
    assert refused("ack", RUN, status=3) == f"Run {RUN} opened no incident: it ended healed."
    assert people.answered == []


def test_a_run_in_progress_has_nothing_to_take_on(ledger: DynamoLedger, people: Console) -> None:
    received(ledger, RUN, now=datetime.now(UTC))
    assert refused("ack", RUN, status=3).startswith(f"Run {RUN} has not ended, so there is nothing to take on.")
    assert people.answered == []


def test_a_run_that_does_not_exist_cannot_be_taken_on(people: Console) -> None:
    assert refused("ack", "zzzz-zzzz-zzzz", status=1).startswith("There is no run 'zzzz-zzzz-zzzz' in dev.")
    assert people.answered == []


def test_another_environment_is_not_taken_on_by_mistake(troubled: Troubled, people: Console) -> None:
    assert troubled is not None
    assert refused("ack", RUN, "--env", "prod", status=1).startswith("These AWS credentials are of account")
    assert refused("ack", RUN, "--env", "qa", status=2).startswith("There is no environment 'qa'")
    assert people.answered == []


def test_without_credentials_nothing_is_taken_on() -> None:
    assert refused("ack", RUN, status=1).startswith("There are no AWS credentials for dev")
