"""Take in the events of AWS's services that the world is: PutEvents refuses their sources, as AWS does.

The world writes them to a file, one a line, as ministack keeps an event.
"""

import json
import os
import threading
import time
from pathlib import Path

from remedy.lab.emulator.ministack import core, service

EVERY = 0.3
"""Seconds between two looks."""


def install() -> None:
    """Look for events from now on, in the background."""
    threading.Thread(target=_look, args=(Path(os.environ["LAB_EVENTS"]),), daemon=True).start()


def _look(file: Path) -> None:
    known = 0
    while True:
        time.sleep(EVERY)
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        for line in lines[known:]:
            responses = core("responses")
            event = {
                "EventId": responses.new_uuid(),
                "EventBusName": "default",
                "Time": int(time.time()),
                "Account": responses.get_account_id(),
                "Region": responses.get_region(),
                **json.loads(line),
            }
            service("eventbridge")._dispatch_event(event)
        known = len(lines)
