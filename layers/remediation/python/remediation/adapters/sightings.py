"""What was seen when, for things that do not say since when they are: kept in the ledger, by subject.

    SEEN#<environment>#<subject>    id, at (of the first look at this id), mark (what it looks like), moved_at (since when),
                                    looked_at (of the last look, where that matters), kept

Another id under the same subject is another thing, and begins anew. A lock is the same until its id is another, however seldom
anybody looks. What comes and goes under the same name (an election, errors) is only the same where somebody has looked all the
time: whoever asks says `within`, and what was not looked at for longer begins anew. Writing happens while a runbook looks: it changes nothing
but this record, and only if nobody else has written it meanwhile.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.adapters.table import CONFLICT, Table, milliseconds, seconds
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

KEPT = timedelta(days=400)
ROUNDS = 5


class Seen(Struct, frozen=True, kw_only=True):
    """When this very thing was seen first, since when it looks as it does, and what time it is now."""

    at: datetime
    moved_at: datetime
    now: datetime


class Sightings:
    """The sightings of one environment."""

    def __init__(self, aws: "Clients", *, table: str, environment: str, clock: Callable[[], datetime]) -> None:
        self._table, self._environment, self._clock = Table(aws, table), environment, clock

    def see(self, subject: str, id_: str, mark: str, *, within: timedelta | None = None) -> Seen:
        """Return since when a thing is seen, and since when it looks like `mark`. Raises AwsError.

        `within`: so long ago the last look was at most, or else it is another thing of the same name. None: it stays the same.
        """
        now = self._clock()
        for _ in range(ROUNDS):
            item = self._table.read(self._pk(subject))
            watched = within is None or now - item.instant("looked_at") <= within
            known = item.text("id") == id_ and bool(item.number("at")) and watched
            at, moved_at = (item.instant("at") if known else now), now
            if known and item.text("mark") == mark:
                moved_at = item.instant("moved_at") if item.number("moved_at") else at
                if within is None:
                    return Seen(at=at, moved_at=moved_at, now=now)
            values: dict[str, str | int | None] = {
                "id": id_,
                "at": milliseconds(at),
                "mark": mark,
                "moved_at": milliseconds(moved_at),
                "expires_at": seconds(now + KEPT),
            }
            if within is not None:
                values["looked_at"] = milliseconds(now)
            if self._table.write(self._table.change(self._pk(subject), item, values)):
                return Seen(at=at, moved_at=moved_at, now=now)
        sentence = f"Others were writing about {subject!r} at the same moment, {ROUNDS} times out of {ROUNDS}."
        raise AwsError(sentence, operation="dynamodb:UpdateItem", code=CONFLICT)

    def keep(self, subject: str, text: str) -> None:
        """Keep a text with a subject: what is about to be taken away. Raises AwsError."""
        self._table.write(
            self._table.update(
                self._pk(subject),
                "SET kept = :text, expires_at = :expires",
                text=text,
                expires=seconds(self._clock() + KEPT),
            )
        )

    def kept(self, subject: str) -> str:
        """Return the text that was kept last; empty if there is none."""
        return self._table.read(self._pk(subject)).text("kept")

    def _pk(self, subject: str) -> str:
        return f"SEEN#{self._environment}#{subject}"
