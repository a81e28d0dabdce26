"""When a login was tried last, and what came of it: kept in the ledger, for all processes together.

    AUTH#<dependency>    at (of the last attempt), fault, because (what came of it), version (of the secret, with it), expires_at

The rule of the domain (HAZARDS D5): logins that fail lock the application's user out, so there is one attempt in 15 minutes,
whatever happens. Whoever writes `at` may try; who loses that race has not tried. An attempt that nobody tells the end of counts,
and what came of the one before it stands.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, get_args

from msgspec import Struct

from remediation.adapters.table import Item, Table, milliseconds, seconds
from remediation.core.probed import Fault, MongoFault

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

APART = timedelta(minutes=15)
KEPT = timedelta(days=1)


class LastLogin(Struct, frozen=True, kw_only=True):
    """The last attempt. `because` is empty where none has ended yet."""

    found: Item
    at: datetime | None = None
    fault: Fault | None = None
    because: str = ""
    version: str = ""
    """Of the secret that was used then, as AWS calls it; what came of it says nothing about another one."""

    def due(self, now: datetime) -> bool:
        """Tell whether another attempt may be made."""
        return self.at is None or now - self.at >= APART


class Logins:
    """The logins of one environment."""

    def __init__(self, aws: "Clients", *, table: str) -> None:
        self._table = Table(aws, table)

    def last(self, dependency: str) -> LastLogin:
        """Return the last attempt. Raises AwsError."""
        item = self._table.read(_pk(dependency))
        fault = next((known for known in get_args(MongoFault) if known == item.text("fault")), None)
        at = item.instant("at") if item.number("at") else None
        return LastLogin(found=item, at=at, fault=fault, because=item.text("because"), version=item.text("version"))

    def claim(self, dependency: str, last: LastLogin, now: datetime) -> bool:
        """Take the attempt, if nobody took one since `last` was read. Raises AwsError."""
        values: dict[str, str | int | None] = {"at": milliseconds(now), "expires_at": seconds(now + KEPT)}
        return self._table.write(self._table.change(_pk(dependency), last.found, values))

    def keep(self, dependency: str, now: datetime, fault: Fault | None, because: str, version: str) -> None:
        """Keep what came of the attempt made at `now` with this version of the secret. Raises AwsError."""
        self._table.write(
            self._table.update(
                _pk(dependency),
                "SET fault = :fault, because = :because, version = :version",
                condition="#at = :now",
                reserved=("at",),
                fault=fault or "",
                because=because,
                version=version,
                now=milliseconds(now),
            )
        )


def _pk(dependency: str) -> str:
    return f"AUTH#{dependency}"
