"""Read and say times as people do: `24h`, `2026-11-23T03:40:00Z`, `4 min 10 s`."""

import re
from datetime import UTC, datetime, timedelta

from remediation.core.freeze import LONGEST
from remedy.telling import MistakeError

_LENGTH = re.compile(r"\A(?P<count>\d{1,6})\s?(?P<unit>[smhdw])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def instant(text: str, option: str) -> datetime:
    """Return the instant that an option says, in RFC 3339 with its time zone. Raises MistakeError."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MistakeError(f"{option} {text!r} is not a time with a time zone, such as 2026-11-23T03:40:00Z.")


def since_when(text: str, now: datetime) -> datetime:
    """Return when `24h`, `7d` ago was, or the instant itself. Raises MistakeError."""
    if ago := _LENGTH.match(text):
        try:
            return now - timedelta(**{_UNITS[ago["unit"]]: int(ago["count"])})
        except OverflowError:
            return datetime.fromtimestamp(0, UTC)
    try:
        return instant(text, "--since")
    except MistakeError as error:
        raise MistakeError(f"--since {text!r} is neither as long ago as 30m, 24h or 7d, nor a time.") from error


def until_when(text: str, now: datetime) -> datetime:
    """Return when `30m`, `4h` from now is, or the instant itself. Raises MistakeError, also for what is over."""
    try:
        ahead = _LENGTH.match(text)
        until = now + timedelta(**{_UNITS[ahead["unit"]]: int(ahead["count"])}) if ahead else instant(text, "--until")
    except (MistakeError, OverflowError) as error:
        raise MistakeError(f"--until {text!r} is neither as far ahead as 30m or 4h, nor a time.") from error
    if until <= now:
        raise MistakeError(f"--until {text} is over: it is {clock(now)}.")
    return until


def end_of_freeze(text: str, now: datetime) -> datetime:
    """Return when a freeze ends, at most eight hours from now. Raises MistakeError."""
    until = until_when(text, now)
    if until - now > LONGEST:
        raise MistakeError(
            f"A freeze lasts {LONGEST // timedelta(hours=1)} hours at most, until {clock(now + LONGEST)}: one that is"
            " forgotten would hide an outage. It can be prolonged."
        )
    return until


def clock(at: datetime) -> str:
    """Return an instant as people read it, to the second and in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(length: timedelta) -> str:
    """Return a length of time in words: `8 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    units = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    size, unit, smaller, smaller_unit = next(row for row in units if seconds >= row[0])
    rest = seconds % size // smaller
    return f"{seconds // size} {unit} {rest} {smaller_unit}" if rest else f"{seconds // size} {unit}"
