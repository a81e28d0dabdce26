"""Generate the JSON schemas of what is published, so that who reads it can rely on it.

`python -m remedy.schema` writes docs/schema/<message>-<version>.json; `--check` says whether they are up to date and changes
nothing. What is there is a promise: within a version fields are added and none is taken away or changes its type
(`incompatible`). What would break a reader is a new version, by raising `schema` in the type, and a file of its own; the
file of the version before stays, for those who still read it.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct

from remediation.core.notice import Notice
from remediation.core.outcome import Outcome

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "schema"
MESSAGES: tuple[type[Struct], ...] = (Outcome, Notice)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
INSTANTS = frozenset({"at", "started_at", "ended_at"})


def schema(message: type[Struct]) -> dict[str, Any]:
    """Return the JSON schema of a message. A reader ignores fields that it does not know."""
    (reference,), defined = msgspec.json.schema_components((message,), ref_template="#/$defs/{name}")
    name = str(reference["$ref"]).rpartition("/")[2]
    top = defined.pop(name)
    for each in (top, *defined.values()):
        for field in INSTANTS & each["properties"].keys():
            each["properties"][field] = {"type": "string", "format": "date-time"}
    described = {"$schema": DIALECT, "$id": f"{name.lower()}-{version(message)}.json", **top}
    return described | ({"$defs": defined} if defined else {})


def version(message: type[Struct]) -> int:
    """Return the version of a message's schema, as its type has it."""
    (number,) = get_args(next(field.type for field in msgspec.structs.fields(message) if field.name == "schema"))
    return int(number)


def pages() -> dict[Path, str]:
    """Return what the files say."""
    schemas = [schema(message) for message in MESSAGES]
    return {FOLDER / each["$id"]: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for each in schemas}


def incompatible(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield why somebody who reads by the schema before could not read by the one after."""
    for name, was in _structs(before).items():
        now = _structs(after).get(name)
        if now is None:
            yield f"{name} is gone"
            continue
        for field, type_ in was["properties"].items():
            found = now["properties"].get(field)
            if found is None:
                yield f"{name}.{field} is gone"
            elif _type(found) != _type(type_):
                yield f"{name}.{field} has another type"
            elif field in was.get("required", ()) and field not in now.get("required", ()):
                yield f"{name}.{field} may be missing"


def _structs(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {schema["title"]: schema, **schema.get("$defs", {})}


def _type(field: Mapping[str, Any]) -> object:
    """Return what a reader relies on. A new word in an enumeration is something that a reader has to expect."""
    return {name: value for name, value in field.items() if name in {"type", "items", "$ref", "format"}}


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which are out of date."""
    wanted = pages()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date; run `make docs`.", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    broken = [
        why
        for path in stale
        if path.exists()
        for why in incompatible(json.loads(path.read_text()), json.loads(wanted[path]))
    ]
    for why in broken:
        print(f"{why}: that is a new version; raise `schema` in its type.", file=sys.stderr)  # noqa: T201
    if broken:
        return 1
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
