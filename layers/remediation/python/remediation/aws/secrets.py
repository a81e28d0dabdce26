"""Secrets Manager and SSM parameters: a secret is read where it is needed, kept for some minutes, and shown to nobody."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.redact import Secret

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

KEPT = timedelta(minutes=5)
"""So long a secret is used before it is read again: one that was rotated is known soon."""


class SecretShapeError(Exception):
    """A secret is not what configuration says it is."""


class Known(Struct, frozen=True, kw_only=True):
    """A secret as it was read at `at`, and what AWS calls that version of it."""

    text: Secret
    version: str
    at: datetime


def secret(aws: "Clients", arn: str, key: str = "") -> Secret:
    """Return a secret's text, or what is under `key` in a secret that is JSON. Raises AwsError, SecretShapeError."""
    return _text(aws.secretsmanager.get_secret_value(SecretId=arn).get("SecretString", ""), arn, key)


def parameter(aws: "Clients", name: str) -> Secret:
    """Return an SSM parameter's text. Raises AwsError."""
    return Secret(aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", ""))


def _text(text: str, arn: str, key: str) -> Secret:
    if not key:
        return Secret(text)
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError, IndexError):
        raise SecretShapeError(f"The secret {arn} is no JSON object with the key {key!r}.") from None
    if not isinstance(value, str):
        raise SecretShapeError(f"What the secret {arn} has under {key!r} is no text.")
    return Secret(value)


class Kept:
    """Secrets that this process has read."""

    def __init__(self, aws: "Clients") -> None:
        self._aws = aws
        self._read: dict[tuple[str, str], Known] = {}

    def secret(self, arn: str, key: str, now: datetime, *, afresh: bool = False) -> Known:
        """Return a secret, read at most once in five minutes, or in any case now. One that cannot be read again stays what it was.

        Raises AwsError, SecretShapeError.
        """

        def read() -> Known:
            found = self._aws.secretsmanager.get_secret_value(SecretId=arn)
            return Known(
                text=_text(found.get("SecretString", ""), arn, key), version=found.get("VersionId", ""), at=now
            )

        return self._kept(arn, key, now, read, afresh=afresh)

    def parameter(self, name: str, now: datetime, *, afresh: bool = False) -> Known:
        """Return an SSM parameter, which is kept as a secret is. Raises AwsError."""

        def read() -> Known:
            found = self._aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
            return Known(text=Secret(found.get("Value", "")), version=str(found.get("Version", "")), at=now)

        return self._kept(name, "", now, read, afresh=afresh)

    def held(self, name: str, key: str = "") -> Known | None:
        """Return a secret or a parameter as it was read last, however long ago; None where it never was. AWS is not asked."""
        return self._read.get((name, key))

    def forget(self, name: str, key: str = "") -> None:
        """Read it anew the next time: it was refused, so it may have been rotated."""
        self._read.pop((name, key), None)

    def _kept(self, name: str, key: str, now: datetime, read: Callable[[], Known], *, afresh: bool) -> Known:
        known = self.held(name, key)
        if known is not None and not afresh and now - known.at < KEPT:
            return known
        try:
            found = read()
        except AwsError:
            if known is None:
                raise
            return known
        self._read[name, key] = found
        return found
