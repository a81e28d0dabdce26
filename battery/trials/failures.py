"""T6: AWS is busy, broken or silent at any call, once or for a while."""

from collections.abc import Iterator
from typing import get_args

from battery.ground import Ground, doubled, told
from battery.grounds import Named, cases
from battery.interference import CODES, Calls, When, fail, interfering
from battery.trial import Effort, Figure, Trial, none
from battery.trial import told as figure
from remediation.core.closing import OutcomeLostError

TIMES = (1, 2, 3, 10)
"""Calls in a row that fail; where the real steps ask three times, the tests' ask once, which is the harder case."""


class Failures:
    """What came of failing calls."""

    def __init__(self) -> None:
        self.tries, self.dead_letters, self.healed = 0, 0, 0
        self.raised, self.silent, self.twice, self.many = list[str](), list[str](), list[str](), list[str]()


def run(effort: Effort) -> Iterator[Figure]:
    """Try the first N cases."""
    failures = Failures()
    for case in cases()[: effort.n]:
        whole, calls = case.ground(), Calls()
        with interfering(whole, calls):
            acts = len(whole.carry(case.tried.event("alarm")).acts)
        for at in range(1, calls.made + 1):
            for code in CODES:
                for moment in get_args(When):
                    if code == "Throttling" and moment == "after":
                        continue  # what is throttled was not done
                    for times in TIMES:
                        where = f"{case.name}: {code} {moment} call {at}, {times} in a row"
                        _fail(case, where, Calls(fail(at, code, moment, times)), acts, failures)
        effort.advance()
    yield figure("calls made to fail", failures.tries)
    yield figure("runs that healed all the same", failures.healed)
    yield figure(
        "runs whose execution failed, which has an alarm, and whose event is a dead letter", failures.dead_letters
    )
    yield none("other errors that escaped", len(failures.raised), tuple(failures.raised))
    yield none("runs that ended well and told nobody", len(failures.silent), tuple(failures.silent))
    yield none("acts made twice", len(failures.twice), tuple(failures.twice))
    yield none("runs with more acts than a rung above", len(failures.many), tuple(failures.many))


def _fail(case: Named, where: str, calls: Calls, acts: int, failures: Failures) -> None:
    failures.tries += 1
    ground: Ground = case.ground()
    try:
        with interfering(ground, calls):
            outcome = ground.carry(case.tried.event("alarm"))
    except OutcomeLostError:
        failures.dead_letters += 1
    except Exception as error:  # noqa: BLE001 - that nothing escapes is what is measured
        failures.raised.append(f"{where}: {type(error).__name__}: {error}")
    else:
        failures.healed += outcome.status == "healed"
        if not (told(ground, outcome) or outcome in ground.notifier.published):
            failures.silent.append(where)
    if doubled(ground.aws.mutations):
        failures.twice.append(f"{where}: {doubled(ground.aws.mutations)}")
    if len(ground.aws.mutations) > max(acts, 1) + 1:
        failures.many.append(f"{where}: {ground.aws.mutations}")


TRIAL = Trial(
    id="T6",
    title="AWS is busy, broken or silent at any call",
    unit="cases",
    full=len(cases()),
    quick=1,
    run=run,
    shows="a failed call never leads to an act that is not allowed, to a second one, or to silence",
    hides="botocore's own repetitions (tests/core/test_clients.py), and the three tries of a step: here it has one",
)
