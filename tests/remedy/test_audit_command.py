"""The command `audit`: who changed, asked for, approved or acknowledged what, and why."""

import io
import json
from datetime import UTC, datetime, timedelta

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from tests.remedy.console import RUNBOOK, TABLE, fine, items, refused, remedy
from tests.remedy.people import Console
from tests.remedy.waiting import HASH, RUN, Troubled, Waiting


def test_everything_that_people_do_is_listed_the_newest_first(
    aws: Clients, ledger: DynamoLedger, people: Console
) -> None:
    Waiting(aws, ledger).asks()
    trouble = Troubled(aws, ledger)
    trouble.escalates("dddd-eeee-ffff")
    trouble.follows("callback-2", "dddd-eeee-ffff")
    fine("mode", "off", "--because", "it makes things worse")
    people.sits = "grace"
    fine("freeze", "--until", "1h", "--because", "the database moves")
    fine("thaw", "--because", "the database has moved")
    fine("approve", RUN, "--hash", HASH[:12])
    fine("ack", "dddd-eeee-ffff")
    header, *rows = fine("audit").splitlines()
    assert header.split() == ["at", "(UTC)", "who", "what", "because"]
    assert [row.split()[2:4] for row in rows] == [
        ["grace", "acknowledged"],
        ["grace", "approved"],
        ["grace", "end"],
        ["grace", "freeze"],
        ["ada", "mode"],
    ]
    assert rows[-1].endswith("it makes things worse")


def test_what_was_asked_for_in_vain_is_listed(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    waiting = Waiting(aws, ledger)
    waiting.ends(waiting.asks(), "expired")
    remedy("approve", RUN, "--hash", HASH[:12])
    (told,) = json.loads(fine("audit", "--json"))
    assert told["what"] == f"could not approve run {RUN}, plan {HASH[:12]}"
    assert "was expired already" in told["because"]


def test_a_change_in_json_has_who_what_why_and_when(people: Console) -> None:
    fine("mode", "observe", "--runbook", RUNBOOK, "--because", "it makes things worse")
    (told,) = json.loads(fine("audit", "--json"))
    assert told.pop("at").startswith(f"{datetime.now(UTC):%Y-%m-%dT}")
    assert told == {
        "what": f"mode observe of {RUNBOOK} in dev (was act)",
        "by": people.arn(),
        "because": "it makes things worse",
    }


def test_the_list_can_be_narrowed_down(aws: Clients, people: Console) -> None:
    assert people is not None
    for days, what in ((9, "the old one"), (1, "the new one")):
        at = str(round((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1000))
        aws.acting.dynamodb.put_item(
            TableName=TABLE,
            Item={
                "pk": {"S": f"AUDIT#dev#{at}#x"},
                "what": {"S": what},
                "at": {"N": at},
                "environment": {"S": "dev/audit"},
                "started_at": {"N": at},
            },
        )
    assert [row["what"] for row in json.loads(fine("audit", "--json"))] == ["the new one"]
    found = json.loads(fine("audit", "--json", "--since", "30d"))
    assert [row["what"] for row in found] == ["the new one", "the old one"]
    assert len(json.loads(fine("audit", "--json", "--since", "30d", "--limit", "1"))) == 1
    assert "unknown" in fine("audit"), "who is not known is not left out"


def test_changes_are_no_runs(ledger: DynamoLedger, people: Console) -> None:
    assert ledger is not None
    assert people is not None
    fine("mode", "off", "--because", "it makes things worse")
    assert json.loads(fine("runs", "--json")) == []


def test_nothing_done_is_an_empty_list(people: Console) -> None:
    assert people is not None
    assert fine("audit", "--json") == "[]\n"


def test_looking_changes_nothing(aws: Clients, people: Console) -> None:
    assert people is not None
    for command in (("status",), ("audit",), ("runs",), ("mode",)):
        fine(*command)
    assert items(aws) == {}


def test_a_wrong_time_or_environment_is_one_sentence(people: Console) -> None:
    assert people is not None
    assert refused("audit", "--since", "ever", status=2).startswith("--since 'ever' is neither as long ago")
    assert refused("audit", "--env", "qa", status=2).startswith("There is no environment 'qa'")
    assert refused("audit", "--env", "prod", status=1).startswith("These AWS credentials are of account")


def test_on_a_terminal_it_is_a_table(people: Console, terminal: io.StringIO) -> None:
    assert people is not None
    assert remedy("mode", "off", "--because", "it makes things worse").exit_code == 0
    assert remedy("audit").exit_code == 0
    assert "it makes things worse" in terminal.getvalue()
