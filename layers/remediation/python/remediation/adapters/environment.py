"""What a function finds in its environment when it starts, typed."""

import os
from typing import TypeVar

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)

NAMESPACE = "Remediation"
"""Of all metrics of this product."""


class MisconfiguredError(Exception):
    """The function's environment is not what the CDK app writes; the message names the variable and the key."""


def from_environment(variable: str, type_: type[S]) -> S:
    """Return the typed value of an environment variable that holds JSON. Raises MisconfiguredError."""
    text = os.environ.get(variable)
    if text is None:
        raise MisconfiguredError(f"The environment variable {variable} is not set; the CDK app sets it.")
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.MsgspecError as error:
        raise MisconfiguredError(f"The environment variable {variable} is no {type_.__name__}: {error}.") from error
