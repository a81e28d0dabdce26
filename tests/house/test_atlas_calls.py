"""What is ever said to Atlas, and by whom: nothing that deletes, pauses, changes or touches a user; writes from one room only."""

import ast
import re
from pathlib import Path

import pytest

from remediation.atlas import calls
from tests.conftest import ROOT

LAYER = ROOT / "layers" / "remediation" / "python" / "remediation"
ATLAS, WRITER = LAYER / "atlas", ROOT / "functions" / "atlas_writer"
PRODUCT = [*(ROOT / "functions").rglob("*.py"), *LAYER.rglob("*.py")]
OURS = [*ATLAS.glob("*.py"), *WRITER.glob("*.py")]
METHODS = re.compile(r"DELETE|PATCH|PUT")
NEVER = re.compile(
    r"databaseUsers|apiKeys|serviceAccounts|/users|/teams|/invites|customDBRoles|resetMaintenance|:pause|restartPrimaries|"
    r"processArgs|terminationProtectionEnabled\W+False|[\"']paused[\"']",
    re.IGNORECASE,
)


def texts(path: Path) -> list[str]:
    """Return the texts in a module's code, docstrings left out."""
    module = ast.parse(path.read_text("utf-8"))
    notes = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = [node for node in ast.walk(module) if isinstance(node, ast.Constant) and id(node) not in notes]
    return [node.value for node in found if isinstance(node.value, str)]


def importing(module: str) -> set[str]:
    """Return where a module is imported, or one of its parts."""
    package, _, name = module.rpartition(".")
    wanted = re.compile(
        rf"^\s*(import {re.escape(module)}\b|from {re.escape(module)} import|from {re.escape(package)} import [^\n]*\b{name}\b)",
        re.MULTILINE,
    )
    return {path.relative_to(ROOT).as_posix() for path in PRODUCT if wanted.search(path.read_text("utf-8"))}


def test_there_are_four_writes_and_each_adds_something() -> None:
    everything = [value for value in vars(calls).values() if isinstance(value, calls.Call)]
    assert len(everything) == len(calls.READS) + len(calls.WRITES)
    assert {call.method for call in calls.READS} == {"GET"}
    assert [(call.method, call.path) for call in calls.WRITES] == [
        ("POST", "/accessList"),
        ("POST", "/clusters/{cluster}/backup/snapshots"),
        ("POST", "/clusters"),
        ("POST", "/clusters/{cluster}/backup/restoreJobs"),
    ]


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_deletes_pauses_or_touches_a_user(path: Path) -> None:
    for text in texts(path):
        assert not METHODS.fullmatch(text), f"{path.name} says {text}"
        assert not NEVER.search(text), f"{path.name} says {text}"


@pytest.mark.parametrize("text", ["/databaseUsers/admin/x", "/users", '{"paused": true}', "/clusters/x:pause"])
def test_it_would_be_noticed(text: str) -> None:
    assert NEVER.search(text)


def test_nobody_gets_to_atlas_but_by_the_one_client() -> None:
    naming = {path.relative_to(ROOT).as_posix() for path in PRODUCT if "cloud.mongodb.com" in "".join(texts(path))}
    layer = "layers/remediation/python/remediation"
    assert naming == {f"{layer}/atlas/client.py"}
    asking = {path.name for path in PRODUCT if re.search(r"\bRequest\(method=", path.read_text("utf-8"))}
    assert asking == {"client.py"}


def test_only_the_room_of_the_writer_can_write() -> None:
    assert importing("remediation.atlas.writes") == {"functions/atlas_writer/writer.py"}
    layer = "layers/remediation/python/remediation/atlas"
    assert importing("remediation.atlas.calls") == {
        "functions/atlas_writer/writer.py",  # only to know a write that failed from a read
        f"{layer}/client.py",
        f"{layer}/reads.py",
        f"{layer}/writes.py",
    }
    reading = (ATLAS / "reads.py").read_text("utf-8")
    assert not re.search(r"calls\.(ALLOW|SAVE|CREATE|REFILL|WRITES)\b", reading)
