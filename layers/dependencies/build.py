"""Build the dependency layer: the functions' third-party packages, ready to start fast, without Docker.

Four things are done to what the package index delivers, and none changes a line of source or a byte on the wire: service
models cut down to the operations that the catalogue declares (models.py), Amazon's five certificate roots beside the full
bundle (roots.py), bytecode for the Python of the target (bytecode.py), and packaging leftovers dropped. What each is worth
stands in docs/performance.md. The same input gives the same bytes, so an unchanged layer is not deployed again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from layers.dependencies.bytecode import compile_tree, compiler, copy_compiled
from layers.dependencies.models import Operations, prune
from layers.dependencies.requirements import EXTRAS, REQUIREMENTS, ROOT, BuildError, uv
from layers.dependencies.roots import amazon_roots

HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".build" / "layers"

SDK_OPERATIONS: Operations = {"lambda": frozenset({"CheckpointDurableExecution", "GetDurableExecutionState"})}
"""What the durable SDK itself calls, whatever the catalogue declares."""

ENGINE_OPERATIONS: Operations = {
    "autoscaling": frozenset({"DescribeInstanceRefreshes"}),
    "cloudformation": frozenset({"DescribeStacks"}),
    "cloudwatch": frozenset({"DescribeAlarms", "GetAlarmMuteRule", "ListAlarmMuteRules", "ListMetrics"}),
    "dynamodb": frozenset({"GetItem", "Query", "TransactGetItems", "TransactWriteItems", "UpdateItem"}),
    "ec2": frozenset({"DescribeNatGateways", "DescribeRouteTables", "DescribeSubnets"}),
    "events": frozenset({"PutEvents"}),
    "lambda": frozenset({"GetDurableExecution", "Invoke", "SendDurableExecutionCallbackSuccess"}),
    "s3": frozenset({"GetObject"}),
    "secretsmanager": frozenset({"GetSecretValue"}),
    "sns": frozenset({"Publish"}),
    "ssm": frozenset({"GetCalendarState", "GetParameter"}),
}
"""What the engine's own adapters and the system functions call, whatever the catalogue declares."""

_OPERATIONS = {"lambda:InvokeFunction": "Invoke", "s3:ListBucket": "ListObjectsV2"}
"""Operations that IAM calls otherwise."""
_CLIENTS = {"elasticloadbalancing": "elbv2"}
"""Prefixes of IAM actions to client names, where they differ."""

_INSTALLED_AT = "/opt/python"
_MTIME = 315532800  # 1980-01-01, the first that a zip can hold
_LEFTOVERS = (
    "bin",
    ".lock",
    "boto3/data",  # the models of boto3.resource(), which no function uses
    "boto3/examples",
    "**/.gitignore",
    "*.dist-info/INSTALLER",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/direct_url.json",
    "*.dist-info/top_level.txt",
    "*.dist-info/uv_*.json",
    "*.dist-info/zip-safe",
    "**/*.pyi",
    "**/py.typed",
    # Parts of Powertools that serve HTTP (with a copy of Swagger UI) or need packages that are not here: 3.6 MB.
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/parser",
)
"""Left: METADATA, for importlib.metadata; entry_points.txt, for the durable SDK's plug-ins; every licence and notice."""


@dataclass(frozen=True)
class Target:
    """Where the layer will run: a minor version of CPython, and a platform in uv's words; None is this machine."""

    python: str
    platform: str | None = None


LAMBDA = Target(python="3.13", platform="aarch64-manylinux_2_28")


def host() -> Target:
    """Answer the target that is this interpreter on this machine, which is what the lab runs functions on."""
    return Target(python=f"{sys.version_info.major}.{sys.version_info.minor}")


def operations_of(actions: Iterable[str]) -> Operations:
    """Answer the operations behind IAM actions such as `ssm:SendCommand`, and those of the engine."""
    operations = {service: set(names) for service, names in ENGINE_OPERATIONS.items()}
    for action in actions:
        prefix, _, name = action.partition(":")
        operations.setdefault(_CLIENTS.get(prefix, prefix), set()).add(_OPERATIONS.get(action, name))
    return {service: frozenset(names) for service, names in operations.items()}


def build(out: Path, operations: Operations, target: Target = LAMBDA) -> None:
    """Fill `out`, the root of a Lambda layer.

    Raises UnknownOperationError if an operation is declared that botocore does not know, and BuildError if the packages
    cannot be had.
    """
    shutil.copytree(cached(operations, target), out, dirs_exist_ok=True)


def cached(operations: Operations, target: Target = LAMBDA) -> Path:
    """Answer a built layer, not to be written to; built only if this very one was not built before."""
    return _kept(fingerprint(operations, target), lambda layer: make(layer, operations, target))


def cached_extra(package: str, target: Target = LAMBDA) -> Path:
    """Answer the built layer of a package that only some functions need; not to be written to."""
    digest = hashlib.sha256(EXTRAS[package].read_bytes() + _recipe())
    digest.update(json.dumps([target.python, target.platform, compiler(target.python) is not None]).encode())

    def fill(layer: Path) -> None:
        _installed(layer / "python", target, EXTRAS[package])
        compile_tree(layer / "python", target.python, _INSTALLED_AT)
        _settle(layer)

    return _kept(digest.hexdigest(), fill)


def with_bytecode(layer: Path, target: Target = LAMBDA) -> Path:
    """Answer a copy of a layer of our own code with bytecode; its name is the hash of all that it is made from."""
    digest = hashlib.sha256(json.dumps([target.python, compiler(target.python) is not None]).encode())
    sources = [path for path in sorted(layer.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    for path in sources:
        digest.update(f"{path.relative_to(layer)} {path.stat().st_size}\n".encode() + path.read_bytes())

    def fill(copy: Path) -> None:
        copy_compiled(layer / "python", copy / "python", target.python, _INSTALLED_AT)
        _settle(copy)

    return _kept(digest.hexdigest(), fill)


def _kept(name: str, fill: Callable[[Path], None]) -> Path:
    kept = CACHE / name
    if not kept.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".building-") as scratch:
            layer = Path(scratch, "layer")
            fill(layer)
            try:
                layer.rename(kept)
            except OSError:
                if not kept.is_dir():  # else another process was faster, with the same bytes
                    raise
    return kept


def fingerprint(operations: Operations, target: Target = LAMBDA) -> str:
    """Answer the hash of everything that the layer is made from: also the CDK's asset hash."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + _recipe())
    declared = {service: sorted(names) for service, names in sorted(with_sdk(operations).items())}
    compiled = compiler(target.python) is not None
    digest.update(json.dumps([declared, target.python, target.platform, compiled]).encode())
    return digest.hexdigest()


def _recipe() -> bytes:
    return b"".join(module.read_bytes() for module in sorted([*HERE.glob("*.py"), *HERE.glob("*.mjs")]))


def make(layer: Path, operations: Operations, target: Target) -> None:
    """Build a layer without the cache, into a folder that does not exist yet."""
    packages = layer / "python"
    _installed(packages, target, REQUIREMENTS)
    prune(packages / "botocore" / "data", with_sdk(operations))
    (packages / "amazon-roots.pem").write_text(amazon_roots(packages / "botocore" / "cacert.pem"), "utf-8")
    if not compile_tree(packages, target.python, _INSTALLED_AT):
        warnings.warn(
            f"the dependency layer ships without bytecode, which doubles every cold start: no CPython {target.python} was "
            "found to compile with. `npm ci` brings one.",
            stacklevel=2,
        )
    _settle(layer)


def _installed(packages: Path, target: Target, requirements: Path) -> None:
    install(packages, target, requirements)
    for pattern in _LEFTOVERS:
        for path in sorted(packages.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _settle(layer: Path) -> None:
    """Give everything the same time and mode, whoever builds."""
    for path in sorted([layer, *layer.rglob("*")]):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_MTIME, _MTIME))


def with_sdk(operations: Operations) -> Operations:
    """Add what the durable SDK calls to what the catalogue declares."""
    services = operations.keys() | SDK_OPERATIONS.keys()
    nothing: frozenset[str] = frozenset()
    return {name: operations.get(name, nothing) | SDK_OPERATIONS.get(name, nothing) for name in services}


def install(packages: Path, target: Target, requirements: Path = REQUIREMENTS) -> None:
    """Install the pinned wheels, as copies: uv's links would let the pruning reach into its cache."""
    command = [uv(), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(packages)]
    command += ["--python-version", target.python, "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    command += ["--link-mode", "copy", "--requirements", str(requirements)]
    if target.platform:
        command += ["--python-platform", target.platform]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=600)  # noqa: S603
    if done.returncode != 0:
        msg = f"uv could not install the functions' packages for {target}:\n{done.stderr}"
        raise BuildError(msg)
