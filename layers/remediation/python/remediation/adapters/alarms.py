"""CloudWatch's alarms, read. An event says what was; this says what is."""

from datetime import UTC
from typing import TYPE_CHECKING

from remediation.core.gates import LiveAlarm

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


class CloudWatchAlarms:
    """The alarms of one account and region."""

    def __init__(self, aws: "Clients") -> None:
        self._aws = aws

    def read(self, alarm: str) -> LiveAlarm:
        """Describe the metric alarm of exactly this name: its actions, its state, and since when.

        No runbook follows a composite alarm (core.routing), and describing one takes permission on every alarm.
        """
        found = self._aws.cloudwatch.describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm"])
        for described in found.get("MetricAlarms", ()):
            if described["AlarmName"] == alarm:
                since = described.get("StateTransitionedTimestamp")
                return LiveAlarm(
                    exists=True,
                    state=described["StateValue"],
                    transitioned_at=since.astimezone(UTC) if since else None,
                    actions_enabled=described.get("ActionsEnabled", False),
                )
        return LiveAlarm(exists=False)
