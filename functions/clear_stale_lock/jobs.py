"""A job of CI, whatever CI it is."""

from datetime import datetime

from msgspec import Struct


class Job(Struct, frozen=True, kw_only=True):
    """One run of CI, whatever CI it is. `ended_at` is None while it runs or is queued."""

    name: str
    started_at: datetime
    ended_at: datetime | None = None
    ended_as: str = ""

    def covers(self, instant: datetime) -> bool:
        """Tell whether it was running at that moment."""
        return self.started_at <= instant and (self.ended_at is None or instant <= self.ended_at)
