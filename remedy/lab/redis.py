"""The Redis of this machine: on the PATH, or Debian's, unpacked below .build without being installed.

`python -m remedy.lab.redis` unpacks it where there is none. A machine that is no Debian does without, and is told so.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".build" / "redis"
UNPACKED = HOME / "redis-server"
PACKAGES = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
MISSING = "There is no `redis-server` on the PATH, and none could be unpacked; install Redis 6 or later."


def binary() -> str:
    """Return the server's path; nothing where there is none."""
    return shutil.which("redis-server") or (str(UNPACKED) if UNPACKED.exists() else "")


def unpack() -> None:
    """Fetch Debian's packages as anybody may, and write a command that starts the server in them."""
    with tempfile.TemporaryDirectory() as fetched:
        subprocess.run(["apt-get", "download", *PACKAGES], cwd=fetched, check=True, capture_output=True)
        for package in Path(fetched).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, HOME / "root"], check=True, capture_output=True)
    (library,) = {found.parent for found in (HOME / "root").rglob("libjemalloc.so.2")}
    server = HOME / "root" / "usr" / "bin" / "redis-server"
    UNPACKED.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{library}" exec "{server}" "$@"\n', "utf-8")
    UNPACKED.chmod(0o755)


def main() -> None:
    """See to it that there is a server, if that can be."""
    if binary():
        return
    if not all(map(shutil.which, ("apt-get", "dpkg"))) or os.name != "posix":
        sys.stderr.write(f"{MISSING} Until then, what is about a real one is left out.\n")
        return
    try:
        unpack()
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode("utf-8", "replace").strip().splitlines()
        sys.stderr.write(f"{MISSING} ({why[-1] if why else error})\n")


if __name__ == "__main__":
    main()
