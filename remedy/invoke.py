"""Start a runbook by hand and follow its run to the end: the answer of `remedy invoke`.

A function whose runs always end within 15 minutes is invoked synchronously, in a thread: Lambda answers when the run has
ended, its waits included. One whose runs may last longer, because they ask people or wait for slow things, is only started:
Lambda refuses anything else. What happens meanwhile is read from the ledger, where the run is found by the request id that its
payload carries. So several ways lead to the end: Lambda's answer, the execution by its ARN, and the outcome in the ledger.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from threading import Thread
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.outcome import Outcome
from remediation.core.parsing import parse
from remediation.core.record import RunRecord
from remediation.core.triggers import Invoked
from remedy.approvals import Asked
from remedy.telling import DONE, FAILED, MISTAKE, NOT_DONE, NOT_HEALED, FailedError, LeftError, TroubleError
from remedy.times import span

LOOK_EVERY = 0.5
"""Seconds."""
FOLLOWED_FOR = timedelta(minutes=16)
"""A run that is waited for ends within 15 minutes (Lambda's limit for a synchronous invocation)."""
UNSEEN_FOR = timedelta(seconds=60)
"""So long after a lost connection a run that was started is in the ledger."""
QUEUED_FOR = timedelta(minutes=6)
"""As long as Lambda keeps what it cannot start at once (the function's maximum event age, and a minute)."""
ASK_EVERY = timedelta(seconds=5)
"""How often an execution is asked how it stands."""
TELLING = timedelta(seconds=15)
"""A run that has closed its record still has to tell its outcome; if that fails, Lambda's answer says so."""

_MAYBE_STARTED = re.compile(r"ReadTimeout|ConnectionClosed|ResponseStreaming|IncompleteRead|Service|Internal|5\d\d")
"""Codes of errors after which the run may be under way all the same."""


class Answer(Struct, frozen=True, kw_only=True):
    """What Lambda answered: the outcome, or the error that the run ended with, as JSON."""

    payload: str
    failed: bool = False
    execution: str = ""
    started: bool = False
    """Whether the run was only started: then its end is learned otherwise."""


class Execution(Struct, frozen=True, kw_only=True):
    """How a durable execution stands. `result` is the outcome as JSON, once it has succeeded."""

    status: str
    result: str = ""
    error: str = ""


class Lambda(Protocol):
    """What is needed of Lambda."""

    def invoke(self, payload: Mapping[str, Any]) -> Answer:
        """Start a run and wait for its answer. Raises AwsError."""

    def execution(self, arn: str) -> Execution:
        """Return how an execution stands. Raises AwsError."""


class Watch(Protocol):
    """What is needed of the ledger."""

    def run_of(self, event: str) -> str:
        """Return the id of the run that has an event, by the event's key; empty where there is none yet."""

    def run(self, run: str) -> RunRecord | None:
        """Return a run as it is now."""

    def asked(self, run: str) -> Asked | None:
        """Return what a run asks people, if it does."""


class Run:
    """A run that was started here. Iterating follows it, a record at a time; then `outcome` is there.

    Raises AwsError or RemedyError where it could not be started, failed, or is lost sight of.
    """

    def __init__(
        self,
        payload: Mapping[str, Any],
        lambda_: Lambda,
        watch: Watch,
        *,
        environment: str,
        followed_for: timedelta = FOLLOWED_FOR,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        trigger = parse(dict(payload))
        assert isinstance(trigger, Invoked), "a payload that was checked"
        self._event, self._lambda, self._watch = trigger.key, lambda_, watch
        self._clock, self._sleep, self.environment = clock, sleep, environment
        self._started, self._followed_for = clock(), followed_for
        self._answer: Future[Answer] = _in_thread(lambda: lambda_.invoke(payload))
        self._lost_at: float | None = None
        self._closed_at: float | None = None
        self._asked_at: float | None = None
        self.id = ""
        self.asked: Asked | None = None
        """What it waits for a person to approve, if it does."""
        self.record: RunRecord | None = None
        self.outcome: Outcome | None = None

    @property
    def elapsed(self) -> timedelta:
        """Return how long ago it was started."""
        return timedelta(seconds=self._clock() - self._started)

    def __iter__(self) -> Iterator[RunRecord | None]:
        """Yield the record as it grows; None where it is not there (yet), or cannot be read."""
        try:
            while self.outcome is None:
                self._sleep(LOOK_EVERY)
                with suppress(
                    AwsError, TroubleError
                ):  # watching fails open: Lambda's answer tells the end all the same
                    self._look()
                self.outcome = self._ending()
                yield self.record
        except KeyboardInterrupt as error:
            raise LeftError(f"You left it; the run goes on. {self._more()}") from error

    def to_its_end(self) -> Outcome:
        """Follow it without showing anything, and return its outcome."""
        for _ in self:
            pass
        assert self.outcome is not None
        return self.outcome

    def _look(self) -> None:
        self.id = self.id or self._watch.run_of(self._event)
        if self.id:
            self.record = self._watch.run(self.id) or self.record
            asks = self.record is not None and self.record.outcome is None and _asks(self.record)
            self.asked = self._watch.asked(self.id) if asks else None
        if self._closed_at is None and self.record is not None and self.record.outcome is not None:
            self._closed_at = self._clock()

    def _ending(self) -> Outcome | None:
        if self._lost_at is None and self._answer.done():
            try:
                answer = self._answer.result()
            except AwsError as error:
                if not _MAYBE_STARTED.match(error.code):
                    raise
                self._lost_at = self._clock()
            else:
                outcome = self._answered(answer)
                if outcome is not None:
                    return outcome
        if self._lost_at is not None and not self.id and self._since(self._lost_at) > UNSEEN_FOR:
            raise TroubleError(f"The answer was lost, and the run is not in the ledger. {self._more()}")
        told = self._lost_at is not None or (self._closed_at is not None and self._since(self._closed_at) > TELLING)
        if told and self.record is not None and self.record.outcome is not None:
            return self.record.outcome
        if self.elapsed > self._followed_for:
            raise TroubleError(f"The run has not ended after {span(self._followed_for)}. {self._more()}")
        return None

    def _answered(self, answer: Answer) -> Outcome | None:
        if answer.failed:
            raise FailedError(f"The run failed: {_error(answer.payload)}. {self._more()}")
        outcome = _outcome(answer.payload)
        if outcome is not None:
            return outcome
        if not answer.execution and not answer.started:
            return self._unreadable()
        if not self.id and answer.started and self.elapsed > QUEUED_FOR:
            raise TroubleError(f"The run has not begun after {span(QUEUED_FOR)}. {self._more()}")
        return self._ended(answer.execution) if answer.execution and self._due() else None

    def _due(self) -> bool:
        """Tell whether it is time to ask again how the execution stands."""
        if self._closed_at is None and self._asked_at is not None and self._since(self._asked_at) < ASK_EVERY:
            return False
        self._asked_at = self._clock()
        return True

    def _ended(self, arn: str) -> Outcome | None:
        try:
            execution = self._lambda.execution(arn)
        except AwsError:  # the ledger tells the end all the same
            return None
        match execution.status:
            case "SUCCEEDED":
                return _outcome(execution.result) or self._unreadable()
            case "FAILED" | "TIMED_OUT" | "STOPPED":
                raise FailedError(f"The run ended {execution.status}: {execution.error or 'no reason'}. {self._more()}")
            case _:
                return None

    def _unreadable(self) -> Outcome:
        if self.record is not None and self.record.outcome is not None:
            return self.record.outcome
        raise FailedError(f"The run ended without an outcome that can be read. {self._more()}")

    def _more(self) -> str:
        which = f"show {self.id}" if self.id else "runs --since 1h"
        return f"See: remedy {which} --env {self.environment}"

    def _since(self, moment: float) -> timedelta:
        return timedelta(seconds=self._clock() - moment)


def exit_status(outcome: Outcome, *, apply: bool) -> int:
    """Return the exit status that tells an outcome (see telling.py)."""
    match outcome.status:
        case "healed" | "nothing-to-do":
            return DONE
        case "observed":
            return NOT_DONE if apply else DONE
        case "refused" | "ignored":
            return NOT_DONE
        case "rejected":
            return MISTAKE
        case "not-healed" | "escalated":
            return NOT_HEALED
        case "failed":
            return FAILED


def _in_thread(call: Callable[[], Answer]) -> Future[Answer]:
    """Call in a thread that does not keep the process alive: a person may leave, and the run goes on."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed over, whatever it is
            future.set_exception(error)

    Thread(target=run, daemon=True, name="invoke").start()
    return future


def _asks(record: RunRecord) -> bool:
    """Tell whether the last thing that a run did was to ask, or to hear an answer."""
    return bool(record.timeline) and record.timeline[-1].kind == "approval"


def _outcome(text: str) -> Outcome | None:
    try:
        return msgspec.json.decode(text, type=Outcome)
    except msgspec.MsgspecError:
        return None


def _error(text: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text
    if not isinstance(told, dict):
        return text
    return ": ".join(str(part).rstrip(".") for part in (told.get("errorType"), told.get("errorMessage")) if part)
