"""Say in words what happened: triggers, facts, verdicts and acts, as the timeline and the outcome tell them."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

import msgspec
from msgspec import Struct

from remediation.core.outcome import Done, Entry
from remediation.core.triggers import AlarmRaised, AsgEvent, Ignored, Invoked, Parsed, Rejected, Scheduled
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Target, Verdict, Wait

LONGEST_SENTENCE = 2_000
"""Characters. A sentence may quote an event or an error, and both may be longer than SNS and DynamoDB take."""


def clip(text: str) -> str:
    """Return a sentence, cut where it is too long to be told."""
    return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 6] + " (...)"


def describe(parsed: Parsed) -> str:
    """Return a trigger in a few words."""
    match parsed:
        case AlarmRaised():
            if parsed.swept:
                return f"alarm {parsed.alarm}, which still is in {parsed.state} (offered again by the sweep)"
            drill = "a rehearsed " if parsed.drill else ""
            return f"{drill}alarm {parsed.alarm} ({parsed.previous_state or 'unknown'} -> {parsed.state})"
        case AsgEvent():
            return f"event {parsed.detail_type!r} of {parsed.group}"
        case Scheduled():
            return "the schedule"
        case Invoked():
            return f"a manual invocation ({'apply' if parsed.apply else 'plan'})"
        case Ignored() | Rejected():
            return "an event that is not handled"
        case _:
            assert_never(parsed)


def told(tried: tuple[Attempt[Target], ...]) -> Iterator[Done]:
    """Yield the acts of a run as the outcome tells them."""
    for attempt in tried:
        yield Done(
            action=attempt.action,
            target=attempt.target.id,
            at=attempt.at,
            result=attempt.result,
            receipt=attempt.receipt,
        )


def facts_entry(at: datetime, facts: Struct) -> Entry:
    """Return the line of the timeline that carries the facts."""
    return Entry(at=at, kind="facts", text="Looked.", facts=msgspec.to_builtins(facts))


def verdict_entry(at: datetime, verdict: Verdict[Target]) -> Entry:
    """Return the line of the timeline that carries a verdict."""
    match verdict:
        case Nothing():
            text = f"{'Refused' if verdict.refused else 'Nothing to do'}: {verdict.because}"
        case Wait():
            text = f"Wait: {verdict.because}"
        case Escalate():
            text = f"Escalate: {verdict.because}"
        case Act():
            text = f"{verdict.action} {verdict.target.id}: {verdict.because}"
        case _:
            assert_never(verdict)
    return Entry(at=at, kind="verdict", text=text)
