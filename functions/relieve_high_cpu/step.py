"""How much larger a group may become at once (hazard C1). Pure arithmetic, so that its limits can be proven."""

from math import floor

FRACTION = 0.25
MOST = 2


def larger(desired: int, *, max_size: int, baseline: float, factor: float) -> int:
    """Return the next size of a group: one more, or a quarter, never more than two, never beyond either limit.

    Where nothing may be added it is the size that it has.
    """
    step = min(max(1, floor(FRACTION * desired)), MOST)
    return max(desired, min(desired + step, max_size, ceiling(baseline, factor)))


def ceiling(baseline: float, factor: float) -> int:
    """Return how many instances are too many by what is usual."""
    return floor(round(baseline * factor, 6))
