"""A login that was refused is not tried again for a quarter of an hour, by whichever run: it may lock the user out (HAZARDS D5)."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

QUIET = timedelta(minutes=15)


def refused_lately(aws: "Clients", host: str) -> str:
    """Say that a host has refused the login so lately that it is left alone, if so. Raises AwsError."""
    kept = aws.sightings.kept(_subject(host))
    if not kept or aws.now() - (at := datetime.fromisoformat(kept)) >= QUIET:
        return ""
    return (
        f"{host} refused the login at {at:%H:%M:%S} UTC, and is asked again {QUIET.seconds // 60} minutes after that."
    )


def refused_now(aws: "Clients", host: str) -> None:
    """Keep that a host has just refused the login. Where that cannot be kept, it is told all the same."""
    with suppress(AwsError):
        aws.sightings.keep(_subject(host), aws.now().isoformat())


def _subject(host: str) -> str:
    return f"login/{host}"
