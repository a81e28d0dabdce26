"""Whatever is asked in whatever order: never two owners, never more than the budget, fences only grow.

Hypothesis draws the requests; what was allowed is written down beside the ledger and judged by counting, not by its rules.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.admission import Answer, Lease, Request, Resource, Spent, Standing, admission
from remediation.core.circuit import Circuit, Result, ended
from remediation.core.limits import Breaker, Budgets, Limits
from tests.support.damage import steady
from tests.support.steps import NIGHT

LEASE, COOLDOWN = timedelta(minutes=15), timedelta(minutes=20)


@dataclass(frozen=True)
class Ask:
    """One run wants its nth act, so long after the one before; perhaps it ends at once."""

    run: int
    n: int
    resource: str
    after: timedelta
    alarm: str
    ends: Result | None


ASKS = st.lists(
    st.builds(
        Ask,
        run=st.integers(1, 6),
        n=st.integers(1, 3),
        resource=st.sampled_from(["a", "b"]),
        after=st.sampled_from([timedelta(0)] * 3 + [timedelta(seconds=s) for s in (1, 299, 300, 600, 899, 900, 1_800)])
        | st.timedeltas(timedelta(0), timedelta(hours=2)),
        alarm=st.sampled_from(["", "", "", "hot", "dark"]),
        ends=st.sampled_from([None, None, "good", "bad", "neutral"]),
    ),
    max_size=60,
)
LIMITS = st.builds(
    Limits,
    budgets=st.builds(
        Budgets,
        resource_hour=st.integers(0, 3),
        environment_quarter=st.integers(0, 3),
        environment_day=st.integers(0, 6),
    ),
    breaker=st.builds(Breaker, trial_after=st.sampled_from([None, timedelta(hours=1)]), flaps=st.integers(2, 5)),
)


@dataclass
class World:
    """What a ledger would keep, and what was allowed."""

    limits: Limits
    now: datetime = NIGHT
    resources: dict[str, Resource] = field(default_factory=dict)
    circuit: Circuit = field(default_factory=Circuit)
    acts: tuple[Spent, ...] = ()
    allowed: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """When an act was allowed first, and on what."""
    fences: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    trials: list[tuple[datetime, str]] = field(default_factory=list)

    def request(self, ask: Ask) -> Request:
        return Request(
            run=f"run-{ask.run}-{ask.resource}",
            n=ask.n,
            event=f"event {ask.run}",
            runbook="light-the-lamps",
            resource=ask.resource,
            until=self.now + LEASE,
            cooldown_until=self.now + COOLDOWN,
            now=self.now,
            alarm=ask.alarm,
            transition=self.now if ask.alarm else None,
        )

    def ask(self, request: Request) -> Answer:
        stands = Standing(
            environment="dev",
            owner=None,
            switches=(),
            circuit=self.circuit,
            resource=self.resources.get(request.resource, Resource()),
            acts=self.acts,
        )
        answer = admission(request, stands, self.limits)
        self.resources[request.resource], self.circuit, self.acts = answer.resource, answer.circuit, answer.acts
        return answer

    def end(self, request: Request, result: Result) -> None:
        held = self.resources[request.resource]
        if held.owner == request.run:
            self.resources[request.resource] = replace(held, owner="", until=None, cooldown_until=self.now)
        self.circuit = ended(self.circuit, request.run, result, self.limits.breaker, self.now)


@settings(steady, max_examples=400)
@given(ASKS, LIMITS)
def test_whatever_is_asked(asks: list[Ask], limits: Limits) -> None:
    world = World(limits)
    for ask in asks:
        world.now += ask.after
        request = world.request(ask)
        before = world.resources.get(ask.resource, Resource())
        open_before, paid_before = world.circuit, {each.by for each in world.acts}
        answer = world.ask(request)
        if isinstance(answer.answer, Lease):
            check_lease(world, request, answer.answer, before, open_before)
        else:
            assert answer.resource.fence == before.fence
            assert (answer.resource.owner, answer.resource.until) == (before.owner, before.until)
            assert {each.by for each in world.acts} <= paid_before, "a no is free"
        again = world.ask(request)
        assert type(again.answer) is type(answer.answer)
        assert (again.resource, again.acts, again.circuit) == (answer.resource, answer.acts, answer.circuit)
        if ask.ends is not None:
            world.end(request, ask.ends)
    check_budgets(world)


def check_lease(world: World, request: Request, lease: Lease, before: Resource, circuit: Circuit) -> None:
    now = world.now
    assert (lease.resource, lease.until > now) == (request.resource, True)
    others_hold = before.owner != request.run and before.until is not None and before.until > now
    assert not others_hold, "there never are two owners"
    fences = world.fences.setdefault(request.resource, [])
    if not fences or fences[-1] != (lease.fence, request.run):
        assert not fences or lease.fence > fences[-1][0], "fences only grow"
        cool = before.cooldown_until is None or before.cooldown_until <= now
        assert cool or before.owner == request.run, "others leave it alone while it cools down"
        fences.append((lease.fence, request.run))
    if circuit.open:
        assert world.limits.breaker.trial_after is not None
        assert world.circuit.trial == request.run, "who acts while it is open is the trial"
    world.allowed.setdefault(request.by, (now, request.resource))
    world.allowed[request.by] = max(world.allowed[request.by], paid(world, request))


def paid(world: World, request: Request) -> tuple[datetime, str]:
    """Return when the act was paid last: one that is asked for again after its share is over is paid again."""
    (at,) = (each.at for each in world.acts if each.by == request.by)
    return at, request.resource


def check_budgets(world: World) -> None:
    """Count what was allowed in every window that ends at an act."""
    budgets = world.limits.budgets
    for window, most, only in (
        (timedelta(hours=1), budgets.resource_hour, "a"),
        (timedelta(hours=1), budgets.resource_hour, "b"),
        (timedelta(minutes=15), budgets.environment_quarter, ""),
        (timedelta(days=1), budgets.environment_day, ""),
    ):
        counted = sorted(at for at, resource in world.allowed.values() if only in {"", resource})
        for end in counted:
            within = [at for at in counted if end - window < at <= end]
            assert len(within) <= most, f"{len(within)} of {most} within {window} on {only or 'dev'}"


@settings(steady, max_examples=200)
@given(
    st.lists(st.integers(0, 100_000), max_size=40),
    st.integers(0, 12),
    st.sampled_from([(timedelta(hours=1), "resource_hour"), (timedelta(days=1), "environment_day")]),
)
def test_what_the_no_promises_is_true(seconds: list[int], most: int, which: tuple[timedelta, str]) -> None:
    """At the moment that it names, and not a millisecond earlier, the next act is free."""
    window, name = which
    generous = dict.fromkeys(("resource_hour", "environment_quarter", "environment_day"), 99)
    limits = Limits(budgets=Budgets(**(generous | {name: most})))
    now = NIGHT
    acts = tuple(Spent(at=now - timedelta(seconds=s), by=f"run-{n}/1") for n, s in enumerate(seconds, 10))
    within = sorted(each.at for each in acts if each.at > now - window)

    def ask(at: datetime) -> bool:
        request = World(limits, now=at).request(Ask(1, 1, "a", timedelta(0), "", None))
        resource = Resource(acts=acts) if name == "resource_hour" else Resource()
        stands = Standing(environment="dev", owner=None, switches=(), resource=resource, acts=acts)
        return isinstance(admission(request, stands, limits).answer, Lease)

    assert ask(now) == (len(within) < most)
    if len(within) >= most > 0:
        free = within[-most] + window
        assert not ask(free - timedelta(milliseconds=1))
        assert ask(free)
