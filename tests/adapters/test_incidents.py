"""Incidents on DynamoDB: the rules of the domain kept by conditional writes, and what others find in the items."""

from datetime import timedelta
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.adapters.clients import Clients
from remediation.adapters.incidents import DynamoIncidents, recovery_of
from remediation.adapters.said import said_key
from remediation.adapters.sweep_records import SweepRecords
from remediation.adapters.table import Item, Table, encoded, milliseconds
from remediation.core.errors import AwsError
from remediation.core.incident import GRACE, PAGE_EVERY, Incident, Raised, Recovery
from remediation.core.sweep import OpenIncident
from tests.adapters.conftest import TABLE
from tests.core.test_escalation import ALICE, ARN, KEY, an_outcome
from tests.support.steps import NIGHT

MINUTE = timedelta(minutes=1)
PK = f"INCIDENT#{sha256(KEY.encode()).hexdigest()}"


@pytest.fixture
def incidents(aws: Clients, table: str) -> DynamoIncidents:
    return DynamoIncidents(aws, table=table, environment="dev")


def raise_(incidents: DynamoIncidents, n: int = 1, *, after: timedelta = timedelta(0)) -> Raised:
    return incidents.raise_(KEY, replace(an_outcome(), run=f"run-{n}"), Recovery.of("dark-lamps"), NIGHT + after)


def item(aws: Clients) -> Item:
    return Table(aws, TABLE).read(PK)


def listed(aws: Clients) -> tuple[OpenIncident, ...]:
    return SweepRecords(aws, table=TABLE, environment="dev").incidents(since=NIGHT - MINUTE)


def test_the_first_event_opens_an_incident_that_others_find(aws: Clients, incidents: DynamoIncidents) -> None:
    assert raise_(incidents) == Raised(page=True, opened=True, events=1)
    found = item(aws)
    assert {name: found.text(name) for name in ("key", "run", "runbook", "team", "recovery", "status")} == {
        "key": KEY,
        "run": "run-1",
        "runbook": "light-the-lamps",
        "team": "application",
        "recovery": '{"alarms":["dark-lamps"],"cause":null}',
        "status": "open",
    }
    assert (found.instant("opened_at"), found.instant("paged_at"), found.number("events")) == (NIGHT, NIGHT, 1)
    assert listed(aws) == (OpenIncident(key=KEY, run="run-1", recovery=Recovery.of("dark-lamps"), acknowledged=False),)


def test_further_events_are_counted_and_the_same_run_is_answered_the_same(incidents: DynamoIncidents) -> None:
    raise_(incidents)
    second = raise_(incidents, 2, after=MINUTE)
    assert second == Raised(page=False, opened=False, events=2, due=NIGHT + PAGE_EVERY)
    assert raise_(incidents, 2, after=2 * MINUTE) == second
    assert raise_(incidents, 1, after=2 * MINUTE) == Raised(page=True, opened=True, events=1)
    assert incidents.open(KEY).events == 2


def test_what_nobody_knows_is_closed(incidents: DynamoIncidents) -> None:
    assert incidents.open("dev|nothing") == Incident()


def test_who_waits_is_found_and_keeps_the_incident_alive(aws: Clients, incidents: DynamoIncidents) -> None:
    raise_(incidents)
    incidents.waits(KEY, "run-1", "callback-1", NIGHT + 20 * MINUTE)
    assert listed(aws)[0].callback == "callback-1"
    assert raise_(incidents, 2, after=20 * MINUTE + GRACE - MINUTE).opened is False
    assert raise_(incidents, 3, after=20 * MINUTE + GRACE).opened is True


def test_an_acknowledgement_is_found_and_the_incident_stays_listed(aws: Clients, incidents: DynamoIncidents) -> None:
    raise_(incidents)
    incidents.acknowledged(KEY, "run-1", ARN, NIGHT + MINUTE)
    assert listed(aws) == (
        OpenIncident(key=KEY, run="run-1", recovery=Recovery.of("dark-lamps"), acknowledged=True, by=ARN),
    )


def test_what_is_over_is_listed_no_more_and_may_come_back(aws: Clients, incidents: DynamoIncidents) -> None:
    raise_(incidents)
    incidents.waits(KEY, "run-1", "callback-1", NIGHT + 20 * MINUTE)
    incidents.acknowledged(KEY, "run-1", ARN, NIGHT + MINUTE)
    incidents.close(KEY, "run-1", NIGHT + 2 * MINUTE)
    assert listed(aws) == ()
    assert raise_(incidents, 2, after=3 * MINUTE) == Raised(page=False, opened=True, events=1, due=NIGHT + PAGE_EVERY)
    assert listed(aws) == (
        OpenIncident(key=KEY, run="run-2", recovery=Recovery.of("dark-lamps"), acknowledged=False),
    ), "nobody is at it"


def test_whose_incident_it_is_not_changes_nothing(aws: Clients, incidents: DynamoIncidents) -> None:
    raise_(incidents)
    before = item(aws)
    incidents.waits(KEY, "run-2", "callback-2", NIGHT + 20 * MINUTE)
    incidents.acknowledged(KEY, "run-2", ARN, NIGHT + MINUTE)
    incidents.close(KEY, "run-2", NIGHT + MINUTE)
    assert incidents.paged(KEY, "run-2", "page 2", NIGHT + 20 * MINUTE).page != "page 2"
    assert item(aws) == before


def test_an_incident_that_nobody_opened_is_not_made_by_following_it_up(
    aws: Clients, incidents: DynamoIncidents
) -> None:
    incidents.waits(KEY, "run-1", "callback-1", NIGHT)
    incidents.close(KEY, "run-1", NIGHT)
    assert item(aws) == Item()


def test_pages_are_granted_by_the_rules_of_the_domain_and_kept(incidents: DynamoIncidents) -> None:
    raise_(incidents)
    assert incidents.paged(KEY, "run-1", "page 2", NIGHT + 14 * MINUTE).page == "the run's"
    assert incidents.paged(KEY, "run-1", "page 2", NIGHT + 15 * MINUTE).page == "page 2"
    assert incidents.paged(KEY, "run-1", "page 2", NIGHT + 16 * MINUTE).page == "page 2"
    assert incidents.paged(KEY, "run-1", "page 3", NIGHT + 16 * MINUTE).page == "page 2"
    assert incidents.open(KEY).paged_at == NIGHT + 15 * MINUTE


def test_a_healing_is_counted_without_opening_anything(aws: Clients, incidents: DynamoIncidents) -> None:
    counted = [incidents.healed(KEY, f"run-{n}", NIGHT + n * MINUTE) for n in range(4)]
    assert counted == [0, 0, 3, 0]
    assert listed(aws) == ()
    assert raise_(incidents, 9, after=MINUTE) == Raised(page=True, opened=True, events=1)


def test_what_a_person_said_is_read_under_their_own_name_only(aws: Clients, incidents: DynamoIncidents) -> None:
    words: dict[str, str | int] = {
        "pk": said_key(ALICE, "run-1"),
        "says": "acknowledge",
        "about": "run-1",
        "at": milliseconds(NIGHT),
    }
    aws.acting.dynamodb.put_item(TableName=TABLE, Item=encoded(words))
    spoken = incidents.said(ALICE, "run-1")
    assert spoken is not None
    assert (spoken.says, spoken.by, spoken.at) == ("acknowledge", ALICE, NIGHT)
    assert incidents.said("AROAEXAMPLE:mallory", "run-1") is None
    assert incidents.said("", "run-1") is None


@pytest.mark.parametrize(
    "damage",
    [
        {"recovery": {"S": "not json"}},
        {"answered": {"S": "not json"}},
        {"healed": {"S": '[["?"]]'}},
        {"status": {"S": "?"}},
        {"events": {"S": "many"}},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_a_damaged_incident_keeps_nobody_from_being_told(
    aws: Clients, incidents: DynamoIncidents, damage: dict[str, Any]
) -> None:
    raise_(incidents)
    aws.acting.dynamodb.put_item(TableName=TABLE, Item={**item(aws).attributes, **damage})
    assert raise_(incidents, 2, after=20 * MINUTE).page is True


def test_fifty_runs_at_once_page_once_and_none_of_them_fails(incidents: DynamoIncidents) -> None:
    answers: list[Raised] = []
    gate = Barrier(10)

    def five(first: int) -> None:
        gate.wait()
        answers.extend([raise_(incidents, n) for n in range(first, first + 5)])

    threads = [Thread(target=five, args=(n,)) for n in range(0, 50, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.page for answer in answers) == 1
    assert sum(answer.opened for answer in answers) == 1
    assert 10 <= incidents.open(KEY).events <= 50, "who lost every round is not counted"


def test_who_loses_every_round_pages_nobody_if_somebody_else_was_paged(
    incidents: DynamoIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_(incidents)
    monkeypatch.setattr(Table, "write", lambda *_: False)
    assert raise_(incidents, 2, after=MINUTE) == Raised(page=False, opened=False, events=1)
    with pytest.raises(AwsError, match="Others were writing about the incident"):
        raise_(incidents, 2, after=timedelta(days=2))


@pytest.mark.parametrize("damage", ["", "not json", '{"alarms": 1}', '{"cause": "gremlins"}'])
def test_what_cannot_be_understood_tells_nothing(damage: str) -> None:
    assert recovery_of(Item({"recovery": {"S": damage}} if damage else {})) == Recovery()


@pytest.mark.parametrize(
    "recovery",
    [Recovery.of("dark-lamps"), Recovery(alarms=("a", "b"), cause="redis"), Recovery(cause="storm"), Recovery()],
)
def test_what_tells_that_it_is_over_is_kept(aws: Clients, incidents: DynamoIncidents, recovery: Recovery) -> None:
    incidents.raise_(KEY, an_outcome(), recovery, NIGHT)
    assert recovery_of(item(aws)) == recovery


def test_what_people_were_told_of_is_kept_and_listed_nowhere(aws: Clients, incidents: DynamoIncidents) -> None:
    assert not incidents.told(KEY)
    for n in (1, 2):
        incidents.keep_told(KEY, f"run-{n}", NIGHT + n * MINUTE)
        assert incidents.told(KEY)
    assert (item(aws).text("key"), incidents.open(KEY).status, listed(aws)) == (KEY, "closed", ())
