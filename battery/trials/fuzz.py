"""T7: events and worlds that say what nobody expects, and what somebody might want them to say."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

from battery.ground import Tried, told
from battery.grounds import GROUNDS
from battery.trial import Effort, Figure, Trial, none
from battery.trial import told as figure
from remediation.adapters.notify import SnsNotifier
from remediation.core.outcome import Outcome
from tests.support.world import deployed

INJECTED = (
    "$(reboot)",
    "`rm -rf /`",
    "'; docker rm -f backend; '",
    '"; shutdown -h now #',
    "i-0\nInstanceIds=*",
    "{{ssm:secret}}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "[click](https://evil.example)",
    "@channel ```",
    "\x1b[2J\x00\u202e",
    "unhealthy\rhealthy",
    "a\r\nSubject: b",
    "*",
    "9" * 5_000,
    "{" * 2_000,
    "\U0001f600" * 300,
)
INJECTED_SHARE = 0.2
OBEYED = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or a mail program obeys instead of showing it: control characters, and changes of direction."""
MENTION = re.compile(r"<[!@#h]|<script")
"""What a chat takes for a mention or a link."""


def run(effort: Effort) -> Iterator[Figure]:
    """Send N events, a fifth of them with something injected into them and into the world."""
    chance, grounds = effort.chance("fuzz"), list(GROUNDS.values())
    escaped, foreign, unreadable, unrecorded = list[str](), list[str](), list[str](), list[str]()
    acted = injected = 0
    for nth in range(effort.n):
        tried, inject = grounds[nth % len(grounds)], chance.random() < INJECTED_SHARE
        ground = tried.ground()
        if inject:  # what a container or the load balancer says is not to be trusted either
            ground.defile(lambda: chance.choice(INJECTED))
            injected += 1
        event: Any = _injected(chance, tried) if inject else _mutated(chance, tried)
        try:
            outcome = ground.carry(event)
            unreadable += [f"event {nth}: {why}" for why in _unreadable(outcome)]
            if not told(ground, outcome):
                unrecorded.append(f"event {nth}: {outcome.status}")
        except Exception as error:  # noqa: BLE001 - that nothing escapes is what is measured
            escaped.append(f"event {nth}: {type(error).__name__}: {error}"[:300])
        acted += len(ground.aws.mutations)
        foreign += [f"event {nth}: {each}" for each in ground.aws.mutations if each[1] != ground.sick]
        commands = ground.aws.calls.of("SendCommand")
        foreign += [f"event {nth}: {each}" for each in commands if not _ours(each, ground.sick)]
        effort.advance()
    yield figure("events with something injected", injected)
    yield figure("acts, all on the one thing that was ill", acted)
    yield none("errors that escaped", len(escaped), tuple(escaped))
    yield none("events without a record and a message", len(unrecorded), tuple(unrecorded))
    yield none("acts on anything else, or commands with anything else in them", len(foreign), tuple(foreign))
    yield none(
        "messages that break their format, or that a terminal or a chat would obey", len(unreadable), tuple(unreadable)
    )


def _ours(parameters: Mapping[str, Any], sick: str) -> bool:
    """Tell whether a command is one of our documents, for one instance if it acts, with what a pattern lets through."""
    values = [value for each in parameters.get("Parameters", {}).values() for value in each]
    plain = all(not set(value) & set("`$;'\"<>|&\n\\{}*") for value in values)
    named = parameters["DocumentName"].startswith("dev-remediation-")
    looks = "restart" not in parameters["DocumentName"]
    return plain and named and (looks or parameters["InstanceIds"] == [sick])


def _mutated(chance: Random, tried: Tried) -> Any:
    """Return a sample with one of its values replaced, a key lost, or some bytes changed."""
    told = tried.event(chance.choice(tried.samples))
    if chance.random() < 0.3:
        text = bytearray(json.dumps(told).encode())
        for _ in range(chance.randint(1, 6)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        try:
            return json.loads(text)
        except ValueError:
            return [text.decode("utf-8", "replace")]
    places = list(_places(told))
    put = chance.choice(places)
    put(
        chance.choice(
            [None, True, -1, 1e308, "", "?", "\ud83d", [], {}, [[]], {"a": {"b": 1}}, "x" * 300, "2026-13-45T99:00:00Z"]
        )
    )
    return told


def _injected(chance: Random, tried: Tried) -> Any:
    told = tried.event(chance.choice(tried.samples))
    places = list(_places(told, texts=True))
    for put in chance.sample(places, min(2, len(places))):
        put(chance.choice(INJECTED))
    return told


def _places(value: Any, *, texts: bool = False) -> Iterator[Callable[[Any], None]]:
    """Yield what puts something else in the place of each value below."""
    for key, found in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(found, dict | list):
            yield from _places(found, texts=texts)
        if not texts or isinstance(found, str):
            yield partial(value.__setitem__, key)


def _unreadable(outcome: Outcome) -> Iterator[str]:
    """Say what is wrong with the message as SNS is handed it, in any of its variants."""
    sent = list[dict[str, Any]]()
    topic = SimpleNamespace(publish=lambda **request: sent.append(request))
    aws: Any = SimpleNamespace(acting=SimpleNamespace(sns=topic))
    SnsNotifier(aws, deployed()).publish(outcome)
    ((subject, variants),) = ((request["Subject"], json.loads(request["Message"])) for request in sent)
    if not (subject.isascii() and subject.isprintable() and 0 < len(subject) < 100):
        yield f"subject {subject!r}"
    if "\n" in variants["sms"]:
        yield "the SMS has several lines"
    if json.loads(variants["default"])["run"] != outcome.run:
        yield "the JSON is another run's"
    chat = json.loads(variants["https"])["content"]
    texts = {"mail": variants["email"], "SMS": variants["sms"], "chat": chat["description"], "title": chat["title"]}
    for where, text in texts.items():
        if found := OBEYED.search(text):
            yield f"{where} has {found[0]!r}"
    if found := MENTION.search(chat["description"]):
        yield f"the chat has {found[0]!r}"


TRIAL = Trial(
    id="T7",
    title="fuzz and injection",
    unit="events",
    full=12_000,
    quick=300,
    run=run,
    shows="nothing that is said to the system makes it fail, act elsewhere, or send anything but its own commands",
    hides="what other seeds would find; hypothesis looks further in tests/core",
)
