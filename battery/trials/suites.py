"""T8, T9 and T12: what the unit tests prove already, counted."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from battery.trial import Effort, Figure, Trial, at_least, none

ROOT = Path(__file__).parents[2]


def _suite(file: str) -> tuple[Counter[str], list[str]]:
    """Run a file of tests in a process of its own; count what passed by its name, and name what did not."""
    command = [sys.executable, "-m", "pytest", "-v", "-n", "0", "-p", "no:cacheprovider", "--no-header", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tests
    lines = re.findall(r"::(\w+)(\[.*)? (PASSED|FAILED|ERROR)\b", done.stdout)
    failed = [f"{name}{which}" for name, which, result in lines if result != "PASSED"]
    if done.returncode and not failed:
        failed = [f"{file}: pytest ended with {done.returncode}"]
    return Counter(name for name, _, result in lines if result == "PASSED"), failed


def _counting(files: tuple[str, ...], *figures: tuple[str, int, str]) -> Callable[[Effort], Iterator[Figure]]:
    """Return a trial that runs files of tests; each figure counts those whose name begins so, and has a least number."""

    def run(effort: Effort) -> Iterator[Figure]:
        passed, failed = Counter[str](), list[str]()
        for file in files[: effort.n]:
            its, bad = _suite(file)
            passed += its
            failed += bad
            effort.advance()
        for what, least, prefix in figures:
            yield at_least(what, sum(number for name, number in passed.items() if name.startswith(prefix)), least)
        yield none("tests that fail", len(failed), tuple(failed))

    return run


_PERMISSIONS = (
    "tests/stacks/test_denied.py",
    "tests/stacks/test_denied_locks.py",
    "tests/stacks/test_denied_operators.py",
    "tests/adapters/test_calls_are_allowed.py",
    "tests/stacks/test_roles.py",
)
PERMISSIONS = Trial(
    id="T8, T9",
    title="permissions, both ways",
    unit="files of tests",
    full=len(_PERMISSIONS),
    quick=0,
    run=_counting(
        _PERMISSIONS,
        ("proofs that a role holds exactly what its caller asks for", 4, "test_the_"),
        ("calls that must be denied and are, in dev and in prod", 30, "test_it_is_denied"),
        ("calls beside them that must be allowed and are", 30, "test_it_is_allowed"),
    ),
    shows="every call that is made is allowed, every right is used, and what must be denied is, by the synthesised policies",
    hides="IAM itself: the evaluator is the tests' own (tests/support/iam.py)",
)
_CANARIES = ("tests/adapters/test_canaries.py",)
CANARIES = Trial(
    id="T12",
    title="secrets",
    unit="files of tests",
    full=len(_CANARIES),
    quick=0,
    run=_counting(_CANARIES, ("ways in which twelve planted secrets do not come out", 12, "test_no_secret")),
    shows="no planted secret reaches a message, a log line or the ledger",
    hides="secrets that look like nothing known, and the durable execution's own history",
)
