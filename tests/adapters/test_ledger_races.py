"""Many at once, and DynamoDB saying "not now": exactly one is admitted, and doubt refuses."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from remediation.adapters.clients import Clients
from remediation.adapters.history import History
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.table import TRIES
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.ports import Lease
from tests.adapters.conftest import TABLE
from tests.adapters.ledger_of import admit, begin, close, confirm, items, later, receive
from tests.support.steps import NIGHT


def at_once(do: Callable[[int], Any], times: int = 50) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(do, range(times)))


def test_of_fifty_deliveries_of_one_event_at_once_exactly_one_is_admitted(ledger: DynamoLedger, aws: Clients) -> None:
    def deliver(n: int) -> str:
        if receive(ledger, f"run-{n}"):
            return "duplicate"
        answer = admit(ledger, f"run-{n}", "an event")
        return answer.gate if isinstance(answer, Refusal) else "admitted"

    assert Counter(at_once(deliver)) == {"admitted": 1, "duplicate": 49}
    assert len(History(aws, TABLE).runs("dev", since=NIGHT, limit=100)) == 50, "each left its record"


def test_of_fifty_events_about_one_resource_at_once_exactly_one_is_admitted(ledger: DynamoLedger) -> None:
    def deliver(n: int) -> str:
        assert receive(ledger, f"run-{n}", f"event {n}") is None
        answer = admit(ledger, f"run-{n}", f"event {n}")
        return answer.gate if isinstance(answer, Refusal) else f"admitted with fence {answer.fence}"

    assert Counter(at_once(deliver)) == {"admitted with fence 1": 1, "lease": 49}


def test_fences_only_grow_over_many_owners(ledger: DynamoLedger) -> None:
    fences = []
    for n in range(5):
        now = later(n * 1_000)
        lease = begin(ledger, f"run-{n}", f"event {n}", now=now)
        fences.append(lease.fence)
        if n % 2:
            close(ledger, f"run-{n}", lease, cooldown_until=now)
    assert fences == [1, 2, 3, 4, 5]


# --------------------------------------------------------------------------------- DynamoDB in the way of itself


class Unwilling:
    """Lets the first calls of one operation fail, before or after DynamoDB has carried them out."""

    def __init__(self, aws: Clients, operation: str, error: Exception, times: int, *, too_late: bool = False) -> None:
        self.calls = 0
        self._error, self._times = error, times
        client = aws.acting.dynamodb
        self._call = getattr(client, operation)
        self._too_late = too_late
        setattr(client, operation, self)

    def __call__(self, **request: Any) -> Any:
        self.calls += 1
        if self.calls > self._times:
            return self._call(**request)
        if self._too_late:
            self._call(**request)
        raise self._error


def conflict() -> AwsError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }
    error = AwsError("It was cancelled.", operation="DynamoDB:TransactWriteItems", code="TransactionCanceledException")
    error.__cause__ = ClientError(response, "TransactWriteItems")
    return error


def closed() -> AwsError:
    error = AwsError("The answer was lost.", operation="DynamoDB:TransactWriteItems", code="ConnectionClosed")
    error.__cause__ = ConnectionClosedError(endpoint_url="https://dynamodb")
    return error


def test_a_conflict_with_another_transaction_is_tried_again(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict(), TRIES - 1)
    assert isinstance(admit(ledger, "first", "an event"), Lease)
    assert unwilling.calls == TRIES


def test_after_three_conflicts_the_run_is_refused(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict(), 99)
    assert admit(ledger, "first", "an event") == Refusal(
        gate="lease", because="Another run asks for dev-house at this very moment."
    )
    assert unwilling.calls == TRIES


def test_an_event_whose_owner_stays_unknown_is_an_error_not_a_guess(ledger: DynamoLedger, aws: Clients) -> None:
    Unwilling(aws, "transact_write_items", conflict(), 99)
    with pytest.raises(AwsError, match="busy"):
        receive(ledger, "first")


def test_a_conflict_while_confirming_refuses(ledger: DynamoLedger, aws: Clients) -> None:
    lease = begin(ledger, "first")
    Unwilling(aws, "transact_write_items", conflict(), 99)
    assert confirm(ledger, "first", lease) is not None


def test_an_admission_whose_answer_was_lost_is_the_runs_all_the_same(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    Unwilling(aws, "transact_write_items", closed(), 1, too_late=True)
    lease = admit(ledger, "first", "an event")
    assert isinstance(lease, Lease)
    assert lease.fence == 1
    assert confirm(ledger, "first", lease) is None


def test_a_reception_whose_answer_was_lost_is_not_its_own_duplicate(ledger: DynamoLedger, aws: Clients) -> None:
    Unwilling(aws, "transact_write_items", closed(), 1, too_late=True)
    assert receive(ledger, "first") is None


def test_giving_the_lease_back_gets_past_a_transaction_that_is_asking_for_it(
    ledger: DynamoLedger, aws: Clients
) -> None:
    lease = begin(ledger, "first")
    busy = AwsError("It is busy.", operation="DynamoDB:UpdateItem", code="TransactionConflictException")
    Unwilling(aws, "update_item", busy, 1)
    close(ledger, "first", lease)
    assert "lease_owner" not in items(aws)["RESOURCE#dev-house"]


def test_what_is_no_conflict_is_not_tried_again(ledger: DynamoLedger, aws: Clients) -> None:
    denied = AwsError("Denied.", operation="DynamoDB:TransactWriteItems", code="AccessDeniedException")
    unwilling = Unwilling(aws, "transact_write_items", denied, 99)
    with pytest.raises(AwsError, match="Denied"):
        receive(ledger, "first")
    assert unwilling.calls == 1
