"""What the engine needs of durable execution: checkpointed steps, an act that happens at most once, and waits.

The engine runs from the top again after every wait and every crash. What came out of a step before comes out again
without the step being run, so everything read from the world (the time and ids too) has to come out of one.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.gates import Refusal
from remediation.core.narration import clip
from remediation.core.redact import redact

_NO_ANSWER = re.compile(
    r"5\d\d|Internal\w*|ServiceUnavailable\w*|RequestTimeout\w*|ReadTimeout|ConnectionClosed|ResponseStreaming"
    r"|IncompleteRead|ResponseParser|HTTPClient|SSL|Unknown"
)
"""Codes of errors after which AWS may have carried the call out all the same."""

R = TypeVar("R")


class Acted(Struct, frozen=True, kw_only=True, tag="acted"):
    """The call was made and answered."""

    receipt: str


class LeftAlone(Struct, frozen=True, kw_only=True, tag="left-alone"):
    """The action found that it need not or must not be made any more. Nothing was done."""

    because: str


class Postponed(Struct, frozen=True, kw_only=True, tag="postponed"):
    """Too little of this Lambda invocation is left for the call. Nothing was done; a fresh invocation may."""

    because: str


class NotActed(Struct, frozen=True, kw_only=True, tag="not-acted"):
    """The call failed."""

    because: str


class Interrupted(Struct, frozen=True, kw_only=True, tag="interrupted"):
    """The act was started and its end is not known. It is not repeated."""


class Said(Struct, frozen=True, kw_only=True, tag="said"):
    """Somebody answered; what they sent is not to be trusted as it is."""

    payload: str


class Expired(Struct, frozen=True, kw_only=True, tag="expired"):
    """Nobody answered in time, which is a no."""


Reply: TypeAlias = Said | Expired
"""What asking a person may come to."""
Made: TypeAlias = Acted | LeftAlone | Postponed | Refusal
"""What a call may answer."""
Answer: TypeAlias = Made | NotActed | Interrupted
"""What an act may come to."""


def sentence(error: Exception) -> str:
    """Return what an error says in one line without secrets: ours are sentences, others are named."""
    text = " ".join(str(error).split())
    return clip(redact(text if isinstance(error, AwsError) and text else f"{type(error).__name__}: {text}"))


def failed(error: Exception) -> NotActed | Interrupted:
    """Say what the exception of a mutating call means: AWS refused it, or nobody knows whether it was carried out."""
    if isinstance(error, AwsError) and not _NO_ANSWER.fullmatch(error.code):
        return NotActed(because=sentence(error))
    return Interrupted()


class Steps(Protocol):
    """A durable run in progress."""

    @property
    def run(self) -> str:
        """The id of this run: the same after every replay, different for every run."""

    @property
    def execution(self) -> str:
        """The ARN of the durable execution."""

    def read(self, name: str, step: Callable[[], R], type_: type[R] | Any) -> R:  # noqa: ANN401
        """Run a step at least once and remember what it answered, as `type_`. Raises StepFailedError."""

    def act(self, name: str, call: Callable[[], Made]) -> Answer:
        """Make a mutating call at most once, whatever crashes; its start is checkpointed before it is made.

        An exception of the call becomes what `failed` says. The call itself may still say no.
        """

    def wait(self, name: str, for_: timedelta) -> None:
        """Suspend the run."""

    def ask(self, name: str, submit: Callable[[str], None], timeout: timedelta) -> Reply:
        """Suspend the run until somebody answers: `submit` is a step that tells them the id to answer to.

        Raises StepFailedError where nobody could be told.
        """
