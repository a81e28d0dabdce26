"""What is told on the topics, received by a queue of the lab's own: outcomes, pages and notices."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remedy.lab.lab import ACCOUNT, REGION, Lab

TOPICS = ("outcomes", "infrastructure", "database", "application", "critical")
QUEUE = "lab-messages"


@dataclass(frozen=True)
class Message:
    """One message on one topic; `subject` is the line that a person sees first."""

    topic: str
    subject: str
    content: Outcome | Notice | None
    """None for what CloudWatch itself tells, of an alarm on the remediation."""


class Messages:
    """Everything that is published from now on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._url = queue(lab, QUEUE)
        for topic in TOPICS:
            arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:dev-remediation-{topic}"
            lab.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn(QUEUE))

    def new(self) -> Iterator[Message]:
        """Yield what has come since the last time."""
        for body in received(self._lab, self._url):
            topic = body["TopicArn"].rsplit("-", 1)[1]
            yield Message(topic, body.get("Subject") or "", read(body["Message"]))


def read(text: str) -> Outcome | Notice | None:
    """Read the machine's variant of a message: a notice has a kind, an outcome has a status, an alarm has its name."""
    message = json.loads(text)
    if "AlarmName" in message:
        return None
    kind: type[Outcome | Notice] = Notice if "kind" in message else Outcome
    return msgspec.convert(message, kind)


def queue(lab: Lab, name: str) -> str:
    """Return the URL of a queue, which is made if there is none."""
    url: str = lab.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def queue_arn(name: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def received(lab: Lab, url: str) -> Iterator[dict[str, Any]]:
    """Yield and delete what is in a queue."""
    sqs = lab.client("sqs")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        yield json.loads(message["Body"])
