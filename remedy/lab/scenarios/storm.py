"""One cause, many alarms: whatever depends on it is left alone, one team is called once, and afterwards the sweep comes back."""

from collections.abc import Iterator

from remediation.core.outcome import Status
from remedy.lab.environment import BALANCER, BALANCER_ID, TARGET_GROUP
from remedy.lab.lab import Lab
from remedy.lab.scenarios.scenario import (
    Cue,
    Line,
    Scenario,
    Stage,
    gates,
    healed,
    one_restart,
    paged,
    spoken,
    start,
    stop,
    sweep,
    wedge,
)

CAUSE = "dev-redis-down"
"""An alarm as [[causes]] of config/dev.toml describes it."""
NEIGHBOURS = tuple(f"dev-backend-all-down-{who}" for who in ("web", "mobile", "partners", "billing", "search", "sre"))
"""Alarms of other teams on the same targets, each of which starts the runbook as well as its own alarm does."""
TARGETS = {
    "TargetGroup": f"targetgroup/{TARGET_GROUP}/{BALANCER_ID}",
    "LoadBalancer": f"app/{BALANCER}/{BALANCER_ID}",
}
ALL = 2.0
"""Unhealthy targets from which on the neighbours' alarms are on."""
CAUTIOUS = 240
"""The period of the cause's alarm: it is over only after everything else is, so that nothing starts too soon."""


def _harm(stage: Stage) -> Line:
    lab = stage.lab
    _alarm(lab, CAUSE, "Remediation", "DependencyDown", {"environment": "dev", "dependency": "redis"}, period=CAUTIOUS)
    for name in NEIGHBOURS:
        _alarm(lab, name, "AWS/ApplicationELB", "UnHealthyHostCount", TARGETS, threshold=ALL)
    wedged, stopped = wedge(stage), stop("redis")(stage)
    return Line("lab", f"{stopped.text} {wedged.text} {len(NEIGHBOURS) + 2} alarms watch all this.", "bad")


def _alarm(
    lab: Lab,
    name: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    *,
    threshold: float = 1.0,
    period: int = 60,
) -> None:
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Maximum",
        Period=period,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def _asked(stage: Stage) -> int:
    """Return how often the runbook was started: by every alarm, and by the sweep for every one that it offers again."""
    details = [event["detail"] for event in stage.timeline.events]
    return sum(each["alarmName"] != CAUSE and each["state"]["value"] == "ALARM" for each in details)


def _paged(stage: Stage) -> bool:
    return bool(stage.timeline.pages)


def _acknowledge(stage: Stage) -> Line:
    return spoken(stage, "grace", "ack", stage.timeline.pages[0].outcome.run)


def _all_refused(stage: Stage) -> bool:
    return _asked(stage) == len(stage.timeline.outcomes) > len(NEIGHBOURS)


def _healed_and_told(stage: Stage) -> bool:
    return healed(stage) and bool(stage.timeline.noticed("recovered"))


def _over(stage: Stage) -> bool:
    return not {CAUSE, *NEIGHBOURS} & set(stage.timeline.alarmed)


def _stood_down_once_told_then_healed(stage: Stage) -> Iterator[str]:
    yield from one_restart(stage)
    yield from paged(stage, "infrastructure")
    if set(gates(stage)) != {"shared cause"}:
        yield f"Refused by {', '.join(sorted(set(gates(stage))))} instead of the shared cause."
    if not stage.timeline.noticed("recovered"):
        yield "Nobody was told that Redis is over."


REFUSED: Status = "refused"

STORM = Scenario(
    name="storm",
    summary="Redis takes everything down and eight alarms fire: nothing is restarted, and infrastructure is paged once. "
    "Somebody takes that on. When Redis is back, one target still is ill: the sweep offers its alarm again, and it is healed.",
    harm=_harm,
    then=(Cue(_paged, _acknowledge), Cue(_all_refused, start("redis")), Cue(_over, sweep)),
    expected=(*(REFUSED,) * (len(NEIGHBOURS) + 1), "healed"),
    repeats=True,
    ended=_healed_and_told,
    complaints=_stood_down_once_told_then_healed,
    heals=True,
)
