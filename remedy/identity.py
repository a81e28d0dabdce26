"""Who is asking: the AWS identity behind the credentials, and why they do what they do.

A decision is worth the identity behind it. The user id is what IAM binds a person's records to (docs/security.md); the ARN is
for people to read.
"""

from datetime import datetime

from msgspec import Struct

from remediation.adapters.switches import Change
from remediation.core.redact import redact
from remedy.telling import MistakeError

SHORTEST, LONGEST = 10, 500
"""Characters of a reason: less says nothing, and more nobody reads at night."""


class Identity(Struct, frozen=True, kw_only=True):
    """One person, or a machine in their place, as AWS knows them."""

    user: str
    arn: str

    @property
    def who(self) -> str:
        """Return what to call them."""
        return called(self.arn) or called(self.user)

    def change(self, what: str, because: str, now: datetime) -> Change:
        """Return the record of a change that they make."""
        return Change(what=what, by=self.arn, because=redact(because), at=now)


def called(arn: str) -> str:
    """Return what to call somebody: the last part of their ARN or user id."""
    return arn.rpartition("/")[2].rpartition(":")[2]


def reason(because: str, *, needed_for: str = "") -> str:
    """Return a reason without the secrets in it. Raises MistakeError where it is needed and says too little."""
    said = " ".join(because.split())
    if needed_for and not said:
        raise MistakeError(f'{needed_for} needs a reason, for the record: say --because "...".')
    if needed_for and len(said) < SHORTEST:
        raise MistakeError(f"--because {said!r} says too little: at least {SHORTEST} characters, for the record.")
    if len(said) > LONGEST:
        raise MistakeError(f"--because has {len(said)} characters; at most {LONGEST} are kept.")
    return redact(said)
