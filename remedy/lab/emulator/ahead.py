"""The clock of a function in the lab. This text stands before the script that runs the function's code (clock.py).

What the function asks is `datetime.now`, of the very type that everybody knows: a subclass would not pass as one in C.
"""

import ctypes
import datetime as _datetime
import gc
import os
from typing import Any

_STOCK: Any = _datetime.datetime.__dict__["now"]


def _now(cls: type[_datetime.datetime], tz: _datetime.tzinfo | None = None) -> _datetime.datetime:
    """Return the time, as far ahead as the waits of this execution were shortened."""
    now: _datetime.datetime = _STOCK.__get__(None, cls)(tz)
    return now + _datetime.timedelta(seconds=float(os.environ.get("LAB_CLOCK_AHEAD") or 0))


_ATTRIBUTES: Any = gc.get_referents(_datetime.datetime.__dict__)[0]
_ATTRIBUTES["now"] = classmethod(_now)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(_datetime.datetime))
