"""Runs beside each other in simulated time: a run that waits is put away, and carried out again when its time has come.

That is how Lambda's durable functions do it: an invocation ends at every wait, and the next one begins from the top. So
events that arrive meanwhile meet the ledger as the waiting run has left it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from remediation.core.outcome import Outcome
from tests.support.steps import CrashError, InMemorySteps


class SuspendedError(BaseException):
    """The invocation ends here; nothing may catch it, so it is not an Exception."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class SuspendingSteps(InMemorySteps):
    """Steps in memory whose waits end the invocation, until their time has come."""

    def __init__(self, *, run: str, now: datetime) -> None:
        super().__init__(run=run, now=now)
        self._until: dict[str, datetime] = {}

    def wait(self, name: str, for_: timedelta) -> None:
        """End the invocation, unless the time has passed."""
        assert for_ > timedelta(0), f"{name} waits {for_}"
        memory = self._next(name, "wait")
        if memory.ended:
            return
        until = self._until.setdefault(name, self.now + for_)
        if self.now < until:
            raise SuspendedError(until)
        memory.ended = True

    def begin_again(self, now: datetime) -> None:
        """Begin another invocation, later."""
        self.resume()
        self.now = now


@dataclass
class Waiting:
    """A run that is put away."""

    steps: SuspendingSteps
    carry: Callable[[SuspendingSteps], Outcome]
    due: datetime


@dataclass
class Runs:
    """Every run of a simulation. `ended` has their outcomes, in the order in which they ended.

    `unhandled` has what escaped from a run: neither an outcome nor the death of a process.
    """

    waiting: list[Waiting] = field(default_factory=list)
    ended: list[Outcome] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)
    begun: int = 0

    def begin(self, carry: Callable[[SuspendingSteps], Outcome], now: datetime) -> None:
        """Begin a run; what `carry` does with its steps is the run."""
        self.begun += 1
        self._go(Waiting(SuspendingSteps(run=f"run-{self.begun}", now=now), carry, now))

    def go_on(self, now: datetime) -> None:
        """Carry on whatever is due, the oldest first."""
        for waiting in sorted((run for run in self.waiting if run.due <= now), key=lambda run: run.due):
            self.waiting.remove(waiting)
            waiting.steps.begin_again(now)
            self._go(waiting)

    def finish(self) -> None:
        """Let every run come to its end."""
        while self.waiting:
            self.go_on(min(run.due for run in self.waiting))

    def _go(self, waiting: Waiting) -> None:
        while True:
            try:
                self.ended.append(waiting.carry(waiting.steps))
            except SuspendedError as suspended:
                waiting.due = suspended.until
                self.waiting.append(waiting)
            except CrashError:
                waiting.steps.resume()
                continue
            except Exception as error:  # noqa: BLE001 - that nothing escapes is what is measured
                self.unhandled.append(f"{type(error).__name__}: {error}"[:200])
            return
