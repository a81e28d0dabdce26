"""Watch everything at once, and tell what changed, in the order in which it happened.

Nothing is told that the lab was not asked: instances and commands come from the world, the alarm from CloudWatch, the event and
the outcomes from queues of our own, the run from the ledger.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from remediation.core.outcome import Entry, Outcome
from remedy.lab.environment import TARGET_GROUP
from remedy.lab.lab import ACCOUNT, REGION, Lab

Source: TypeAlias = Literal["lab", "target", "alarm", "event", "run", "instance", "outcome", "page"]

ALARM = "dev-remediation-unhealthy-targets"
TABLE = "dev-remediation-ledger"
TOPICS = ("outcomes", "infrastructure", "database", "application", "critical")
OUTCOMES, EVENTS = "lab-outcomes", "lab-events"


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: float
    source: Source
    text: str
    tone: Literal["", "good", "bad"] = ""


@dataclass
class Seen:
    """What was told already."""

    healths: dict[str, str] = field(default_factory=dict)
    alarm: str = ""
    commands: int = 0
    entries: dict[str, set[tuple[datetime, str]]] = field(default_factory=dict)


class Timeline:
    """What happens in a lab, from now on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.outcomes: list[Outcome] = []
        self.pages: list[tuple[str, Outcome]] = []
        self.events: list[dict[str, Any]] = []
        self._seen = Seen()
        self._queues = {name: _queue(lab, name) for name in (OUTCOMES, EVENTS)}
        for topic in TOPICS:
            arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:dev-remediation-{topic}"
            lab.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=_arn(OUTCOMES))
        pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [ALARM]}}
        lab.client("events").put_rule(Name=EVENTS, EventPattern=json.dumps(pattern))
        lab.client("events").put_targets(Rule=EVENTS, Targets=[{"Id": "queue", "Arn": _arn(EVENTS)}])
        list(self.news())

    @property
    def healths(self) -> dict[str, str]:
        """Return the health of every target, as last seen."""
        return self._seen.healths

    @property
    def alarm(self) -> str:
        """Return the state of the alarm, as last seen."""
        return self._seen.alarm

    def news(self) -> Iterator[Moment]:
        """Yield what happened since the last time."""
        found = [*self._targets(), *self._alarm(), *self._events(), *self._commands(), *self._runs(), *self._outcomes()]
        yield from sorted(found, key=lambda moment: moment.at)

    def _targets(self) -> Iterator[Moment]:
        now = {each["id"]: each for each in self._lab.world("machines") if each["health"] != "unused"}
        for instance, each in now.items():
            health = each["health"]
            if self._seen.healths.get(instance) != health:
                reason = f" ({each['reason']})" if each["reason"] else ""
                tone: Literal["", "good", "bad"] = {"healthy": "good", "unhealthy": "bad"}.get(health, "")  # type: ignore[assignment]
                yield Moment(time.time(), "target", f"{instance} in {TARGET_GROUP} is {health}{reason}", tone)
        for instance in self._seen.healths.keys() - now.keys():
            yield Moment(time.time(), "target", f"{instance} is gone")
        self._seen.healths = {instance: each["health"] for instance, each in now.items()}

    def _alarm(self) -> Iterator[Moment]:
        (alarm,) = self._lab.client("cloudwatch").describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
        if alarm["StateValue"] != self._seen.alarm:
            self._seen.alarm = alarm["StateValue"]
            at = alarm["StateTransitionedTimestamp"].timestamp()
            tone = {"ALARM": "bad", "OK": "good"}.get(self._seen.alarm, "")
            yield Moment(at, "alarm", f"{ALARM} is {self._seen.alarm}", tone)  # type: ignore[arg-type]

    def _events(self) -> Iterator[Moment]:
        for body in self._received(EVENTS):
            self.events.append(body)
            detail = body["detail"]
            change = f"{detail['previousState']['value']} -> {detail['state']['value']}"
            yield Moment(time.time(), "event", f"{body['detail-type']}: {change}, on the default event bus")

    def _commands(self) -> Iterator[Moment]:
        commands = self._lab.world("commands")
        for each in commands[self._seen.commands :]:
            text = f"{each['document']} on {each['instance']}: {each['status']}"
            yield Moment(each["at"], "instance", text)
        self._seen.commands = len(commands)

    def _runs(self) -> Iterator[Moment]:
        for run, entries in runs(self._lab):
            told = self._seen.entries.setdefault(run, set())
            for entry in entries:
                if (entry.at, entry.text) not in told and entry.kind not in {"facts", "outcome"}:
                    told.add((entry.at, entry.text))
                    yield Moment(entry.at.timestamp(), "run", f"{run}  {entry.text}")

    def _outcomes(self) -> Iterator[Moment]:
        for body in self._received(OUTCOMES):
            outcome = msgspec.json.decode(body["Message"], type=Outcome)
            topic = body["TopicArn"].rsplit("-", 1)[1]
            if topic != "outcomes":
                self.pages.append((topic, outcome))
                yield Moment(time.time(), "page", f"{topic} is paged: {outcome.because}", "bad")
                continue
            self.outcomes.append(outcome)
            tone: Literal["good", "bad"] = "bad" if outcome.status in {"escalated", "failed", "not-healed"} else "good"
            yield Moment(time.time(), "outcome", f"{outcome.run}  {outcome.status}: {outcome.because}", tone)

    def _received(self, queue: str) -> Iterator[dict[str, Any]]:
        sqs, url = self._lab.client("sqs"), self._queues[queue]
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield json.loads(message["Body"])


def runs(lab: Lab) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the timelines of all runs in the ledger."""
    for item in lab.client("dynamodb").scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith("RUN#") and "timeline" in item:
            yield item["run"]["S"], msgspec.json.decode(item["timeline"]["S"], type=list[Entry])


def _queue(lab: Lab, name: str) -> str:
    url: str = lab.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def _arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
