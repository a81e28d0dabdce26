"""Secrets Manager and SSM parameters: a secret is read where it is needed, kept for some minutes, and shown to nobody."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from remediation.core.errors import AwsError
from remediation.core.redact import Secret

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

KEPT = timedelta(minutes=5)
"""So long a secret is used before it is read again: one that was rotated is known soon."""


class SecretShapeError(Exception):
    """A secret is not what configuration says it is."""


def secret(aws: "Clients", arn: str, key: str = "") -> Secret:
    """Return a secret's text, or what is under `key` in a secret that is JSON. Raises AwsError, SecretShapeError."""
    text = aws.secretsmanager.get_secret_value(SecretId=arn).get("SecretString", "")
    if not key:
        return Secret(text)
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError, IndexError):
        raise SecretShapeError(f"The secret {arn} is no JSON object with the key {key!r}.") from None
    if not isinstance(value, str):
        raise SecretShapeError(f"What the secret {arn} has under {key!r} is no text.")
    return Secret(value)


def parameter(aws: "Clients", name: str) -> Secret:
    """Return the text of an SSM parameter. Raises AwsError."""
    return Secret(aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", ""))


class Kept:
    """Secrets that this process has read."""

    def __init__(self, aws: "Clients") -> None:
        self._aws = aws
        self._read: dict[tuple[str, str], tuple[datetime, Secret]] = {}

    def secret(self, arn: str, key: str, now: datetime) -> Secret:
        """Return a secret, read at most once in five minutes. One that cannot be read again stays what it was.

        Raises AwsError, SecretShapeError.
        """
        return self._at_most_once(arn, key, now, lambda: secret(self._aws, arn, key))

    def parameter(self, name: str, now: datetime) -> Secret:
        """Return the text of an SSM parameter, which is kept as a secret is. Raises AwsError."""
        return self._at_most_once(name, "", now, lambda: parameter(self._aws, name))

    def forget(self, name: str, key: str = "") -> None:
        """Read it anew the next time: it was refused, so it may have been rotated."""
        self._read.pop((name, key), None)

    def _at_most_once(self, name: str, key: str, now: datetime, read: Callable[[], Secret]) -> Secret:
        known = self._read.get((name, key))
        if known is not None and now - known[0] < KEPT:
            return known[1]
        try:
            self._read[name, key] = (now, read())
        except AwsError:
            if known is None:
                raise
            return known[1]
        return self._read[name, key][1]
