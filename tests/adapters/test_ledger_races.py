"""Many at once, and DynamoDB saying "not now": exactly one is admitted, and doubt refuses."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.core.botocore_stubber import BotocoreStubber

from remediation.adapters.clients import Clients
from remediation.adapters.history import History
from remediation.adapters.ledger import ROUNDS, DynamoLedger
from remediation.adapters.table import TRIES
from remediation.core.admission import Lease
from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.limits import Breaker, Limits
from remediation.core.outcome import Entry
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
    put,
    receive,
)
from tests.support.steps import NIGHT
from tests.support.world import GENEROUS


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


def test_of_fifty_resources_at_once_the_environments_budget_lets_exactly_three_be_worked_on(
    ledger: DynamoLedger, aws: Clients
) -> None:
    def deliver(n: int) -> str:
        receive(ledger, f"run-{n}", f"event {n}")
        answer = admit(ledger, f"run-{n}", f"event {n}", resource=f"house-{n}", limits=Limits())
        return answer.gate if isinstance(answer, Refusal) else "admitted"

    assert Counter(at_once(deliver)) == {"admitted": 3, "budget": 47}
    assert len(listed(aws, "BUDGET#dev")) == 3


def test_of_fifty_runs_that_ask_again_at_once_each_pays_once(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    answers = at_once(lambda _: admit(ledger, "first", "an event", limits=Limits()))
    assert answers == [Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)] * 50
    assert len(listed(aws, "BUDGET#dev")) == 1


def test_of_fifty_runs_at_once_an_open_circuit_lets_exactly_one_try(ledger: DynamoLedger, aws: Clients) -> None:
    opened = round(later(-3_600).timestamp() * 1000)
    put(aws, f"CIRCUIT#dev#{RUNBOOK}", state={"S": "open"}, opened_at={"N": str(opened)})
    limits = Limits(breaker=Breaker(trial_after=timedelta(hours=1)), budgets=GENEROUS.budgets)

    def deliver(n: int) -> str:
        receive(ledger, f"run-{n}", f"event {n}")
        answer = admit(ledger, f"run-{n}", f"event {n}", resource=f"house-{n}", limits=limits)
        return answer.gate if isinstance(answer, Refusal) else "admitted"

    assert Counter(at_once(deliver)) == {"admitted": 1, "circuit": 49}


def test_of_twenty_runs_that_close_at_once_every_bad_one_is_counted(ledger: DynamoLedger, aws: Clients) -> None:
    """Each that gives up lost every round to one that was counted, and its step asks again."""

    def end(n: int) -> None:
        try:
            close(ledger, f"run-{n}", None, result="bad")
        except AwsError as error:
            if error.code != "TransactionConflict":
                raise
            end(n)

    at_once(end, 20)
    circuit = items(aws)[f"CIRCUIT#dev#{RUNBOOK}"]
    assert (circuit["failures"], circuit["state"]) == ("20", "open")


def test_one_run_that_closes_fifty_times_at_once_is_counted_once(ledger: DynamoLedger, aws: Clients) -> None:
    lease = begin(ledger, "first")
    at_once(lambda _: close(ledger, "first", lease, result="bad"))
    assert items(aws)[f"CIRCUIT#dev#{RUNBOOK}"]["failures"] == "1"
    assert "lease_owner" not in items(aws)[f"RESOURCE#{HOUSE}"]


def test_a_thousand_events_after_the_switch_is_off_lead_to_no_act(ledger: DynamoLedger, aws: Clients) -> None:
    """HAZARDS.md, T15: from the next call on, whoever had a lease and whoever asks for one."""
    lease = begin(ledger, "first")
    put(aws, "MODE#dev", mode={"S": "off"})
    assert gate(confirm(ledger, "first", lease)) == "mode"
    gates = Counter(
        gate(admit(ledger, f"run-{n}", "", resource=f"house-{n % 7}", now=later(n * 10))) for n in range(1_000)
    )
    assert gates == {"mode": 1_000}
    assert len(listed(aws, "BUDGET#dev")) == 1, "the act before it was switched off"


@pytest.mark.parametrize("offset", range(-600, 601, 30))
def test_two_workers_whose_clocks_differ_never_both_may_act(ledger: DynamoLedger, aws: Clients, offset: int) -> None:
    """HAZARDS.md, T13: the second worker's clock is off; both want the resource, over and over, for an hour."""
    acts: list[tuple[int, str]] = []
    owners: set[str] = set()
    for second in range(0, 900, 150):
        for run, now in (("first", later(second)), ("second", later(second + offset))):
            answer = admit(ledger, run, "", now=now, cooldown=timedelta(minutes=15))
            if isinstance(answer, Refusal):
                assert answer.gate in {"lease", "cooldown"}
                continue
            owners |= {run}
            if confirm(ledger, run, answer, now=now) is None:
                acts.append((second, run))
            held = items(aws)[f"RESOURCE#{HOUSE}"]
            assert (held["lease_owner"], held["fence"]) == (run, str(answer.fence))
    assert len(owners) == 1, "while the first has its lease nobody else is given one"
    assert {run for _, run in acts} == owners
    assert len(listed(aws, "BUDGET#dev")) == 1, "one act is paid"


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
        client = aws.repeatable.dynamodb
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


FINE = ("None", "ConditionalCheckFailed")


def conflict(first: str = "None") -> AwsError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": first}, {"Code": "TransactionConflict" if first in FINE else "None"}],
    }
    error = AwsError("It was cancelled.", operation="DynamoDB:TransactWriteItems", code="TransactionCanceledException")
    error.__cause__ = ClientError(response, "TransactWriteItems")
    return error


class Network:
    """Loses the first answers of DynamoDB, or has it answer that it was asked too often, below botocore's retries."""

    def __init__(self, times: int, *, throttled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        self.sent = 0
        self._times, self._throttled, self._carry_out = times, throttled, BotocoreStubber.__call__
        send = self._send

        def sending(stubber: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
            return send(stubber, *args, **kwargs)

        monkeypatch.setattr(BotocoreStubber, "__call__", sending)

    def _send(self, stubber: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        self.sent += 1
        if self.sent > self._times:
            return self._carry_out(stubber, *args, **kwargs)
        if self._throttled:
            headers: Any = HeadersDict({})
            return AWSResponse("https://dynamodb", 400, headers, Throttled())
        self._carry_out(stubber, *args, **kwargs)
        raise ConnectionClosedError(endpoint_url="https://dynamodb")


class Throttled:
    def stream(self) -> Iterator[bytes]:
        yield b'{"__type": "ThrottlingException", "message": "Slow down."}'


def test_a_conflict_with_another_transaction_is_tried_again(ledger: DynamoLedger, aws: Clients) -> None:
    receive(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict(), TRIES - 1)
    assert isinstance(admit(ledger, "first", "an event"), Lease)
    assert unwilling.calls == TRIES


def test_after_three_conflicts_an_admission_is_asked_again_later_and_blames_no_other_run(
    ledger: DynamoLedger, aws: Clients
) -> None:
    receive(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict(), TRIES)
    with pytest.raises(AwsError, match=r"^The ledger is busy: 3 times out of 3 .* by TransactionConflict\.$") as raised:
        admit(ledger, "first", "an event")
    assert raised.value.code == "TransactionConflict", "which a step is tried again for"
    assert unwilling.calls == TRIES
    assert isinstance(admit(ledger, "first", "an event"), Lease)


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_was_cancelled_by_throttling_is_tried_again(
    ledger: DynamoLedger, aws: Clients, reason: str
) -> None:
    unwilling = Unwilling(aws, "transact_write_items", conflict(reason), TRIES)
    with pytest.raises(AwsError, match=reason) as raised:
        receive(ledger, "first")
    assert raised.value.code == reason
    assert unwilling.calls == TRIES


def test_a_guard_that_refused_is_not_taken_for_a_busy_moment_where_another_item_was_in_conflict(
    ledger: DynamoLedger, aws: Clients
) -> None:
    receive(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict("ConditionalCheckFailed"), 99)
    assert gate(admit(ledger, "first", "an event")) == "ledger"
    assert unwilling.calls == ROUNDS, "each decided anew from what stands, and none of them sent again as it was"


def test_an_event_whose_owner_stays_unknown_is_an_error_not_a_guess(ledger: DynamoLedger, aws: Clients) -> None:
    Unwilling(aws, "transact_write_items", conflict(), 99)
    with pytest.raises(AwsError, match="busy"):
        receive(ledger, "first")


def test_conflicts_while_confirming_are_tried_again_and_then_refuse_without_a_guess(
    ledger: DynamoLedger, aws: Clients
) -> None:
    lease = begin(ledger, "first")
    unwilling = Unwilling(aws, "transact_write_items", conflict(), TRIES)
    assert confirm(ledger, "first", lease) == Refusal(
        gate="ledger",
        because="Others were writing at the same moment, 3 times out of 3, so whether the lease on dev-house and the mode "
        "still hold is not known.",
    )
    assert unwilling.calls == TRIES
    Unwilling(aws, "transact_write_items", conflict(), TRIES - 1)
    assert confirm(ledger, "first", lease) is None


@pytest.mark.parametrize("throttled", [True, False])
def test_a_write_that_was_throttled_or_whose_answer_was_lost_is_sent_again(
    ledger: DynamoLedger, aws: Clients, monkeypatch: pytest.MonkeyPatch, throttled: bool
) -> None:
    def unwilling() -> Network:
        return Network(2, throttled=throttled, monkeypatch=patch)

    with monkeypatch.context() as patch:
        network = unwilling()
        assert receive(ledger, "first") is None, "it is not its own duplicate"
    assert network.sent == 3
    with monkeypatch.context() as patch:
        unwilling()
        lease = admit(ledger, "first", "an event")
    assert lease == Lease(resource=HOUSE, fence=1, until=NIGHT + LEASE)
    with monkeypatch.context() as patch:
        unwilling()
        assert confirm(ledger, "first", lease) is None
    with monkeypatch.context() as patch:
        unwilling()
        ledger.note(run="first", timeline=(Entry(at=NIGHT, kind="facts", text="Looked."),))
    with monkeypatch.context() as patch:
        unwilling()
        close(ledger, "first", lease)
    record = History(aws, TABLE).run("first")
    assert record is not None
    assert record.status == "healed"
    assert "lease_owner" not in items(aws)["RESOURCE#dev-house"]


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
