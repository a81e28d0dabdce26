"""The command `status`: how an environment stands, on one screen, and what could not be read."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease, Request
from remediation.core.freeze import WEEKDAYS, Window
from remediation.core.limits import Limits
from remediation.core.triggers import AlarmState
from remedy.environment import Environment
from stacks.catalog import CATALOG
from tests.remedy.console import RUNBOOK, TABLE, fine, happened, outcome, received, refused, remedy
from tests.remedy.people import Console
from tests.remedy.waiting import HASH, KEY, RUN, Troubled, Waiting

BECAUSE = ("--because", "the release is going wrong")


def alarm(aws: Clients, name: str, state: AlarmState = "ALARM") -> None:
    aws.acting.cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="UnHealthyHostCount",
        Namespace="AWS/ApplicationELB",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    aws.acting.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")


def acted(ledger: DynamoLedger, run: str, n: int = 1, resource: str = "dev-backend-asg") -> None:
    """Let a run be admitted to an act just now."""
    now = datetime.now(UTC)
    if n == 1:
        received(ledger, run, now=now)
    lease = ledger.admit(
        Request(
            run=run,
            event=run,
            n=n,
            runbook=RUNBOOK,
            resource=resource,
            now=now,
            until=now + timedelta(minutes=10),
            cooldown_until=now + timedelta(minutes=25),
        ),
        Limits(),
    )
    assert isinstance(lease, Lease), lease


def standing() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(fine("status", "--json"))
    return told


def lines(text: str, name: str) -> list[str]:
    return [" ".join(line.split()[1:]) for line in text.splitlines() if line.startswith(f"{name} ")]


def test_a_calm_environment_says_so(people: Console) -> None:
    assert people is not None
    text = fine("status")
    assert "(account 123456789012, us-east-1)" in text.splitlines()[0]
    assert lines(text, "modes") == [f"{of} act (deployed act)" for of in ("dev", *(each.name for each in CATALOG))]
    assert lines(text, "freeze") == ["not frozen"]
    assert lines(text, "circuits") == ["all closed"]
    assert lines(text, "budgets") == ["dev, 15 minutes 3 of 3 acts left", "dev, 24 hours 10 of 10 acts left"]
    assert lines(text, "alarms") == ["none in ALARM"]
    assert lines(text, "runs") == ["none in flight"]
    assert lines(text, "approvals") == ["none wanted"]
    assert lines(text, "incidents") == ["none open"]


def test_modes_and_a_freeze_are_told_with_who_why_and_until_when(people: Console) -> None:
    fine("mode", "observe", "--runbook", RUNBOOK, "--until", "2h", *BECAUSE)
    people.sits = "grace"
    fine("freeze", "--until", "1h", "--because", "the database moves")
    text = fine("status")
    environment, runbook, *_ = lines(text, "modes")
    assert environment == "dev act (deployed act)"
    assert runbook.startswith(f"{RUNBOOK} observe (deployed act; by hand observe until 20")
    assert runbook.endswith("by ada: the release is going wrong)")
    (freeze,) = lines(text, "freeze")
    assert freeze.startswith("frozen by grace until 20")
    assert freeze.endswith(": the database moves")
    told = standing()
    assert (told["modes"][1]["in_effect"], told["freeze"]["by"]) == ("observe", people.arn("grace"))


def test_a_maintenance_window_of_the_configuration_is_told(
    people: Console, dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people is not None
    now = datetime.now(UTC)
    window = Window(
        because="security patches", on=WEEKDAYS[now.weekday()], at=now.time().replace(microsecond=0), minutes=60
    )
    config = replace(dev.config, maintenance=(window,))
    monkeypatch.setattr("remedy.commands.looking.environment", lambda _: Environment(config, CATALOG))
    (line,) = lines(fine("status"), "freeze")
    assert line.startswith("maintenance until ")
    assert line.endswith(": security patches")


def test_a_circuit_that_is_open_is_told(aws: Clients, people: Console) -> None:
    assert people is not None
    aws.acting.dynamodb.put_item(
        TableName=TABLE,
        Item={
            "pk": {"S": f"CIRCUIT#dev#{RUNBOOK}"},
            "state": {"S": "open"},
            "because": {"S": "3 runs in a row did not heal"},
            "opened_at": {"N": "1795400000000"},
        },
    )
    opened = f"{datetime.fromtimestamp(1795400000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    assert lines(fine("status"), "circuits") == [f"{RUNBOOK} open since {opened}: 3 runs in a row did not heal"]


def test_budgets_are_what_the_ledger_will_still_admit(ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    acted(ledger, "first")
    acted(ledger, "first", 2)
    acted(ledger, "second", resource="dev-redis")
    text = fine("status")
    quarter, day = lines(text, "budgets")
    assert quarter.startswith("dev, 15 minutes 0 of 3 acts left; the next one is free at 20")
    assert day == "dev, 24 hours 7 of 10 acts left"
    backend, redis = lines(text, "resources")
    assert backend.startswith("dev-backend-asg 0 of 2 acts left this hour; run first works on it; rests until 20")
    assert redis.startswith("dev-redis 1 of 2 acts left this hour; run second works on it")
    told = standing()["budgets"][0]
    free = datetime.fromisoformat(told["free_at"])
    assert timedelta(minutes=14) < free - datetime.now(UTC) <= timedelta(minutes=15)


def test_alarms_in_alarm_are_told_and_those_that_are_normal_last(aws: Clients, people: Console) -> None:
    assert people is not None
    for name in ("dev-backend-cpu-low", "dev-zz-hosts", "prod-alb-hosts"):
        alarm(aws, name)
    alarm(aws, "dev-fine", "OK")
    first, last = lines(fine("status"), "alarms")
    assert first == "dev-zz-hosts in ALARM"
    assert last == "dev-backend-cpu-low in ALARM (normal here)"


def test_runs_in_flight_are_told_and_those_that_ended_are_not(ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    received(ledger, "cccc-cccc-cccc", now=datetime.now(UTC) - timedelta(minutes=4))
    happened(ledger, outcome("aaaa-aaaa-aaaa"))
    (line,) = lines(fine("status"), "runs")
    assert line.startswith(f"cccc-cccc-cccc {RUNBOOK}, for 4 min")
    assert line.endswith("started by the schedule")


def test_what_waits_for_people_is_told_with_the_command(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    waiting = Waiting(aws, ledger)
    asked = waiting.asks()
    waiting.asks(run="expi-red1-aaaa", expires=datetime.now(UTC) - timedelta(seconds=1))
    waiting.ends(waiting.asks(run="done-done-done"), "approved")
    (line,) = lines(fine("status"), "approvals")
    assert line.startswith(f"{RUN} {asked.plan}? until ")
    assert line.endswith(f": remedy approve {RUN} --hash {HASH[:12]} --env dev")
    assert [each["wanted"]["run"] for each in standing()["approvals"]] == [RUN]


def test_incidents_that_are_not_over_are_told_with_who_is_on_them(
    aws: Clients, ledger: DynamoLedger, people: Console
) -> None:
    trouble = Troubled(aws, ledger)
    trouble.escalates()
    (line,) = lines(fine("status"), "incidents")
    assert line.startswith(f"{RUN} {RUNBOOK} dev-alb-unhealthy-hosts, open for ")
    assert line.endswith(f"1 event; nobody is on it: remedy ack {RUN} --env dev")
    trouble.escalates("dddd-eeee-ffff")
    trouble.takes_note(people.arn("grace"))
    (line,) = lines(fine("status"), "incidents")
    assert line.endswith("2 events; grace is on it")
    assert standing()["incidents"][0]["key"] == KEY
    trouble.closes()
    assert lines(fine("status"), "incidents") == ["none open"]


def test_what_cannot_be_read_is_unknown_and_the_rest_is_told(people: Console) -> None:
    people.denied.add("DescribeAlarms")
    result = remedy("status")
    assert result.exit_code == 1
    (line,) = lines(result.stdout, "alarms")
    assert line.startswith("unknown: These credentials may not do CloudWatch:DescribeAlarms in dev.")
    assert lines(result.stdout, "freeze") == ["not frozen"]
    told = json.loads(remedy("status", "--json").stdout)
    assert list(told["unknown"]) == ["alarms"]
    assert "alarms" not in told, "what is unknown is not empty"


def test_switches_that_cannot_be_read_are_not_told_as_calm(people: Console) -> None:
    people.denied.add("TransactGetItems")
    result = remedy("status")
    assert result.exit_code == 1
    for name in ("modes", "freeze", "circuits", "budgets", "resources"):
        (line,) = lines(result.stdout, name)
        assert line.startswith("unknown: These credentials may not do DynamoDB:TransactGetItems"), name


def test_a_damaged_item_hides_nothing_else(aws: Clients, people: Console) -> None:
    assert people is not None
    aws.acting.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "BUDGET#dev"}, "acts": {"S": "{damaged"}})
    result = remedy("status")
    assert result.exit_code == 1
    assert lines(result.stdout, "budgets")[0].startswith("unknown: ")
    assert lines(result.stdout, "circuits") == ["all closed"]


def test_texts_of_others_cannot_write_on_the_screen(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    assert people is not None
    received(ledger, RUN, now=datetime.now(UTC), trigger="alarm \x1b[31mred\n")
    alarm(aws, "dev-\x1b[2J")
    text = fine("status")
    assert "\x1b" not in text
    assert "alarm [31mred\\n" in text


def test_on_a_terminal_it_is_one_screen(
    aws: Clients, ledger: DynamoLedger, people: Console, terminal: io.StringIO
) -> None:
    assert people is not None
    Waiting(aws, ledger).asks()
    Troubled(aws, ledger).escalates("dddd-eeee-ffff")
    assert remedy("status").exit_code == 0
    text = terminal.getvalue()
    assert len(text.splitlines()) < 40
    for command in ("remedy ack dddd-eeee-ffff --env dev", f"remedy approve {RUN} --hash {HASH[:12]} --env dev"):
        assert command in text, "it can be copied"


def test_without_credentials_or_in_another_environment_there_is_no_status(people: Console) -> None:
    assert people is not None
    assert refused("status", "--env", "prod", status=1).startswith("These AWS credentials are of account")
    assert refused("status", "--env", "qa", status=2).startswith("There is no environment 'qa'")


def test_without_credentials_there_is_no_status() -> None:
    assert refused("status", status=1).startswith("There are no AWS credentials for dev")
