"""A runbook's circuit in one environment: it opens when what the runbook does does not help, and then nothing is done.

The rule of the domain: a robot that failed three times in a row does not understand the problem, and one whose fix does not
last hides it. An open circuit is closed by a person with a reason, or (where the environment allows) by one trial that heals.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.limits import Breaker

Result: TypeAlias = Literal["good", "bad", "neutral"]
"""What a run says about its runbook: it healed; it acted or failed, and did not heal; or it says nothing."""


class Circuit(Struct, frozen=True, kw_only=True):
    """How a circuit stands. `failures` counts the bad runs since the last good one."""

    open: bool = False
    failures: int = 0
    because: str = ""
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    """When it was closed last: what flapped before does not count again."""
    trial: str = ""
    """The run that tries, until `trial_until`."""
    trial_until: datetime | None = None


def refuses(circuit: Circuit, run: str, breaker: Breaker, now: datetime) -> str:
    """Say why the circuit does not let this run act; nothing if it does."""
    if not circuit.open or circuit.trial == run or trial(circuit, breaker, now):
        return ""
    since = f" since {circuit.opened_at:%Y-%m-%d %H:%M:%S} UTC" if circuit.opened_at else ""
    if breaker.trial_after is None or circuit.opened_at is None:
        how = "a person closes it (remedy circuit close)"
    elif circuit.trial:
        how = f"run {circuit.trial} is its trial"
    else:
        how = f"one run may try from {circuit.opened_at + breaker.trial_after:%H:%M:%S} UTC on"
    return f"The circuit is open{since} ({circuit.because or 'no reason is known'}); {how}."


def trial(circuit: Circuit, breaker: Breaker, now: datetime) -> bool:
    """Tell whether the next run that acts would be the trial of an open circuit."""
    if not circuit.open or breaker.trial_after is None or circuit.opened_at is None:
        return False
    nobody_tries = not circuit.trial or circuit.trial_until is None or circuit.trial_until <= now
    return now >= circuit.opened_at + breaker.trial_after and nobody_tries


def begun(circuit: Circuit, run: str, breaker: Breaker, until: datetime, now: datetime) -> Circuit:
    """Return the circuit after this run was admitted: if it is the trial, no other is until then."""
    if circuit.trial == run or not trial(circuit, breaker, now):
        return circuit
    return msgspec.structs.replace(circuit, trial=run, trial_until=until)


def opened(circuit: Circuit, because: str, now: datetime) -> Circuit:
    """Return the circuit, open from now on."""
    return msgspec.structs.replace(circuit, open=True, because=because, opened_at=now, trial="", trial_until=None)


def ended(circuit: Circuit, run: str, result: Result, breaker: Breaker, now: datetime) -> Circuit:
    """Return the circuit after a run that ended: three bad ones in a row open it, a trial that healed closes it."""
    trying = circuit.open and circuit.trial == run
    match result:
        case "good":
            if circuit.open and not trying:
                return circuit
            return Circuit(closed_at=now if trying else circuit.closed_at)
        case "bad":
            circuit = msgspec.structs.replace(circuit, failures=circuit.failures + 1)
            if trying:
                return opened(circuit, f"its trial, run {run}, did not heal", now)
            if not circuit.open and circuit.failures >= breaker.failures:
                return opened(circuit, f"{circuit.failures} runs in a row did not heal, the last one was {run}", now)
            return circuit
        case "neutral":
            return msgspec.structs.replace(circuit, trial="", trial_until=None) if trying else circuit
