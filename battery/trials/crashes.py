"""T2: the process dies before and after every call of every case, and is resumed as Lambda resumes it."""

from collections.abc import Iterator
from itertools import count
from typing import get_args

from battery.dynamo import account, interfering_with, ledger_in
from battery.ground import doubled, told
from battery.grounds import Named, cases
from battery.interference import Calls, When, die, interfering
from battery.trial import Effort, Figure, Trial, none
from battery.trial import told as figure
from remediation.adapters.clients import Clients
from remediation.adapters.history import History


class Deaths:
    """What came of dying, place by place."""

    def __init__(self) -> None:
        self.places, self.requests = 0, 0
        self.lost, self.twice, self.unlike = list[str](), list[str](), list[str]()

    def figures(self) -> Iterator[Figure]:
        """Yield what they came to."""
        yield figure("places to die at: calls to AWS and to every port", self.places)
        yield figure("and requests of the ledger to DynamoDB", self.requests)
        yield none("outcomes lost", len(self.lost), tuple(self.lost))
        yield none("acts made twice", len(self.twice), tuple(self.twice))
        yield none("leases left behind, or healings made up", len(self.unlike), tuple(self.unlike))


def run(effort: Effort) -> Iterator[Figure]:
    """Try the first N cases: every call of a run, and every request that the ledger in DynamoDB makes of it."""
    deaths = Deaths()
    with account() as aws:
        tables = (f"ledger-{n}" for n in count(1))
        for case in cases()[: effort.n]:
            at_calls(case, deaths)
            at_requests(case, deaths, aws, tables)
            effort.advance()
    yield from deaths.figures()


def at_calls(case: Named, deaths: Deaths) -> None:
    """Die at every call of a case that leaves for AWS."""
    ground, calls = case.ground(), Calls()
    with interfering(ground, calls):
        whole = ground.carry(case.tried.event("alarm"))
    assert whole.status == case.case.ends, f"{case.name} ended {whole.status}: {whole.because}"
    for at in range(1, calls.made + 1):
        for moment in get_args(When):
            deaths.places += 1
            where = f"{case.name}: {moment} call {at}"
            ground = case.ground()
            with interfering(ground, Calls(die(at, moment))):
                outcome = ground.carry(case.tried.event("alarm"))
            if not told(ground, outcome):
                deaths.lost.append(where)
            if doubled(ground.aws.mutations):
                deaths.twice.append(f"{where}: {doubled(ground.aws.mutations)}")
            if ground.ledger.owners() or (outcome.status == "healed") > (whole.status == "healed"):
                deaths.unlike.append(f"{where}: {outcome.status}, {ground.ledger.owners()}")


def at_requests(case: Named, deaths: Deaths, aws: Clients, tables: Iterator[str]) -> None:
    """Die at every request of the real ledger in a case."""
    calls = Calls()
    ground = case.ground()
    ground.on(ledger_in(aws, next(tables)))
    with interfering_with(aws, calls):
        whole = ground.carry(case.tried.event("alarm"))
    for at in range(1, calls.made + 1):
        for moment in get_args(When):
            deaths.requests += 1
            where, table = f"{case.name}: {moment} request {at}", next(tables)
            ground = case.ground()
            ground.on(ledger_in(aws, table))
            with interfering_with(aws, Calls(die(at, moment))):
                outcome = ground.carry(case.tried.event("alarm"))
            record = History(aws, table).run(outcome.run)
            if record is None or record.outcome != outcome or outcome not in ground.notifier.published:
                deaths.lost.append(where)
            if doubled(ground.aws.mutations):
                deaths.twice.append(f"{where}: {doubled(ground.aws.mutations)}")
            if (outcome.status == "healed") > (whole.status == "healed"):
                deaths.unlike.append(f"{where}: {outcome.status}")
            aws.acting.dynamodb.delete_table(TableName=table)


TRIAL = Trial(
    id="T2",
    title="the process dies before or after any call",
    unit="cases",
    full=len(cases()),
    quick=1,
    run=run,
    shows="no act is repeated and no outcome is lost, wherever a run dies once",
    hides="dying twice in one run (tests/core/test_engine_histories.py does); Lambda's own service, which is simulated",
)
