"""The layers: the shared code and third-party packages for every function, and a package for those that need it.

All are built without Docker.
"""

from collections.abc import Iterable
from pathlib import Path

from aws_cdk import AssetHashType, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from layers.dependencies.build import Target, cached, cached_extra, operations_of, with_bytecode
from layers.dependencies.requirements import EXTRAS
from remediation.core.spec import AnyRunbook

LAYERS = Path(__file__).resolve().parent.parent / "layers"
NOT_SHIPPED = ["**/__pycache__", "**/.*_cache", "**/*.pyc"]


class Layers(Construct):
    """The layers, in the order in which a function lists them.

    Where nothing is going to be deployed (unit tests, `cdk ls`), their sources stand in for them.
    """

    def __init__(
        self, scope: Construct, id_: str, *, runbooks: Iterable[AnyRunbook], extras: Iterable[str], target: Target
    ) -> None:
        super().__init__(scope, id_)
        code, packages = LAYERS / "remediation", LAYERS / "dependencies"
        built = Stack.of(self).bundling_required
        if built:
            actions = (allow.action for runbook in runbooks for allow in (*runbook.reads, *runbook.writes))
            code, packages = with_bytecode(code, target), cached(operations_of(actions), target)
        self.all: list[lambda_.ILayerVersion] = [
            self._layer("Code", "remediation: the engine and its adapters", code, built=built),
            self._layer("Dependencies", "Third-party packages", packages, built=built),
        ]
        self.extras: dict[str, lambda_.ILayerVersion] = {
            name: self._layer(
                name.title(),
                f"The package {name}",
                cached_extra(name, target) if built else LAYERS / "dependencies",
                built=built,
            )
            for name in sorted(set(extras) & EXTRAS.keys())
        }

    def _layer(self, id_: str, description: str, content: Path, *, built: bool) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            description=description,
            code=_built(content) if built else lambda_.Code.from_asset(str(content), exclude=NOT_SHIPPED),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )


def _built(content: Path) -> lambda_.AssetCode:
    """Return a built layer, which is called by the hash of all that it was made from."""
    return lambda_.Code.from_asset(str(content), asset_hash=content.name, asset_hash_type=AssetHashType.CUSTOM)
