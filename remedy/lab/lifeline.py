"""Run a command whose whole process group dies with whoever started it.

`python lifeline.py COMMAND...`, started as the leader of a group, watches its standard input. When that closes, because the lab
let go of it or because the lab's process was killed, the whole group is killed: the command and everything that it started.
When the command ends by itself, what it left behind ends too. So nothing of the lab outlives the lab, whatever ended it.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command and exit as it does, with nothing of it left."""
    threading.Thread(target=_kill_the_group_when_let_go, daemon=True).start()
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    status = command.wait() & 0xFF
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # what the command leaves behind
    sys.exit(status)


def _kill_the_group_when_let_go() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
