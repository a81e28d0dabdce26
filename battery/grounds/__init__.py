"""The grounds of the catalogue: a runbook that acts by itself joins the battery by a line here.

tests/battery says which one is missing. What is only ever started by hand has tests of its own.
"""

from collections.abc import Iterator

from msgspec import Struct

from battery.ground import Case, Ground, Grounds, Tried
from battery.grounds.clear_stale_lock import CLEAR_STALE_LOCK
from battery.grounds.recover_failed_launches import RECOVER_FAILED_LAUNCHES
from battery.grounds.relieve_high_cpu import RELIEVE_HIGH_CPU
from battery.grounds.restart_unhealthy_targets import RESTART_UNHEALTHY_TARGETS
from battery.grounds.restore_database_access import RESTORE_DATABASE_ACCESS
from battery.grounds.restore_redis_access import RESTORE_REDIS_ACCESS
from battery.grounds.snapshot_redis import SNAPSHOT_REDIS

GROUNDS: Grounds = {
    tried.runbook.name: tried
    for tried in (
        RESTART_UNHEALTHY_TARGETS,
        CLEAR_STALE_LOCK,
        RESTORE_REDIS_ACCESS,
        SNAPSHOT_REDIS,
        RECOVER_FAILED_LAUNCHES,
        RELIEVE_HIGH_CPU,
        RESTORE_DATABASE_ACCESS,
    )
}
"""By the runbook's name."""


class Named(Struct, frozen=True, kw_only=True):
    """A case of a runbook."""

    tried: Tried
    case: Case

    @property
    def name(self) -> str:
        """Return what tells it from every other."""
        return f"{self.tried.runbook.name}, {self.case.name}"

    def ground(self) -> Ground:
        """Return its night."""
        return self.case.ground()


def cases(*ends: str) -> tuple[Named, ...]:
    """Return every case of every runbook, or those that end in one of these ways."""
    return tuple(_cases(ends))


def _cases(ends: tuple[str, ...]) -> Iterator[Named]:
    for tried in GROUNDS.values():
        yield from (Named(tried=tried, case=case) for case in tried.cases if not ends or case.ends in ends)
