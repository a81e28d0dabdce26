"""Hazard R1 and R4 as properties: how many may be unhealthy, and which states are illness at all."""

from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_elbv2.literals import TargetHealthReasonEnumType, TargetHealthStateEnumType

from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restart_unhealthy_targets.case import within_blast_radius
from restart_unhealthy_targets.decide import RESTART
from restart_unhealthy_targets.facts import SICK
from tests.functions.restart_unhealthy_targets.cases import (
    BROKEN,
    CRASHING,
    DEAF,
    FINE,
    HUNG,
    MISSING,
    NO_CACHE,
    NO_DATABASE,
    NOW,
    SETTINGS,
    STOPPED,
    but,
    facts,
    healthy,
    sick,
    tried,
    verdict_on,
)

STATES = get_args(TargetHealthStateEnumType)
REASONS = get_args(TargetHealthReasonEnumType)


def _allowed(total: int, unhealthy: int) -> bool:
    return total >= 2 and total - unhealthy >= 1 and 1 <= unhealthy <= max(1, total * 34 // 100)


@pytest.mark.parametrize("total", range(51))
def test_for_every_size_of_group_no_act_is_outside_the_rule_and_none_inside_is_missing(total: int) -> None:
    for unhealthy in range(total + 1):
        targets = (*(sick(n + 1, BROKEN) for n in range(unhealthy)), *healthy(total - unhealthy))
        verdict = verdict_on(facts(*targets))
        assert isinstance(verdict, Act) == _allowed(total, unhealthy), (total, unhealthy, verdict)


@pytest.mark.parametrize(
    ("total", "unhealthy", "acts"),
    [(1, 1, 0), (2, 2, 0), (3, 2, 0), (3, 3, 0), (10, 4, 0), (2, 1, 1), (3, 1, 1), (10, 3, 1)],
)
def test_the_table_of_the_hazards(total: int, unhealthy: int, acts: int) -> None:
    targets = (*(sick(n + 1) for n in range(unhealthy)), *healthy(total - unhealthy))
    assert isinstance(verdict_on(facts(*targets)), Act) == bool(acts)


@pytest.mark.parametrize("total", range(1, 51))
def test_what_is_dead_may_be_touched_at_any_fraction(total: int) -> None:
    for unhealthy in range(1, total + 1):
        targets = (*(sick(n + 1, STOPPED) for n in range(unhealthy)), *healthy(total - unhealthy))
        verdict = verdict_on(facts(*targets))
        assert isinstance(verdict, Act)
        assert verdict.target.id == sick(1).id


def test_the_sets_are_those_of_aws() -> None:
    model: Any = ServiceModel(Loader().load_service_model("elbv2", "service-2"))
    assert set(STATES) == set(model.shape_for("TargetHealthStateEnum").enum)
    assert set(REASONS) == set(model.shape_for("TargetHealthReasonEnum").enum)
    assert (len(STATES), len(REASONS)) == (7, 12)


def test_of_all_states_and_reasons_three_pairs_are_acted_on() -> None:
    acted = {
        (state, reason)
        for state, reason in product(STATES, REASONS)
        if isinstance(verdict_on(facts(sick(state=state, reason=reason), *healthy(1))), Act)
    }
    assert acted == SICK
    assert acted == {
        ("unhealthy", "Target.FailedHealthChecks"),
        ("unhealthy", "Target.Timeout"),
        ("unhealthy", "Target.ResponseCodeMismatch"),
    }


@given(state=st.text(), reason=st.text())
def test_a_state_that_is_not_known_is_not_acted_on(state: str, reason: str) -> None:
    verdict = verdict_on(facts(sick(state=state, reason=reason), *healthy(1)))
    assert not isinstance(verdict, Act) or (state, reason) in SICK


@given(total=st.integers(0, 1000), unhealthy=st.integers(0, 1000), percent=st.integers(0, 100))
def test_the_fraction_is_rounded_down_exactly(total: int, unhealthy: int, percent: int) -> None:
    allowed = unhealthy <= total - 1 and 1 <= unhealthy <= max(1, total * percent // 100) and total >= 2
    assert within_blast_radius(total, unhealthy, total - unhealthy, percent / 100) == allowed


INSPECTIONS = st.sampled_from([None, FINE, HUNG, BROKEN, CRASHING, DEAF, STOPPED, MISSING, NO_DATABASE, NO_CACHE])
TARGETS = st.builds(
    lambda n, inspection, state, reason, lifecycle, age, port_open, in_ssm: sick(
        n,
        inspection if in_ssm else None,
        state=state,
        reason=reason,
        lifecycle=lifecycle,
        launched_at=NOW - timedelta(seconds=age),
        port_open=port_open,
        in_ssm=in_ssm,
    ),
    st.integers(1, 6),
    INSPECTIONS,
    st.sampled_from(["unhealthy", "healthy", *STATES]),
    st.sampled_from([*(reason for _, reason in SICK), *REASONS]),
    st.sampled_from(["InService", "InService", "Pending", "Terminating", "Standby", ""]),
    st.integers(0, 900),
    st.sampled_from([True, None, False]),
    st.booleans(),
)


@given(
    targets=st.lists(TARGETS, max_size=6, unique_by=lambda target: target.id),
    checks=st.sampled_from([("ELB",), ("EC2",)]),
    min_size=st.integers(0, 4),
    attempted=st.lists(st.tuples(st.sampled_from([RESTART, "replace-instance"]), st.integers(1, 6)), max_size=3),
)
def test_whatever_the_night_an_act_is_on_one_sick_target_in_service_and_takes_no_serving_capacity(
    targets: list[Any], checks: tuple[str, ...], min_size: int, attempted: list[tuple[str, int]]
) -> None:
    night = facts(*targets, health_checks=checks, min_size=min_size)
    verdict = verdict_on(night, tried=[tried(action, sick(n)) for action, n in attempted])
    if isinstance(verdict, Wait):
        assert verdict.for_ > timedelta(0)
        assert verdict.because.removesuffix(".").strip(), "a wait says what for"
    if not isinstance(verdict, Nothing):
        assert verdict.evidence or not targets
        assert verdict.next_steps
    if not isinstance(verdict, Act):
        return
    (target,) = [target for target in targets if target.id == verdict.target.id]
    counted = [target for target in targets if "draining" not in target.state]
    serving = [target for target in counted if target.state == "healthy" and target.lifecycle == "InService"]
    unhealthy = [target for target in counted if target.state == "unhealthy"]
    assert (target.state, target.reason) in SICK
    assert target.lifecycle == "InService"
    assert NOW - target.launched_at >= SETTINGS.grace_at_least
    assert target.port_open is not False
    dead = target.inspection is not None and target.inspection.dead
    assert dead == verdict.target.dead
    assert dead or _allowed(len(counted), len(unhealthy))
    assert (verdict.action, target.id) not in {(action, sick(n).id) for action, n in attempted}
    if verdict.action == RESTART:
        assert verdict.target.started_at == target.inspection.started_at
    else:
        assert checks == ("EC2",)
        assert len(serving) > min_size


def test_a_target_group_beyond_its_fraction_but_for_a_draining_target_is_outside_the_rule() -> None:
    leaving = but(sick(9), state="draining", reason="Target.DeregistrationInProgress", lifecycle="")
    assert isinstance(verdict_on(facts(sick(1, BROKEN), leaving)), Escalate)
