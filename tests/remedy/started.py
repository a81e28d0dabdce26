"""A Lambda and a ledger for `remedy invoke` that do what a test says, when it says so, and nothing else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Event
from typing import Any

from msgspec.structs import replace

from remediation.core.errors import AwsError
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.parsing import parse
from remediation.core.record import RunRecord
from remediation.core.triggers import Invoked
from remedy.approvals import Asked
from remedy.invoke import Answer, Execution, Run
from remedy.telling import RemedyError

NIGHT = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
RUN = "abcd-efgh-ijkl"
ASKED = Entry(at=NIGHT, kind="approval", text="Asked to approve.")
PAYLOAD: dict[str, Any] = {"house": "dev-house", "apply": True, "request": "remedy-1"}


def ended(status: Status = "healed", *, run: str = RUN, because: str = "Every lamp is lit.", **more: Any) -> Outcome:
    """Return the outcome of a run."""
    return Outcome(
        run=run,
        runbook="light-the-lamps",
        environment="dev",
        account="123456789012",
        region="us-east-1",
        status=status,
        because=because,
        trigger="a manual invocation (apply)",
        started_at=NIGHT,
        ended_at=NIGHT + timedelta(seconds=94),
        team="infrastructure",
        **more,
    )


def lines(*texts: str) -> tuple[Entry, ...]:
    """Return a timeline."""
    return tuple(
        Entry(at=NIGHT + timedelta(seconds=number), kind="gate", text=text) for number, text in enumerate(texts)
    )


def record(*texts: str, outcome: Outcome | None = None) -> RunRecord:
    """Return what the ledger says of the run."""
    return RunRecord(
        run=RUN,
        runbook="light-the-lamps",
        environment="dev",
        trigger="a manual invocation (apply)",
        started_at=NIGHT,
        ended_at=outcome.ended_at if outcome else None,
        status=outcome.status if outcome else None,
        because=outcome.because if outcome else "",
        outcome=outcome,
        timeline=lines(*texts),
    )


def down(code: str, operation: str = "Lambda:Invoke") -> AwsError:
    """Return an error of AWS."""
    return AwsError(f"{operation} failed with {code}: told by a test.", operation=operation, code=code)


@dataclass
class Night:
    """What happens, a moment per look at the ledger. Use: `Night([...]).run()`; a moment is a call on the night itself."""

    moments: list[Callable[["Night"], object]]
    now: float = 0.0
    ledger: RunRecord | None = None
    ledger_down: bool = False
    executions: list[Execution] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    wanted: Asked | RemedyError | None = None
    sent: list[Mapping[str, Any]] = field(default_factory=list)
    _answers: Queue[Answer | BaseException] = field(default_factory=Queue)
    _taken: Event = field(default_factory=Event)
    _run: Run | None = None

    def run(self) -> Run:
        """Start the run that this night is about."""
        self._run = Run(PAYLOAD, self, self.watch, environment="dev", clock=lambda: self.now, sleep=self._pass)
        return self._run

    # what the test says

    def answer(self, payload: object, *, failed: bool = False, execution: str = "") -> None:
        """Let Lambda answer, and see that the answer has arrived."""
        self._arrive(Answer(payload=json.dumps(payload), failed=failed, execution=execution))

    def start(self) -> None:
        """Let Lambda say that the run is only started."""
        self._arrive(Answer(payload="", started=True))

    def asks(self, wanted: "Asked | RemedyError") -> None:
        """Let the ledger say that the run asks people this; an error is what cannot be read."""
        self.wanted, self.ledger = wanted, replace(record(), timeline=(ASKED,))

    def outcome(self, outcome: Outcome) -> None:
        """Let Lambda answer the outcome."""
        self._arrive(Answer(payload=outcome.json()))

    def fail(self, error: BaseException) -> None:
        """Let the invocation raise."""
        self._arrive(error)

    def tell(self, *texts: str, outcome: Outcome | None = None) -> None:
        """Let the ledger say this from now on."""
        self.ledger = record(*texts, outcome=outcome)

    # what is asked of it

    @property
    def watch(self) -> "LedgerOfTheNight":
        return LedgerOfTheNight(self)

    def invoke(self, payload: Mapping[str, Any]) -> Answer:
        self.sent.append(payload)
        answer = self._answers.get(timeout=10)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def execution(self, arn: str) -> Execution:
        self.asked.append(arn)
        return self.executions.pop(0)

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        if self.moments:
            self.moments.pop(0)(self)

    def _arrive(self, answer: Answer | BaseException) -> None:
        assert self._run is not None
        self._answers.put(answer)
        self._run._answer.exception(timeout=10)


@dataclass
class LedgerOfTheNight:
    """The ledger, read."""

    night: Night

    def run_of(self, event: str) -> str:
        trigger = parse(dict(PAYLOAD))
        assert isinstance(trigger, Invoked)
        assert event == trigger.key
        self._ask()
        return self.night.ledger.run if self.night.ledger else ""

    def run(self, run: str) -> RunRecord | None:
        assert run == RUN
        self._ask()
        return self.night.ledger

    def asked(self, run: str) -> Asked | None:
        assert run == RUN
        self._ask()
        if isinstance(self.night.wanted, RemedyError):
            raise self.night.wanted
        return self.night.wanted

    def _ask(self) -> None:
        if self.night.ledger_down:
            raise down("AccessDeniedException", "DynamoDB:GetItem")


def nothing(_: Night) -> None:
    """Let time pass."""
