"""Nothing that could remove a lock is reachable from this room: neither what is imported, nor what that imports (hazard F2)."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

FOLDERS = (ROOT / "functions", ROOT / "layers" / "remediation" / "python")
REMOVING = {
    "delete_item",
    "delete_object",
    "delete_objects",
    "DeleteItem",
    "DeleteObject",
    "batch_write_item",
    "put_item",
}


def file_of(module: str) -> Path | None:
    """Return the file of one of our own modules."""
    for folder in FOLDERS:
        path = folder.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


def named_by(tree: ast.AST) -> set[str]:
    """Return whatever a file may import, wherever it says so: `from a import b` may mean the module a.b."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str() as module):
                found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
            case _:
                pass
    return found


def reachable(module: str) -> dict[str, ast.AST]:
    """Return our own modules that are reachable from one, with their syntax trees."""
    found: dict[str, ast.AST] = {}
    ahead = [module]
    while ahead:
        name = ahead.pop()
        file = file_of(name)
        if name in found or file is None:
            continue
        found[name] = ast.parse(file.read_text())
        parents = [name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1)]
        ahead += [*named_by(found[name]), *parents]
    return found


def removing(trees: dict[str, ast.AST]) -> dict[str, set[str]]:
    """Return the modules that name a call which removes or overwrites an item or an object."""
    said = {
        module: {
            node.attr if isinstance(node, ast.Attribute) else str(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute | ast.Constant)
        }
        & REMOVING
        for module, tree in trees.items()
    }
    return {module: names for module, names in said.items() if names}


def test_no_module_that_is_reachable_can_remove_a_lock() -> None:
    modules = reachable("explain_slow_deploy.handler")
    assert {"explain_slow_deploy.around", "remediation.aws.terraform", "remediation.adapters.ledger"} <= modules.keys()
    assert not [module for module in modules if module.startswith("clear_stale_lock")]
    assert removing(modules) == {}


def test_the_same_search_finds_what_clears_a_lock() -> None:
    assert removing(reachable("clear_stale_lock.handler")) == {
        "clear_stale_lock.actions": {"delete_item", "delete_object"}
    }


def test_a_fresh_interpreter_loads_nothing_of_clear_stale_lock() -> None:
    program = "import sys, json, explain_slow_deploy.runbook; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, FOLDERS))},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(json.loads(done.stdout))
    assert "explain_slow_deploy.around" in loaded
    assert not {name for name in loaded if name.startswith("clear_stale_lock")}
