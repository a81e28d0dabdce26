"""Compile a tree for the Python that will run it, which need not be the Python that builds.

A layer without .pyc is compiled again at every cold start, because /opt is read-only: that doubles the start. Bytecode
depends on the minor version of CPython alone, not on the processor, so any CPython 3.13 can compile for Lambda. Three
are asked, in this order: the one that runs the build; `python3.13` on the PATH; and the CPython 3.13 that `npm ci` brings
as WebAssembly (the `pyodide` package, pinned in package-lock.json), because the project asks people for Node but not for
3.13. The .pyc are of the unchecked-hash kind: valid whatever the deployment does to file times.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_NODE_MODULES = _HERE.parents[1] / "node_modules"


def copy_compiled(source: Path, out: Path, python: str, installed_at: str) -> bool:
    """Copy our own code (a room, the shared layer) with bytecode into `out`; answer False if it went without."""
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    return compile_tree(out, python, installed_at)


def compile_tree(tree: Path, python: str, installed_at: str) -> bool:
    """Write `__pycache__` throughout a tree; answer False if no compiler for that Python is at hand.

    `installed_at` is the path that tracebacks will name, such as `/opt/python`.
    """
    if (command := compiler(python)) is None:
        return False
    subprocess.run(  # noqa: S603
        [*command, str(tree.resolve()), installed_at],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},  # the order of sets among the constants
        timeout=300,
    )
    return True


def compiler(python: str) -> tuple[str, ...] | None:
    """Find the command that compiles for a minor version of CPython, such as `3.13`."""
    program = str(_HERE / "compile_tree.py")
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return (sys.executable, program)
    if (native := shutil.which(f"python{python}")) and _is_cpython(native, python):
        return (native, program)
    pyodide = _NODE_MODULES / "pyodide"
    lock = pyodide / "pyodide-lock.json"
    if (node := shutil.which("node")) and lock.is_file():
        version: str = json.loads(lock.read_bytes())["info"]["python"]
        if version.startswith(f"{python}."):
            return (node, str(_HERE / "compile_tree.mjs"), str(pyodide / "pyodide.mjs"), program)
    return None


def _is_cpython(command: str, python: str) -> bool:
    """Ask an interpreter what it is: a version manager's `python3.13` may answer only that 3.13 is not chosen."""
    question = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([command, "-c", question], capture_output=True, check=False, text=True, timeout=60)  # noqa: S603
    return answer.stdout.split() == ["cpython", python]
