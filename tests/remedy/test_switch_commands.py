"""The commands `mode`, `freeze`, `thaw` and `circuit close`: effective at once, never above what is deployed, never without a name."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.switches import Change, Switches
from remediation.core.admission import Lease, Request
from remediation.core.gates import Refusal
from remediation.core.limits import Limits
from remediation.core.spec import Mode
from remedy.environment import Environment
from stacks.catalog import CATALOG
from tests.remedy.console import RUNBOOK, TABLE, fine, items, received, refused, remedy
from tests.remedy.people import Console

BECAUSE = ("--because", "the release is going wrong")
OPEN = {
    "state": {"S": "open"},
    "failures": {"N": "3"},
    "because": {"S": "3 runs did not heal"},
    "opened_at": {"N": "1"},
}


def ms(at: datetime) -> str:
    return str(round(at.timestamp() * 1000))


def put(aws: Clients, pk: str, **attributes: dict[str, str]) -> None:
    aws.acting.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": pk}, **attributes})


def admitted(ledger: DynamoLedger, run: str, resource: str = "dev-backend-asg") -> Lease | Refusal:
    """Let an alarm ask the ledger for an act, as the engine would."""
    now = datetime.now(UTC)
    received(ledger, run, now=now)
    asked = Request(
        run=run,
        event=run,
        n=1,
        runbook=RUNBOOK,
        resource=resource,
        now=now,
        until=now + timedelta(minutes=1),
        cooldown_until=now + timedelta(minutes=1),
    )
    return ledger.admit(asked, Limits())


def gate(answer: Lease | Refusal) -> str:
    assert isinstance(answer, Refusal)
    return answer.gate


def deployed(monkeypatch: pytest.MonkeyPatch, dev: Environment, mode: Mode) -> None:
    """Let dev be deployed in a lower mode than it is configured here."""
    lower = Environment(dev.config.lowered(mode), CATALOG)
    monkeypatch.setattr("remedy.commands.switching.environment", lambda _: lower)


# ---------------------------------------------------------------------------------------------------------------- mode


def test_a_mode_is_lowered_at_once_with_who_and_why(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    text = fine("mode", "observe", *BECAUSE)
    assert "Done, in effect at once: mode observe of dev (was act). Because: the release is going wrong" in text
    assert [line.split()[:3] for line in text.splitlines()[2:]] == [
        ["dev", "observe", "act"],
        *([runbook.name, "observe", "act"] for runbook in CATALOG),
    ]
    assert gate(admitted(ledger, "first")) == "mode"
    (audit,) = items(aws, "AUDIT#").values()
    assert (audit["what"], audit["because"]) == ("mode observe of dev (was act)", "the release is going wrong")
    assert audit["by"] == people.arn("ada")


def test_the_record_of_a_change_is_under_the_user_id_of_who_made_it(aws: Clients, people: Console) -> None:
    people.sits = "grace"
    fine("mode", "off", "--runbook", RUNBOOK, *BECAUSE)
    (key,) = items(aws, "AUDIT#")
    assert key.startswith("AUDIT#dev#")
    assert key.endswith(f"#{people.user('grace')}")
    assert items(aws, "MODE#")[f"MODE#dev#{RUNBOOK}"]["by"] == people.arn("grace")


def test_one_runbook_is_lowered_and_the_others_are_not(ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    fine("mode", "off", "--runbook", RUNBOOK, *BECAUSE)
    rows = json.loads(fine("mode", "--json"))
    others = [(runbook.name, "act") for runbook in CATALOG if runbook.name != RUNBOOK]
    assert [(row["of"], row["in_effect"]) for row in rows] == [("dev", "act"), (RUNBOOK, "off"), *others]
    assert gate(admitted(ledger, "first")) == "mode"


def test_act_takes_a_lowering_back(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    fine("mode", "off", *BECAUSE)
    text = fine("mode", "act", "--because", "the release is rolled back")
    assert "mode act of dev (was off)" in text
    assert isinstance(admitted(ledger, "first"), Lease)
    assert len(items(aws, "AUDIT#")) == 2


def test_a_lowering_may_end_by_itself(people: Console) -> None:
    assert people is not None
    at = datetime.now(UTC)
    told = json.loads(fine("mode", "observe", "--until", "2h", *BECAUSE, "--json"))
    (row, *_) = json.loads(fine("mode", "--json"))
    until = datetime.fromisoformat(row["live"]["until"])
    assert timedelta(hours=2) <= until - at < timedelta(hours=2, minutes=1)
    assert f"until {until:%Y-%m-%d %H:%M:%S} UTC" in told["what"]


@pytest.mark.parametrize(("lowered", "wanted"), [("observe", "act"), ("off", "observe"), ("off", "act")])
def test_a_mode_above_the_deployed_one_is_refused(
    aws: Clients, dev: Environment, monkeypatch: pytest.MonkeyPatch, lowered: Mode, wanted: Mode
) -> None:
    deployed(monkeypatch, dev, lowered)
    for which, of in (((), "dev"), (("--runbook", RUNBOOK), f"{RUNBOOK} in dev")):
        assert refused("mode", wanted, *which, *BECAUSE, status=3) == (
            f"{of} is deployed in {lowered}, and a live switch can only lower that. For {wanted}, change config/dev.toml"
            " and deploy it."
        )
    assert items(aws) == {}


def test_what_is_not_lowered_cannot_be_taken_back(aws: Clients, people: Console) -> None:
    assert people is not None
    assert refused("mode", "act", *BECAUSE, status=3).startswith("The mode of dev is not lowered by hand")
    assert items(aws) == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dream", *BECAUSE], "There is no mode 'dream'; there are: off, observe, act."),
        (["observe"], 'Mode observe needs a reason, for the record: say --because "...".'),
        (["act"], 'Mode act needs a reason, for the record: say --because "...".'),
        (["observe", "--because", "broken"], "--because 'broken' says too little: at least 10 characters"),
        (["observe", "--because", "x" * 501], "--because has 501 characters; at most 500 are kept."),
        (["observe", "--until", "1999-01-01T00:00:00Z", *BECAUSE], "--until 1999-01-01T00:00:00Z is over"),
        (["observe", "--until", "soon", *BECAUSE], "--until 'soon' is neither as far ahead as 30m or 4h, nor a time."),
        (["act", "--until", "1h", *BECAUSE], "act takes a lowering back and needs no --until"),
        (["--until", "1h"], "Say which mode: off, observe or act."),
        (["off", "--runbook", "restart-unhealthy-target", *BECAUSE], "There is no runbook 'restart-unhealthy-target';"),
        (["off", "--env", "qa", *BECAUSE], "There is no environment 'qa'"),
    ],
)
def test_a_mode_that_makes_no_sense_is_a_mistake(
    aws: Clients, people: Console, arguments: list[str], sentence: str
) -> None:
    assert people is not None
    assert refused("mode", *arguments, status=2).startswith(sentence)
    assert items(aws) == {}


def test_whoever_lowers_further_is_not_stopped_by_somebody_quicker(aws: Clients, people: Console) -> None:
    def grace() -> None:
        quick = Switches(aws, table=TABLE, environment="dev")
        told = Change(what="mode observe", by=people.arn("grace"), because="I saw it first", at=datetime.now(UTC))
        assert quick.set_mode(quick.read([RUNBOOK]), "", "observe", None, told, user=people.user("grace"))

    people.before["TransactWriteItems"] = grace
    assert "mode off of dev (was observe)" in fine("mode", "off", *BECAUSE)
    assert len(items(aws, "AUDIT#")) == 2


def test_whoever_lifts_what_somebody_else_changes_at_that_moment_is_told(aws: Clients, people: Console) -> None:
    fine("mode", "observe", *BECAUSE)

    def grace() -> None:
        quick = Switches(aws, table=TABLE, environment="dev")
        told = Change(what="mode off", by=people.arn("grace"), because="it got worse", at=datetime.now(UTC))
        assert quick.set_mode(quick.read([RUNBOOK]), "", "off", None, told, user=people.user("grace"))

    people.before["TransactWriteItems"] = grace
    assert refused("mode", "act", *BECAUSE, status=3) == (
        "The mode of dev was changed at the same moment; now it is off, by grace: it got worse."
        " Look again: remedy status --env dev"
    )
    assert items(aws, "MODE#")["MODE#dev"]["mode"] == "off"


def test_secrets_in_a_reason_are_not_kept(aws: Clients, people: Console) -> None:
    assert people is not None
    text = fine("mode", "off", "--because", "mongodb://root:hunter2@db is down")
    assert "hunter2" not in text + str(items(aws))


# -------------------------------------------------------------------------------------------------------------- freeze


def test_a_freeze_holds_at_once_and_until_its_end(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    at = datetime.now(UTC)
    text = fine("freeze", "--until", "2h", *BECAUSE)
    assert text.startswith("Done, in effect at once: freeze of dev until ")
    frozen = items(aws, "FREEZE#")["FREEZE#dev"]
    assert int(frozen["until"]) >= int(ms(at + timedelta(hours=2)))
    assert (frozen["because"], frozen["by"]) == (BECAUSE[1], people.arn())
    assert gate(admitted(ledger, "first")) == "freeze"
    assert len(items(aws, "AUDIT#")) == 1


@pytest.mark.parametrize("command", [("thaw",), ("freeze", "--end")])
def test_a_freeze_is_ended_at_once(
    aws: Clients, ledger: DynamoLedger, people: Console, command: tuple[str, ...]
) -> None:
    assert people is not None
    fine("freeze", "--until", "2h", *BECAUSE)
    text = fine(*command, "--because", "the release is through")
    assert "end of the freeze of dev (it was until " in text
    assert isinstance(admitted(ledger, "first"), Lease)
    assert [audit["because"] for audit in items(aws, "AUDIT#").values()] == [BECAUSE[1], "the release is through"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["freeze", *BECAUSE], "A freeze needs an end: say --until 2h (eight hours at most), or --end to end one."),
        (["freeze", "--until", "9h", *BECAUSE], "A freeze lasts 8 hours at most"),
        (["freeze", "--until", "2h"], "A freeze needs a reason, for the record"),
        (["freeze", "--until", "2h", "--end", *BECAUSE], "Say --until, or --end, not both."),
        (["freeze", "--until", "2026-01-01T00:00:00", *BECAUSE], "--until '2026-01-01T00:00:00' is neither"),
        (["thaw"], "The end of a freeze needs a reason, for the record"),
        (["freeze", "--env", "qa", "--until", "2h", *BECAUSE], "There is no environment 'qa'"),
    ],
)
def test_a_freeze_without_an_end_or_a_reason_is_a_mistake(
    aws: Clients, people: Console, arguments: list[str], sentence: str
) -> None:
    assert people is not None
    assert refused(*arguments, status=2).startswith(sentence)
    assert items(aws) == {}


def test_there_is_nothing_to_end_where_nothing_is_frozen(aws: Clients, people: Console) -> None:
    assert people is not None
    assert refused("thaw", *BECAUSE, status=3) == "dev is not frozen by hand, so there is nothing to end."
    assert items(aws) == {}


def test_a_longer_freeze_is_not_shortened_by_accident(aws: Clients, people: Console) -> None:
    fine("freeze", "--until", "4h", "--because", "the database moves")
    people.sits = "grace"
    sentence = refused("freeze", "--until", "1h", *BECAUSE, status=3)
    assert sentence.startswith("dev is frozen for longer already until ")
    assert sentence.endswith("by ada: the database moves. End that first: remedy thaw --env dev")
    assert items(aws, "FREEZE#")["FREEZE#dev"]["because"] == "the database moves"
    fine("freeze", "--until", "5h", *BECAUSE)
    assert items(aws, "FREEZE#")["FREEZE#dev"]["by"] == people.arn("grace")


# ------------------------------------------------------------------------------------------------------------- circuit


def test_a_circuit_is_closed_and_nothing_before_counts(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", **OPEN)
    assert gate(admitted(ledger, "first")) == "circuit"
    at = datetime.now(UTC)
    text = fine("circuit", "close", RUNBOOK, "--because", "the image was broken, and is fixed")
    assert f"circuit of {RUNBOOK} in dev closed (it was open: 3 runs did not heal)" in text
    closed = items(aws, "CIRCUIT#")[f"CIRCUIT#dev#{RUNBOOK}"]
    assert (closed["state"], closed["failures"], closed["by"]) == ("closed", "0", people.arn())
    assert int(closed["closed_at"]) >= int(ms(at)), "flaps before it do not count"
    assert isinstance(admitted(ledger, "second"), Lease)
    assert len(items(aws, "AUDIT#")) == 1


def test_a_circuit_that_is_closed_is_left_alone(aws: Clients, people: Console) -> None:
    assert people is not None
    sentence = refused("circuit", "close", RUNBOOK, *BECAUSE, status=3)
    assert sentence == f"The circuit of {RUNBOOK} in dev is closed already."
    assert items(aws) == {}


def test_a_circuit_that_opens_anew_at_that_moment_stays_open(aws: Clients, people: Console) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", **OPEN)
    people.before["TransactWriteItems"] = lambda: put(
        aws, f"CIRCUIT#dev#{RUNBOOK}", **{**OPEN, "opened_at": {"N": "2"}}
    )
    sentence = refused("circuit", "close", RUNBOOK, *BECAUSE, status=3)
    assert sentence.startswith(f"The circuit of {RUNBOOK} was changed at the same moment; now it is open.")
    assert items(aws, "CIRCUIT#")[f"CIRCUIT#dev#{RUNBOOK}"]["state"] == "open"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([RUNBOOK], 'Closing a circuit needs a reason, for the record: say --because "...".'),
        (
            ["zzz", *BECAUSE],
            f"There is no runbook 'zzz'; there are: {', '.join(sorted(runbook.name for runbook in CATALOG))}.",
        ),
        ([RUNBOOK, "--env", "qa", *BECAUSE], "There is no environment 'qa'"),
    ],
)
def test_a_circuit_is_not_closed_without_a_reason_or_by_a_wrong_name(
    aws: Clients, people: Console, arguments: list[str], sentence: str
) -> None:
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", **OPEN)
    assert people is not None
    assert refused("circuit", "close", *arguments, status=2).startswith(sentence)
    assert list(items(aws)) == [f"CIRCUIT#dev#{RUNBOOK}"]


# ------------------------------------------------------------------------------------------------------------ all four

EACH = [
    ("mode", "off", *BECAUSE),
    ("freeze", "--until", "1h", *BECAUSE),
    ("thaw", *BECAUSE),
    ("circuit", "close", RUNBOOK, *BECAUSE),
]


@pytest.mark.parametrize("command", EACH)
def test_without_credentials_nothing_is_switched(command: tuple[str, ...]) -> None:
    assert refused(*command, status=1).startswith("There are no AWS credentials for dev")


@pytest.mark.parametrize("command", EACH)
def test_with_credentials_of_another_account_nothing_is_switched(people: Console, command: tuple[str, ...]) -> None:
    assert refused(*command, "--env", "prod", status=1).startswith("These AWS credentials are of account 123456789012")
    assert {operation for _, operation, _ in people.heard} == {"GetCallerIdentity"}


def test_without_permission_nothing_is_switched(aws: Clients, people: Console) -> None:
    people.denied.add("TransactWriteItems")
    assert refused("mode", "off", *BECAUSE, status=1).startswith("These credentials may not do DynamoDB:TransactWrite")
    assert items(aws) == {}


def test_on_a_terminal_the_modes_are_a_table(people: Console, terminal: io.StringIO) -> None:
    assert people is not None
    assert remedy("mode", "off", *BECAUSE).exit_code == 0
    assert "off by ada: the release is going wrong" in " ".join(terminal.getvalue().split())
