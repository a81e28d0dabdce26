"""Play a scenario in a lab from the moment it breaks to the last outcome, and judge it. No terminal: tests play them too."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from remedy.lab import environment
from remedy.lab.lab import Lab
from remedy.lab.processes import LabError
from remedy.lab.scenarios import Scenario, deliver_again
from remedy.lab.timeline import Moment, Timeline

PATIENCE = 180.0
"""Seconds from the harm to the last outcome."""
POLL = 0.3

Tell = Callable[[Moment], None]


def set_up(lab: Lab, mode: str, progress: Callable[[str], None]) -> Timeline:
    """Build the environment and deploy the product into the lab, side by side; return the timeline from here on."""

    def deployed() -> None:
        lab.bootstrap()
        progress("cdk bootstrap is done")
        lab.deploy(**({} if mode == "act" else {"mode": mode}))
        progress("cdk deploy is done")

    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(deployed)
        try:
            environment.build(lab)
            progress("the StartTech environment is built, and both targets are healthy")
            deploying.result()
        except BaseException:
            lab.close()  # else leaving the pool would wait for the deploy
            raise
    timeline = Timeline(lab)
    deadline = time.monotonic() + 60
    while timeline.alarm != "OK":
        if time.monotonic() > deadline:
            raise LabError(f"The alarm is {timeline.alarm}, not OK.")
        time.sleep(POLL)
        list(timeline.news())
    return timeline


def play(lab: Lab, scenario: Scenario, timeline: Timeline, tell: Tell) -> list[str]:
    """Break it, tell what happens, and return what was not as it has to be."""
    tell(Moment(time.time(), "lab", scenario.harm(lab), "bad"))
    deadline = time.monotonic() + PATIENCE
    deliveries = 1
    while time.monotonic() < deadline and not _over(scenario, timeline):
        for moment in timeline.news():
            tell(moment)
        if deliveries < scenario.deliveries and any(
            each["detail"]["state"]["value"] == "ALARM" for each in timeline.events
        ):
            tell(Moment(time.time(), "lab", deliver_again(lab, timeline)))
            deliveries += 1
        time.sleep(POLL)
    for moment in timeline.news():
        tell(moment)
    return [*_judge(scenario, timeline), *scenario.complaints(lab, timeline)]


def _over(scenario: Scenario, timeline: Timeline) -> bool:
    return len(timeline.outcomes) >= len(scenario.expected)


def _judge(scenario: Scenario, timeline: Timeline) -> list[str]:
    statuses = sorted(outcome.status for outcome in timeline.outcomes)
    if statuses != sorted(scenario.expected):
        expected, found = ", ".join(sorted(scenario.expected)), ", ".join(statuses) or "none"
        return [f"The outcome is {found}; expected was {expected}."]
    ill = [instance for instance, health in timeline.healths.items() if health != "healthy"]
    if scenario.heals and (ill or len(timeline.healths) != environment.DESIRED):
        return [f"Not every target is healthy: {timeline.healths}."]
    return []
