"""The ledger on DynamoDB, one sentence of its contract at a time."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, NoReturn

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.history import History
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.outcome import Entry
from remediation.core.ports import Duplicate
from tests.adapters.conftest import TABLE
from tests.adapters.ledger_of import (
    HOUSE,
    LEASE,
    RUNBOOK,
    admit,
    begin,
    close,
    confirm,
    gate,
    items,
    later,
    listed,
    outcome,
    put,
    receive,
)
from tests.support.steps import NIGHT


def failing(error: AwsError) -> Callable[..., NoReturn]:
    def fail(**_: object) -> NoReturn:
        raise error

    return fail


# ---------------------------------------------------------------------------------------------------------- receive


def test_the_first_run_has_the_event_and_asking_twice_answers_the_same(ledger: DynamoLedger) -> None:
    assert receive(ledger, "first") is None
    assert receive(ledger, "first", now=later(3)) is None
    assert receive(ledger, "second") == Duplicate(run="first")
    assert receive(ledger, "second") == Duplicate(run="first")


def test_every_event_received_leaves_a_record_and_duplicates_too(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    receive(ledger, "second", now=later(7))
    found = History(aws, TABLE).runs("dev", since=NIGHT, limit=10)
    assert [(record.run, record.started_at, record.status) for record in found] == [
        ("second", later(7), None),
        ("first", NIGHT, None),
    ]


def test_receiving_again_after_a_crash_keeps_when_it_was_first_received(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    receive(ledger, "first", now=later(30))
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert record.started_at == NIGHT


def test_invocations_without_an_event_key_are_never_duplicates(ledger: DynamoLedger, aws: Clients) -> None:
    assert receive(ledger, "first", "") is None
    assert receive(ledger, "second", "") is None
    assert [pk for pk in items(aws) if pk.startswith("EVENT#")] == []


def test_an_event_is_new_again_once_it_has_expired_even_if_dynamodb_has_not_deleted_it(ledger: DynamoLedger) -> None:
    receive(ledger, "first")
    assert receive(ledger, "second", now=NIGHT + timedelta(days=6, hours=23)) == Duplicate(run="first")
    assert receive(ledger, "third", now=NIGHT + timedelta(days=7, seconds=1)) is None


def test_the_key_of_an_event_is_of_fixed_length_whatever_the_event_says(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first", "alarm|" + "x" * 9_000)
    (pk,) = (pk for pk in items(aws) if pk.startswith("EVENT#"))
    assert len(pk) == len("EVENT#") + 64


# ------------------------------------------------------------------------------------------------------------ admit


def test_an_admitted_run_has_the_resource_with_a_fence_until_a_time(ledger: DynamoLedger) -> None:
    assert begin(ledger, "first") == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)


def test_a_second_run_on_the_same_group_is_refused_while_the_first_holds_the_lease(ledger: DynamoLedger) -> None:
    begin(ledger, "first")
    receive(ledger, "second", "another event")
    assert admit(ledger, "second", "another event", now=later(60)) == Refusal(
        gate="lease", because="Run first works on dev-house until 03:55:00 UTC (another 840 s)."
    )


def test_what_changed_between_reading_and_writing_is_decided_anew(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(ledger, "first")
    receive(ledger, "second", "another event")
    behind = aws.dynamodb.transact_get_items
    seen: list[int] = []

    def and_another_is_faster(**request: Any) -> Any:
        found = behind(**request)
        seen.append(1)
        if len(seen) == 1:
            assert admit(ledger, "second", "another event") == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_another_is_faster)
    assert gate(admit(ledger, "first", "an event")) == "lease"
    assert len(seen) == 3, "once for each, and once more for the slow one"


def test_an_admission_that_others_are_always_faster_than_refuses_and_says_how_often_it_tried(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(ledger, "first")
    behind, calls = aws.dynamodb.transact_get_items, count(1)

    def and_another_is_faster(**request: Any) -> Any:
        found = behind(**request)
        put(aws, f"RESOURCE#{HOUSE}", fence={"N": str(next(calls))})
        return found

    monkeypatch.setattr(aws.dynamodb, "transact_get_items", and_another_is_faster)
    assert admit(ledger, "first", "an event") == Refusal(
        gate="ledger",
        because="Others were writing at the same moment, 5 times out of 5, so nothing is known for sure.",
    )
    assert next(calls) == 6
    assert "lease_owner" not in items(aws)[f"RESOURCE#{HOUSE}"]


def test_an_admission_that_cannot_be_read_for_is_an_error_and_asking_again_gives_the_lease(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = AwsError("It was throttled.", operation="DynamoDB:TransactGetItems", code="ThrottlingException")
    receive(ledger, "first")
    before = items(aws)
    with monkeypatch.context() as patch:
        patch.setattr(aws.dynamodb, "transact_get_items", failing(lost))
        with pytest.raises(AwsError, match="throttled"):
            admit(ledger, "first", "an event")
    assert items(aws) == before
    assert admit(ledger, "first", "an event") == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)


def admitted_without_hearing_of_it(ledger: DynamoLedger, aws: Clients, run: str) -> None:
    """Have an admission go through whose answer is lost."""
    write = aws.repeatable.dynamodb.transact_write_items

    def lose(**request: Any) -> NoReturn:
        write(**request)
        raise AwsError("It was lost.", operation="DynamoDB:TransactWriteItems", code="ReadTimeout")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws.repeatable.dynamodb, "transact_write_items", lose)
        with pytest.raises(AwsError, match="lost"):
            admit(ledger, run, "an event")
    assert items(aws)[f"RESOURCE#{HOUSE}"]["lease_owner"] == run


def test_an_admission_whose_answer_was_lost_is_the_same_when_asked_again_and_paid_once(
    ledger: DynamoLedger, aws: Clients
) -> None:
    receive(ledger, "first")
    admitted_without_hearing_of_it(ledger, aws, "first")
    assert admit(ledger, "first", "an event", now=later(5)) == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)
    assert listed(aws, "BUDGET#dev") == listed(aws, f"RESOURCE#{HOUSE}") == [(0, "first/1")]


def test_a_lease_that_the_run_never_heard_of_is_given_back_when_it_closes(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    admitted_without_hearing_of_it(ledger, aws, "first")
    close(ledger, "first", None, status="refused", result="neutral")
    assert "lease_owner" not in items(aws)["RESOURCE#dev-house"]
    assert begin(ledger, "second", "another event", now=later(5)).fence == 2


def test_a_lease_survives_the_journey_through_the_table_to_the_millisecond(ledger: DynamoLedger) -> None:
    now = NIGHT + timedelta(microseconds=123_000)
    lease = begin(ledger, "first", now=now)
    assert lease.until == now + LEASE
    assert admit(ledger, "first", "an event", now=now) == lease


def test_a_run_may_not_act_on_an_event_that_another_run_has(ledger: DynamoLedger) -> None:
    receive(ledger, "first")
    receive(ledger, "second")
    refusal = admit(ledger, "second", "an event")
    assert isinstance(refusal, Refusal)
    assert (refusal.gate, refusal.because) == (
        "duplicate",
        "Run first has this event; it may act on it, this run may not.",
    )


def test_a_run_may_not_act_on_an_event_that_was_never_recorded(ledger: DynamoLedger, aws: Clients) -> None:
    refusal = admit(ledger, "first", "an event")
    assert isinstance(refusal, Refusal)
    assert refusal.gate == "duplicate"
    assert items(aws) == {}


def test_a_resource_is_left_alone_while_it_cools_down_and_not_longer(ledger: DynamoLedger) -> None:
    close(ledger, "first", begin(ledger, "first"), cooldown_until=later(900))
    receive(ledger, "second", "another event")
    assert admit(ledger, "second", "another event", now=later(899)) == Refusal(
        gate="cooldown", because="dev-house was worked on lately and is left alone until 03:55:00 UTC (another 1 s)."
    )
    lease = admit(ledger, "second", "another event", now=later(900))
    assert isinstance(lease, Lease)
    assert lease.fence == 2


def test_different_resources_do_not_wait_for_each_other(ledger: DynamoLedger) -> None:
    begin(ledger, "first")
    receive(ledger, "second", "another event")
    assert isinstance(admit(ledger, "second", "another event", resource="other"), Lease)


# --------------------------------------------------------------------------------------------------- note and close


def test_the_timeline_so_far_can_be_watched(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    line = Entry(at=NIGHT, kind="facts", text="Looked.", facts={"lamps": [{"id": "lamp-1", "state": "dark"}]})
    ledger.note(run="first", timeline=(line,))
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert record.timeline == (line,)
    assert record.status is None


def test_a_late_note_does_not_overwrite_the_timeline_of_a_closed_run(ledger: DynamoLedger, aws: Clients) -> None:
    close(ledger, "first", begin(ledger, "first"))
    ledger.note(run="first", timeline=())
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert [entry.kind for entry in record.timeline] == ["outcome"]


def test_a_note_makes_no_record_of_a_run_that_was_not_received(ledger: DynamoLedger, aws: Clients) -> None:
    ledger.note(run="unheard-of", timeline=())
    assert items(aws) == {}


def test_closing_keeps_the_outcome_gives_the_lease_back_and_starts_the_cooldown(
    ledger: DynamoLedger, aws: Clients
) -> None:
    close(ledger, "first", begin(ledger, "first"), cooldown_until=later(900))
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert (record.status, record.outcome, record.ended_at) == ("healed", outcome("first"), later(200))
    house = items(aws)["RESOURCE#dev-house"]
    assert house == {
        "pk": "RESOURCE#dev-house",
        "fence": "1",
        "acts": f'[[{round(NIGHT.timestamp() * 1000)},"first/1"]]',
        "cooldown_until": str(round(later(900).timestamp() * 1000)),
    }


def test_closing_after_the_lease_was_lost_keeps_the_outcome_and_leaves_the_new_owner_alone(
    ledger: DynamoLedger, aws: Clients
) -> None:
    old = begin(ledger, "zombie")
    new = begin(ledger, "second", "another event", now=NIGHT + LEASE)
    close(ledger, "zombie", old, cooldown_until=later(9_000), status="not-healed")
    record = History(aws, TABLE).run("zombie")
    assert record is not None
    assert record.status == "not-healed"
    assert confirm(ledger, "second", new, now=NIGHT + LEASE) is None
    held = items(aws)["RESOURCE#dev-house"]
    assert (held["lease_owner"], held["cooldown_until"]) == ("second", held["lease_until"]), "as it was admitted"


def test_a_run_that_could_not_be_received_is_recorded_when_it_closes(ledger: DynamoLedger, aws: Clients) -> None:
    close(ledger, "first", None, status="refused")
    (record,) = History(aws, TABLE).runs("dev", since=NIGHT, limit=10)
    assert (record.run, record.status, record.runbook, record.started_at) == ("first", "refused", RUNBOOK, NIGHT)


def test_an_outcome_of_megabytes_still_is_recorded(ledger: DynamoLedger, aws: Clients) -> None:
    lines = tuple(f"{n} " + "log " * 2_000 for n in range(300))
    facts = [Entry(at=NIGHT, kind="facts", text="Looked.", facts={"logs": lines[:20]}) for _ in range(20)]
    close(ledger, "first", None, timeline=tuple(facts), evidence=lines)
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert record.outcome is not None
    assert record.outcome.evidence[0].startswith("0 log")
    assert [entry.text for entry in record.timeline] == ["Looked."] * 20
    assert record.timeline[-1].facts is not None, "the newest facts are kept"


def test_no_secret_reaches_the_table(ledger: DynamoLedger, aws: Clients) -> None:
    secret = "mongodb+srv://app:hunter2@cluster.mongodb.net"
    receive(ledger, "first", trigger=f"alarm {secret}", alarm=secret)
    line = Entry(at=NIGHT, kind="facts", text=f"Looked at {secret}", facts={"env": [secret], "password": "hunter2"})
    ledger.note(run="first", timeline=(line,))
    assert "hunter2" not in str(items(aws))
    told: dict[str, Any] = {"because": secret, "evidence": (secret,), "trigger": secret}
    for run in ("first", "second", "third"):
        close(ledger, run, None, timeline=(line,), status="failed", result="bad", **told)
    assert "hunter2" not in str(items(aws))
    assert "cluster.mongodb.net" in str(items(aws))
