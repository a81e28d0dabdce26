"""Watch everything at once, and tell what changed, in the order in which it happened.

Nothing is told that the lab was not asked: instances and commands come from the world, alarms from CloudWatch, events and
messages from queues of our own, runs from the ledger.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from remediation.core.notice import Notice
from remediation.core.outcome import Entry, Outcome
from remedy.lab.environment import TARGET_GROUP
from remedy.lab.lab import Lab
from remedy.lab.messages import Messages, queue, queue_arn, received

Source: TypeAlias = Literal[
    "lab", "target", "alarm", "event", "sweep", "run", "instance", "outcome", "page", "notice", "person"
]
Tone: TypeAlias = Literal["", "good", "bad"]

ALARM = "dev-remediation-unhealthy-targets"
"""The alarm that the product makes."""
ALARMS, SYSTEM = "dev-", "dev-remediation-"
"""How the names of the environment's alarms start, and of those on the remediation itself."""
TABLE = "dev-remediation-ledger"
EVENTS = "lab-events"
SWEEP = "starttech.sweep"
TONES: dict[str, Tone] = {"healthy": "good", "unhealthy": "bad", "ALARM": "bad", "OK": "good"}
LOUD = frozenset({"escalated", "failed", "not-healed"})


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: float
    source: Source
    text: str
    tone: Tone = ""


class Page(NamedTuple):
    """A team that was told of an outcome."""

    team: str
    outcome: Outcome
    at: float


@dataclass
class Seen:
    """What was told already."""

    healths: dict[str, str] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    commands: int = 0
    entries: dict[str, set[tuple[datetime, str]]] = field(default_factory=dict)


class Timeline:
    """What happens in a lab, from now on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.outcomes: list[Outcome] = []
        self.pages: list[Page] = []
        self.notices: list[tuple[str, Notice]] = []
        """With the topic that each came on."""
        self.events: list[dict[str, Any]] = []
        self.first_command = 0
        """The number of the first command of the world that belongs here."""
        self._seen = Seen()
        self._messages = Messages(lab)
        self._events_url = queue(lab, EVENTS)
        pattern = {"source": ["aws.cloudwatch", SWEEP], "detail": {"alarmName": [{"prefix": ALARMS}]}}
        lab.client("events").put_rule(Name=EVENTS, EventPattern=json.dumps(pattern))
        lab.client("events").put_targets(Rule=EVENTS, Targets=[{"Id": "queue", "Arn": queue_arn(EVENTS)}])
        self.begin()

    @property
    def healths(self) -> dict[str, str]:
        """Return the health of every target, as last seen."""
        return self._seen.healths

    @property
    def alarm(self) -> str:
        """Return the state of the product's own alarm, as last seen."""
        return self._seen.alarms.get(ALARM, "")

    @property
    def alarmed(self) -> list[str]:
        """Return the names of the alarms that are on, as last seen."""
        return sorted(name for name, state in self._seen.alarms.items() if state == "ALARM")

    def begin(self) -> None:
        """Forget what was seen so far: another scenario begins."""
        list(self.news())
        for seen in (self.outcomes, self.pages, self.notices, self.events):
            seen.clear()
        self.first_command = self._seen.commands

    def noticed(self, kind: str) -> list[Notice]:
        """Return the notices of a kind that came on the outcomes topic."""
        return [notice for topic, notice in self.notices if topic == "outcomes" and notice.kind == kind]

    def news(self) -> Iterator[Moment]:
        """Yield what happened since the last time."""
        parts = (self._targets, self._alarms, self._events, self._commands, self._runs, self._told)
        yield from sorted((moment for part in parts for moment in part()), key=lambda moment: moment.at)

    def _targets(self) -> Iterator[Moment]:
        now = {each["id"]: each for each in self._lab.world("machines") if each["health"] != "unused"}
        for instance, each in now.items():
            health = each["health"]
            if self._seen.healths.get(instance) != health:
                reason = f" ({each['reason']})" if each["reason"] else ""
                text = f"{instance} in {TARGET_GROUP} is {health}{reason}"
                yield Moment(time.time(), "target", text, TONES.get(health, ""))
        for instance in self._seen.healths.keys() - now.keys():
            yield Moment(time.time(), "target", f"{instance} is gone")
        self._seen.healths = {instance: each["health"] for instance, each in now.items()}

    def _alarms(self) -> Iterator[Moment]:
        alarms = self._lab.client("cloudwatch").describe_alarms(AlarmNamePrefix=ALARMS, MaxRecords=100)["MetricAlarms"]
        seen, self._seen.alarms = self._seen.alarms, {each["AlarmName"]: each["StateValue"] for each in alarms}
        for alarm in alarms:
            name, state = alarm["AlarmName"], alarm["StateValue"]
            before = seen.get(name, "")
            if before != state and (name == ALARM or "ALARM" in {before, state}):
                at = alarm["StateTransitionedTimestamp"].timestamp()
                yield Moment(at, "alarm", f"{name} is {state}", TONES.get(state, ""))

    def _events(self) -> Iterator[Moment]:
        for body in received(self._lab, self._events_url):
            self.events.append(body)
            detail = body["detail"]
            if body["source"] == SWEEP:
                yield Moment(time.time(), "sweep", f"{detail['alarmName']} still is in ALARM, and is offered again")
                continue
            states = (detail["previousState"]["value"], detail["state"]["value"])
            if "ALARM" not in states or (detail["alarmName"].startswith(SYSTEM) and detail["alarmName"] != ALARM):
                continue
            change = " -> ".join(states)
            yield Moment(
                time.time(), "event", f"{body['detail-type']}: {change}, on the default event bus{_of(detail)}"
            )

    def _commands(self) -> Iterator[Moment]:
        commands = self._lab.world("commands")
        for each in commands[self._seen.commands :]:
            text = f"{each['document']} on {each['instance']}: {each['status']}"
            yield Moment(each["at"], "instance", text)
        self._seen.commands = len(commands)

    def _runs(self) -> Iterator[Moment]:
        for run, entries in runs(self._lab):
            if _quiet(entries):
                continue
            told = self._seen.entries.setdefault(run, set())
            for entry in entries:
                if (entry.at, entry.text) not in told and entry.kind not in {"facts", "outcome"}:
                    told.add((entry.at, entry.text))
                    # The clock of a run is ahead by what its waits were shortened.
                    yield Moment(min(entry.at.timestamp(), time.time()), "run", f"{run}  {entry.text}")

    def _told(self) -> Iterator[Moment]:
        for message in self._messages.new():
            now = time.time()
            match message.content:
                case None:
                    yield Moment(now, "page", f"{message.topic} is told by CloudWatch: {message.subject}")
                case Notice() as notice:
                    self.notices.append((message.topic, notice))
                    if message.topic == "outcomes":
                        yield Moment(now, "notice", f"{notice.title} {notice.because}", _tone(notice))
                    else:
                        yield Moment(now, "page", f"{message.topic} is told: {notice.title}", _tone(notice))
                case outcome if message.topic == "outcomes":
                    self.outcomes.append(outcome)
                    text = f"{outcome.run}  {outcome.status}: {outcome.because}"
                    yield Moment(now, "outcome", text, "bad" if outcome.status in LOUD else "good")
                case outcome:
                    self.pages.append(Page(message.topic, outcome, now))
                    yield Moment(now, "page", f"{message.topic} is paged: {outcome.because}", "bad")


def runs(lab: Lab) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the timelines of all runs in the ledger."""
    for item in lab.client("dynamodb").scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith("RUN#") and "timeline" in item:
            yield item["run"]["S"], msgspec.json.decode(item["timeline"]["S"], type=list[Entry])


def _quiet(entries: list[Entry]) -> bool:
    """Tell whether a run of the schedule has found nothing to do so far; there is one every few seconds."""
    found = (entry for entry in entries if entry.kind not in {"received", "gate", "facts", "outcome"})
    scheduled = any(entry.text == "Received the schedule." for entry in entries)
    return scheduled and all(entry.text.startswith("Nothing to do") for entry in found)


def _of(detail: dict[str, Any]) -> str:
    return "" if detail["alarmName"] == ALARM else f" ({detail['alarmName']})"


def _tone(notice: Notice) -> Tone:
    return {"acknowledged": "good", "recovered": "good"}.get(notice.kind, "bad")  # type: ignore[return-value]
