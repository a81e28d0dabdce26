"""A person who agrees to whatever is asked, or is away."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from remediation.core.approval import Wanted
from remediation.core.spoken import Spoken
from tests.support.steps import InMemorySteps
from tests.support.world import MemoryApprovals

ADA = "AROAOPERATOR:ada"
AFTER = timedelta(minutes=1)
MOST_QUESTIONS = 40


@dataclass
class Agreeing(MemoryApprovals):
    """A person who agrees to every plan as it is asked, unless they are `away`."""

    away: bool = False

    def ask(self, wanted: Wanted, callback: str, now: datetime) -> None:
        """Keep what is asked, and what is answered."""
        super().ask(wanted, callback, now)
        if not self.away:
            self.spoken[ADA, wanted.run] = Spoken(says="approve", about=wanted.run, by=ADA, at=now, hash=wanted.hash)


def agree(steps: InMemorySteps) -> None:
    """Let every question of a run be answered a minute after it was asked."""
    steps.replies |= {f"approval {n}": (AFTER, json.dumps({"by": ADA})) for n in range(MOST_QUESTIONS)}
