"""What the dependency layer promises, as far as it has no noise: its contents, its bytes, and how a remediation runs on it.

The build is shared by way of its cache below .build/; it needs the package index once.
"""

import _imp
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from botocore import xform_name
from botocore.session import Session

from bench.measure import CHECKPOINTS, WARM, measure
from bench.scenario import scenario
from bench.variants import LAYER
from layers.dependencies.build import LAMBDA, Target, cached, cached_extra, host, make, operations_of, with_bytecode
from layers.dependencies.bytecode import compiler
from layers.dependencies.requirements import EXTRAS, REQUIREMENTS, ROOT, export
from layers.dependencies.roots import AMAZON_ROOTS, MissingRootError, amazon_roots
from remediation.adapters.clients import Name
from stacks.catalog import CATALOG

DECLARED = operations_of(allow.action for runbook in CATALOG for allow in (*runbook.reads, *runbook.writes))
pytestmark = pytest.mark.filterwarnings("ignore:the dependency layer ships without bytecode")
MEGABYTE = 1_000_000
LARGEST = {"pymongo": 10, "redis": 8}
"""Megabytes of a layer of its own: pymongo, bson and dnspython are 9.6 with their bytecode."""
MAGIC = {"3.11": 3495, "3.12": 3531, "3.13": 3571, "3.14": 3627}
"""CPython's number for the bytecode of a minor version (Include/internal/pycore_magic_number.h)."""


@pytest.fixture(scope="session", params=[LAMBDA, host()], ids=["lambda", "host"])
def target(request: pytest.FixtureRequest) -> Target:
    answer: Target = request.param
    return answer


@pytest.fixture(scope="session")
def packages(target: Target) -> Path:
    return cached(DECLARED, target) / "python"


@pytest.fixture(scope="session")
def here() -> Path:
    return cached(DECLARED, host()) / "python"


# ------------------------------------------------------------------------------------------------------ requirements


def test_the_requirements_are_those_of_the_lock() -> None:
    assert REQUIREMENTS.read_text("utf-8") == export(), "run python -m layers.dependencies.requirements"


@pytest.mark.parametrize("package", EXTRAS)
def test_a_package_that_only_some_functions_need_is_that_of_the_lock_and_in_no_other_layer(package: str) -> None:
    text = EXTRAS[package].read_text("utf-8")
    assert text == export(frozenset({package})), "run python -m layers.dependencies.requirements"
    assert re.search(rf"(?m)^{package}==", text)
    assert not set(re.findall(r"(?m)^([a-z0-9-]+)==", text)) & set(
        re.findall(r"(?m)^([a-z0-9-]+)==", REQUIREMENTS.read_text("utf-8"))
    )


@pytest.mark.parametrize("package", EXTRAS)
def test_its_layer_is_that_package_with_bytecode_for_the_target(package: str, target: Target) -> None:
    layer = cached_extra(package, target) / "python"
    assert (layer / package / "__init__.py").is_file()
    tag = f"cpython-{target.python.replace('.', '')}"
    modules = list(layer.rglob("*.py"))
    assert len(modules) > 20
    assert all((each.parent / "__pycache__" / f"{each.stem}.{tag}.pyc").is_file() for each in modules)
    assert sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) <= LARGEST[package] * MEGABYTE


def test_the_requirements_are_pinned_and_hashed_and_name_no_index() -> None:
    text = REQUIREMENTS.read_text("utf-8")
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|@", text)
    for requirement in re.split(r"\n(?! )", text.strip()):
        assert re.match(r"[a-z0-9-]+==[\w.]+ ", requirement)
        assert "--hash=sha256:" in requirement


def test_every_project_dependency_is_either_the_functions_or_known_not_to_be() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in project}
    pinned = set(re.findall(r"(?m)^([a-z0-9-]+)==", REQUIREMENTS.read_text("utf-8")))
    assert names - pinned == {"aws-cdk-lib", "cdk-nag", "constructs", "rich", "typer"} | EXTRAS.keys()


def test_the_layer_has_every_operation_that_our_code_calls() -> None:
    """An operation that is not in the layer is an AttributeError on Lambda, and nowhere else."""
    session = Session()
    methods = {
        service: {xform_name(name): name for name in session.get_service_model(service).operation_names}
        for service in get_args(Name)
    }
    called = set()
    for source in [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers" / "remediation").rglob("*.py")]:
        for match in re.finditer(_CALL, source.read_text("utf-8")):
            if (service := match["service"]) in methods:
                called.add((service, methods[service][match["paged"] or match["method"]]))
    assert len(called) > 10
    assert {f"{service}:{name}" for service, name in called if name not in DECLARED.get(service, ())} == set()


_CALL = r"""\b_?aws\.((acting|patient)\.)?(?P<service>[a-z0-9]+)\.(get_paginator\("(?P<paged>\w+)"\)|(?P<method>[a-z]\w+)\()"""


# ---------------------------------------------------------------------------------------------------------- contents


def test_the_layer_is_small(packages: Path) -> None:
    assert sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()) <= 12 * MEGABYTE


def test_every_module_has_bytecode_of_the_target_that_no_clock_can_invalidate(packages: Path, target: Target) -> None:
    assert compiler(target.python), f"nothing here compiles for CPython {target.python}; `npm ci` brings what does"
    modules = sorted(packages.rglob("*.py"))
    assert len(modules) > 300
    for module in modules:
        cache = module.parent / "__pycache__" / f"{module.stem}.cpython-{target.python.replace('.', '')}.pyc"
        head = cache.read_bytes()[:16]
        magic = MAGIC[target.python].to_bytes(2, "little") + b"\r\n"
        assert head[:4] == magic, module
        assert head[4:8] == (0b01).to_bytes(4, "little"), "unchecked hash"
        assert head[8:] == _imp.source_hash(int.from_bytes(magic, "little"), module.read_bytes()), module
    assert len(list(packages.rglob("*.pyc"))) == len(modules)


def test_native_code_is_for_the_target(packages: Path, target: Target) -> None:
    machine = {None: os.uname().machine, "aarch64-manylinux_2_28": "aarch64"}[target.platform]
    tag = f".cpython-{target.python.replace('.', '')}-{machine}-"
    assert [path.name for path in packages.rglob("*.so") if tag not in path.name] == []
    assert list(packages.rglob("*.so"))


def test_every_distribution_keeps_its_metadata_and_its_licence(packages: Path) -> None:
    for distribution in packages.glob("*.dist-info"):
        assert (distribution / "METADATA").is_file()
        package = packages / distribution.name.partition("-")[0]
        assert list(distribution.rglob("LICEN*")) or list(package.glob("LICEN*")), distribution.name
    assert len(list(packages.glob("*.dist-info"))) == REQUIREMENTS.read_text("utf-8").count("==")


def test_nothing_but_packages_and_the_roots_is_shipped(packages: Path) -> None:
    top = {path.name for path in packages.iterdir() if not path.name.endswith(".dist-info")}
    assert top - {"__pycache__"} == {
        "amazon-roots.pem", "aws_durable_execution_sdk_python", "aws_lambda_powertools", "boto3",
        "botocore", "dateutil", "jmespath", "msgspec", "s3transfer", "six.py", "typing_extensions.py", "urllib3",
    }  # fmt: skip


def test_what_the_functions_import_comes_from_the_layer_alone(here: Path) -> None:
    program = (
        "import importlib.metadata, json, sys\n"
        "import boto3, msgspec, aws_durable_execution_sdk_python\n"
        "from aws_lambda_powertools import Logger, Metrics\n"
        "from aws_lambda_powertools.utilities import parameters\n"
        "from aws_lambda_powertools.utilities.typing import LambdaContext\n"
        "importlib.metadata.version('aws-lambda-powertools')\n"
        "print(json.dumps(sorted(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None))))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", program],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(here)},
        text=True,
    )
    assert "pydantic" not in done.stdout
    assert not [path for path in json.loads(done.stdout) if "site-packages" in path]


def test_our_own_layer_is_copied_with_bytecode_and_named_by_its_content(tmp_path: Path) -> None:
    module = tmp_path / "python" / "toy.py"
    module.parent.mkdir()
    module.write_text("ANSWER = 42\n", "ascii")
    first = with_bytecode(tmp_path, host())
    assert [path.name for path in sorted((first / "python").iterdir())] == ["__pycache__", "toy.py"]
    assert with_bytecode(tmp_path, host()) == first
    module.write_text("ANSWER = 43\n", "ascii")
    assert with_bytecode(tmp_path, host()).name != first.name


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    def digest(layer: Path) -> str:
        make(layer, DECLARED, host())
        everything = hashlib.sha256()
        for path in sorted(layer.rglob("*")):
            status = path.stat()
            everything.update(f"{path.relative_to(layer)} {status.st_mode} {status.st_mtime}".encode())
            everything.update(path.read_bytes() if path.is_file() else b"")
        return everything.hexdigest()

    assert digest(tmp_path / "one") == digest(tmp_path / "other")


# ------------------------------------------------------------------------------------------------------------- roots


def test_the_small_bundle_holds_the_five_roots_of_amazon_trust_services(packages: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(packages / "amazon-roots.pem")
    found = {hashlib.sha256(certificate).hexdigest() for certificate in context.get_ca_certs(binary_form=True)}
    assert found == AMAZON_ROOTS.keys()
    roots: Any = context.get_ca_certs()
    subjects = [dict(pair for (pair,) in root["subject"]) for root in roots]
    assert {subject["organizationName"] for subject in subjects} == {"Amazon", "Starfield Technologies, Inc."}
    assert all(ssl.cert_time_to_seconds(root["notAfter"]) > datetime.now(UTC).timestamp() for root in roots)


def test_the_full_bundle_is_shipped_beside_it(packages: Path) -> None:
    assert (packages / "botocore" / "cacert.pem").read_text("utf-8").count("BEGIN CERTIFICATE") > 100


def test_a_bundle_without_one_of_the_roots_fails_the_build(tmp_path: Path, packages: Path) -> None:
    four = (packages / "amazon-roots.pem").read_text("utf-8").partition("# Starfield")[0]
    (tmp_path / "four.pem").write_text(four, "utf-8")
    with pytest.raises(MissingRootError, match=r"four\.pem lacks Starfield Services Root CA - G2"):
        amazon_roots(tmp_path / "four.pem")


# ------------------------------------------------------------------------------------------- a whole remediation on it


@pytest.mark.e2e
def test_a_remediation_makes_exactly_the_declared_calls_and_no_connection_twice() -> None:
    plan = scenario()
    remediation = measure(plan, 0, (LAYER,))[LAYER]
    assert len(remediation.calls) == 1 + WARM
    for calls in remediation.calls:
        assert {name: number for name, number in calls.items() if name not in CHECKPOINTS} == plan.calls
    hosts = {name.partition(":")[0] for name in remediation.calls[0]}
    assert remediation.connections == [len(hosts)] + [0] * WARM, "one per endpoint when cold, none when warm"
