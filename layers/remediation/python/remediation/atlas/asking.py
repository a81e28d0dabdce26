"""What the function that may write to Atlas is asked for, and what it answers. It is asked for one thing at a time.

The rule of the domain (HAZARDS 1.6): who may write to Atlas may do nearly anything there, so there is one small function that
can, with a secret that nobody else may read, and it knows these four requests and no other.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

WRITER = "atlas-writer"
"""The name of the function, after the environment."""
WORKS = 25.0
"""Seconds from its start in which the writer begins requests to Atlas. Whoever asks waits for longer (adapters/clients.py)."""


class Allow(Struct, frozen=True, kw_only=True, tag="allow", tag_field="ask"):
    """Let one address of ours in (`/32` is added), with a comment, until an instant at most four hours ahead."""

    address: str
    comment: str
    until: datetime


class Save(Struct, frozen=True, kw_only=True, tag="save", tag_field="ask"):
    """Take a snapshot of a cluster."""

    cluster: str
    description: str
    days: int
    """So long Atlas keeps it."""


class Create(Struct, frozen=True, kw_only=True, tag="create", tag_field="ask"):
    """Make a new cluster, shaped as another one is."""

    cluster: str
    like: str


class Refill(Struct, frozen=True, kw_only=True, tag="refill", tag_field="ask"):
    """Restore a snapshot of a cluster to another one, which was made here lately. Never to itself."""

    snapshot: str
    cluster: str
    target: str


Asked: TypeAlias = Allow | Save | Create | Refill


class Answered(Struct, frozen=True, kw_only=True):
    """What the writer did, or a sentence why not. `id` is the snapshot's or the restore job's, where there is one."""

    done: bool
    because: str
    id: str = ""


Door: TypeAlias = Literal["allow", "save", "restore"]
"""An alias of the writer. Who may ask for one thing has the right to invoke its alias, and no right to the others."""
DOORS: tuple[Door, ...] = get_args(Door)


def door(asked: Asked) -> Door:
    """Return the alias that a request belongs to."""
    match asked:
        case Allow():
            return "allow"
        case Save():
            return "save"
        case Create() | Refill():
            return "restore"


def ask(aws: "Clients", asked: Asked) -> Answered:
    """Have the writer do one thing. Raises AwsError where it does not answer: it may have been done all the same."""
    name = f"{aws.place.environment}-{WRITER}:{door(asked)}"
    try:
        answer = aws.patient.lambda_.invoke(FunctionName=name, Payload=msgspec.json.encode(asked))
    except AwsError as error:
        if "TooManyRequests" in error.code:
            raise _under_way(name, error) from error
        raise
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise AwsError(f"The function {name} failed.", operation="Lambda:Invoke", code="Unknown")
    try:
        return msgspec.json.decode(payload, type=Answered)
    except msgspec.MsgspecError as error:
        raise AwsError(f"{name} gave an answer that is none.", operation="Lambda:Invoke", code="Unknown") from error


def _under_way(name: str, error: AwsError) -> AwsError:
    """Return what it means to be throttled: its reserved concurrency is one."""
    sentence = (
        f"{name} does one request at a time, and another one is under way; nothing was done: ask again in a minute."
    )
    return AwsError(sentence, operation=error.operation, code=error.code)
