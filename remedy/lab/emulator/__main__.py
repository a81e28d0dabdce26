"""Start ministack with what it lacks. Runs in `.venv-lab`; its settings come from the environment (lab.py)."""

import os
from importlib import import_module
from importlib.metadata import version

from remedy.lab.emulator import (
    alarms,
    builds,
    clock,
    cloudformation,
    durable,
    embedded,
    happenings,
    runtime,
    schedules,
    starting,
    trail,
    wire,
)

VERSION = "1.5.33"


def main() -> None:
    """Patch and serve, until stopped."""
    if version("ministack") != VERSION:
        raise SystemExit(f"The lab's changes are written for ministack {VERSION}; check them before moving on.")
    os.environ.pop("PYTHONPATH", None)  # else the functions could import this project from the working tree
    for module in (
        alarms,
        builds,
        clock,
        starting,
        durable,
        cloudformation,
        embedded,
        happenings,
        schedules,
        runtime,
        trail,
        wire,
    ):
        module.install()
    import_module("ministack.app").main()


if __name__ == "__main__":
    main()
