"""Run functions on a bare interpreter, so that what is missing from their layers is missing here too.

Stock ministack runs them on its own, where its own packages stand in for what a layer forgot. The bare interpreter is the one
that its virtual environment was made from, without any site-packages. It finds MongoDB Atlas on this machine (rerouted.py).
"""

import os
import sys
from pathlib import Path
from tempfile import mkdtemp

from remedy.lab.emulator.ministack import core

REROUTED = Path(__file__).with_name("rerouted.py")


def install() -> None:
    """Replace the interpreter of Python functions."""
    runtime = core("lambda_runtime")
    stock = runtime._detect_runtime_binary
    python = _bare_python()

    def detect(name: str) -> tuple[str, str]:
        binary, script = stock(name)
        return (python if name.startswith("python") else binary), script

    runtime._detect_runtime_binary = detect


def _bare_python() -> str:
    """Write a command that starts the base interpreter without site-packages; ministack passes no arguments."""
    base: str = getattr(sys, "_base_executable", None) or sys.executable
    script = Path(mkdtemp(prefix="lab-runtime-"), "python")
    script.write_text(started(base, rerouted="LAB_ATLAS_PORT" in os.environ), encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def started(base: str, *, rerouted: bool) -> str:
    """Return the command that runs what it is given on the interpreter `base`."""
    through = f' "{REROUTED}"' if rerouted else ""
    return f'#!/bin/sh\nexec "{base}" -E -S{through} "$@"\n'
