"""What a person is told to do next: sentences, and commands that a shell takes as they are."""

import re
import subprocess
from collections.abc import Iterable

PROGRAMS = ("atlas", "mongodump", "read", "remedy", "terraform")
_TO_FILL_IN = re.compile(r"<[a-z]|\b(?:NEW-NAME|NAME|USER|PROJECT|HOST|RUN|HASH)\b|\.\.\.")


def typed(steps: Iterable[str], project: str) -> list[str]:
    """Return the commands among some steps, each of which works when it is pasted; the others are whole sentences."""
    commands = [step for step in steps if step.split()[0] in PROGRAMS]
    for step in steps:
        assert step in commands or step[-1] in ".:", f"neither a sentence nor a command: {step}"
    for command in commands:
        assert not _TO_FILL_IN.search(command), f"something is to be filled in: {command}"
        assert "#" not in command, f"a comment is no part of a command: {command}"
        assert not command.startswith("atlas") or f"--projectId {project}" in command, f"of which project? {command}"
        checked = subprocess.run(["bash", "-n"], input=command, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), command
    return commands
