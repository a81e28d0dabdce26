"""May this run make this act: every no with its exact sentence, and next to it the yes that is nearest to it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.admission import (
    Answer,
    Asked,
    Lease,
    Request,
    Resource,
    Spent,
    Standing,
    Switch,
    admission,
    clock,
    since,
    switched,
)
from remediation.core.circuit import Circuit
from remediation.core.gates import Refusal
from remediation.core.limits import Breaker, Budgets, Limits
from tests.support.steps import NIGHT

MOMENT = timedelta(milliseconds=1)
LEASE, COOLDOWN = timedelta(minutes=15), timedelta(minutes=30)
DEV = Limits(breaker=Breaker(trial_after=timedelta(hours=1)))
PROD = Limits()


def later(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def request(**more: Any) -> Request:
    now = more.get("now", NIGHT)
    asked: dict[str, Any] = {
        "run": "run-1",
        "n": 1,
        "event": "an event",
        "runbook": "light-the-lamps",
        "resource": "dev-house",
        "until": now + LEASE,
        "cooldown_until": now + COOLDOWN,
        "now": now,
    }
    return Request(**(asked | more))


def standing(**more: Any) -> Standing:
    return Standing(**({"environment": "dev", "owner": "run-1", "switches": ()} | more))


def acts(*seconds: float) -> tuple[Spent, ...]:
    return tuple(Spent(at=later(at), by=f"run-{n}/1") for n, at in enumerate(seconds, 100))


def ask(limits: Limits = PROD, /, stands: Standing | None = None, **more: Any) -> Answer:
    return admission(request(**more), stands or standing(), limits)


def no(answer: Answer) -> tuple[str, str]:
    assert isinstance(answer.answer, Refusal), answer.answer
    assert answer.answer.status == "refused"
    return answer.answer.gate, answer.answer.because


def yes(answer: Answer) -> Lease:
    assert isinstance(answer.answer, Lease), answer.answer
    return answer.answer


OPEN = Circuit(open=True, failures=3, because="it does not help", opened_at=later(-3_600))

TABLE: list[tuple[str, Standing, str, Standing]] = [
    (
        "duplicate",
        standing(owner="run-7"),
        "Run run-7 has this event; it may act on it, this run may not.",
        standing(owner="run-1"),
    ),
    (
        "duplicate",
        standing(owner=""),
        "Run unknown has this event; it may act on it, this run may not.",
        standing(owner=None),
    ),
    (
        "mode",
        standing(switches=(Switch(of="dev", says="off"), Switch(of="dev", says="freeze"))),
        "The live switch of dev says 'off'.",
        standing(),
    ),
    (
        "freeze",
        standing(switches=(Switch(of="dev", says="freeze", until=later(60), because="Ada moves house."),)),
        "dev is frozen by hand until 2026-11-23 03:41:00 UTC: Ada moves house.",
        standing(),
    ),
    (
        "circuit",
        standing(circuit=replace(OPEN, opened_at=later(-3_600) + MOMENT)),
        "The circuit is open since 2026-11-23 02:40:00 UTC (it does not help); one run may try from 03:40:00 UTC on.",
        standing(circuit=OPEN),
    ),
    (
        "lease",
        standing(resource=Resource(owner="run-7", until=NIGHT + MOMENT, fence=4)),
        "Run run-7 works on dev-house until 03:40:00 UTC (another 1 s).",
        standing(resource=Resource(owner="run-7", until=NIGHT, fence=4)),
    ),
    (
        "cooldown",
        standing(resource=Resource(cooldown_until=later(899.5), fence=4)),
        "dev-house was worked on lately and is left alone until 03:54:59 UTC (another 900 s).",
        standing(resource=Resource(cooldown_until=NIGHT, fence=4)),
    ),
    (
        "budget",
        standing(resource=Resource(acts=acts(-3_599.999, -60))),
        "2 of 2 acts on dev-house used this hour; the next one is free at 03:40:00 UTC (another 1 s).",
        standing(resource=Resource(acts=acts(-3_600, -60))),
    ),
    (
        "budget",
        standing(acts=acts(-899.999, -60, -1)),
        "3 of 3 acts in dev used these 15 minutes; the next one is free at 03:40:00 UTC (another 1 s).",
        standing(acts=acts(-900, -60, -1)),
    ),
    (
        "budget",
        standing(acts=acts(*range(-80_000, -10_000, 7_000))),
        "10 of 10 acts in dev used these 24 hours; the next one is free at 05:26:40 UTC (another 6400 s).",
        standing(acts=acts(*range(-80_000, -17_000, 7_000))),
    ),
    (
        "budget",
        standing(acts=acts(-86_399.999, *range(-80_000, -17_000, 7_000))),
        "10 of 10 acts in dev used these 24 hours; the next one is free at 03:40:00 UTC (another 1 s).",
        standing(acts=acts(-86_400, *range(-80_000, -17_000, 7_000))),
    ),
]


@pytest.mark.parametrize(("gate", "refused", "because", "good"), TABLE)
def test_every_no_says_why_with_its_numbers_and_the_nearest_yes_is_one(
    gate: str, refused: Standing, because: str, good: Standing
) -> None:
    assert no(ask(DEV, refused)) == (gate, because)
    yes(ask(DEV, good))


@pytest.mark.parametrize("refused", [row[1] for row in TABLE])
def test_a_no_leases_nothing_pays_nothing_and_begins_no_trial(refused: Standing) -> None:
    answer = ask(DEV, refused)
    assert answer.circuit == refused.circuit
    assert (answer.resource, answer.acts) == (refused.resource, refused.acts)


def test_of_many_reasons_the_one_is_told_that_holds_longest_or_was_decided_by_people() -> None:
    everything = standing(
        owner="run-7",
        switches=(Switch(of="dev", says="off"),),
        circuit=replace(OPEN, opened_at=NIGHT),
        resource=Resource(
            owner="run-7",
            until=later(60),
            cooldown_until=later(600),
            acts=acts(-2, -1),
            asked=tuple(Asked(alarm="dark-lamps", at=later(-at)) for at in (1, 2, 3)),
        ),
        acts=acts(-2, -1, 0),
    )
    gates = []
    for better in (
        {"owner": "run-1"},
        {"switches": ()},
        {"circuit": Circuit()},
        {"resource": replace(everything.resource, asked=())},
        {"resource": replace(everything.resource, asked=(), owner="", until=None)},
        {"resource": replace(everything.resource, asked=(), owner="", until=None, cooldown_until=None)},
        {"resource": Resource()},
        {"acts": ()},
    ):
        gates.append(no(ask(DEV, everything, alarm="dark-lamps", transition=NIGHT))[0])
        everything = replace(everything, **better)
    assert gates == ["duplicate", "mode", "circuit", "circuit", "lease", "cooldown", "budget", "budget"]
    yes(ask(DEV, everything, alarm="dark-lamps", transition=NIGHT))


# ------------------------------------------------------------------------------------------------------ what a yes is


def test_a_yes_is_the_lease_that_was_asked_for_and_is_kept() -> None:
    answer = ask(stands=standing(resource=Resource(fence=6)))
    assert yes(answer) == Lease(resource="dev-house", fence=7, until=NIGHT + LEASE)
    assert answer.resource == Resource(
        owner="run-1",
        until=NIGHT + LEASE,
        cooldown_until=NIGHT + COOLDOWN,
        fence=7,
        acts=(Spent(at=NIGHT, by="run-1/1"),),
    )
    assert answer.acts == (Spent(at=NIGHT, by="run-1/1"),)
    assert answer.circuit == Circuit()


def after(answer: Answer, **more: Any) -> Standing:
    """Return what stands once an answer was kept."""
    return standing(resource=answer.resource, circuit=answer.circuit, acts=answer.acts, **more)


def test_asking_again_for_the_same_act_is_the_same_answer_and_costs_nothing() -> None:
    first = ask()
    again = ask(stands=after(first), now=later(5))
    assert again == first


def test_the_next_act_of_the_same_run_has_the_same_lease_and_is_paid_as_well() -> None:
    first = ask()
    second = ask(stands=after(first), n=2, now=later(5))
    assert yes(second) == yes(first)
    assert second.acts == second.resource.acts == (Spent(at=NIGHT, by="run-1/1"), Spent(at=later(5), by="run-1/2"))
    assert no(ask(stands=after(second), n=3, now=later(6)))[0] == "budget"
    assert yes(ask(stands=after(second), n=2, now=later(6))) == yes(first), "it was paid already"


def test_a_run_whose_lease_has_ended_while_people_thought_leases_anew_with_a_higher_fence() -> None:
    first = ask()
    assert yes(ask(stands=after(first), now=NIGHT + LEASE - MOMENT)).fence == 1
    assert yes(ask(stands=after(first), now=NIGHT + LEASE)).fence == 2, "the cooldown is its own"


def test_one_run_does_not_stand_in_for_another_that_has_no_end_of_its_lease() -> None:
    answer = ask(stands=standing(resource=Resource(owner="run-1", until=None, fence=3)))
    assert yes(answer).fence == 4, "it is leased anew"


# -------------------------------------------------------------------------------------------------- sliding windows


@pytest.mark.parametrize(("ago", "free"), [(899, False), (900, True), (901, True)])
def test_a_quarter_of_an_hour_slides_to_the_second(ago: int, free: bool) -> None:
    answer = ask(stands=standing(acts=acts(-ago, -10, -5)))
    assert isinstance(answer.answer, Lease) is free


@pytest.mark.parametrize(("ago", "free"), [(86_399, False), (86_400, True), (86_401, True)])
def test_a_day_slides_to_the_second(ago: int, free: bool) -> None:
    answer = ask(stands=standing(acts=acts(-ago, *range(-80_000, -17_000, 7_000))))
    assert isinstance(answer.answer, Lease) is free


@pytest.mark.parametrize(("ago", "free"), [(3_599, False), (3_600, True), (3_601, True)])
def test_an_hour_slides_to_the_second(ago: int, free: bool) -> None:
    answer = ask(stands=standing(resource=Resource(acts=acts(-ago, -3_000))))
    assert isinstance(answer.answer, Lease) is free


def test_a_resource_is_told_by_its_name() -> None:
    asked = request(resource="autoscaling-group/dev-backend-asg")
    for resource, because in (
        (Resource(acts=acts(-3_000, -2_000)), "2 of 2 acts on dev-backend-asg used this hour; "),
        (Resource(cooldown_until=later(60)), "dev-backend-asg was worked on lately and is left alone "),
        (Resource(owner="run-7", until=later(60)), "Run run-7 works on dev-backend-asg until "),
    ):
        _, told = no(admission(asked, standing(resource=resource), PROD))
        assert told.startswith(because)


def test_where_more_is_used_than_is_allowed_now_the_next_one_is_free_when_enough_are_over() -> None:
    spent = acts(-3_000, -2_000, -1_000, -500)
    assert no(ask(stands=standing(resource=Resource(acts=spent)))) == (
        "budget",
        "4 of 2 acts on dev-house used this hour; the next one is free at 04:23:20 UTC (another 2600 s).",
    )


@pytest.mark.parametrize(
    ("budgets", "because"),
    [
        (Budgets(resource_hour=0), "0 of 0 acts on dev-house used this hour."),
        (Budgets(environment_quarter=0), "0 of 0 acts in dev used these 15 minutes."),
        (Budgets(environment_day=0), "0 of 0 acts in dev used these 24 hours."),
    ],
)
def test_a_budget_of_nothing_is_nothing_and_promises_nothing(budgets: Budgets, because: str) -> None:
    assert no(ask(Limits(budgets=budgets))) == ("budget", because)


def test_what_is_over_is_forgotten_in_yes_and_no() -> None:
    old = standing(
        resource=Resource(acts=acts(-3_600, -3_599), asked=(Asked(alarm="a", at=later(-3_600)),)),
        acts=acts(-86_400, -86_399),
    )
    for stands in (old, replace(old, owner="run-7")):
        answer = ask(stands=stands)
        assert [each.by for each in answer.resource.acts][:1] == ["run-101/1"]
        assert [each.by for each in answer.acts][:1] == ["run-101/1"]
        assert answer.resource.asked == ()


def test_acts_are_kept_oldest_first_whatever_order_they_were_written_in() -> None:
    assert [each.at for each in since(acts(5, -5, 0), later(-5))] == [NIGHT, later(5)]


# ---------------------------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("switch", "gate", "because"),
    [
        (Switch(of="dev", says="off"), "mode", "The live switch of dev says 'off'."),
        (Switch(of="dev", says=""), "mode", "The live switch of dev says 'nothing readable'."),
        (
            Switch(of="x in dev", says="observe", until=later(3_600), because="Ada looks."),
            "mode",
            "The live switch of x in dev says 'observe' until 2026-11-23 04:40:00 UTC: Ada looks.",
        ),
        (Switch(of="dev", says="freeze"), "freeze", "dev is frozen by hand."),
        (Switch(of="dev", says="freeze", because="Why..."), "freeze", "dev is frozen by hand: Why."),
    ],
)
def test_a_switch_says_what_it_is_of_until_when_and_why(switch: Switch, gate: str, because: str) -> None:
    assert switched(switch) == Refusal(gate=gate, because=because)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.001, "03:40:00 UTC (another 1 s)"),
        (1, "03:40:01 UTC (another 1 s)"),
        (1.5, "03:40:01 UTC (another 2 s)"),
        (100_000, "07:26:40 UTC (another 100000 s)"),
    ],
)
def test_a_time_is_told_with_how_long_it_is_and_never_shorter(seconds: float, told: str) -> None:
    assert clock(later(seconds), NIGHT) == told


@pytest.mark.parametrize(("n", "by"), [(1, "run-1/1"), (12, "run-1/12")])
def test_a_share_of_a_budget_is_booked_under_the_run_and_its_look(n: int, by: str) -> None:
    assert request(n=n).by == by
