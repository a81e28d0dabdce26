"""The alarm doctor: what can never help is found, and what is well is left in peace."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.doctor import MOST, SILENT_FOR, Finding, Known, examinable, examine, report
from remediation.core.sweep import Answers, DescribedAlarm, Swept
from remediation.core.triggers import Metric
from tests.support.steps import NIGHT

DAY = timedelta(days=1)
WELL = DescribedAlarm(
    name="dev-alb-unhealthy-hosts",
    arn="arn:aws:cloudwatch:us-east-1:123456789012:alarm:dev-alb-unhealthy-hosts",
    state="OK",
    transitioned_at=NIGHT - 30 * DAY,
    actions_enabled=True,
    actions=1,
    metric=Metric(
        namespace="AWS/ApplicationELB",
        name="UnHealthyHostCount",
        dimensions={"TargetGroup": "targetgroup/dev-backend-tg-v2/50dc", "LoadBalancer": "app/dev-alb-v2/50dc"},
    ),
)
THERE = Known(metric=True, resource=True, name=True)
RESTART = Swept(
    runbook="restart-unhealthy-targets",
    team="infrastructure",
    mode="act",
    alarms=(
        Answers(
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions={"TargetGroup": "targetgroup/dev-backend-tg*"},
        ),
    ),
    limit=15 * timedelta(minutes=1),
    cooldown=15 * timedelta(minutes=1),
)


def watching(name: str, namespace: str = "AWS/ApplicationELB", **dimensions: str) -> DescribedAlarm:
    return replace(WELL, metric=Metric(namespace=namespace, name=name, dimensions=dimensions))


def findings(
    alarm: DescribedAlarm, known: Known | None = THERE, *, runbooks: tuple[Swept, ...] = (), quiet: str = ""
) -> list[Finding]:
    names = {} if known is None else {alarm.name: known}
    return list(examine([alarm], names, runbooks, frozenset({quiet}), NIGHT))


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def test_an_alarm_that_is_well_is_left_in_peace() -> None:
    assert findings(WELL) == []
    assert findings(replace(WELL, state="ALARM")) == []
    assert findings(replace(WELL, metric=None, actions=0)) == [], "metric math is not examined"


@pytest.mark.parametrize("known", [None, Known(metric=False)])
def test_an_aws_metric_without_dimensions_can_never_fire(known: Known | None) -> None:
    found = only(findings(watching("UnHealthyHostCount"), known))
    assert "without dimensions" in found.because
    assert "Add the dimensions" in found.fix


def test_an_aws_metric_that_really_is_published_without_dimensions_is_fine() -> None:
    assert findings(watching("Errors", "AWS/Lambda"), THERE) == []


def test_a_metric_of_ones_own_may_do_without_dimensions() -> None:
    assert findings(watching("Orders", "StartTech"), THERE) == []
    found = only(findings(watching("Ordres", "StartTech"), Known(metric=False)))
    assert "CloudWatch has not seen anything in StartTech with no dimensions for two weeks" in found.because


def test_a_resource_that_cloudwatch_does_not_know_is_gone_or_misspelt() -> None:
    found = only(findings(watching("UnHealthyHostCount", TargetGroup="targetgroup/gone/1"), Known(metric=False)))
    assert "anything in AWS/ApplicationELB with TargetGroup = targetgroup/gone/1" in found.because
    assert "two weeks" in found.because, "ListMetrics forgets; the report must say so"
    assert "gone, or a name is misspelt" in found.fix


def test_a_dimension_that_is_missing_makes_a_metric_that_nobody_publishes() -> None:
    alarm = watching("UnHealthyHostCount", LoadBalancer="app/dev-alb-v2/50dc")
    found = only(findings(alarm, Known(metric=False, finer=True)))
    assert "published only with further dimensions" in found.because
    assert "Add the missing dimensions" in found.fix


def test_a_name_that_no_resource_has_is_misspelt() -> None:
    alarm = watching("CPUUtilisation", "AWS/EC2", AutoScalingGroupName="dev-backend-asg")
    found = only(findings(alarm, Known(metric=False, resource=True)))
    assert "a metric of AWS/EC2 CPUUtilisation" in found.because


@pytest.mark.parametrize("name", ["HTTPCode_Target_5XX_Count", "RejectedConnectionCount", "DeadLetterErrors"])
def test_a_metric_that_is_only_published_when_something_happens_is_no_finding(name: str) -> None:
    alarm = watching(name, LoadBalancer="app/dev-alb-v2/50dc")
    assert findings(alarm, Known(metric=False, resource=True)) == []


def test_a_metric_that_other_resources_publish_is_no_finding() -> None:
    alarm = watching("Evictions", "AWS/ElastiCache", CacheClusterId="dev-redis")
    assert findings(alarm, Known(metric=False, resource=True, name=True)) == []


@pytest.mark.parametrize(
    ("age", "ill"),
    [(SILENT_FOR, False), (SILENT_FOR + timedelta(seconds=1), True), (9 * DAY, True)],
)
def test_no_data_for_days_is_a_finding(age: timedelta, ill: bool) -> None:
    found = findings(replace(WELL, state="INSUFFICIENT_DATA", transitioned_at=NIGHT - age))
    assert bool(found) == ill
    if ill:
        assert only(found).because == f"It has had no data for {age.days} days."


def test_an_alarm_whose_time_is_unknown_is_not_accused() -> None:
    assert findings(replace(WELL, state="INSUFFICIENT_DATA", transitioned_at=None)) == []


def test_disabled_actions_are_a_finding_with_the_command_that_enables_them() -> None:
    found = only(findings(replace(WELL, name="dev-it's mine", actions_enabled=False)))
    assert found.fix.endswith("""aws cloudwatch enable-alarm-actions --alarm-names 'dev-it'"'"'s mine'""")


def test_an_alarm_that_nobody_hears_is_a_finding() -> None:
    unheard = replace(WELL, actions=0)
    assert "nobody would hear of it" in only(findings(unheard)).because
    assert findings(unheard, runbooks=(RESTART,)) == [], "a runbook answers it"
    assert findings(unheard, quiet=unheard.name) == [], "its ALARM is normal"


def test_an_alarm_may_have_several_things_wrong_with_it() -> None:
    found = findings(replace(watching("UnHealthyHostCount"), actions=0, actions_enabled=False), Known(metric=False))
    assert len(found) == 3
    assert all(finding.line().startswith(f"{WELL.name}: ") for finding in found)


@pytest.mark.parametrize(
    ("alarm", "examined"),
    [
        (WELL, True),
        (replace(WELL, metric=None), False),
        (replace(WELL, name="TargetTracking-dev-AlarmLow-1"), False),
        (replace(watching("Errors", "AWS/Lambda", FunctionName="x"), name="dev-remediation-x-errors"), False),
        (replace(watching("Errors", "AWS/Lambda", FunctionName="x"), name="dev-app-errors"), True),
        (replace(WELL, name="dev-remediation-unhealthy-targets"), True),
    ],
)
def test_only_plain_alarms_that_are_not_the_remediations_own_parts_are_examined(
    alarm: DescribedAlarm, examined: bool
) -> None:
    assert examinable(alarm, "dev") == examined


def test_a_report_is_as_long_as_a_person_reads() -> None:
    many = tuple(Finding(alarm=f"dev-{number}", because="Ill.", fix="Heal it.") for number in range(MOST + 7))
    lines = report(many)
    assert len(lines) == MOST + 1
    assert lines[-1] == "(7 more are left out.)"
    assert report(many[:MOST]) == tuple(finding.line() for finding in many[:MOST])
    assert report(()) == ()


ALARMS = st.builds(
    lambda name, state, enabled, actions, dimensions: replace(
        watching(name, **dimensions), state=state, actions_enabled=enabled, actions=actions
    ),
    st.sampled_from(["UnHealthyHostCount", "HTTPCode_Target_5XX_Count"]),
    st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA"]),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([{}, {"LoadBalancer": "app/dev-alb-v2/50dc"}]),
)


@given(
    alarm=ALARMS, known=st.none() | st.builds(Known, metric=st.booleans(), resource=st.booleans(), name=st.booleans())
)
def test_every_finding_says_what_is_wrong_and_what_to_do(alarm: DescribedAlarm, known: Known | None) -> None:
    for finding in findings(alarm, known):
        assert finding.because.endswith(".")
        assert finding.fix
    if alarm.actions_enabled and alarm.actions and known == THERE and alarm.state != "INSUFFICIENT_DATA":
        assert findings(alarm, known) == []
