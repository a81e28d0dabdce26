"""What is said to Redis, and by whom: PING and INFO; DBSIZE and FLUSHALL by flush-redis alone; and no failover by anybody."""

import ast
import re
from pathlib import Path

from tests.conftest import ROOT

LAYER = ROOT / "layers" / "remediation" / "python" / "remediation"
PRODUCT = [*(ROOT / "functions").rglob("*.py"), *LAYER.rglob("*.py")]
LINK = LAYER / "reach" / "redis_link.py"


def said(path: Path) -> set[str]:
    """Return the commands that a module sends."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "_say"]
    return {str(word.value) for call in found for word in call.args[1:2] if isinstance(word, ast.Constant)}


def test_four_commands_are_all_that_is_ever_said() -> None:
    assert said(LINK) == {"PING", "INFO", "DBSIZE", "FLUSHALL"}


def test_nobody_speaks_with_redis_but_through_that_one_link() -> None:
    importing = [
        path for path in PRODUCT if re.search(r"^\s*(import|from) redis\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert importing == [LINK]


def test_only_the_room_of_flush_redis_can_flush() -> None:
    flushing = [path for path in PRODUCT if re.search(r"\blink\.flush\(", path.read_text("utf-8"))]
    assert [path.parent.name for path in flushing] == ["flush_redis"]


def test_nobody_fails_a_cache_over() -> None:
    """AWS: TestFailover is "not designed to be an operational tool" (HAZARDS E8)."""
    assert not [path for path in PRODUCT if re.search(r"test_?failover", path.read_text("utf-8"), re.IGNORECASE)]
