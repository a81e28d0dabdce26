"""What the probe says to MongoDB: hello, a login by SCRAM and ping; and no code of ours changes a user (HAZARDS D4)."""

import ast
import re
from pathlib import Path

from tests.conftest import ROOT

LAYER = ROOT / "layers" / "remediation" / "python" / "remediation"
PROBE = ROOT / "functions" / "probe_dependencies"
PRODUCT = [*(ROOT / "functions").rglob("*.py"), *LAYER.rglob("*.py")]
SPEAKING = [*PROBE.rglob("*.py"), *(LAYER / "reach").rglob("*.py")]


def said(path: Path) -> set[str]:
    """Return the commands that a module sends by name."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "say"]
    commands = [word for call in found for word in call.args if isinstance(word, ast.Dict) and word.keys]
    return {str(word.keys[0].value) for word in commands if isinstance(word.keys[0], ast.Constant)}


def test_hello_and_ping_are_all_that_is_said_besides_a_login() -> None:
    assert {command for path in SPEAKING for command in said(path)} == {"hello", "ping"}


def test_of_pymongo_the_probe_takes_the_login_and_no_client_that_connects_by_itself() -> None:
    importing = [
        path.name for path in SPEAKING if re.search(r"^(import|from) pymongo\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert importing == ["mongo_login.py"]
    assert "MongoClient" not in (LAYER / "reach" / "mongo_login.py").read_text("utf-8")


def test_nobody_makes_changes_or_removes_a_user() -> None:
    changing = re.compile(r"""["'](createUser|updateUser|dropUser|dropAllUsersFromDatabase|grantRolesToUser)["']""")
    assert not [path for path in PRODUCT if changing.search(path.read_text("utf-8"))]
