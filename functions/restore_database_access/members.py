"""What the members show together of the way to them. Pure."""

from remediation.core.probed import OWN_FAULTS, Fault, Probed

UNREACHED: frozenset[Fault] = frozenset({"refused", "cut-off", "no-answer"})
"""How a member fails that is down, is restarted, or cannot be come to."""


def shut(probed: Probed | None) -> bool | None:
    """Tell whether the way may be shut: a member is silent in TCP, and none was heard. None where the probe does not tell.

    A member that was not looked at says nothing of the way: its name is not known, no route leads there, there was no time. Where
    one was heard no access list is to blame: who takes a connection, refuses it or hangs up came through it.
    """
    state = probed.mongodb if probed is not None else None
    if state is None or state.heard is None:
        return None
    return bool(state.silent) and not state.heard


def unseen(probed: Probed | None) -> bool:
    """Tell whether the probe saw too little of the members: it had trouble of its own, or does not tell whom it heard."""
    failed = probed.failed if probed is not None else None
    if failed is None:
        return False
    return failed.fault in OWN_FAULTS or ((failed.layer, failed.fault) == ("tcp", "no-answer") and shut(probed) is None)


def lost(probed: Probed | None) -> str:
    """Return the primary that cannot be reached while other members answer, and take it for the primary; empty where that is not so.

    Members that lose their primary for ten seconds elect another. So one that is silent for minutes and still is the primary to
    them lives, and it is our way to it that is shut.
    """
    if probed is None or probed.mongodb is None or probed.failed is None:
        return ""
    state = probed.mongodb
    named = bool(state.answering) and not state.primary and probed.failed.fault in UNREACHED
    return (state.lost or "the primary") if named else ""


def alone(probed: Probed | None) -> bool:
    """Tell whether all members but one answer."""
    state = probed.mongodb if probed is not None else None
    return state is not None and len(set(state.hosts) - set(state.answering)) == 1
