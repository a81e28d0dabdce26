"""Start a runbook by hand and follow its run to the end: the answer of `remedy invoke`.

The function is invoked synchronously, in a thread: Lambda answers when the run has ended, its waits included. What
happens meanwhile is read from the ledger, where the run is found by the request id that its payload carries. Two ways lead
to the end: Lambda's answer, and the outcome in the ledger where that connection was lost. An emulator that answers at the
run's first wait is asked for the end by the execution's ARN.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from remediation.adapters.history import History
from remediation.adapters.table import Table
from remediation.core.errors import AwsError
from remediation.core.outcome import Outcome
from remediation.core.parsing import parse
from remediation.core.record import RunRecord
from remediation.core.spec import AnyRunbook
from remediation.core.triggers import Invoked
from remedy.aws import Aws, connect
from remedy.environment import Environment
from remedy.telling import DONE, FAILED, MISTAKE, NOT_DONE, NOT_HEALED, FailedError, LeftError, TroubleError
from remedy.times import span
from stacks.names import ALIAS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LOOK_EVERY = 0.5
"""Seconds."""
FOLLOWED_FOR = timedelta(minutes=16)
"""A run that a person started ends within 15 minutes (Lambda's limit for a synchronous invocation)."""
UNSEEN_FOR = timedelta(seconds=60)
"""So long after a lost connection a run that was started is in the ledger."""
TELLING = timedelta(seconds=15)
"""A run that has closed its record still has to tell its outcome; if that fails, Lambda's answer says so."""

_MAYBE_STARTED = re.compile(r"ReadTimeout|ConnectionClosed|ResponseStreaming|IncompleteRead|Service|Internal|5\d\d")
"""Codes of errors after which the run may be under way all the same."""


class Answer(Struct, frozen=True, kw_only=True):
    """What Lambda answered: the outcome, or the error that the run ended with, as JSON."""

    payload: str
    failed: bool = False
    execution: str = ""


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
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        trigger = parse(dict(payload))
        assert isinstance(trigger, Invoked), "a payload that was checked"
        self._event, self._lambda, self._watch = trigger.key, lambda_, watch
        self._clock, self._sleep, self._environment = clock, sleep, environment
        self._started = clock()
        self._answer: Future[Answer] = _in_thread(lambda: lambda_.invoke(payload))
        self._lost_at: float | None = None
        self._closed_at: float | None = None
        self.id = ""
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
                with suppress(AwsError):  # watching fails open: Lambda's answer tells the end all the same
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
        if self._closed_at is None and self.record is not None and self.record.outcome is not None:
            self._closed_at = self._clock()

    def _ending(self) -> Outcome | None:
        if self._lost_at is None and self._answer.done():
            try:
                return self._answered(self._answer.result())
            except AwsError as error:
                if not _MAYBE_STARTED.match(error.code):
                    raise
                self._lost_at = self._clock()
        if self._lost_at is not None and not self.id and self._since(self._lost_at) > UNSEEN_FOR:
            raise TroubleError(f"The answer was lost, and the run is not in the ledger. {self._more()}")
        told = self._lost_at is not None or (self._closed_at is not None and self._since(self._closed_at) > TELLING)
        if told and self.record is not None and self.record.outcome is not None:
            return self.record.outcome
        if self.elapsed > FOLLOWED_FOR:
            raise TroubleError(f"The run has not ended after {span(FOLLOWED_FOR)}. {self._more()}")
        return None

    def _answered(self, answer: Answer) -> Outcome | None:
        if answer.failed:
            raise FailedError(f"The run failed: {_error(answer.payload)}. {self._more()}")
        outcome = _outcome(answer.payload)
        if outcome is not None or not answer.execution:
            return outcome or self._unreadable()
        execution = self._lambda.execution(answer.execution)
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
        return f"See: remedy {which} --env {self._environment}"

    def _since(self, moment: float) -> timedelta:
        return timedelta(seconds=self._clock() - moment)


def start(payload: Mapping[str, Any], runbook: AnyRunbook, environment: Environment) -> Run:
    """Start a run in AWS. Raises RemedyError where that cannot be asked for."""
    aws = connect(environment)
    lambda_, watch = AwsLambda(aws.invoking(), environment, runbook), LedgerWatch(aws, environment)
    return Run(payload, lambda_, watch, environment=environment.place.environment)


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


# --------------------------------------------------------------------------------------------------------- with AWS


class AwsLambda:
    """The alias `live` of a runbook's function."""

    def __init__(self, client: "LambdaClient", environment: Environment, runbook: AnyRunbook) -> None:
        self._client, self._function = client, f"{environment.names.function(runbook)}:{ALIAS}"

    def invoke(self, payload: Mapping[str, Any]) -> Answer:
        """Start a run under its request's name, so that Lambda too knows the same request again."""
        answer = self._client.invoke(
            FunctionName=self._function,
            InvocationType="RequestResponse",
            DurableExecutionName=payload["request"],
            Payload=json.dumps(payload).encode(),
        )
        return Answer(
            payload=answer["Payload"].read().decode("utf-8", "replace"),
            failed="FunctionError" in answer,
            execution=answer.get("DurableExecutionArn", ""),
        )

    def execution(self, arn: str) -> Execution:
        """Return how an execution stands."""
        found = self._client.get_durable_execution(DurableExecutionArn=arn)
        return Execution(
            status=found["Status"],
            result=found.get("Result", ""),
            error=found.get("Error", {}).get("ErrorMessage", ""),
        )


class LedgerWatch:
    """The ledger, read."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        self._table = Table(aws.clients, environment.names.table)
        self._history = History(aws.clients, environment.names.table)

    def run_of(self, event: str) -> str:
        """Return the id of the run that has an event (see adapters/ledger.py for the item)."""
        return self._table.read(f"EVENT#{sha256(event.encode()).hexdigest()}").text("run")

    def run(self, run: str) -> RunRecord | None:
        """Return a run as it is now."""
        return self._history.run(run)


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
