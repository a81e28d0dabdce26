"""T4: one event delivered fifty times at once, to the ledger's own transactions."""

import gc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from battery.dynamo import account, ledger_in
from battery.trial import Effort, Figure, Trial, exactly, none
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease
from remediation.core.limits import Budgets, Limits
from tests.adapters.ledger_of import admit, receive

AT_ONCE = 50
MANY = 1_000_000
WITHOUT_END = Limits(budgets=Budgets(resource_hour=MANY, environment_quarter=MANY, environment_day=MANY))


def run(effort: Effort) -> Iterator[Figure]:
    """Deliver N events, fifty times each."""
    admitted, leased = Counter[int](), Counter[int]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for nth in range(effort.n):
            deliveries, events = _round(pool, nth)
            admitted[deliveries] += 1
            leased[events] += 1
            gc.collect()
            effort.advance()
    yield exactly("rounds in which one of fifty deliveries of an event was admitted", admitted[1], effort.n)
    yield none("rounds with more", sum(rounds for count, rounds in admitted.items() if count > 1))
    yield exactly("rounds in which one of fifty events about one resource was admitted", leased[1], effort.n)
    yield none("rounds with more than one", sum(rounds for count, rounds in leased.items() if count > 1))


def _round(pool: ThreadPoolExecutor, nth: int) -> tuple[int, int]:
    """Return how many deliveries of one event, and how many events about one resource, may go on.

    The account is a new one: moto copies everything that it has at every transaction.
    """
    with account() as aws:
        ledger = ledger_in(aws)
        deliveries = sum(pool.map(partial(_deliver, ledger, nth), range(AT_ONCE)))
        events = sum(pool.map(partial(_ask, ledger, nth), range(AT_ONCE)))
        return deliveries, events


def _deliver(ledger: DynamoLedger, nth: int, k: int) -> bool:
    run = f"run-{nth}-{k}"
    duplicate = receive(ledger, run, f"event-{nth}")
    admitted = admit(ledger, run, f"event-{nth}", resource=f"house-{nth}-{k}", limits=WITHOUT_END)
    return duplicate is None or isinstance(admitted, Lease)


def _ask(ledger: DynamoLedger, nth: int, k: int) -> bool:
    run, event = f"other-{nth}-{k}", f"event-{nth}-{k}"
    receive(ledger, run, event)
    return isinstance(admit(ledger, run, event, resource=f"garden-{nth}", limits=WITHOUT_END), Lease)


TRIAL = Trial(
    id="T4",
    title="fifty at once",
    unit="rounds",
    full=100,
    quick=1,
    run=run,
    shows="of parallel deliveries of one event, and of parallel events about one resource, exactly one is admitted",
    hides="DynamoDB's own concurrency: moto takes one request at a time, in an order that threads decide",
)
