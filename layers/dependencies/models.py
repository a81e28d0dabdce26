"""Cut botocore's service data down to the operations that are declared.

botocore ships 440 services, and a client parses its whole service first: every operation, shape and page of
documentation, and the 1.2 MB table of all regional endpoints. The rule: what is left answers every declared operation
with the very same bytes on the wire, because nothing that a serialiser, parser, signer or endpoint rule reads is changed.
Only prose goes, and what no declared operation can reach.
"""

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Operations: TypeAlias = Mapping[str, frozenset[str]]
"""Client name, as boto3 knows it, to names of operations: `{"elbv2": {"DescribeTargetHealth"}}`."""

_PROSE = ("documentation", "documentationUrl", "deprecatedMessage", "externalDocumentation")


class UnknownOperationError(ValueError):
    """A service or an operation is declared that this botocore does not know."""


def prune(data: Path, operations: Operations) -> None:
    """Cut a `botocore/data` directory down, in place."""
    prefixes = set()
    for directory in sorted(path for path in data.iterdir() if path.is_dir()):
        if directory.name not in operations:
            shutil.rmtree(directory)
    for service, names in sorted(operations.items()):
        if not (data / service).is_dir():
            msg = f"botocore has no service {service!r}; declared with it: {', '.join(sorted(names))}"
            raise UnknownOperationError(msg)
        prefixes.add(_prune_service(data / service, names))
    table = json.loads((data / "endpoints.json").read_bytes())
    for partition in table["partitions"]:
        partition["services"] = {name: entry for name, entry in partition["services"].items() if name in prefixes}
    _write(data / "endpoints.json", table)


def _prune_service(directory: Path, names: frozenset[str]) -> str:
    """Keep the newest version of one service, and in it the named operations; answer its endpoint prefix."""
    *older, version = sorted(path for path in directory.iterdir() if _read(path, "service-2"))
    for path in older:
        shutil.rmtree(path)
    model = _read(version, "service-2")
    if unknown := names - model["operations"].keys():
        msg = f"botocore's {directory.name} has no operation {', '.join(sorted(unknown))}"
        raise UnknownOperationError(msg)
    documents = {"service-2": _prune_model(model, names)}
    kept = documents["service-2"]["operations"].keys()
    if pages := _read(version, "paginators-1"):
        documents["paginators-1"] = pages | {
            "pagination": {name: page for name, page in pages["pagination"].items() if name in kept}
        }
    if waiters := _read(version, "waiters-2"):
        used = {name: waiter for name, waiter in waiters["waiters"].items() if waiter["operation"] in kept}
        documents["waiters-2"] = waiters | {"waiters": used}
    for path in version.iterdir():
        if not path.name.startswith("endpoint-rule-set-1."):
            path.unlink()
    for name, document in documents.items():
        _write(version / f"{name}.json", document)
    prefix: str = model["metadata"]["endpointPrefix"]
    return prefix


def _prune_model(model: Json, names: frozenset[str]) -> Json:
    """Keep the named operations, the one that finds endpoints if there is one, and the shapes that they reach."""
    operations = {
        name: _without_prose(operation)
        for name, operation in model["operations"].items()
        if name in names or operation.get("endpointoperation")
    }
    shapes: dict[str, Json] = {}
    ahead = [name for operation in operations.values() for name in _shapes_of_operation(operation)]
    while ahead:
        if (name := ahead.pop()) not in shapes:
            shape = _without_prose(model["shapes"][name])
            if "members" in shape:
                shape["members"] = {key: _without_prose(member) for key, member in shape["members"].items()}
            for kind in ("member", "key", "value"):
                if kind in shape:
                    shape[kind] = _without_prose(shape[kind])
            shapes[name] = shape
            ahead.extend(reference["shape"] for reference in _references(shape))
    in_order = {name: shapes[name] for name in model["shapes"] if name in shapes}
    return _without_prose(model) | {"operations": operations, "shapes": in_order}


def _shapes_of_operation(operation: Json) -> Iterator[str]:
    for side in ("input", "output"):
        if side in operation:
            yield operation[side]["shape"]
    for error in operation.get("errors", ()):
        yield error["shape"]


def _references(shape: Json) -> Iterator[Json]:
    yield from shape.get("members", {}).values()
    for kind in ("member", "key", "value"):
        if kind in shape:
            yield shape[kind]


def _without_prose(described: Json) -> Json:
    """Copy one level without its documentation. Not deeper: a member may well be called `documentation`."""
    return {key: value for key, value in described.items() if key not in _PROSE}


def _read(version: Path, name: Literal["service-2", "paginators-1", "waiters-2"]) -> Json:
    """Read one document of a service version with botocore's own corrections merged in; empty if there is none."""
    document: Json = {}
    for stem in (name, f"{name}.sdk-extras"):
        for path in (version / f"{stem}.json", version / f"{stem}.json.gz"):
            if path.is_file():
                read = json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
                _merge(document, read.get("merge", {}) if stem != name else read)
    return document


def _merge(base: Json, extra: Json) -> None:
    """Merge nested objects as botocore merges its `sdk-extras`."""
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _write(path: Path, document: Json) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")))
