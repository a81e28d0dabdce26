"""Let CloudTrail know of calls that were made in the world, by whomever: stock ministack knows only its own, of one user.

The lab writes them to a file (`Lab.trail`), one event a line, as CloudTrail answers them.
"""

import json
import os
from pathlib import Path
from typing import Any

from remedy.lab.emulator.ministack import service


def install() -> None:
    """Take in what was written since the last time, whenever CloudTrail is asked."""
    cloudtrail, file = service("cloudtrail"), Path(os.environ["LAB_TRAIL"])
    stock, known = cloudtrail._get_event_queue, [0]

    def queue() -> Any:  # noqa: ANN401
        events = stock()
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        events.extend(json.loads(line) for line in lines[known[0] :])
        known[0] = len(lines)
        return events

    cloudtrail._get_event_queue = queue
