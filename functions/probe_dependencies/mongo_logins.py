"""What the last login says while the next is not due. Pure.

The rule of the domain: only a refusal lasts. A login that was cut off, or not answered, says that MongoDB was unwell in that
second, and nothing about the fifteen minutes after it.
"""

from datetime import datetime

from remediation.adapters.logins import APART, LastLogin
from remediation.core.probed import Fault, Layer
from remediation.reach.unreachable import UnreachableError

LASTING: frozenset[Fault] = frozenset({"credentials-refused", "not-permitted", "string-not-understood"})
"""What another login would come to as well, unless somebody changes something."""
_MINUTES = round(APART.total_seconds() / 60)


def as_before(last: LastLogin, version: str, now: datetime) -> str:
    """Return what is to be said where no login is tried now. Raises UnreachableError where the last one was refused.

    `version` is that of the connection string now: what came of another one says nothing about it.
    """
    if last.at is None or not last.because:
        return f"No login was tried now: there is one in {_MINUTES} minutes, and what comes of it is not known yet."
    due = "with one of the next looks" if last.due(now) else f"at {last.at + APART:%H:%M} UTC"
    if last.version != version:
        return (
            "No login was tried now: the last that ended was with another version of the connection string, and what comes of"
            f" this one is not known yet; the next is due {due}."
        )
    because = (
        f"A login is tried once in {_MINUTES} minutes, last at {last.at:%H:%M} UTC; the last that ended came to this:"
        f" {last.because}"
    )
    if last.fault in LASTING:
        layer: Layer = "config" if last.fault == "string-not-understood" else "auth"
        raise UnreachableError(layer, last.fault, because)
    if last.fault is None:
        return because
    return f"{because} That was no refusal and says nothing about now; the next is due {due}."
