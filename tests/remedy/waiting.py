"""A run that waits for people, and an incident that nobody is on: made by the engine's own adapters, as they are in AWS."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from remediation.adapters.approvals import DynamoApprovals
from remediation.adapters.clients import Clients
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.core.approval import Wanted, judge, speaker
from remediation.core.gates import Refusal
from remediation.core.incident import Recovery
from remediation.core.outcome import Outcome
from remediation.core.steps import Said
from tests.remedy.console import RUNBOOK, TABLE, happened, outcome, received

RUN, CALLBACK = "aaaa-bbbb-cccc", "callback-1"
HASH = "0123456789abcdef" * 4
KEY = f"dev|{RUNBOOK}|dev-alb-unhealthy-hosts"
ALARM = "dev-alb-unhealthy-hosts"


def wanted(**more: Any) -> Wanted:
    """Return what the run asks."""
    told: dict[str, Any] = {
        "run": RUN,
        "runbook": RUNBOOK,
        "action": "replace-instance",
        "target": "i-0abc",
        "plan": "replace-instance i-0abc (dev-backend-asg in dev)",
        "hash": HASH,
        "because": "Its container does not start.",
        "people": 1,
        "expires": datetime.now(UTC) + timedelta(minutes=30),
    }
    return Wanted(**(told | more))


class Waiting:
    """A run that asks, and what it makes of the answer."""

    def __init__(self, aws: Clients, ledger: DynamoLedger) -> None:
        self._approvals = DynamoApprovals(aws, table=TABLE, environment="dev")
        self._ledger = ledger

    def asks(self, callback: str = CALLBACK, *, trigger: str = "the schedule", **more: Any) -> Wanted:
        """Let the run ask; nothing is known of it before the first time."""
        asked, now = wanted(**more), datetime.now(UTC)
        received(self._ledger, asked.run, now=now, event=f"{asked.run} {callback}", trigger=trigger)
        self._approvals.ask(asked, callback, now)
        return asked

    def hears(self, asked: Wanted, by: str) -> Refusal | None:
        """Return what the engine makes of an answer that says to be somebody's, right now."""
        answer = f'{{"by": "{by}"}}'
        spoken = self._approvals.said(speaker(answer), asked.run)
        return judge(asked, Said(payload=answer), spoken, datetime.now(UTC))

    def ends(self, asked: Wanted, status: Any) -> None:
        """Let the run have heard the answer."""
        self._approvals.end(asked, status, datetime.now(UTC))


class Troubled:
    """An incident, and who follows it up."""

    def __init__(self, aws: Clients, ledger: DynamoLedger) -> None:
        self._incidents = DynamoIncidents(aws, table=TABLE, environment="dev")
        self._ledger = ledger

    def escalates(self, run: str = RUN, **more: Any) -> Outcome:
        """Let a run end, handed to people."""
        told = replace(outcome(run, "escalated", because="It did not heal.", **more), incident=KEY)
        happened(self._ledger, told)
        self._incidents.raise_(KEY, told, Recovery.of(ALARM), datetime.now(UTC))
        return told

    def follows(self, callback: str = CALLBACK, run: str = RUN) -> None:
        """Let somebody follow it up, who can be answered here."""
        self._incidents.waits(KEY, run, callback, datetime.now(UTC) + timedelta(minutes=15))

    def hears(self, by: str, run: str = RUN) -> str:
        """Return what somebody said of it, as the follow-up reads it."""
        spoken = self._incidents.said(by, run)
        return spoken.says if spoken is not None else ""

    def takes_note(self, by: str, run: str = RUN) -> None:
        """Let the follow-up have heard somebody."""
        self._incidents.acknowledged(KEY, run, by, datetime.now(UTC))

    def closes(self, run: str = RUN) -> None:
        """Let it be over."""
        self._incidents.close(KEY, run, datetime.now(UTC))
