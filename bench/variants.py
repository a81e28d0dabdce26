"""The packages under comparison: as the index delivers them, with each part of the layer's build alone, and the layer.

Every one has bytecode, except the one that shows what its absence costs: "stock" is as good as stock can be.
"""

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from layers.dependencies.build import build, host, install, with_sdk
from layers.dependencies.bytecode import compile_tree
from layers.dependencies.models import Operations, prune
from layers.dependencies.roots import amazon_roots

STOCK = "stock"
MODELS = "stock, models pruned"
ROOTS = "stock, five roots"
LAYER = "layer"
SOURCES = "layer, no bytecode"
VARIANTS = (STOCK, LAYER, MODELS, ROOTS, SOURCES)
PARTS = frozenset({MODELS, ROOTS, SOURCES})
"""The variants that explain the figures, and are no goal themselves."""


def prepare(scratch: Path, operations: Operations, authority: Path, names: Collection[str]) -> Mapping[str, Path]:
    """Make variants below `scratch`, each trusting the bench's certificate authority beside what it trusts anyway."""

    def stock(packages: Path) -> None:
        install(packages, host())
        compile_tree(packages, host().python, str(packages))

    def models(packages: Path) -> None:
        stock(packages)
        prune(packages / "botocore" / "data", with_sdk(operations))

    def roots(packages: Path) -> None:
        stock(packages)
        (packages / "amazon-roots.pem").write_text(amazon_roots(packages / "botocore" / "cacert.pem"), "utf-8")

    def layer(packages: Path) -> None:
        build(packages.parent, operations, host())

    def sources(packages: Path) -> None:
        layer(packages)
        for cache in sorted(packages.rglob("__pycache__")):
            shutil.rmtree(cache)

    makers: Mapping[str, Callable[[Path], None]]
    makers = {STOCK: stock, MODELS: models, ROOTS: roots, LAYER: layer, SOURCES: sources}
    variants = {name: scratch / f"variant-{number}" / "python" for number, name in enumerate(names)}
    for name, packages in variants.items():
        makers[name](packages)
        for bundle in (packages / "botocore" / "cacert.pem", packages / "amazon-roots.pem"):
            if bundle.exists():
                bundle.write_text(bundle.read_text("utf-8") + authority.read_text("ascii"), "utf-8")
    return variants
