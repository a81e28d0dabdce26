"""What people are told about a slow deploy. Texts of AWS are quoted on one line, cut, and without secrets."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from explain_slow_deploy.facts import Around, Deploy
from remediation.aws.cloudtrail import PAGES, PER_PAGE, Refused
from remediation.core.redact import redact
from remediation.core.wording import cut

LEAVE_IT = "Let it run, and leave its lock alone: an apply that is broken off leaves things half made."
LONGEST_QUOTE = 300
MOST_LINES = 30


def minutes(span: timedelta) -> int:
    """Return whole minutes."""
    return int(span.total_seconds() // 60)


def at(instant: datetime) -> str:
    """Return the time of day."""
    return f"{instant:%H:%M:%S} UTC"


def quoted(text: str) -> str:
    """Return a text of AWS's as it may be told in a sentence."""
    return cut(redact(" ".join(text.split())), LONGEST_QUOTE).removesuffix(".")


def refused(call: Refused) -> str:
    """Say which call of whom was refused, how often and why."""
    times = f" {call.times} times" if call.times > 1 else ""
    why = f": {quoted(call.message)}" if call.message else ""
    return f"{quoted(call.caller)} was {call.kind}{times} at {quoted(call.call)} ({quoted(call.code)}, last at {at(call.last_at)}){why}"


def holder(deploy: Deploy, usual: timedelta) -> str:
    """Say who applies what, and for how long."""
    return (
        f"{quoted(deploy.who) or 'Somebody'} applies {deploy.name} for {minutes(deploy.held_for)} min ({quoted(deploy.id)});"
        f" up to {minutes(usual)} min are usual."
    )


def evidence(around: Around, found: Iterable[str]) -> tuple[str, ...]:
    """Return what was found, a line each: whatever may explain it, how the rest stands, and what could not be asked."""
    lines = [f"{what}." for what in found]
    rest = list(_rest(around))
    return (*lines[: max(0, MOST_LINES - len(rest))], *rest)


def _rest(around: Around) -> Iterator[str]:
    if around.instances:
        yield f"Instances: {_counted(instance.state for instance in around.instances)}."
    for group in around.targets:
        yield f"Targets of {group.name}: {_counted(target.state for target in group.health) or 'none'}."
    for balancer in around.balancers:
        yield f"{balancer.name} is {balancer.state}."
    for cache in around.caches:
        yield f"{cache.id} is {cache.status}."
    if not around.all_calls:
        yield f"CloudTrail: there are more calls than were looked at, which are the newest {PAGES * PER_PAGE} of a kind."
    for source in around.unasked:
        yield f"{source.source} could not be asked: {quoted(source.why)}."


def _counted(states: Iterable[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(Counter(states).items()))
