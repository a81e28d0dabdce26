"""Which of EC2's quotas an instance type counts against.

Each family has two quotas of vCPUs, one for On-Demand and one for Spot; their codes are the same in every account and Region.
What is not in the table has none that is known here (mac, and P on Spot, which has several).
"""

import re

_ON_DEMAND = {
    "standard": "L-1216C47A",
    "dl": "L-6E869C2A",
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "high-memory": "L-43DA4232",
    "hpc": "L-F7808C92",
    "inf": "L-1945791B",
    "p": "L-417A185B",
    "trn": "L-2C3B7624",
    "x": "L-7295265B",
}
_SPOT = {
    "standard": "L-34B43A08",
    "dl": "L-85EED4F7",
    "f": "L-88CF9481",
    "g": "L-3819A6DF",
    "inf": "L-B5D1601B",
    "trn": "L-6B0D517C",
    "x": "L-E3A00192",
}
_FAMILIES = {
    **dict.fromkeys(("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"), "standard"),
    **{letters: letters for letters in ("dl", "f", "hpc", "inf", "p", "trn", "x")},
    **dict.fromkeys(("g", "gr", "vt"), "g"),
    "u": "high-memory",
}
"""The letters that a type's name begins with, and the family they are of."""
STANDARD = _ON_DEMAND["standard"]
_LETTERS = re.compile(r"\A([a-z]{1,5})-?\d")


def vcpus(type_: str, *, spot: bool = False) -> str | None:
    """Return the code of the quota of vCPUs that a type counts against; None where it is not known."""
    letters = _LETTERS.match(type_)
    family = _FAMILIES.get(letters[1], "") if letters else ""
    return (_SPOT if spot else _ON_DEMAND).get(family)
