"""Tell outcomes on SNS: JSON for machines, text for e-mail, attributes for subscription filters.

Everything is redacted once more here, whatever was redacted before: more people read a topic than may read a log.
"""

from typing import TYPE_CHECKING

import msgspec

from remediation.core.deployment import Deployment
from remediation.core.outcome import Outcome
from remediation.core.record import bounded_outcome
from remediation.core.redact import redact, redacted

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LARGEST_MESSAGE = 250_000
"""Bytes. SNS refuses a message above 256 KB, its attributes included."""
_SIZES = (100_000, 50_000, 25_000, 10_000)


class SnsNotifier:
    """The outcomes topic of an environment, and the topics of its contacts."""

    def __init__(self, aws: "Clients", deployment: Deployment) -> None:
        self._aws, self._deployment = aws, deployment

    def publish(self, outcome: Outcome) -> None:
        """Publish the outcome on the outcomes topic."""
        self._send(self._deployment.outcomes, outcome)

    def page(self, outcome: Outcome) -> None:
        """Publish the outcome on the topic of its team. Raises LookupError where none is deployed."""
        contact = self._deployment.contacts.get(outcome.team)
        if contact is None:
            raise LookupError(f"No contact is deployed for the team {outcome.team!r}; see config/<env>.toml.")
        self._send(contact.topic, outcome)

    def _send(self, topic: str, outcome: Outcome) -> None:
        attributes = {
            "environment": outcome.environment,
            "runbook": outcome.runbook,
            "status": outcome.status,
            "severity": outcome.severity,
        }
        self._aws.acting.sns.publish(
            TopicArn=topic,
            Subject=outcome.subject(),
            Message=_message(outcome),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def _message(outcome: Outcome) -> str:
    told = msgspec.convert(redacted(msgspec.to_builtins(outcome)), Outcome)
    message = b""
    for size in _SIZES:
        told = bounded_outcome(told, size)
        message = msgspec.json.encode({"default": told.json(), "email": redact(told.text())})
        if len(message) <= LARGEST_MESSAGE:
            break
    return message.decode()
