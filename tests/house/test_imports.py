"""What may be imported where: the CDK app stays apart from the functions, and the core from everything."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from remediation.core.deployment import DEPLOYMENT, SETTINGS
from remediation.core.spec import AnyRunbook
from stacks.catalog import CATALOG
from stacks.config import load
from stacks.names import Names
from tests.conftest import ROOT

RUNTIME = ROOT / "layers" / "remediation" / "python" / "remediation"
DURABLE_SDK = "aws_durable_execution_sdk_python"
FUNCTIONS_ONLY = {"boto3", "botocore", "aws_lambda_powertools", DURABLE_SDK}
CDK = {"aws_cdk", "cdk_nag", "constructs", "jsii"}


def loaded_by(statement: str, **environment: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement."""
    program = (
        f"import sys, json; {statement}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    paths = os.pathsep.join(str(path) for path in (ROOT, ROOT / "functions", RUNTIME.parent))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths, "AWS_DEFAULT_REGION": "us-east-1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", ["stacks.catalog", "stacks.config", "stacks.patterns", "stacks.names"])
def test_what_the_command_line_reads_of_the_stacks_loads_neither_the_cdk_nor_what_functions_need(module: str) -> None:
    assert not loaded_by(f"import {module}") & (FUNCTIONS_ONLY | CDK)


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_a_handler_loads_no_cdk(runbook: AnyRunbook) -> None:
    config = load("dev", CATALOG)
    deployment = {
        "place": config.place,
        "mode": "act",
        "ledger": Names(config.place).table,
        "outcomes": Names(config.place).topic("outcomes"),
        "contacts": {},
    }
    variables = {
        DEPLOYMENT: msgspec.json.encode(deployment).decode(),
        SETTINGS: msgspec.json.encode(config.runbooks[runbook.name].settings).decode(),
    }
    loaded = loaded_by(f"import {runbook.package}.handler", **variables)
    assert DURABLE_SDK in loaded
    assert not loaded & CDK
    assert not loaded & {"stacks", "remedy", "layers", "pydantic", "aws_xray_sdk", "requests"}


def imports(path: Path) -> set[str]:
    """Return the modules that a file names in its imports, those for type checkers only included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str() as module):
                found.add(module)
            case _:
                pass
    return found


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", sorted((RUNTIME / "core").glob("*.py")), ids=lambda path: path.stem)
def test_the_core_knows_no_aws(path: Path) -> None:
    assert not packages(path) & FUNCTIONS_ONLY
    assert not {name for name in imports(path) if name.startswith("remediation.adapters")}


def test_one_file_imports_the_durable_sdk() -> None:
    files = [*RUNTIME.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    assert [path.relative_to(RUNTIME) for path in files if DURABLE_SDK in packages(path)] == [
        Path("adapters/durable.py")
    ]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "functions").rglob("*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_room_is_handed_its_clients(path: Path) -> None:
    assert not packages(path) & (FUNCTIONS_ONLY | CDK)
    rooms = {runbook.package for runbook in CATALOG} - {path.parent.name}
    assert not packages(path) & rooms, "a function ships with its own room only"


@pytest.mark.parametrize("folder", ["functions", "layers/remediation/python", "stacks"])
def test_the_product_does_not_know_the_lab(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        assert not {name for name in imports(path) if name.startswith("remedy")}, path
