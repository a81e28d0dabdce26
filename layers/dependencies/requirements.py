"""Export what the functions run on from uv.lock: the project's dependencies without the CDK's and people's.

`python -m layers.dependencies.requirements` writes requirements.txt, and one file for each package that only some functions
need, with hashes and without any index's address. A house test compares them with the lock, so a forgotten export fails there
and not in the deployment.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")

FUNCTIONS = frozenset({"aws-durable-execution-sdk-python", "aws-lambda-powertools", "boto3", "msgspec"})
"""The functions' direct dependencies. Whatever else the project depends on stays out of the layer."""
EXTRAS = {package: Path(__file__).with_name(f"{package}.txt") for package in ("pymongo", "redis")}
"""Packages that are layers of their own, for the functions that speak with a dependency themselves."""


class BuildError(Exception):
    """The layer could not be built; the message says what to do."""


def uv() -> str:
    """Find uv beside the running interpreter or on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    if found := str(beside) if beside.is_file() else shutil.which("uv"):
        return found
    msg = "uv is needed to build the dependency layer; `make test` puts it into the project's environment"
    raise BuildError(msg)


def export(kept: frozenset[str] = FUNCTIONS) -> str:
    """Answer the requirements that these direct dependencies come to, as uv.lock has them now."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in project["dependencies"]}
    command = [uv(), "export", "--frozen", "--offline", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate"]
    for name in sorted(names - kept):
        command += ["--prune", name]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, text=True, timeout=60)  # noqa: S603
    if done.returncode != 0:
        msg = f"uv could not export uv.lock:\n{done.stderr}"
        raise BuildError(msg)
    return done.stdout


if __name__ == "__main__":
    REQUIREMENTS.write_text(export(), "utf-8")
    for package, path in EXTRAS.items():
        path.write_text(export(frozenset({package})), "utf-8")
