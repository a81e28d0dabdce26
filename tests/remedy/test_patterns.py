"""Patterns match as EventBridge matches them; the reference is a plain copy of how aws/event-ruler describes itself."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.environment import environment
from remedy.patterns import UnsupportedPatternError, check, matches
from stacks.patterns import event_patterns

PATTERN = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}


def test_every_leaf_has_to_be_satisfied() -> None:
    assert matches(PATTERN, {"source": "aws.cloudwatch", "detail": {"state": {"value": "ALARM"}}})
    assert not matches(PATTERN, {"source": "aws.cloudwatch", "detail": {"state": {"value": "OK"}}})
    assert not matches(PATTERN, {"source": "aws.cloudwatch"})


def test_one_of_the_alternatives_is_enough() -> None:
    assert matches({"source": ["a", "b"]}, {"source": "b"})
    assert matches({"source": ["a", {"prefix": "b"}]}, {"source": "bcd"})


def test_what_the_pattern_does_not_name_does_not_matter() -> None:
    assert matches({"source": ["a"]}, {"source": "a", "more": [1, {"x": None}]})


def test_a_prefix_is_of_texts_only() -> None:
    assert matches({"a": [{"prefix": "1"}]}, {"a": "12"})
    assert not matches({"a": [{"prefix": "1"}]}, {"a": 12})


def test_what_exists_has_a_plain_value_null_too_but_no_object_and_no_empty_array() -> None:
    plain: list[object] = ["", 0, False, None, ["x"]]
    nothing_plain: list[object] = [{}, {"b": 1}, [], [{}], [[]]]
    assert all(matches({"a": [{"exists": True}]}, {"a": value}) for value in plain)
    assert not any(matches({"a": [{"exists": True}]}, {"a": value}) for value in nothing_plain)


def test_the_elements_of_an_array_are_alternatives() -> None:
    assert matches({"resources": ["b"]}, {"resources": ["a", ["b"]]})


def test_what_is_asked_below_an_array_has_to_hold_for_one_and_the_same_element() -> None:
    pattern = {"metrics": {"namespace": ["AWS/EC2"], "name": ["CPU"]}}
    assert matches(pattern, {"metrics": [{"namespace": "X"}, {"namespace": "AWS/EC2", "name": "CPU"}]})
    assert not matches(pattern, {"metrics": [{"namespace": "AWS/EC2", "name": "X"}, {"namespace": "X", "name": "CPU"}]})


def test_two_arrays_are_independent_of_each_other() -> None:
    pattern = {"a": {"x": ["1"]}, "b": {"y": ["1"]}}
    assert matches(pattern, {"a": [{"x": "1"}, {"x": "2"}], "b": [{"y": "2"}, {"y": "1"}]})


@pytest.mark.parametrize("event", [None, 1, "text", [], {}, [{"source": []}], {"source": {}}])
def test_what_is_no_such_event_does_not_match(event: object) -> None:
    assert not matches(PATTERN, event)


def test_an_event_that_is_nested_very_deeply_is_answered_all_the_same() -> None:
    deep: Any = "b"
    for _ in range(100_000):
        deep = [deep]
    assert matches({"a": ["b"]}, {"a": deep})


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ({"a": [{"anything-but": "b"}]}, "anything-but"),
        ({"a": [{"exists": False}]}, "exists"),
        ({"a": [{"prefix": {"equals-ignore-case": "b"}}]}, "prefix"),
        ({"a": [{"prefix": "b", "suffix": "c"}]}, "suffix"),
        ({"a": [1]}, "1"),
        ({"a": [None]}, "None"),
        ({"a": []}, "at a"),
        ({"a": {}}, "at a"),
        ({"a": {"b": "c"}}, "at a.b"),
        ({"$or": [{"a": ["b"]}]}, "$or"),
        ({}, "at the top"),
        (["a"], "at the top"),
    ],
)
def test_what_is_not_known_raises_whatever_the_event_and_says_where(pattern: Any, named: str) -> None:
    with pytest.raises(UnsupportedPatternError) as raised:
        matches(pattern, {})
    assert named in str(raised.value)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_pattern_that_is_deployed_can_be_evaluated(name: str) -> None:
    there = environment(name)
    for runbook in there.runbooks.values():
        for pattern in event_patterns(runbook, there.place, there.settings(runbook)):
            check(pattern)


# ------------------------------------------------------------------------------------------ against the reference


Leaf = tuple[str, object, Mapping[int, int]]
"""A plain value's path, the value, and which element it is in of each array around it."""


def leaves(value: object, path: str = "", within: Mapping[int, int] | None = None) -> Iterator[Leaf]:
    """Flatten an event as event-ruler does: arrays leave no trace in the path."""
    within = within or {}
    match value:
        case dict():
            for name, inner in value.items():
                yield from leaves(inner, f"{path}/{name}", within)
        case list():
            for at, inner in enumerate(value):
                yield from leaves(inner, path, {**within, id(value): at})
        case _:
            yield path, value, within


def conditions(pattern: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    if isinstance(pattern, dict):
        for name, inner in pattern.items():
            yield from conditions(inner, f"{path}/{name}")
    else:
        yield path, pattern


def holds(alternatives: list[Any], value: object) -> bool:
    return any(
        value == alternative
        if isinstance(alternative, str)
        else "exists" in alternative or (isinstance(value, str) and value.startswith(alternative["prefix"]))
        for alternative in alternatives
    )


def reference(pattern: Any, event: dict[str, Any]) -> bool:
    """Choose a plain value per condition, in every possible way; the choice has to be of the same elements."""
    flat = [leaf for leaf in leaves(event) if not isinstance(leaf[1], dict)]
    candidates = [
        [leaf for leaf in flat if leaf[0] == path and holds(alternatives, leaf[1])]
        for path, alternatives in conditions(pattern)
    ]
    return any(consistent(choice) for choice in product(*candidates))


def consistent(choice: tuple[Leaf, ...]) -> bool:
    seen: dict[int, int] = {}
    return all(seen.setdefault(array, at) == at for leaf in choice for array, at in leaf[2].items())


NAMES = st.sampled_from("ab")
PLAIN = st.sampled_from(["", "x", "xy", "z", 1, None, True])
ALTERNATIVES = st.lists(
    st.sampled_from(["x", "z", "", {"prefix": "x"}, {"prefix": ""}, {"exists": True}]), min_size=1, max_size=2
)
PATTERNS = st.recursive(
    st.dictionaries(NAMES, ALTERNATIVES, min_size=1),
    lambda inner: st.dictionaries(NAMES, inner | ALTERNATIVES, min_size=1),
    max_leaves=4,
)


def own(value: Any) -> Any:
    """Copy, so that no two arrays of an event are the same object."""
    match value:
        case dict():
            return {name: own(inner) for name, inner in value.items()}
        case list():
            return [own(inner) for inner in value]
        case _:
            return value


VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=8
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=2).map(own)


@given(PATTERNS, EVENTS)
def test_the_matcher_agrees_with_the_reference(pattern: Any, event: dict[str, Any]) -> None:
    assert matches(pattern, event) == reference(pattern, event)


@given(PATTERNS, EVENTS)
def test_more_alternatives_never_match_less(pattern: Any, event: dict[str, Any]) -> None:
    if not matches(pattern, event):
        return

    def widened(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {name: widened(deeper) for name, deeper in inner.items()}
        return [*inner, "another"]

    assert matches(widened(pattern), event)
