"""May this run make this act, as far as the ledger knows? One pure answer over everything that the ledger holds.

The adapter reads a `Standing`, asks `admission`, and writes what it answers in one transaction that only goes through if
nothing of it has changed meanwhile. So the rules are here, and the database only keeps two runs from using them at once.
Every act is admitted: the first one takes the lease, each one is paid from the budgets. An act that is known not to have been
made is given back; where that is not known it stays charged.
"""

from collections.abc import Iterator
from datetime import datetime
from math import ceil

import msgspec
from msgspec import Struct

from remediation.core import circuit as breaker
from remediation.core.circuit import Circuit
from remediation.core.gates import Refusal
from remediation.core.limits import DAY, HOUR, QUARTER, Limits

LEASE = "lease"
"""The gate of a resource that another run works on."""


class Lease(Struct, frozen=True, kw_only=True, tag="lease"):
    """The right to change one resource, until it expires or a higher fence is given out."""

    resource: str
    fence: int
    until: datetime


class Request(Struct, frozen=True, kw_only=True):
    """What a run asks to be admitted to: its `n`th look wants an act on a resource.

    `alarm` and `transition` are of the alarm that started it, if one did. `until` and `cooldown_until` are for a run that
    dies; one that ends gives the lease back and starts its own cooldown.
    """

    run: str
    n: int
    event: str
    runbook: str
    resource: str
    until: datetime
    cooldown_until: datetime
    now: datetime
    alarm: str = ""
    transition: datetime | None = None

    @property
    def by(self) -> str:
        """Return what its share of a budget is booked under."""
        return booked(self.run, self.n)


class Switch(Struct, frozen=True, kw_only=True):
    """A live switch that people have set: what it is of, and what it says (a mode, or `freeze`)."""

    of: str
    says: str
    until: datetime | None = None
    because: str = ""
    by: str = ""
    """Who set it, as AWS calls them."""


class Spent(Struct, frozen=True, kw_only=True):
    """One act that was paid for: when, and by which run and act of it (`<run>/<n>`)."""

    at: datetime
    by: str


class Asked(Struct, frozen=True, kw_only=True):
    """A transition of an alarm for which an act was asked."""

    alarm: str
    at: datetime


class Resource(Struct, frozen=True, kw_only=True):
    """What may be changed by one run at a time."""

    owner: str = ""
    until: datetime | None = None
    cooldown_until: datetime | None = None
    fence: int = 0
    acts: tuple[Spent, ...] = ()
    asked: tuple[Asked, ...] = ()


class Standing(Struct, frozen=True, kw_only=True):
    """What the ledger holds right before an act."""

    environment: str
    owner: str | None
    """Which run has the event; None where the trigger has no identity."""
    switches: tuple[Switch, ...] = ()
    """Live switches that say no: modes below `act`, a freeze."""
    circuit: Circuit = Circuit()
    resource: Resource = Resource()
    acts: tuple[Spent, ...] = ()
    """Acts in the environment, of the last day."""


class Answer(Struct, frozen=True, kw_only=True):
    """The lease, or why not; and what the ledger has to keep in either case."""

    answer: Lease | Refusal
    resource: Resource
    circuit: Circuit
    acts: tuple[Spent, ...]


def admission(request: Request, standing: Standing, limits: Limits) -> Answer:
    """Decide whether the act may be made. Asking again for the same act is the same answer, and costs nothing more."""
    now, runbook = request.now, request.runbook
    resource = msgspec.structs.replace(
        standing.resource,
        acts=since(standing.resource.acts, now - HOUR),
        asked=_asked(request, standing),
    )
    circuit, acts = standing.circuit, since(standing.acts, now - DAY)
    refusal = next(_switched_off(request, standing, limits), None)
    flaps = sum(asked.alarm == request.alarm for asked in resource.asked) if request.alarm else 0
    if refusal is None and flaps >= limits.breaker.flaps and not circuit.open:
        because = (
            f"the alarm {request.alarm} came back {flaps} times within an hour, so what {runbook} does does not last"
        )
        circuit = breaker.opened(circuit, because, now)
        refusal = Refusal(gate="circuit", because=f"The circuit opens now: {because}.")
    where = standing.environment
    refusal = (
        refusal or next(_taken(request, resource), None) or next(_spent(request, resource, acts, where, limits), None)
    )
    if refusal is not None:
        return Answer(answer=refusal, resource=resource, circuit=circuit, acts=acts)
    held = _held(request, resource)
    if not held:
        resource = msgspec.structs.replace(
            resource,
            owner=request.run,
            until=request.until,
            cooldown_until=request.cooldown_until,
            fence=resource.fence + 1,
        )
    until = resource.until or request.until
    resource = msgspec.structs.replace(resource, acts=_paid(request, resource.acts))
    return Answer(
        answer=Lease(resource=request.resource, fence=resource.fence, until=until),
        resource=resource,
        circuit=breaker.begun(circuit, request.run, limits.breaker, until, now),
        acts=_paid(request, acts),
    )


def _switched_off(request: Request, standing: Standing, limits: Limits) -> Iterator[Refusal]:
    if standing.owner is not None and standing.owner != request.run:
        because = f"Run {standing.owner or 'unknown'} has this event; it may act on it, this run may not."
        yield Refusal(gate="duplicate", because=because)
    yield from map(switched, standing.switches)
    if because := breaker.refuses(standing.circuit, request.run, limits.breaker, request.now):
        yield Refusal(gate="circuit", because=because)


def _taken(request: Request, resource: Resource) -> Iterator[Refusal]:
    now, name = request.now, _called(request.resource)
    if resource.owner == request.run:
        return  # also where its lease has ended while people thought: nobody else has taken it, and the cooldown is its own
    if resource.until is not None and resource.until > now:
        because = f"Run {resource.owner} works on {name} until {clock(resource.until, now)}."
        yield Refusal(gate=LEASE, because=because)
    if resource.cooldown_until is not None and resource.cooldown_until > now:
        because = f"{name} was worked on lately and is left alone until {clock(resource.cooldown_until, now)}."
        yield Refusal(gate="cooldown", because=because)


def _spent(
    request: Request, resource: Resource, acts: tuple[Spent, ...], environment: str, limits: Limits
) -> Iterator[Refusal]:
    budgets = limits.budgets
    for spent, most, where, window, span in (
        (resource.acts, budgets.resource_hour, f"on {_called(request.resource)}", HOUR, "this hour"),
        (acts, budgets.environment_quarter, f"in {environment}", QUARTER, "these 15 minutes"),
        (acts, budgets.environment_day, f"in {environment}", DAY, "these 24 hours"),
    ):
        within = since(spent, request.now - window)
        if len(within) < most or any(each.by == request.by for each in within):
            continue
        free = f"; the next one is free at {clock(within[-most].at + window, request.now)}" if most else ""
        because = f"{len(within)} of {most} acts {where} used {span}{free}."
        yield Refusal(gate="budget", because=because)


def _called(resource: str) -> str:
    """Return what people call a resource: `dev-backend-asg` for `autoscaling-group/dev-backend-asg`."""
    return resource.partition("/")[2] or resource


def booked(run: str, n: int) -> str:
    """Return what the act of a run's `n`th look is booked under, in every budget."""
    return f"{run}/{n}"


def given_back(acts: tuple[Spent, ...], by: str) -> tuple[Spent, ...]:
    """Return the acts without the one that is booked so; where there is none, these very acts."""
    return tuple(each for each in acts if each.by != by)


def since(acts: tuple[Spent, ...], start: datetime) -> tuple[Spent, ...]:
    """Return the acts after an instant, the oldest first."""
    return tuple(sorted((each for each in acts if each.at > start), key=lambda each: each.at))


def switched(switch: Switch) -> Refusal:
    """Say which switch people have set, and why."""
    until = f" until {switch.until:%Y-%m-%d %H:%M:%S} UTC" if switch.until else ""
    because = switch.because.rstrip(".")
    why = f": {because}." if because else "."
    if switch.says == "freeze":
        who = switch.by.rpartition("/")[2] or "hand"
        return Refusal(gate="freeze", because=f"{switch.of} is frozen by {who}{until}{why}")
    says = f"The live switch of {switch.of} says {switch.says or 'nothing readable'!r}{until}{why}"
    return Refusal(gate="mode", because=says)


def clock(until: datetime, now: datetime) -> str:
    """Return when something ends, and how long that is."""
    return f"{until:%H:%M:%S} UTC (another {ceil((until - now).total_seconds())} s)"


def _asked(request: Request, standing: Standing) -> tuple[Asked, ...]:
    """Return the transitions that count, this run's too: within an hour, since the circuit was closed, each once."""
    asked, start = standing.resource.asked, request.now - HOUR
    if standing.circuit.closed_at is not None:
        start = max(start, standing.circuit.closed_at)
    if request.transition is not None:
        ours = Asked(alarm=request.alarm, at=request.transition)
        asked = asked if ours in asked else (*asked, ours)
    return tuple(each for each in asked if each.at > start)


def _held(request: Request, resource: Resource) -> bool:
    return resource.owner == request.run and resource.until is not None and resource.until > request.now


def _paid(request: Request, acts: tuple[Spent, ...]) -> tuple[Spent, ...]:
    """Return the acts with this one, which is paid once however often it is asked for."""
    if any(each.by == request.by for each in acts):
        return acts
    return (*acts, Spent(at=request.now, by=request.by))
