"""What the members show together of the way to them: all are come to by the same one. Pure."""

from remediation.core.probed import Fault, Probed

UNREACHED: frozenset[Fault] = frozenset({"refused", "cut-off", "no-answer"})
"""How a member fails that is down, is restarted, or cannot be come to."""


def all_silent(probed: Probed | None) -> bool:
    """Tell whether no member says anything in TCP. For less no access list is to blame: who answers or refuses came through it."""
    state = probed.mongodb if probed is not None else None
    return state is not None and bool(state.hosts) and set(state.hosts) <= set(state.silent)


def alone(probed: Probed | None) -> bool:
    """Tell whether the primary alone cannot be reached: other members answer, and they take it for the primary."""
    if probed is None or probed.mongodb is None or probed.failed is None:
        return False
    return bool(probed.mongodb.answering) and not probed.mongodb.primary and probed.failed.fault in UNREACHED
