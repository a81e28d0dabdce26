"""Play a scenario in a lab from the moment it breaks to the last outcome, and judge it. No terminal: tests play them too."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from remedy.lab import environment
from remedy.lab.configuration import MongoDB, Redis, Wanted
from remedy.lab.hosted import host
from remedy.lab.lab import Lab
from remedy.lab.processes import LabError
from remedy.lab.scenarios.scenario import SWEEP, Deployed, Line, Scenario, Stage
from remedy.lab.timeline import TABLE, Moment, Timeline

PATIENCE = 240.0
"""Seconds from the harm to the last outcome."""
POLL = 0.3
OURS = "dev-remediation-"
"""How the names of the alarms start that the product deploys; all others were made by a scenario."""

Tell = Callable[[Moment], None]
Progress = Callable[[str], None]


def set_up(lab: Lab, scenario: Scenario, progress: Progress) -> Stage:
    """Build the environment and deploy the product into the lab, side by side; return the stage to play on."""
    built = Event()

    def deployed() -> None:
        lab.bootstrap()
        progress("cdk bootstrap is done")
        if scenario.probed:
            built.wait()  # it has to be known where it is
        _deploy(lab, scenario)
        progress("cdk deploy is done")

    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(deployed)
        try:
            environment.build(lab)
            built.set()
            progress("the StartTech environment is built, and both targets are healthy")
            deploying.result()
        except BaseException:
            built.set()
            lab.close()  # else leaving the pool would wait for the deploy
            raise
    stage = Stage(lab, Timeline(lab), _deployment(scenario))
    _calm(stage)
    return stage


def again(stage: Stage, scenario: Scenario, progress: Progress) -> Stage:
    """Make the same lab ready for another scenario: a healthy environment, an empty ledger, another deploy if it is not the same."""
    for dependency in ("mongodb", "redis"):
        stage.lab.world(f"dependencies/{dependency}/start", {})
    environment.restore_cache(stage.lab)
    stage.lab.world("traffic", {"percent": 0, "usual": 0})
    autoscaling = stage.lab.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName=environment.GROUP, DesiredCapacity=environment.DESIRED)
    for machine in stage.lab.world("machines"):
        if machine["health"] != "healthy":
            stage.lab.world(f"machines/{machine['id']}/kill", {})  # Docker starts its container again
    stage.lab.world("groups", {"notices_after": environment.NOTICES_AFTER})
    cloudwatch = stage.lab.client("cloudwatch")
    names = [each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]]
    cloudwatch.delete_alarms(AlarmNames=[name for name in names if not name.startswith(OURS)])
    if stage.deployed != _deployment(scenario):
        stage.deployed = _deploy(stage.lab, scenario)
        progress("cdk deploy is done")
    _calm(stage)
    _end_runs(stage.lab)
    dynamodb = stage.lab.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE, ProjectionExpression="pk")["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key=item)
    stage.timeline.begin()
    for person in stage.people.values():
        person.answers.clear()
    return stage


def play(stage: Stage, scenario: Scenario, tell: Tell) -> list[str]:
    """Break it, do what comes next, tell what happens, and return what was not as it has to be."""

    def said(line: Line) -> None:
        tell(Moment(time.time(), line.source, line.text, line.tone))

    said(scenario.harm(stage))
    deadline = time.monotonic() + PATIENCE
    cues = list(scenario.then)
    while time.monotonic() < deadline and not (not cues and _over(scenario, stage)):
        for moment in stage.timeline.news():
            tell(moment)
        if cues and cues[0].when(stage):
            said(cues.pop(0).do(stage))
        time.sleep(POLL)
    for moment in stage.timeline.news():
        tell(moment)
    missed = (
        [f"{len(cues)} of {len(scenario.then)} things were never done: it was never time for them."] if cues else []
    )
    return [*missed, *_judge(scenario, stage), *scenario.complaints(stage)]


def _deploy(lab: Lab, scenario: Scenario) -> Deployed:
    wanted = Wanted(added=scenario.added, runbooks=scenario.runbooks, probed=_probed(lab, scenario))
    lab.world("probing", {"probed": scenario.probed})
    lab.deploy(wanted, **({} if scenario.mode == "act" else {"mode": scenario.mode}))
    return _deployment(scenario)


def _deployment(scenario: Scenario) -> Deployed:
    return scenario.mode, dict(scenario.added), scenario.runbooks, scenario.probed


def _probed(lab: Lab, scenario: Scenario) -> Redis | MongoDB | None:
    match scenario.probed:
        case "redis":
            return environment.redis(lab)
        case "mongodb":
            host(lab)
            return environment.mongodb(lab)
        case "":
            return None


def _calm(stage: Stage) -> None:
    """Wait until every target is healthy and no alarm is on. The sweep goes first: its silence is an alarm too."""
    stage.lab.tick(SWEEP)
    deadline = time.monotonic() + 90
    while list(stage.timeline.news()) or stage.timeline.alarm not in {"OK", ""} or stage.timeline.alarmed or stage.ill:
        if time.monotonic() > deadline:
            on = ", ".join(stage.timeline.alarmed) or f"{stage.timeline.alarm} of its own alarm"
            raise LabError(f"The lab does not come to rest: {on}; {stage.timeline.healths}.")
        time.sleep(POLL)
    stage.timeline.begin()


def _end_runs(lab: Lab) -> None:
    """Stop whatever still waits, so that it does not wake up in the next scenario."""
    client = lab.client("lambda")
    for function in client.list_functions()["Functions"]:
        if "DurableConfig" in function:
            name = function["FunctionName"]
            for each in client.list_durable_executions_by_function(FunctionName=name, Statuses=["RUNNING"])[
                "DurableExecutions"
            ]:
                client.stop_durable_execution(DurableExecutionArn=each["DurableExecutionArn"])


def _over(scenario: Scenario, stage: Stage) -> bool:
    return len(stage.timeline.outcomes) >= len(scenario.expected) and scenario.ended(stage)


def _judge(scenario: Scenario, stage: Stage) -> list[str]:
    statuses = sorted(outcome.status for outcome in stage.timeline.outcomes)
    alike = set(statuses) == set(scenario.expected) and len(statuses) >= len(scenario.expected)
    if not (alike if scenario.repeats else statuses == sorted(scenario.expected)):
        expected, found = ", ".join(sorted(scenario.expected)), ", ".join(statuses) or "none"
        return [f"The outcome is {found}; expected was {expected}."]
    if scenario.heals and stage.ill:
        return [f"Not every target is healthy: {stage.timeline.healths}."]
    return []
