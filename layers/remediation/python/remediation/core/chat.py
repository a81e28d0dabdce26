"""Tell a message in a chat channel: the custom notification of Amazon Q Developer in chat applications.

Amazon Q drops whatever is not in this schema (FACTS.md, section 3), and keeps what has the same `threadId` in one thread:
one per incident. Its text is the chat's own markdown, and a message quotes logs, which anybody may have written: so nothing
in it becomes a mention, a link or a format.
"""

from collections.abc import Iterable
from hashlib import sha256
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from remediation.core.notice import Message, Notice
from remediation.core.outcome import Outcome, Severity
from remediation.core.wording import cut

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 2_900
"""Characters. Slack shows 3,000 in one block."""
LONGEST_SENTENCE = 400
LONGEST_BLOCK = 600
LONGEST_STEP = 300
LONGEST_THREAD = 200
_MOST_STEPS = 5
_MOST_RELATED = 10

_MARKS: dict[Severity, str] = {"info": "🟢", "warning": "🟡", "critical": "🔴"}


class Content(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the channel shows."""

    title: str
    description: str
    next_steps: tuple[str, ...]
    keywords: tuple[str, ...]
    text_type: Literal["client-markdown"] = "client-markdown"


class Metadata(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the channel sorts by. `additional_context` is for whoever else subscribes by https."""

    thread_id: str
    summary: str
    event_type: str
    related_resources: tuple[str, ...]
    additional_context: dict[str, str]


class Notification(Struct, frozen=True, kw_only=True):
    """One custom notification."""

    content: Content
    metadata: Metadata
    version: Literal["1.0"] = "1.0"
    source: Literal["custom"] = "custom"


def notification(message: Message) -> Notification:
    """Return a message as Amazon Q Developer takes it."""
    return _of_outcome(message) if isinstance(message, Outcome) else _of_notice(message)


def _of_outcome(outcome: Outcome) -> Notification:
    parts = (
        _sentence(outcome.note),
        _sentence(outcome.because),
        _block("Evidence", outcome.evidence),
        _block("Done", (f"{done.action} {done.target}: {done.result}. {done.receipt}" for done in outcome.acts)),
        f"It would have done next: {_sentence(outcome.would)}" if outcome.would else "",
        _block("The next terraform apply reverts", outcome.drift),
    )
    return Notification(
        content=_content(outcome, outcome.title, parts, outcome.runbook, outcome.status),
        metadata=_metadata(
            outcome,
            outcome.status,
            related=tuple(dict.fromkeys(_plain(done.target) for done in outcome.acts)),
            context={"runbook": outcome.runbook, "status": outcome.status, "account": outcome.account},
        ),
    )


def _of_notice(notice: Notice) -> Notification:
    parts = (_sentence(notice.because), _block("", notice.lines))
    return Notification(
        content=_content(notice, notice.title, parts, notice.kind),
        metadata=_metadata(notice, notice.kind, related=(), context={"kind": notice.kind}),
    )


def _content(message: Message, title: str, parts: Iterable[str], *keywords: str) -> Content:
    look = f"Timeline: `remedy show {message.run} --env {message.environment}`" if message.run else ""
    return Content(
        title=f"{_MARKS[message.severity]} {_plain(cut(title, LONGEST_TITLE))}",
        description="\n\n".join(filter(None, (*_fitting(filter(None, parts)), look))),
        next_steps=tuple(_code(step) for step in message.commands if len(step) <= LONGEST_STEP)[:_MOST_STEPS],
        keywords=(message.environment, *keywords, message.team),
    )


def _metadata(message: Message, event_type: str, *, related: tuple[str, ...], context: dict[str, str]) -> Metadata:
    common = {
        "schema": str(message.schema),
        "environment": message.environment,
        "run": message.run,
        "incident": message.incident,
        "severity": message.severity,
        "team": message.team,
    }
    return Metadata(
        thread_id=_thread(message),
        summary=_plain(cut(message.because, LONGEST_TITLE)),
        event_type=event_type,
        related_resources=related[:_MOST_RELATED],
        additional_context={name: value for name, value in (common | context).items() if value},
    )


def _thread(message: Message) -> str:
    """Return the incident, whatever its length; a run that belongs to none is a thread of its own."""
    thread = message.incident or message.run or f"{message.environment}|{message.team}"
    return thread if len(thread) <= LONGEST_THREAD else sha256(thread.encode()).hexdigest()


def _fitting(parts: Iterable[str]) -> Iterable[str]:
    """Yield the parts that fit into a description one after the other, none of them broken."""
    room = LONGEST_DESCRIPTION
    for part in parts:
        if len(part) <= room:
            yield part
            room -= len(part)


def _block(heading: str, lines: Iterable[str]) -> str:
    """Return lines as they are, in a block of code: the first one, and the next ones as far as there is room."""
    told = [_plain(cut(line, LONGEST_STEP)) for line in lines]
    if not told:
        return ""
    sizes = accumulate(len(line) for line in told)
    shown = max(1, sum(size <= LONGEST_BLOCK for size in sizes))
    left_out = [f"({len(told) - shown} more: see the timeline)"] if len(told) > shown else []
    block = "\n".join(["```", *told[:shown], *left_out, "```"])
    return f"*{heading}*\n{block}" if heading else block


def _sentence(text: str) -> str:
    return _plain(cut(text, LONGEST_SENTENCE))


def _code(line: str) -> str:
    return f"`{_plain(line)}`"


def _plain(text: str) -> str:
    """Return a text in which the chat finds no mention, no link, and no beginning or end of code."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
