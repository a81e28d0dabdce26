"""What the members come to together. Pure.

The rule of the domain: the application can work while one member is the primary and can be reached. So with a primary every layer
is well, and who fails is only mentioned. Without one the layer that failed is that of the member whom the others take for the
primary; or nobody is the primary; or nobody answers, and then it is where the one that got furthest stands. In whatever order the
records name them: of two that got as far, one that refuses says more than one that is silent, for it shows that the way is open, and
one that is silent says more than one to which no way leads from here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from probe_dependencies.mongo_member import Reached
from remediation.core.probed import Layer, MongoState, Step

ORDER: tuple[Layer, ...] = ("dns", "tcp", "tls", "hello")
_UNHEARD = ("no-answer", "no-route")
"""Faults of a member that was not heard, and the one that says less comes last."""


def primary(members: Sequence[Reached]) -> Reached | None:
    """Return the member that takes writes, if one of them can be reached."""
    return next((each for each in members if each.member is not None and each.member.primary), None)


def state(members: Sequence[Reached], before: MongoState) -> MongoState:
    """Return what is known of the members, beside what was known before they were looked at."""
    first = primary(members)
    answering = tuple(each for each in members if each.member is not None)
    return replace(
        before,
        hosts=tuple(each.at for each in members),
        addresses=tuple(dict.fromkeys(address for each in members for address in each.addresses)),
        silent=tuple(each.at for each in members if each.silent),
        heard=tuple(each.at for each in members if each.heard),
        answering=tuple(each.at for each in answering),
        primary=first.at if first is not None else "",
        lost=_lost(members)[0] if first is None else "",
        set_name=next((each.member.set_name for each in answering if each.member), ""),
    )


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
    at, step = _lost(members)
    if step is not None:
        return replace(step, because=f"The others take {at} for the primary, and it cannot be used: {step.because}")
    if answering:
        took = max(each.steps[-1].milliseconds for each in answering)
        because = (
            f"{len(answering)} of {len(members)} members answer, and none of them is the primary: nobody takes writes."
        )
        return Step(layer="hello", fault="no-primary", because=_with(because, members), milliseconds=took)
    failing = [each for each in members if each.failed is not None]
    _, step = _telling(failing)
    if len(members) == 1:
        return step
    if step.own:
        return replace(step, because=f"{step.because} None of {len(members)} members could be looked at.")
    same = sum(_way(each.failed) == _way(step) for each in failing if each.failed)
    return replace(step, because=f"{step.because} Of {len(members)} members none can be used, {same} for this reason.")


def _lost(members: Sequence[Reached]) -> tuple[str, Step | None]:
    """Return the member that others take for the primary and that cannot be used, if there is one, and its failure."""
    known = {each.member.knows.lower() for each in members if each.member is not None} - {""}
    named = [each for each in members if each.failed is not None and each.at.lower() in known]
    return _telling(named) if named else ("", None)


def _telling(failing: Iterable[Reached]) -> tuple[str, Step]:
    """Return the member whose failure says most, and that failure; what is the probe's own says least."""
    steps = [(each.at, each.failed) for each in failing if each.failed]
    often = Counter(_way(step) for _, step in steps)

    def rank(told: tuple[str, Step]) -> tuple[object, ...]:
        at, step = told
        unheard = _UNHEARD.index(step.fault) + 1 if step.fault in _UNHEARD else 0
        return step.own, -ORDER.index(step.layer), unheard, -often[_way(step)], step.fault, at

    return min(steps, key=rank)


def _way(step: Step) -> tuple[Layer, str]:
    return step.layer, step.fault or ""


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
