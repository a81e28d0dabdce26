"""Whatever ends the lab, no process of it is left."""

import signal
import subprocess
import sys
import time

import pytest

from remedy.lab.lab import ROOT

pytestmark = pytest.mark.e2e

LAB = """
from remedy.lab.lab import Lab
with Lab() as lab:
    print(lab.directory, flush=True)
    import time
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_process_is_left_after(how: signal.Signals) -> None:
    command = [sys.executable, "-c", LAB]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as lab:
        assert lab.stdout is not None
        directory = lab.stdout.readline().strip()
        assert len(_processes_of(directory)) >= 4  # both servers, and what the world started: Redis and MongoDB
        lab.send_signal(how)
        lab.wait(60)
    deadline = time.monotonic() + 5
    while (left := _processes_of(directory)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def _processes_of(directory: str) -> list[str]:
    """Return the lines of `ps` (command and environment, on any Unix) that name the lab's directory."""
    listed = subprocess.run(["ps", "axeww"], check=True, capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if directory in line]
