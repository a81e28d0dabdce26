"""The function of clear-stale-lock as it is deployed, for who asks it for plans: it answers as its own `decide` judges."""

from collections.abc import Mapping
from threading import Barrier
from typing import Any

from clear_stale_lock.facts import LockFacts
from clear_stale_lock.settings import Settings
from remediation.core.errors import AwsError
from remediation.core.outcome import Outcome
from remediation.core.verdict import Act, Escalate
from remedy.invoke import Answer
from tests.functions.clear_stale_lock.locks import SETTINGS, judged
from tests.remedy.console import outcome

RUNBOOK = "clear-stale-lock"


def planned(facts: LockFacts, settings: Settings = SETTINGS) -> Outcome:
    """Return the outcome of a plan, as the runbook judges."""
    verdict, run = judged(facts, settings=settings), "aaaa-aaaa-aaaa"
    told: dict[str, Any] = {"because": verdict.because, "evidence": verdict.evidence, "runbook": RUNBOOK, "plan": True}
    match verdict:
        case Act(approval=approval):
            asks = approval.because if approval else ""
            return outcome(run, "observed", would=f"clear-lock {verdict.target.id}", asks=asks, **told)
        case Escalate():
            return outcome(run, "escalated", **told)
        case _:
            return outcome(run, "nothing-to-do", **told)


class Deployed:
    """The function as it is deployed: what it answers for each state, and what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Outcome | AwsError] = {}
        self.sent: list[dict[str, Any]] = []
        self.together: Barrier | None = None

    def invoke(self, payload: Mapping[str, Any]) -> Answer:
        """Answer the plan of one state."""
        self.sent.append(dict(payload))
        if self.together is not None:
            self.together.wait(timeout=10)
        answer = self.answers[payload["lock"]]
        if isinstance(answer, AwsError):
            raise answer
        return Answer(payload=answer.json())
