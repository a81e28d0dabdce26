"""What goes on around a runbook: a dependency that is down, a deploy, a storm of alarms. Then it stands down."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core.gates import Refusal
from remediation.core.incident import Recovery
from remediation.core.spec import YIELDS, Yield
from remediation.core.surroundings import ActiveAlarm, Around, recovered, shows, stand_down
from remediation.core.watched import NAMES, OWNERS, Cause, Dependency, Storm, Watched
from tests.support.damage import steady
from tests.support.steps import NIGHT

MONGODB = Cause(
    dependency="mongodb",
    namespace="Remediation",
    metric="DependencyDown",
    dimensions={"environment": "dev", "dependency": "mongodb"},
)
REDIS = Cause(dependency="redis", namespace="AWS/ElastiCache", dimensions={"CacheClusterId": "dev-redis"})
NAT = Cause(dependency="nat", namespace="AWS/NATGateway", metric="ErrorPortAllocation")
WATCHED = Watched(alarm_prefix="dev-", quiet_alarms=("dev-cpu-low",), causes=(MONGODB, REDIS, NAT))


def alarm(name: str = "dev-mongodb", seconds_ago: float = 60, **more: Any) -> ActiveAlarm:
    return ActiveAlarm(name=name, since=NIGHT - timedelta(seconds=seconds_ago), **more)


DOWN: dict[Dependency, ActiveAlarm] = {
    "mongodb": alarm(namespace="Remediation", metric="DependencyDown", dimensions=MONGODB.dimensions),
    "redis": alarm("redis-cpu", namespace="AWS/ElastiCache", metric="Any", dimensions={"CacheClusterId": "dev-redis"}),
    "nat": alarm("nat", namespace="AWS/NATGateway", metric="ErrorPortAllocation", dimensions={"NatGatewayId": "n-1"}),
}


def look(
    around: Around, yields_to: tuple[Yield, ...] = YIELDS, *, own: str = "dev-own", watched: Watched = WATCHED
) -> Refusal | None:
    return stand_down(around, watched, yields_to, own=own, environment="dev", now=NIGHT)


# -------------------------------------------------------------------------------------------------------- shared cause


@pytest.mark.parametrize("dependency", sorted(DOWN))
def test_a_dependency_that_is_down_is_told_with_its_owner_and_its_own_incident(dependency: Dependency) -> None:
    down = DOWN[dependency]
    assert look(Around(alarms=(alarm("dev-other"), down))) == Refusal(
        gate="shared cause",
        because=f"{NAMES[dependency]} is in trouble (the alarm {down.name} is in ALARM since 03:39:00 UTC); what depends on"
        " it is left alone until that is over.",
        team=OWNERS[dependency],
        incident=f"dev|shared cause|{dependency}",
        recovery=Recovery(alarms=(down.name,), cause=dependency),
    )
    assert look(Around(alarms=(alarm("dev-other"),))) is None


def test_every_alarm_on_it_that_is_on_has_to_be_over_and_the_first_one_is_told() -> None:
    later = replace(DOWN["redis"], name="redis-later", since=NIGHT)
    refusal = look(Around(alarms=(later, DOWN["redis"])))
    assert refusal is not None
    assert refusal.because.startswith("Redis is in trouble (the alarm redis-cpu is in ALARM since 03:39:00 UTC)")
    assert refusal.recovery == Recovery(alarms=("redis-cpu", "redis-later"), cause="redis")


@pytest.mark.parametrize("dependency", sorted(DOWN))
def test_who_does_not_yield_to_it_or_was_started_by_that_very_alarm_goes_on(dependency: Dependency) -> None:
    around = Around(alarms=(DOWN[dependency],))
    others = tuple(each for each in YIELDS if each != dependency)
    assert look(around, others) is None
    assert look(around, own=DOWN[dependency].name) is None
    assert look(around, (dependency,)) is not None


def test_the_causes_come_in_the_order_of_the_configuration() -> None:
    around = Around(alarms=(DOWN["nat"], DOWN["redis"], DOWN["mongodb"]))
    for causes in ((MONGODB, NAT), (NAT, MONGODB)):
        refusal = look(around, watched=replace(WATCHED, causes=causes))
        assert refusal is not None
        assert refusal.team == OWNERS[causes[0].dependency]


@pytest.mark.parametrize(
    ("cause", "namespace", "metric", "dimensions", "says"),
    [
        (MONGODB, "Remediation", "DependencyDown", {"environment": "dev", "dependency": "mongodb"}, True),
        (MONGODB, "Remediation", "DependencyDown", {"environment": "dev", "dependency": "mongodb", "more": "x"}, True),
        (MONGODB, "Remediation", "DependencyDown", {"environment": "prod", "dependency": "mongodb"}, False),
        (MONGODB, "Remediation", "DependencyDown", {"environment": "dev"}, False),
        (MONGODB, "Remediation", "Other", {"environment": "dev", "dependency": "mongodb"}, False),
        (MONGODB, "Remediation", "", {"environment": "dev", "dependency": "mongodb"}, False),
        (MONGODB, "Other", "DependencyDown", {"environment": "dev", "dependency": "mongodb"}, False),
        (REDIS, "AWS/ElastiCache", "CPUUtilization", {"CacheClusterId": "dev-redis"}, True),
        (REDIS, "AWS/ElastiCache", "", {"CacheClusterId": "dev-redis"}, True),
        (REDIS, "", "", {}, False),
        (NAT, "AWS/NATGateway", "ErrorPortAllocation", {}, True),
    ],
)
def test_an_alarm_shows_a_cause_by_namespace_metric_and_dimensions(
    cause: Cause, namespace: str, metric: str, dimensions: Mapping[str, str], says: bool
) -> None:
    assert shows(cause, alarm(namespace=namespace, metric=metric, dimensions=dimensions)) is says


# -------------------------------------------------------------------------------------------------------------- deploy


def test_a_deploy_is_told_in_its_own_words() -> None:
    around = Around(deploys=("The stack app is in UPDATE_IN_PROGRESS.", "A refresh of dev-asg is on."))
    assert look(around) == Refusal(
        gate="deploy",
        because="The stack app is in UPDATE_IN_PROGRESS. A refresh of dev-asg is on. What is ill may only be changing.",
    )
    assert look(around, ("mongodb", "storm")) is None
    assert look(Around()) is None


# --------------------------------------------------------------------------------------------------------------- storm


def storm(*names: str, seconds_ago: float = 60) -> Around:
    return Around(alarms=tuple(alarm(name, seconds_ago) for name in names))


def test_four_alarms_within_five_minutes_are_a_storm_and_three_are_none() -> None:
    four = storm("dev-d", "dev-c", "dev-b", "dev-a")
    assert look(four) == Refusal(
        gate="storm",
        because="4 alarms of dev went into ALARM within 5 minutes and still are (dev-a, dev-b, dev-c, dev-d), so they have one"
        " cause that this runbook does not know.",
        incident="dev|storm",
        recovery=Recovery(cause="storm"),
    )
    assert look(four, ("mongodb", "deploy")) is None
    assert look(storm("dev-c", "dev-b", "dev-a")) is None


def test_the_alarm_that_started_the_run_is_part_of_the_storm() -> None:
    assert look(storm("dev-own", "dev-b", "dev-c", "dev-d")) is not None


@pytest.mark.parametrize("began", [65, 1_800, 3_599])
@pytest.mark.parametrize(("later", "counts"), [(0, True), (299.999, True), (300, False), (301, False)])
def test_four_that_began_within_five_minutes_are_a_storm_for_as_long_as_they_are_on(
    began: float, later: float, counts: bool
) -> None:
    first, last = storm("dev-b", "dev-c", "dev-d", seconds_ago=began).alarms, alarm("dev-a", began - later)
    assert (look(Around(alarms=(last, *first))) is not None) is counts
    assert look(Around(alarms=first)) is None, "one of them is over"


@pytest.mark.parametrize(("began", "counts"), [(3_599, True), (3_600, False), (90_000, False)])
def test_after_an_hour_what_is_left_of_a_storm_is_healed_one_by_one(began: float, counts: bool) -> None:
    around = storm("dev-a", "dev-b", "dev-c", "dev-d", seconds_ago=began)
    assert (look(around) is not None) is counts


def test_alarms_of_which_only_neighbours_are_close_together_are_no_storm() -> None:
    dripping = Around(alarms=tuple(alarm(f"dev-{n}", 200 * n) for n in range(50)))
    assert look(dripping) is None


@given(st.lists(st.integers(0, 1_500), max_size=12), st.integers(1, 5))
def test_a_storm_is_found_exactly_where_enough_began_within_its_time(seconds: list[int], enough: int) -> None:
    watched = replace(WATCHED, storm=Storm(alarms=enough, within=timedelta(minutes=5)))
    around = Around(alarms=tuple(alarm(f"dev-{n:02}", ago) for n, ago in enumerate(seconds)))
    together = max(
        (sum(0 <= last - ago < 300 for ago in seconds) for last in (s + d for s in seconds for d in (0, 299))),
        default=0,
    )
    refusal = look(around, ("storm",), watched=watched)
    assert (refusal is not None) is (together >= enough)
    if refusal is not None:
        assert refusal.because.startswith(f"{together} alarms of dev went into ALARM within 5 minutes")


@pytest.mark.parametrize(
    ("name", "namespace", "counts"),
    [
        ("dev-a", "AWS/EC2", True),
        ("prod-a", "AWS/EC2", False),
        ("a-dev-", "AWS/EC2", False),
        ("dev-cpu-low", "AWS/EC2", False),
        ("dev-cpu-low-2", "AWS/EC2", True),
        ("dev-remediation-errors", "AWS/Lambda", False),
        ("dev-remediation-dead", "AWS/SQS", False),
        ("dev-remediation-mongodb", "Remediation", True),
        ("dev-backend-errors", "AWS/Lambda", True),
    ],
)
def test_what_is_normal_foreign_or_our_own_does_not_count(name: str, namespace: str, counts: bool) -> None:
    others = storm("dev-b", "dev-c", "dev-d").alarms
    around = Around(alarms=(*others, alarm(name, namespace=namespace)))
    assert (look(around, ("storm",)) is not None) is counts


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("TargetTracking-dev-asg-AlarmLow-0f1e", False),
        ("TargetTracking-dev-asg-AlarmHigh-0f1e", True),
        ("My-AlarmLow", True),
    ],
)
def test_scaling_in_is_normal(name: str, counts: bool) -> None:
    watched = replace(WATCHED, alarm_prefix="")
    around = Around(alarms=(*storm("b", "c", "d").alarms, alarm(name)))
    assert (look(around, watched=watched) is not None) is counts


@pytest.mark.parametrize(("many", "shown"), [(5, "a, b, c, d, e)"), (6, "a, b, c, d, e and others)")])
def test_of_a_large_storm_five_names_are_told(many: int, shown: str) -> None:
    refusal = look(storm(*"gfedcba"[-many:]), watched=replace(WATCHED, alarm_prefix=""))
    assert refusal is not None
    assert f"({shown}," in refusal.because
    assert refusal.because.startswith(f"{many} alarms")


def test_what_a_storm_is_is_the_environments_to_say() -> None:
    watched = replace(WATCHED, storm=Storm(alarms=2, within=timedelta(minutes=90)))
    refusal = look(storm("dev-a", "dev-b", seconds_ago=3_600), watched=watched)
    assert refusal is not None
    assert "within 90 minutes" in refusal.because


# ------------------------------------------------------------------------------------------------------------ recovery


def over(recovery: Recovery, *on: ActiveAlarm, not_ok: tuple[str, ...] = ()) -> bool:
    names = {*not_ok, *(alarm.name for alarm in on)}
    return recovered(recovery, lambda alarm: alarm not in names, on, WATCHED, "dev")


def test_what_nothing_tells_of_is_never_over() -> None:
    assert not over(Recovery())


def test_an_alarm_is_over_when_it_is_ok() -> None:
    assert over(Recovery.of("dev-own"), *storm("dev-a", "dev-b", "dev-c", "dev-d").alarms)
    assert not over(Recovery.of("dev-own"), alarm("dev-own"))
    assert not over(Recovery.of("dev-own"), not_ok=("dev-own",)), "without data it is not over"


@pytest.mark.parametrize("dependency", sorted(DOWN))
def test_a_shared_cause_is_over_when_no_alarm_on_it_is_on_whichever_told_of_it_first(dependency: Dependency) -> None:
    recovery = Recovery(alarms=("dev-first",), cause=dependency)
    assert over(recovery, *(down for other, down in DOWN.items() if other != dependency))
    assert not over(recovery, DOWN[dependency])
    assert not over(recovery, not_ok=("dev-first",))


def test_a_storm_is_over_when_fewer_are_on_than_make_one_however_large_it_grew_and_however_long_it_lasts() -> None:
    for ago in (60, 3_600, 80_000):
        grown = storm(*(f"dev-{n}" for n in range(49)), seconds_ago=ago).alarms
        assert not over(Recovery(cause="storm"), *grown)
        assert not over(Recovery(cause="storm"), *grown[:4])
        assert over(Recovery(cause="storm"), *grown[:3])


# --------------------------------------------------------------------------------------------------------------- order


def test_the_deepest_reason_is_told_first() -> None:
    everything = Around(alarms=(DOWN["nat"], *storm("dev-a", "dev-b", "dev-c", "dev-d").alarms), deploys=("A deploy.",))
    gates = []
    for around in (
        everything,
        replace(everything, alarms=everything.alarms[1:]),
        replace(everything, alarms=everything.alarms[1:], deploys=()),
    ):
        refusal = look(around)
        assert refusal is not None
        gates.append(refusal.gate)
    assert gates == ["shared cause", "deploy", "storm"]


@settings(steady, max_examples=200)
@given(
    st.lists(st.sampled_from(list(DOWN.values()) + [alarm(f"dev-{n}") for n in range(6)]), max_size=12),
    st.booleans(),
    st.sets(st.sampled_from(YIELDS)),
)
def test_a_runbook_stands_down_for_what_it_yields_to_and_for_nothing_else(
    alarms: list[ActiveAlarm], deploy: bool, yields_to: set[Yield]
) -> None:
    around = Around(alarms=tuple(alarms), deploys=("A deploy.",) if deploy else ())
    refusal = look(around, tuple(yields_to))
    down = {name for name, each in DOWN.items() if each in alarms}
    stormy = sum(each.name.startswith("dev-") for each in alarms) >= 4
    reasons = (down & yields_to) | ({"deploy"} & yields_to if deploy else set())
    assert (refusal is not None) == bool(reasons or (stormy and "storm" in yields_to))
