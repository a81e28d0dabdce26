"""Tell people and machines on SNS: one message in several variants, and attributes for subscription filters.

| subscription | variant |
|---|---|
| email | the text |
| https | the custom notification of Amazon Q Developer, which subscribes like that (core/chat.py) |
| sms | one line |
| any other (SQS, Lambda, Firehose, email-json) | the JSON, whose schema is in docs/schema |

Everything is redacted once more here, whatever was redacted before: more people read a topic than may read a log.
"""

from typing import TYPE_CHECKING

import msgspec

from remediation.core.chat import notification
from remediation.core.deployment import Deployment
from remediation.core.fitting import shorter_and_shorter
from remediation.core.notice import Message, Notice
from remediation.core.outcome import Outcome
from remediation.core.redact import redact, redacted
from remediation.core.spec import Team

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LARGEST_MESSAGE = 250_000
"""Bytes. SNS refuses a message above 256 KB, all variants and the attributes included."""


class SnsNotifier:
    """The outcomes topic of an environment, and the topics of its contacts."""

    def __init__(self, aws: "Clients", deployment: Deployment) -> None:
        self._aws, self._deployment = aws, deployment

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome on the outcomes topic."""
        self._send(self._deployment.outcomes, outcome, outcome.team)

    def page(self, outcome: Outcome, team: Team | None = None, note: str = "") -> None:
        """Tell a team of the outcome, its own if none is named; the note comes first. Raises LookupError."""
        paged = team or outcome.team
        self._send(self._topic(paged), msgspec.structs.replace(outcome, note=note), paged)

    def notify(self, notice: Notice, *teams: Team) -> None:
        """Tell teams of the notice, and publish it once on the outcomes topic. Raises LookupError."""
        for team in teams:
            self._send(self._topic(team), notice, team)
        self._send(self._deployment.outcomes, notice, notice.team)

    def _topic(self, team: Team) -> str:
        """Return the topic of a team. Raises LookupError where none is deployed."""
        contact = self._deployment.contacts.get(team)
        if contact is None:
            raise LookupError(f"No contact is deployed for the team {team!r}; see config/<env>.toml.")
        return contact.topic

    def _send(self, topic: str, message: Message, team: Team) -> None:
        told = _told(message)
        attributes = _attributes(told, team)
        self._aws.acting.sns.publish(
            TopicArn=topic,
            Subject=told.subject(),
            Message=_variants(told),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def _told(message: Message) -> Message:
    """Return a message as it may be told: without secrets."""
    told: Message = msgspec.convert(redacted(msgspec.to_builtins(message)), type(message))
    return told


def _attributes(told: Message, team: Team) -> dict[str, str]:
    """Return what a subscription can filter by."""
    if isinstance(told, Outcome):
        kind = {"message": "outcome", "runbook": told.runbook, "status": told.status}
    else:
        kind = {"message": "notice", "kind": told.kind}
    return {"environment": told.environment, **kind, "severity": told.severity, "team": team}


def _variants(told: Message) -> str:
    """Return the message of SNS: the longest one that fits."""
    message = b""
    for shorter in shorter_and_shorter(told):
        default = shorter.json()
        if len(default) > LARGEST_MESSAGE // 2:
            continue  # the text says the same once more
        variants = {
            "default": default,
            "email": redact(shorter.text()),
            "https": msgspec.json.encode(redacted(msgspec.to_builtins(notification(shorter)))).decode(),
            "sms": redact(shorter.short()),
        }
        message = msgspec.json.encode(variants)
        if len(message) <= LARGEST_MESSAGE:
            break
    return message.decode()
