"""What restore-database says to a database: `dbStats`, `listCollections` and `count`, through one module, and nothing else."""

import ast
from pathlib import Path

from tests.conftest import ROOT

ROOM = ROOT / "functions" / "restore_database"
COUNTING = ROOM / "counting.py"
READS = {"command", "list_collection_names", "estimated_document_count"}
"""The methods of pymongo that are called."""


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def on_a_database(path: Path) -> list[ast.Call]:
    """Return the calls of a method on `database`, or on something in it."""
    found = [call for call in calls(path) if isinstance(call.func, ast.Attribute)]
    return [call for call in found if _root(call.func) == "database"]


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_three_reads_are_all_that_is_ever_said() -> None:
    assert {call.func.attr for call in on_a_database(COUNTING) if isinstance(call.func, ast.Attribute)} == READS


def test_the_one_command_that_is_said_as_a_text_is_dbstats_and_is_no_variable() -> None:
    said = [call for call in on_a_database(COUNTING) if getattr(call.func, "attr", "") == "command"]
    assert [[ast.literal_eval(word) for word in call.args] for call in said] == [["dbStats"]]
    assert [call.keywords for call in said] == [[]]


def test_the_client_is_given_to_nobody_but_who_counts() -> None:
    """`client[...]` once, and `closing(client)`: nothing is asked of the client itself."""
    tree = ast.parse(COUNTING.read_text("utf-8"))
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _root(node) == "client"]
    assert used == []
    assert sum(ast.unparse(node) == "client[settings.database]" for node in ast.walk(tree)) == 1


def test_nothing_else_of_the_room_speaks_with_a_database() -> None:
    importing = [path for path in ROOM.rglob("*.py") if "pymongo import" in path.read_text("utf-8")]
    assert importing == [COUNTING]
