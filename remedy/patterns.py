"""Match events against EventBridge patterns, as EventBridge does (aws/event-ruler), for the operators that we use.

The rules of the domain: a pattern is an object whose leaves are lists of alternatives. Every leaf has to be satisfied, by
a plain value (text, number, boolean, null) at the same path of the event. Arrays are invisible in a path, but consistent:
what a pattern asks below an array has to be satisfied by one and the same of its elements.

An operator that is not known here raises, so that no pattern is ever explained as something that it is not.
"""

from collections.abc import Iterator, Mapping
from typing import Any


class UnsupportedPatternError(ValueError):
    """A pattern says something that is not evaluated here; the message names it and where it stands."""


def matches(pattern: Mapping[str, Any], event: object) -> bool:
    """Tell whether an event (parsed JSON) matches a pattern. Raises UnsupportedPatternError, whatever the event."""
    check(pattern)
    return _matches(pattern, event)


def check(pattern: object, path: str = "") -> None:
    """Raise UnsupportedPatternError if there is anything in a pattern that cannot be evaluated here."""
    match pattern:
        case Mapping() if pattern:
            for name, inner in pattern.items():
                if name.startswith("$"):
                    raise UnsupportedPatternError(f"{name!r} at {path or 'the top'} is not supported")
                check(inner, f"{path}.{name}" if path else name)
        case list() if pattern and path:
            for condition in pattern:
                if not _known(condition):
                    raise UnsupportedPatternError(f"{condition!r} at {path} is not supported")
        case _:
            raise UnsupportedPatternError(f"{pattern!r} at {path or 'the top'} is neither an object nor alternatives")


def _known(condition: object) -> bool:
    if not isinstance(condition, dict):
        return isinstance(condition, str)
    match condition:
        case {"exists": True} | {"prefix": str()}:
            return len(condition) == 1
        case _:
            return False


def _matches(pattern: Mapping[str, Any], value: object) -> bool:
    return any(
        all(name in element and _satisfied(inner, element[name]) for name, inner in pattern.items())
        for element in _elements(value)
        if isinstance(element, dict)
    )


def _satisfied(pattern: Any, value: object) -> bool:  # noqa: ANN401 - an object or a list of alternatives
    if isinstance(pattern, Mapping):
        return _matches(pattern, value)
    plain = [element for element in _elements(value) if not isinstance(element, dict)]
    return any(_holds(condition, element) for condition in pattern for element in plain)


def _holds(condition: str | Mapping[str, Any], value: object) -> bool:
    match condition:
        case str():
            return value == condition
        case {"prefix": str() as prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case _:
            return True


def _elements(value: object) -> Iterator[object]:
    """Yield what a value holds once its arrays, and the arrays in those, are opened. Not recursive: events go deep."""
    waiting = [value]
    while waiting:
        element = waiting.pop()
        if isinstance(element, list):
            waiting.extend(element)
        else:
            yield element
