"""Durable execution in memory: the Steps of the engine, with a clock of its own and crashes on demand.

It is as strict as the durable adapter. Every answer goes through JSON, whether it was just given or is remembered.
Replay has to ask for the same steps in the same order. A mutating call that was started and whose end was not recorded
is interrupted, and never made again.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from remediation.core.errors import StepFailedError
from remediation.core.steps import Answer, Expired, Interrupted, Made, Reply, Said, failed, sentence

R = TypeVar("R")

Kind: TypeAlias = Literal["read", "act", "wait", "ask"]
Moment: TypeAlias = Literal["before", "started", "after"]
"""Before anything of the step happened; after an act's start was checkpointed but before its call; after the call but
before its answer was checkpointed."""

NIGHT = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)


class CrashError(BaseException):
    """The process died. Nothing may catch it, so it is not an Exception."""


class Remembered(Struct, kw_only=True):
    """What the checkpoint of one step holds."""

    name: str
    kind: Kind
    ended: bool = False
    answer: bytes = b""
    error: str = ""


class InMemorySteps:
    """A durable run in memory.

    `crash_at(name, moment)` lets the process die there, once. `resume()` begins the next invocation of the same run:
    carry the run out again, and what is remembered is answered without being done.
    """

    def __init__(self, *, run: str = "run-1", now: datetime = NIGHT) -> None:
        self._run = run
        self.now = now
        self.invocations = 1
        self.waited: list[tuple[str, timedelta]] = []
        self.asked: list[tuple[str, timedelta]] = []
        self.replies: dict[str, tuple[timedelta, str | None]] = {}
        """What people answer to which question, after how long; nothing, or a question that is not here, expires."""
        self.done: list[str] = []
        """The names of the steps whose work was really begun, in order; a step that is begun twice is in it twice."""
        self._memory: list[Remembered] = []
        self._cursor = 0
        self._crash: tuple[str, Moment] | None = None

    @property
    def run(self) -> str:
        """The id of the run."""
        return self._run

    @property
    def execution(self) -> str:
        """The ARN of the durable execution."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:toy:1/durable-execution/{self._run}/1"

    @property
    def names(self) -> list[tuple[str, str]]:
        """The name and the kind of every step so far."""
        return [(step.name, step.kind) for step in self._memory]

    def clock(self) -> datetime:
        """Return the time. It passes while the run waits, and where a test moves `now`."""
        return self.now

    def crash_at(self, name: str, moment: Moment) -> None:
        """Let the process die at a step, the next time it is really begun."""
        self._crash = (name, moment)

    def resume(self) -> None:
        """Begin another invocation of the same run."""
        self.invocations += 1
        self._cursor = 0

    def read(self, name: str, step: Callable[[], R], type_: type[R] | Any) -> R:
        """Run a step at least once; remember its answer, or the error it died of."""
        memory = self._next(name, "read")
        if not memory.ended:
            self._die(name, "before")
            self.done.append(name)
            try:
                answer = step()
            except Exception as error:  # noqa: BLE001 - whatever a step dies of is its answer
                memory.error = sentence(error)
            else:
                memory.answer = msgspec.json.encode(answer)
            self._die(name, "after")
            memory.ended = True
        if memory.error:
            raise StepFailedError(memory.error)
        remembered: R = msgspec.json.decode(memory.answer, type=type_)
        return remembered

    def act(self, name: str, call: Callable[[], Made]) -> Answer:
        """Make a call at most once; an exception of its becomes what `failed` says."""
        started = len(self._memory) > self._cursor
        memory = self._next(name, "act", begin=False)
        if not started:
            self._die(name, "before")
            self._begin(memory)
            self._die(name, "started")
            self.done.append(name)
            answer: Answer
            try:
                answer = call()
            except Exception as error:  # noqa: BLE001 - whatever a call dies of is its answer
                answer = failed(error)
            self._die(name, "after")
            memory.answer = msgspec.json.encode(answer)
            memory.ended = True
        if not memory.ended:
            memory.answer = msgspec.json.encode(Interrupted())
            memory.ended = True
        ended: Answer = msgspec.json.decode(memory.answer, type=Answer)
        return ended

    def wait(self, name: str, for_: timedelta) -> None:
        """Let the time pass."""
        assert for_ > timedelta(0), f"{name} waits {for_}"
        memory = self._next(name, "wait")
        if not memory.ended:
            self._die(name, "before")
            self.done.append(name)
            self.waited.append((name, for_))
            self.now += for_
            memory.ended = True
            self._die(name, "after")

    def ask(self, name: str, submit: Callable[[str], None], timeout: timedelta) -> Reply:
        """Let the time pass until the test's people answer, or until it is up; `replies` says when and what."""
        memory = self._next(name, "ask")
        self.read(f"{name} told", lambda: submit(f"callback of {name}"), None)
        if not memory.ended:
            after, payload = self.replies.get(name, (timeout, None))
            reply: Reply = Expired() if payload is None or after >= timeout else Said(payload=payload)
            self.now += min(after, timeout)
            self.asked.append((name, timeout))
            memory.answer = msgspec.json.encode(reply)
            memory.ended = True
            self._die(name, "after")
        answer: Reply = msgspec.json.decode(memory.answer, type=Reply)
        return answer

    def _next(self, name: str, kind: Kind, *, begin: bool = True) -> Remembered:
        if self._cursor < len(self._memory):
            memory = self._memory[self._cursor]
            assert (memory.name, memory.kind) == (name, kind), (
                f"replay asked for the {kind} {name!r} where {memory.kind} {memory.name!r} was before"
            )
            self._cursor += 1
            return memory
        assert name not in [step.name for step in self._memory], f"two steps are called {name!r}"
        memory = Remembered(name=name, kind=kind)
        if begin:
            self._begin(memory)
        return memory

    def _begin(self, memory: Remembered) -> None:
        self._memory.append(memory)
        self._cursor += 1

    def _die(self, name: str, moment: Moment) -> None:
        if self._crash == (name, moment):
            self._crash = None
            raise CrashError(f"{moment} {name}")
