"""What the members come to together. Pure.

The rule of the domain: the application can work while one member is the primary and can be reached. So with a primary every layer
is well, and who fails is only mentioned. Without one the layer that failed is that of the member whom the others take for the
primary; or nobody is the primary; or nobody answers, and then it is where the one that got furthest stands.
"""

from collections.abc import Sequence
from datetime import datetime

from probe_dependencies.mongo_member import Reached
from remediation.core.probed import Layer, Step

ORDER: tuple[Layer, ...] = ("dns", "tcp", "tls", "hello")


def primary(members: Sequence[Reached]) -> Reached | None:
    """Return the member that takes writes, if one of them can be reached."""
    return next((each for each in members if each.member is not None and each.member.primary), None)


def judge(members: Sequence[Reached], *, tls: bool) -> tuple[Step, ...]:
    """Return one step per layer, up to the first that failed."""
    layers = [layer for layer in ORDER if tls or layer != "tls"]
    if primary(members) is not None:
        return tuple(_well(layer, members) for layer in layers)
    failed = _failed(members)
    before = [layer for layer in layers if ORDER.index(layer) < ORDER.index(failed.layer)]
    return (*(_well(layer, members) for layer in before), failed)


def _failed(members: Sequence[Reached]) -> Step:
    answering = [each for each in members if each.member is not None]
    known = {each.member.knows.lower() for each in answering if each.member is not None} - {""}
    for each in members:
        if each.failed is not None and each.at.lower() in known:
            step = each.failed
            because = f"The others take {each.at} for the primary, and it cannot be used: {step.because}"
            return Step(layer=step.layer, fault=step.fault, because=because, milliseconds=step.milliseconds)
    if answering:
        took = max(each.steps[-1].milliseconds for each in answering)
        because = (
            f"{len(answering)} of {len(members)} members answer, and none of them is the primary: nobody takes writes."
        )
        return Step(layer="hello", fault="no-primary", because=_with(because, members), milliseconds=took)
    furthest = max((each.failed for each in members if each.failed), key=lambda step: ORDER.index(step.layer))
    if len(members) == 1:
        return furthest
    others = [each.failed for each in members if each.failed and each.failed is not furthest]
    same = sum(step.fault == furthest.fault for step in others) + 1
    because = f"{furthest.because} Of {len(members)} members none can be used, {same} for this reason."
    return Step(layer=furthest.layer, fault=furthest.fault, because=because, milliseconds=furthest.milliseconds)


def _well(layer: Layer, members: Sequence[Reached]) -> Step:
    passed = [step for each in members for step in each.steps if step.layer == layer and step.fault is None]
    took = max((step.milliseconds for step in passed), default=0)
    return Step(layer=layer, because=_because(layer, len(passed), members), milliseconds=took)


def _because(layer: Layer, passed: int, members: Sequence[Reached]) -> str:
    of = f"{passed} of {len(members)} members" if len(members) > 1 else members[0].at
    one = passed == 1 or len(members) == 1
    match layer:
        case "dns":
            return f"The {'name' if one else 'names'} of {of} {'is' if one else 'are'} known."
        case "tcp":
            return f"{of} {'takes' if one else 'take'} connections."
        case "tls":
            until = min((each.expires for each in members if each.expires is not None), default=None)
            whose = f"The {'certificate' if one else 'certificates'} of {of} {'is' if one else 'are'}"
            return f"{whose} for {'it' if one else 'them'} and trusted{_until(until, one=one)}."
        case _:
            found = primary(members)
            who = found.at if found is not None else "nobody"
            others = [each.at for each in members if each is not found and each.member and each.member.primary]
            too = f" {', '.join(others)} says the same of itself, as in an election." if others else ""
            return _with(f"{of} {'answers' if one else 'answer'} hello; the primary is {who}.{too}", members)


def _until(until: datetime | None, *, one: bool) -> str:
    if until is None:
        return ""
    return f"; {'it' if one else 'the first of them'} expires on {until:%Y-%m-%d %H:%M} UTC"


def _with(because: str, members: Sequence[Reached]) -> str:
    """Return a sentence with what keeps the other members from answering."""
    return " ".join((because, *(each.failed.because for each in members if each.failed is not None)))
