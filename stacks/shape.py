"""Turn parsed TOML into a typed value, or say which key is wrong and what was expected there.

msgspec does the conversion. It stops at a wrong value without listing the right ones, so unknown keys and closed choices
are looked for first; that also holds for types (a runbook's settings) that do not forbid unknown keys themselves.
"""

import re
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_AT = re.compile(r"\A(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?\Z", re.DOTALL)
_MISSING = re.compile(r"\AObject missing required field `(?P<key>.*)`\Z")
_PLAIN = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "duration": 'a duration such as "PT90S"',
}
"""msgspec's words, in TOML's."""


class ShapeError(Exception):
    """A value is not what it has to be; `path` is its key in dotted form."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}.")
        self.path = path


def decode(raw: object, type_: type[T], path: str) -> T:
    """Return a parsed TOML value as `type_`. Raises ShapeError."""
    _check(raw, inspect.type_info(type_), path)
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        _explain(str(error), path, error)


def _check(raw: object, type_: inspect.Type, path: str) -> None:
    """Look for unknown keys and values outside of a closed choice, all the way down."""
    match type_, raw:
        case inspect.Metadata(
            type=inspect.StrType(pattern=str() as pattern), extra_json_schema={"examples": [example]}
        ), str():
            if not re.search(pattern, raw):
                raise ShapeError(path, f"expected something like {example!r}, got {raw!r}")
        case inspect.Metadata(type=inner), _:
            _check(raw, inner, path)
        case inspect.UnionType(types=(inner, inspect.NoneType()) | (inspect.NoneType(), inner)), _:
            _check(raw, inner, path)
        case inspect.StructType(fields=fields), dict():
            known = {field.encode_name: field.type for field in fields}
            for key, value in raw.items():
                if key not in known:
                    raise ShapeError(_join(path, key), _unknown(key, list(known)))
                _check(value, known[key], _join(path, key))
        case ((inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item)), list()):
            for index, value in enumerate(raw):
                _check(value, item, f"{path}[{index}]")
        case inspect.DictType(value_type=inner), dict():
            for key, value in raw.items():
                _check(value, inner, _join(path, key))
        case inspect.LiteralType(values=values), _ if raw not in values:
            choices = ", ".join(str(value) for value in values)
            raise ShapeError(path, f"expected one of {choices}, got {raw!r}")


def _explain(message: str, path: str, error: Exception) -> NoReturn:
    found = _AT.match(message)
    assert found is not None
    what, where = found["what"], path + (found["path"] or "")
    if missing := _MISSING.match(what):
        raise ShapeError(_join(where.lstrip("."), missing["key"]), "this key is missing") from error
    for word, plain in _PLAIN.items():
        what = what.replace(f"`{word}`", plain)
    raise ShapeError(where.lstrip("."), what[0].lower() + what[1:]) from error


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f"did you mean `{close[0]}`? The keys here are" if close else "the keys here are"
    return f"there is no such key; {hint}: {', '.join(known) or 'none'}"


def _join(path: str, key: Any) -> str:  # noqa: ANN401
    return f"{path}.{key}" if path else str(key)
