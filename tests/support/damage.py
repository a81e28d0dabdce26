"""Events as they should not be: altered at a place that a test names, or damaged at random."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.support.toy import alarm_event, asg_event, scheduled_event, sns_body, sns_records

steady = settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
"""The same examples every time, whatever the order of the tests and the load of the machine."""


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the event with another value at a dotted path."""
    copy = deepcopy(event)
    *parents, last = path.split(".")
    where: Any = copy
    for parent in parents:
        where = where[parent]
    where[last] = value
    return copy


def without(event: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the event without what is at a dotted path."""
    copy = deepcopy(event)
    *parents, last = path.split(".")
    where: Any = copy
    for parent in parents:
        where = where[parent]
    del where[last]
    return copy


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3)
    | st.sampled_from(["ALARM", "OK", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "aws.cloudwatch"])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "detail-type",
        "source",
        "detail",
        "Records",
        "Type",
        "Message",
        "AlarmName",
        "NewStateValue",
        "alarmData",
        "apply",
    ]
)

any_json = json_values | st.dictionaries(KEYS | st.text(max_size=5), json_values, max_size=6)


@st.composite
def damaged(draw: st.DrawFn) -> object:
    """Return a valid event of any shape with up to three places dropped, replaced or altered."""
    shape = draw(st.sampled_from(["alarm", "sns", "body", "asg", "schedule", "manual"]))
    event: Any = {
        "alarm": alarm_event(),
        "sns": sns_body(),
        "body": sns_body(),
        "asg": asg_event(),
        "schedule": scheduled_event(),
        "manual": {"house": "dev-house", "apply": True, "request": "r-1", "because": "dark"},
    }[shape]
    for _ in range(draw(st.integers(1, 3))):
        where: Any = event
        while True:
            keys = list(where) if isinstance(where, dict) else list(range(len(where)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(where[key], dict | list) and draw(st.integers(0, 3)):
                where = where[key]
                continue
            how = draw(st.sampled_from(["drop", "replace", "rename", "wrap"]))
            if how == "drop":
                del where[key]
            elif how == "rename" and isinstance(where, dict):
                where[draw(st.text(max_size=5) | KEYS)] = where.pop(key)
            elif how == "wrap":
                where[key] = [where[key]]
            else:
                where[key] = draw(json_values)
            break
    return sns_records(json.dumps(event)) if shape == "sns" else event
