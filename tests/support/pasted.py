"""What a person is told to do is a sentence or a command, and a command is pasted as it is."""

import re
import shlex

_COMMAND = re.compile(r"(aws|atlas|remedy|terraform) [a-z]")
_INSIDE = re.compile(r"\b(aws|atlas|remedy) [a-z]")


def complaint(step: str) -> str:
    """Return what is wrong with a step; empty where nothing is."""
    if _COMMAND.match(step):
        return _of_a_command(step)
    if not step[0].isupper() or not step.endswith("."):
        return f"neither a command nor a sentence: {step}"
    return f"a command within a sentence: {step}" if _INSIDE.search(step) else ""


def _of_a_command(step: str) -> str:
    try:
        shlex.split(step)
    except ValueError as error:
        return f"{error}: {step}"
    outside = re.sub(r"'[^']*'", "", step)
    return f"what a shell reads otherwise: {step}" if re.search(r"[<>`;#{}]|\.\Z", outside) else ""
