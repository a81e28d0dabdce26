"""An alarm that comes back again and again says that what the runbook does does not last: the circuit opens."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from remediation.core.admission import Answer, Asked, Lease, Resource, Standing, admission
from remediation.core.circuit import Circuit
from remediation.core.gates import Refusal
from remediation.core.limits import Breaker, Limits
from tests.core.test_admission import DEV, MOMENT, PROD, later, request, standing
from tests.support.steps import NIGHT

FLAPS = "The circuit opens now: the alarm dark-lamps came back 3 times within an hour, so what light-the-lamps does does not last."


def came(*seconds: float, alarm: str = "dark-lamps") -> tuple[Asked, ...]:
    return tuple(Asked(alarm=alarm, at=later(at)) for at in seconds)


def ask(
    asked: tuple[Asked, ...], *, at: datetime = NIGHT, limits: Limits = PROD, alarm: str = "dark-lamps", **more: object
) -> Answer:
    stands: Standing = replace(standing(resource=Resource(asked=asked)), **more)
    return admission(request(alarm=alarm, transition=at, now=at), stands, limits)


def test_the_third_transition_within_an_hour_opens_the_circuit_and_the_one_before_does_not() -> None:
    answer = ask(came(-1_200, -600))
    assert answer.answer == Refusal(gate="circuit", because=FLAPS)
    assert answer.circuit == Circuit(
        open=True,
        because="the alarm dark-lamps came back 3 times within an hour, so what light-the-lamps does does not last",
        opened_at=NIGHT,
    )
    assert answer.resource == Resource(asked=came(-1_200, -600, 0)), "nothing is leased"
    assert answer.acts == ()
    assert isinstance(ask(came(-1_200)).answer, Lease)


@pytest.mark.parametrize(("ago", "opens"), [(3_599, True), (3_599.999, True), (3_600, False), (3_601, False)])
def test_an_hour_is_an_hour(ago: float, opens: bool) -> None:
    assert ask(came(-ago, -600)).circuit.open is opens


def test_the_same_transition_offered_again_counts_once() -> None:
    asked: tuple[Asked, ...] = ()
    for _ in range(9):
        answer = ask(asked)
        asked = answer.resource.asked
        assert isinstance(answer.answer, Lease)
    assert asked == came(0)


def test_another_alarm_on_the_same_resource_does_not_count_and_is_remembered() -> None:
    others = came(-3, -2, -1, alarm="slow-lamps") + came(-600)
    answer = ask(others)
    assert isinstance(answer.answer, Lease)
    assert answer.resource.asked == (*others, *came(0))


def test_a_run_without_an_alarm_flaps_nothing_and_opens_nothing() -> None:
    stands = standing(resource=Resource(asked=came(-3, -2, -1) + came(-6, -5, -4, alarm="")))
    answer = admission(request(), stands, PROD)
    assert isinstance(answer.answer, Lease)
    assert answer.resource.asked == stands.resource.asked


@pytest.mark.parametrize(("flaps", "opens"), [(2, True), (3, True), (4, False)])
def test_how_often_is_the_environments_to_say(flaps: int, opens: bool) -> None:
    assert ask(came(-2, -1), limits=Limits(breaker=Breaker(flaps=flaps))).circuit.open is opens


def test_closing_the_circuit_forgets_what_was_before_it() -> None:
    closed = Circuit(closed_at=later(-600))
    answer = ask(came(-1_200, -600), circuit=closed)
    assert isinstance(answer.answer, Lease)
    assert answer.resource.asked == came(0), "what came at the moment of closing is over too"
    assert ask(came(-599.999, -300), circuit=closed).circuit.open
    assert answer.circuit.closed_at == closed.closed_at


def test_closing_long_ago_does_not_bring_back_what_was_longer_ago_than_an_hour() -> None:
    assert isinstance(ask(came(-3_700, -3_650), circuit=Circuit(closed_at=later(-9_000))).answer, Lease)


def test_an_open_circuit_is_not_opened_again_by_flaps_and_keeps_its_reason() -> None:
    opened = Circuit(open=True, because="it does not help", opened_at=later(-60))
    answer = ask(came(-2, -1), circuit=opened, limits=DEV)
    assert isinstance(answer.answer, Refusal)
    assert answer.circuit == opened
    trial = replace(opened, opened_at=later(-3_600))
    assert isinstance(ask(came(-2, -1), circuit=trial, limits=DEV).answer, Lease), "a trial may act where it flaps"


def test_a_run_that_is_refused_for_another_reason_opens_nothing_but_is_counted() -> None:
    answer = ask(came(-2, -1), owner="run-7")
    assert (answer.circuit, answer.resource.asked) == (Circuit(), came(-2, -1, 0))


def test_flaps_are_told_rather_than_a_lease_that_another_run_has() -> None:
    busy = Resource(owner="run-7", until=later(60), asked=came(-2, -1))
    answer = ask((), resource=busy)
    assert answer.answer == Refusal(gate="circuit", because=FLAPS)
    assert (answer.resource.owner, answer.resource.until) == ("run-7", later(60))


def test_a_trial_is_the_only_one_until_its_lease_ends() -> None:
    opened = Circuit(open=True, because="it does not help", opened_at=later(-3_600), failures=3)
    answer = admission(request(), standing(circuit=opened), DEV)
    assert isinstance(answer.answer, Lease)
    assert answer.circuit == replace(opened, trial="run-1", trial_until=answer.answer.until)
    for now, trial in ((later(1), "run-1"), (answer.answer.until - MOMENT, "run-1"), (answer.answer.until, "run-2")):
        stands = standing(owner="run-2", circuit=answer.circuit)
        other = admission(request(run="run-2", resource="b", now=now), stands, DEV)
        assert other.circuit.trial == trial
        assert isinstance(other.answer, Lease) is (trial == "run-2")


def test_prod_lets_no_run_try() -> None:
    opened = Circuit(open=True, opened_at=NIGHT - timedelta(days=30))
    assert isinstance(admission(request(), standing(circuit=opened), PROD).answer, Refusal)
