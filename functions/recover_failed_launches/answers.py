"""The answers of the judgement, each with all that a person needs who is called."""

from datetime import timedelta

from recover_failed_launches.case import Case
from recover_failed_launches.commands import Commands
from recover_failed_launches.wording import evidence
from remediation.core.verdict import Escalate, Wait

SOON = timedelta(seconds=60)
LATER = timedelta(minutes=2)


def wait(case: Case, because: str, for_: timedelta, *steps: str, stand_down: bool = False) -> Wait:
    """Return a wait with all that a person needs who is called if the time is up meanwhile."""
    then = (*steps, Commands(case).activities())
    return Wait(because=because, for_=for_, evidence=evidence(case), next_steps=then, stand_down=stand_down)


def escalate(case: Case, because: str, *steps: str, team: str = "") -> Escalate:
    """Return a page. It is about the group, whatever started the run, so that all of it is one incident."""
    then = tuple(dict.fromkeys((*steps, Commands(case).activities())))
    return Escalate(because=because, evidence=evidence(case), next_steps=then, team=team, about=case.asg)


def resource(case: Case) -> str:
    """Return what is leased while something is done to the group."""
    return f"autoscaling-group/{case.asg}"
