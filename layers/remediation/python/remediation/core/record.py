"""What the ledger keeps of a run: the record that `remedy runs` lists and `remedy show` tells.

A DynamoDB item holds 400 KB and an SNS message 256 KB, and both refuse what is larger. So facts, evidence and receipts
are cut until they fit, oldest and longest first: a record without details beats no record.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from remediation.core.outcome import Entry, Outcome, Status

RUNS_INDEX = "runs"
"""The table's index that lists runs: partition key `environment`, sort key `started_at` (epoch milliseconds)."""
LISTED = ("run", "runbook", "trigger", "ended_at", "status", "because", "gate", "alarm", "transition", "execution")
"""Attributes of a run that the index has to hold besides its keys."""

LARGEST_TIMELINE = 200_000
LARGEST_OUTCOME = 100_000
"""Bytes of JSON in a record."""


class RunRecord(Struct, frozen=True, kw_only=True):
    """One run. `status` is None while it is in progress; a listed run comes without outcome and timeline."""

    run: str
    runbook: str
    environment: str
    trigger: str
    started_at: datetime
    ended_at: datetime | None = None
    status: Status | None = None
    because: str = ""
    gate: str = ""
    alarm: str = ""
    """The alarm that started it, if one did, and its transition."""
    transition: datetime | None = None
    execution: str = ""
    """The ARN of its durable execution."""
    outcome: Outcome | None = None
    timeline: tuple[Entry, ...] = ()


def bounded_timeline(timeline: tuple[Entry, ...], limit: int = LARGEST_TIMELINE) -> tuple[Entry, ...]:
    """Return the timeline in at most `limit` bytes of JSON: without its oldest facts, then without its middle."""
    entries = list(timeline)
    sizes = [_size(entry) for entry in entries]
    for at, entry in enumerate(entries):
        if sum(sizes) <= limit:
            return tuple(entries)
        if entry.facts is not None:
            entries[at] = msgspec.structs.replace(entry, facts=None)
            sizes[at] = _size(entries[at])
    head, tail = _fitting(entries, limit // 2), _fitting(entries[::-1], limit // 2)
    if head + tail >= len(entries):
        return tuple(entries)
    left_out = f"({len(entries) - head - tail} lines are left out.)"
    gap = Entry(at=entries[head].at, kind=entries[head].kind, text=left_out)
    return (*entries[:head], gap, *entries[len(entries) - tail :])


def bounded_outcome(outcome: Outcome, limit: int = LARGEST_OUTCOME) -> Outcome:
    """Return the outcome in about `limit` bytes of JSON: with fewer and shorter lines where it is larger."""
    for lines, characters in ((200, 2_000), (50, 1_000), (20, 500), (5, 200), (1, 100)):
        if _size(outcome) <= limit:
            break
        outcome = msgspec.structs.replace(
            outcome,
            because=_cut(outcome.because, characters),
            trigger=_cut(outcome.trigger, characters),
            would=_cut(outcome.would, characters),
            asks=_cut(outcome.asks, characters),
            evidence=tuple(_cut(line, characters) for line in outcome.evidence[:lines]),
            next_steps=tuple(_cut(line, characters) for line in outcome.next_steps[:lines]),
            drift=tuple(_cut(line, characters) for line in outcome.drift[:lines]),
            note=_cut(outcome.note, characters),
            acts=tuple(
                msgspec.structs.replace(done, receipt=_cut(done.receipt, characters)) for done in outcome.acts[:lines]
            ),
        )
    return outcome


def _size(value: Struct) -> int:
    return len(msgspec.json.encode(value)) + 1


def _fitting(entries: list[Entry], limit: int) -> int:
    size = 0
    for count, entry in enumerate(entries):
        size += _size(entry)
        if size > limit:
            return count
    return len(entries)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 6] + " (...)"
