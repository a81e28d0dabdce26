"""The command `locks`: every configured lock, by the runbook's own judgement, without a right that a plan does not need."""

import io
import json
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from msgspec.structs import replace

from clear_stale_lock.facts import Sighting
from clear_stale_lock.settings import Settings
from remediation.adapters.clients import Clients
from remediation.core.errors import AwsError
from remediation.core.outcome import Outcome
from remedy.environment import Environment
from remedy.starting import AwsLambda
from stacks.catalog import CATALOG
from tests.functions.clear_stale_lock.locks import ID, MINUTE, NOW, STATE, info, item, lock
from tests.remedy.console import fine, items, outcome, refused, remedy
from tests.remedy.locked import RUNBOOK, Deployed, planned
from tests.remedy.people import Console
from tests.remedy.started import down

APPLY = item(info(Operation="OperationTypeApply"))
FREE = lock(item=None, object=None, first=None, signs=())
YOUNG = lock(object=None, first=Sighting(at=NOW - 5 * MINUTE, moved_at=NOW - 5 * MINUTE))


@pytest.fixture
def function(aws: Clients, people: Console, dev: Environment, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Return the function of an environment of three states."""
    assert aws is not None
    assert people is not None
    deployed = Deployed()
    states = tuple(replace(STATE, name=name, key=f"{name}.tfstate") for name in ("network", "starttech", "edge"))
    configured(dev, Settings(states=states), monkeypatch)
    monkeypatch.setattr("remedy.invoke.LOOK_EVERY", 0.01)
    monkeypatch.setattr(AwsLambda, "invoke", deployed.invoke)
    deployed.answers = {"network": planned(FREE), "starttech": planned(lock()), "edge": planned(YOUNG)}
    return deployed


def configured(dev: Environment, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    runbooks = {**dev.config.runbooks, RUNBOOK: replace(dev.config.runbooks[RUNBOOK], settings=settings)}
    there = Environment(replace(dev.config, runbooks=runbooks), CATALOG)
    monkeypatch.setattr("remedy.commands.looking.environment", lambda _: there)


def row(text: str, state: str) -> str:
    (found,) = (line for line in text.splitlines() if line.startswith(state))
    return found


def test_every_lock_is_a_row_with_its_holder_its_age_the_signs_of_life_and_what_would_happen(
    function: Deployed,
) -> None:
    text = fine("locks")
    assert row(text, "network").split(None, 5) == [
        "network",
        "free",
        "-",
        "-",
        "-",
        "Nobody holds the lock of starttech.",
    ]
    stale, young = row(text, "starttech"), row(text, "edge")
    for part in (
        ID,
        "runner@fv-az123-456",
        "OperationTypePlan",
        "420 min for sure, seen since 2026-11-23 05:00:00 UTC",
    ):
        assert part in stale
    assert "GitHub Actions: ended, run 7 (apply), which was running when it was locked, ended (cancelled)" in stale
    assert stale.endswith(f"clear-lock {ID}, without asking anybody.")
    assert "5 min for sure" in young
    assert "Left alone: " in young
    assert "at least 60 min make it stale." in young
    assert text.splitlines()[0].split()[:2] == ["state", "is"]
    assert len(text.splitlines()) == 4, "nothing is held back, so nothing else is said"
    assert len(function.sent) == 3


def test_only_plans_are_asked_for_in_nobodys_name(aws: Clients, function: Deployed) -> None:
    fine("locks")
    assert sorted(payload["lock"] for payload in function.sent) == ["edge", "network", "starttech"]
    assert {payload["apply"] for payload in function.sent} == {False}
    assert not any("by" in payload for payload in function.sent)
    assert len({payload["request"] for payload in function.sent}) == 3
    assert items(aws, "SAID#") == items(aws, "AUDIT#") == {}


def test_all_plans_are_asked_for_at_once(function: Deployed) -> None:
    function.together = Barrier(3)
    fine("locks")


def test_it_says_why_a_person_would_be_asked(function: Deployed) -> None:
    function.answers["starttech"] = planned(lock(item=APPLY, object=None))
    assert row(fine("locks"), "starttech").endswith(
        f"clear-lock {ID}, after a person has said yes: It is of OperationTypeApply, which may have left things half done."
    )


def test_what_nobody_can_judge_calls_a_person(function: Deployed) -> None:
    function.answers["starttech"] = planned(lock(item=item("{"), object=None))
    found = row(fine("locks"), "starttech")
    assert "wrong" in found
    assert "DynamoDB: cannot be read (1 characters)" in found
    assert "A person is called: The lock of starttech says nothing that can be read" in found


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (down("AccessDeniedException"), "These credentials may not do Lambda:Invoke in dev."),
        (outcome("aaaa-aaaa-aaaa", "failed", because="The run could not go on: no table."), "no table."),
        (
            outcome("aaaa-aaaa-aaaa", "refused", gate="mode", because="The mode is off: nothing is done."),
            "refused (mode): The mode is off: nothing is done.",
        ),
    ],
)
def test_a_lock_that_cannot_be_read_is_told_beside_the_others_and_by_the_exit_status(
    function: Deployed, answer: Outcome | AwsError, told: str
) -> None:
    function.answers["starttech"] = answer
    result = remedy("locks")
    assert result.exit_code == 1
    assert row(result.stdout, "starttech").split()[1] == "unread"
    assert told in row(result.stdout, "starttech")
    assert row(result.stdout, "edge").split()[1] == "held"


def test_what_keeps_everything_from_being_cleared_is_said(function: Deployed) -> None:
    assert function.sent == []
    fine("mode", "observe", "--runbook", RUNBOOK, "--because", "the pipeline is being moved")
    fine("freeze", "--until", "2h", "--because", "the database moves")
    *_, mode, freeze = fine("locks").splitlines()
    assert mode == "The mode of clear-stale-lock is observe, so nothing is cleared."
    assert freeze.startswith("Frozen by ada until ")
    assert freeze.endswith("the database moves")


def test_an_open_circuit_is_said(aws: Clients, function: Deployed) -> None:
    assert function.sent == []
    opened = {"pk": {"S": f"CIRCUIT#dev#{RUNBOOK}"}, "state": {"S": "open"}, "because": {"S": "3 runs did not heal"}}
    aws.acting.dynamodb.put_item(TableName="dev-remediation-ledger", Item=opened)
    assert fine("locks").splitlines()[-1] == "The circuit of clear-stale-lock is open: 3 runs did not heal"


def test_switches_that_cannot_be_read_are_not_taken_for_a_go(function: Deployed, people: Console) -> None:
    people.denied.add("TransactGetItems")
    people.denied.add("BatchGetItem")
    people.denied.add("GetItem")
    assert function.sent == []
    assert fine("locks").splitlines()[-1].startswith("The switches cannot be read, so nothing is cleared: ")


def test_for_machines(function: Deployed) -> None:
    function.answers["starttech"] = planned(lock(item=APPLY, object=None))
    told = json.loads(fine("locks", "--json"))
    assert told["environment"] == "dev"
    assert datetime.now(UTC) - datetime.fromisoformat(told["at"]) < timedelta(minutes=5)
    assert [(each["state"], each["standing"]) for each in told["locks"]] == [
        ("network", "free"),
        ("starttech", "stale"),
        ("edge", "held"),
    ]
    stale = told["locks"][1]
    assert stale["lock_id"] == f"{STATE.bucket}/starttech.tfstate"
    assert stale["would"] == f"clear-lock {ID}"
    assert "half done" in stale["asks"]
    assert stale["signs"][0] == "State: has not changed since then"
    assert len(stale["held_by"]) == 1


def test_on_a_terminal_everything_fits_and_nothing_is_lost(function: Deployed, terminal: io.StringIO) -> None:
    function.answers["starttech"] = planned(lock(item=item(info(Who="eve\x1b[31m@laptop")), object=None))
    assert remedy("locks").exit_code == 0
    text = terminal.getvalue()
    assert "\x1b[31m@laptop" not in text, "what a lock says does not colour the screen"
    assert "\\x1b[31m@laptop" in text
    for word in ("network", "free", "starttech", "stale", "edge", "held", "420 min for sure"):
        assert word in text


def test_an_environment_without_states_says_so(
    people: Console, dev: Environment, ledger: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people is not None
    assert ledger is not None
    configured(dev, Settings(), monkeypatch)
    assert refused("locks", status=2) == "No Terraform state is configured for dev (setting `states`)."
