"""T12: a secret that is planted wherever text comes from reaches no message, no record, no log line and no answer.

Each place gets each canary in turn. A landmark is planted next to it: where the place is one that people are told of, the
landmark has to arrive, so that a test cannot pass because nothing was told.
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec import structs

from remediation.adapters.approvals import DynamoApprovals
from remediation.adapters.clients import Clients
from remediation.adapters.handler import lambda_handler
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.logs import logger
from remediation.adapters.notify import SnsNotifier
from remediation.adapters.said import said_key
from remediation.adapters.switches import Change, Switches
from remediation.core.approval import plan_hash
from remediation.core.deployment import DEPLOYMENT, SETTINGS
from remediation.core.engine import carry_out
from remediation.core.errors import AwsError
from remediation.core.gates import LiveAlarm
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.verdict import Act, Approval, Escalate, Nothing, Target, Wait
from tests.adapters.conftest import TABLE
from tests.adapters.executions import answered, executing
from tests.adapters.ledger_of import items, outcome, put
from tests.functions.restart_unhealthy_targets import nights, scripts
from tests.support.steps import NIGHT
from tests.support.toy import PLACE, Facts, House, Settings, act, alarm_event, scripted
from tests.support.world import Stage, deployed

MARK, LANDMARK = "c4n4ry", "landmark-7"
CANARIES = (
    f"mongodb+srv://app:{MARK}@dev.abc12.mongodb.net/starttech",
    f"redis://:{MARK}@dev-redis:6379/0",
    f"JWT_SECRET={MARK}",
    json.dumps({"SecretString": json.dumps({"password": MARK})}),
    f"Authorization: Bearer {MARK}",
    f"aws_secret_access_key = {MARK}",
    "AKIAC4N4RYC4N4RYC4N4",
    f"IQoJb3JpZ2lu{MARK}{MARK}",
    f"eyJhbGciOiJIUzI1NiJ9.{MARK}.{MARK}",
    f"redis-cli -h dev-redis -a {MARK} ping",
    f"ghp_{MARK}0123456789",
    f"-----BEGIN RSA PRIVATE KEY-----\n{MARK}\n-----END RSA PRIVATE KEY-----",
)
ANSWERED = (timedelta(minutes=5), json.dumps({"by": "AROAEXAMPLE:ada"}))
SAID = said_key("AROAEXAMPLE:ada", "run-1")


class Place:
    """A deployed environment with real adapters, and everything that left it. `run` is one run of the toy runbook."""

    def __init__(self, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self.sent = aws, list[dict[str, Any]]()
        monkeypatch.setattr(aws.acting.sns, "publish", lambda **request: self.sent.append(request))
        self.put_by_people: set[str] = set()
        """Items that a test puts itself, as they are."""
        self.stage = Stage()
        self.notifier = SnsNotifier(aws, deployed())

    def run(self, event: object | None = None) -> Outcome:
        stage, where = self.stage, {"table": TABLE, "environment": "dev"}
        world = replace(
            stage.world,
            ledger=DynamoLedger(self.aws, **where),
            notifier=self.notifier,
            incidents=DynamoIncidents(self.aws, **where),
            approvals=DynamoApprovals(self.aws, **where),
        )
        return carry_out(stage.runbook, event or alarm_event(), stage.steps, world)

    def everywhere(self) -> str:
        """Return all that was published and all that is on record."""
        kept = {pk: item for pk, item in items(self.aws).items() if pk not in self.put_by_people}
        return json.dumps(self.sent) + json.dumps(kept, default=str)


Plant = Callable[[Place, str], None]


def in_the_event(place: Place, text: str) -> None:
    event = alarm_event()
    event["detail"]["state"] |= {"reason": text, "reasonData": text}
    event["detail"]["configuration"]["description"] = text
    event["detail"]["unheard of"] = {text: text}
    place.run(event)


def in_the_name_of_the_alarm(place: Place, text: str) -> None:
    live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
    place.stage.alarms.alarms[text] = live
    place.stage.house.lamps["lamp-1"] = "no power"
    place.run(alarm_event(name=text))


def in_a_manual_payload(place: Place, text: str) -> None:
    place.run({"house": text, "apply": True})


def in_an_unknown_key_of_a_payload(place: Place, text: str) -> None:
    place.run({text: text})


def in_a_dimension(place: Place, text: str) -> None:
    place.run(alarm_event(dimensions={"House": text}))


def in_the_facts(place: Place, text: str) -> None:
    place.stage.house.lamps[text] = "lit"
    place.run()


def in_a_verdict_that_hands_over(place: Place, text: str) -> None:
    place.stage.runbook = scripted(Escalate(because=text, evidence=(text, text), next_steps=(f"echo {text}",)))
    place.run()


def in_a_verdict_that_waits(place: Place, text: str) -> None:
    waits = Wait(because=text, for_=timedelta(minutes=5), evidence=(text,), next_steps=(text,))
    place.stage.runbook = scripted(waits)
    place.run()


def in_an_act_and_its_drift(place: Place, text: str) -> None:
    does = structs.replace(act(), because=text, evidence=(text,), next_steps=(text,), drift=text)
    place.stage.runbook = scripted(does, Nothing(because=text))
    place.run()


def in_a_receipt(place: Place, text: str) -> None:
    house = place.stage.house
    house.do = lambda action, lamp: f"{action} {lamp} answered {text}"  # type: ignore[method-assign]
    place.run()


def in_what_an_act_dies_of(place: Place, text: str) -> None:
    place.stage.house.fails["tap"] = AwsError(text, operation="house:Tap", code="AccessDenied")
    place.stage.house.fails["replace"] = ValueError(text)
    place.run()


def in_what_a_look_dies_of(place: Place, text: str) -> None:
    def look(_: int) -> None:
        raise ValueError(text) from KeyError(text)

    place.stage.house.on_look = look
    place.run()


def in_what_cloudwatch_dies_of(place: Place, text: str) -> None:
    def read(_: str) -> LiveAlarm:
        raise AwsError(text, operation="cloudwatch:DescribeAlarms", code="Throttling")

    place.stage.alarms.read = read  # type: ignore[method-assign,assignment]
    place.run()


ASKS: Act[Target] = structs.replace(act(), approval=Approval(because="It is old."))


def in_the_reason_of_an_approval(place: Place, text: str) -> None:
    asks = structs.replace(ASKS, because=text, approval=Approval(because=text))
    place.stage.runbook = scripted(asks)
    place.run()


def in_what_a_person_says_who_rejects(place: Place, text: str) -> None:
    place.stage.runbook = scripted(ASKS)
    place.stage.steps.replies["approval 1"] = ANSWERED
    words = {
        "says": "reject",
        "about": "run-1",
        "because": text,
        "hash": plan_hash("run-1", "light-the-lamps", ASKS, PLACE),
    }
    at = {"at": {"N": str(round((NIGHT + timedelta(minutes=4)).timestamp() * 1000))}}
    put(place.aws, SAID, **{name: {"S": value} for name, value in words.items()}, **at)
    place.put_by_people.add(SAID)
    place.run()


def switches(place: Place) -> tuple[Switches, Any]:
    people = Switches(place.aws, table=TABLE, environment="dev")
    return people, people.read(("light-the-lamps",))


def change(text: str) -> Change:
    return Change(what=f"did {text}", by="arn:aws:sts::123456789012:assumed-role/op/ada", because=text, at=NIGHT)


def in_why_an_operator_freezes(place: Place, text: str) -> None:
    people, live = switches(place)
    assert people.set_freeze(live, NIGHT + timedelta(hours=1), change(text), user="AROAEXAMPLE:ada")
    place.run()


def in_why_an_operator_lowers_the_mode(place: Place, text: str) -> None:
    people, live = switches(place)
    until = NIGHT + timedelta(hours=1)
    assert people.set_mode(live, "light-the-lamps", "off", until, change(text), user="AROAEXAMPLE:ada")
    place.run()


def in_why_an_operator_closes_a_circuit(place: Place, text: str) -> None:
    people, live = switches(place)
    assert people.close_circuit(live, "light-the-lamps", change(text), user="AROAEXAMPLE:ada")
    place.run()


def in_a_freeze_that_nobody_redacted(place: Place, text: str) -> None:
    until = round((NIGHT + timedelta(hours=1)).timestamp() * 1000)
    put(place.aws, "FREEZE#dev", until={"N": str(until)}, because={"S": text})
    place.put_by_people.add("FREEZE#dev")
    place.run()


def in_a_notice(place: Place, text: str) -> None:
    notice = Notice(
        kind="doctor",
        environment="dev",
        run="",
        incident=f"dev|{text}",
        team="infrastructure",
        severity="warning",
        title=text,
        because=text,
        at=NIGHT,
        lines=(text, text),
        next_steps=(f"echo {text}",),
    )
    place.notifier.notify(notice, "infrastructure")


def in_the_note_of_a_page(place: Place, text: str) -> None:
    told = outcome("first", "escalated", incident=f"dev|{text}", trigger=text, would=text)
    place.notifier.page(told, "critical", note=text)


TOLD: tuple[Plant, ...] = (
    in_the_name_of_the_alarm,
    in_a_manual_payload,
    in_an_unknown_key_of_a_payload,
    in_a_dimension,
    in_the_facts,
    in_a_verdict_that_hands_over,
    in_a_verdict_that_waits,
    in_an_act_and_its_drift,
    in_a_receipt,
    in_what_an_act_dies_of,
    in_what_a_look_dies_of,
    in_what_cloudwatch_dies_of,
    in_the_reason_of_an_approval,
    in_what_a_person_says_who_rejects,
    in_why_an_operator_freezes,
    in_why_an_operator_lowers_the_mode,
    in_why_an_operator_closes_a_circuit,
    in_a_freeze_that_nobody_redacted,
    in_a_notice,
    in_the_note_of_a_page,
)
NOT_TOLD: tuple[Plant, ...] = (in_the_event,)


def planted(canary: str) -> str:
    return f"{LANDMARK} {canary}"


@pytest.fixture
def place(aws: Clients, table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Place]]:
    """Return what makes a place with an empty ledger."""
    assert table == TABLE

    def empty() -> Place:
        for pk in items(aws):
            aws.acting.dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": pk}})
        return Place(aws, monkeypatch)

    return empty  # type: ignore[return-value]


@pytest.mark.parametrize("plant", [*TOLD, *NOT_TOLD], ids=lambda plant: plant.__name__)
def test_no_secret_reaches_a_message_or_a_record(plant: Plant, place: Callable[[], Place]) -> None:
    for canary in CANARIES:
        there = place()
        plant(there, planted(canary))
        told = there.everywhere()
        assert MARK not in told.lower(), canary
        assert there.sent, "somebody was told"
        assert (LANDMARK in told) == (plant in TOLD), canary


@pytest.mark.parametrize("canary", CANARIES)
def test_no_secret_that_was_cut_on_its_way_reaches_a_message(canary: str, place: Callable[[], Place]) -> None:
    """A sentence that is too long is cut, and the cut may take away what shows where a secret ends."""
    there = place()
    for left in range(4, len(canary)):
        told = f"{planted(canary[:left])} (...)"
        there.notifier.publish(outcome("first", "escalated", because=told, evidence=(told,)))
    assert MARK not in json.dumps(there.sent).lower()
    assert LANDMARK in json.dumps(there.sent)


def test_no_secret_of_a_container_reaches_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    for canary in CANARIES:
        monkeypatch.setattr(scripts, "SECRET", planted(canary))
        night = nights.Night()
        ill = night.world.add()[0]
        night.world.fail(ill, "hung")
        facts = json.dumps(msgspec.to_builtins(night.look()))
        assert MARK not in facts.lower(), canary


# ------------------------------------------------------------------------------------------------------------- the log


@pytest.mark.parametrize("canary", CANARIES)
def test_no_secret_reaches_a_log_line(
    canary: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log, text = logger(), planted(canary)
    log.info(text, extra={"why": text, "facts": {"log": [text]}, "error": ValueError(text), "token": MARK})
    log.error("%s", text)
    error = ValueError(text)
    error.__cause__ = KeyError(text)
    log.error("It failed.", exc_info=error)
    logging.getLogger("botocore").error("Somebody else says %s.", text, exc_info=error)
    out, err = capsys.readouterr()
    told = out + err + caplog.text
    assert MARK not in told.lower()
    assert told.count(LANDMARK) >= 5


@pytest.mark.usefixtures("table")
def test_no_secret_reaches_the_log_or_the_answer_of_a_function(
    aws: Clients,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("outcomes", "contact"):
        aws.acting.sns.create_topic(Name=name)
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(deployed()).decode())
    monkeypatch.setenv(SETTINGS, msgspec.json.encode(Settings()).decode())
    for number, canary in enumerate(CANARIES):
        text, house = planted(canary), House()
        hands_over = Escalate(because=text, evidence=(text,), next_steps=(text,))
        ends = Nothing(because=text)
        looks: Callable[..., Facts] = partial(_look, house)
        runbook = replace(scripted(hands_over if number % 2 else ends), diagnose=looks)
        with executing(lambda_handler(runbook)) as runner:
            result = runner.run(input=json.dumps({"house": "dev-house"}), execution_timeout=3_600)
        answer = json.dumps(answered(result))
        assert LANDMARK in answer
        assert MARK not in answer.lower(), canary
    out, err = capsys.readouterr()
    told = out + err + caplog.text
    assert MARK not in told.lower()
    assert LANDMARK in told


def _look(house: House, *_: object) -> Facts:
    return house.look()
