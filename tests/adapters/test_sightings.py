"""Since when a thing is seen: for ever by its id, or only as long as somebody looks at it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from remediation.adapters.clients import Clients
from remediation.adapters.sightings import Sightings
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE, MONTH = timedelta(minutes=1), timedelta(days=31)
WITHIN = 10 * MINUTE


class Watch:
    """The sightings, at a time that the test sets."""

    def __init__(self) -> None:
        self.now = NIGHT
        self.client: Any = boto3.client("dynamodb", region_name=PLACE.region)
        self.client.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws = Clients(PLACE, boto3.Session(region_name=PLACE.region))
        self.sightings = Sightings(aws, table="ledger", environment="dev", clock=lambda: self.now)

    def see(
        self, after: timedelta, id_: str = "a", mark: str = "", within: timedelta | None = WITHIN
    ) -> tuple[datetime, datetime]:
        self.now += after
        seen = self.sightings.see("a thing", id_, mark, within=within)
        assert seen.now == self.now
        return seen.at, seen.moved_at

    @property
    def item(self) -> Any:
        (item,) = self.client.scan(TableName="ledger")["Items"]
        return item


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield Watch()


def test_what_is_looked_at_all_the_time_is_seen_since_the_first_look(watch: Watch) -> None:
    looks = [watch.see(WITHIN) for _ in range(6)]
    assert set(looks) == {(NIGHT + WITHIN, NIGHT + WITHIN)}


def test_what_nobody_looked_at_for_longer_is_another_thing_of_the_same_name(watch: Watch) -> None:
    watch.see(MINUTE)
    again = watch.see(WITHIN + MINUTE)
    assert again == (watch.now, watch.now)
    assert watch.see(MINUTE)[0] == watch.now - MINUTE


def test_what_is_known_by_its_id_stays_the_same_however_seldom_it_is_looked_at(watch: Watch) -> None:
    first = watch.see(MINUTE, within=None)
    assert watch.see(MONTH, within=None) == first
    assert "looked_at" not in watch.item
    assert watch.see(MONTH, "b", within=None) == (watch.now, watch.now)


def test_another_look_of_it_moves_and_begins_nothing_anew(watch: Watch) -> None:
    at, _ = watch.see(MINUTE, mark="red")
    assert watch.see(MINUTE, mark="green") == (at, watch.now)
    assert watch.see(MINUTE, mark="green") == (at, watch.now - MINUTE)


def test_what_was_kept_before_anybody_said_within_begins_anew_once(watch: Watch) -> None:
    watch.see(MINUTE, within=None)
    assert watch.see(MINUTE)[0] == watch.now
    assert watch.see(MINUTE)[0] == watch.now - MINUTE


def test_a_text_is_kept_beside_it(watch: Watch) -> None:
    watch.sightings.keep("a thing", "a text")
    watch.see(MINUTE)
    assert watch.sightings.kept("a thing") == "a text"
