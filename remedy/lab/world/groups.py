"""Replace instances as Auto Scaling does, and write it down in the scaling activities.

moto notes that an instance is Unhealthy and leaves it there, and has no activities (nor refreshes: refreshes.py). A group with health
checks of type ELB also replaces what its load balancer calls unhealthy, once its grace period is over; how long Auto Scaling
takes to notice is configurable, because that race decides what a runbook finds.
"""

import json
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.elbv2.models import FakeTargetGroup

from remedy.lab.environment import NOTICES_AFTER
from remedy.lab.world.refreshes import Refreshes
from remedy.lab.world.targets import Targets

Activity = dict[str, Any]


class Groups:
    """The Auto Scaling groups and what happened in them."""

    def __init__(self, backend: AutoScalingBackend, targets: Targets, events: Path) -> None:
        self._backend, self._targets = backend, targets
        self._refreshes = Refreshes(backend, events, self._note)
        self.notices_after = NOTICES_AFTER
        """Seconds for which a target is unhealthy before Auto Scaling replaces it."""
        self._activities: dict[str, list[Activity]] = {}
        self._seen: dict[str, set[str]] = {}
        self._install()

    def tend(self) -> None:
        """Replace what is unhealthy, note instances that have come, and move refreshes."""
        for group in list(self._backend.autoscaling_groups.values()):
            for member in list(group.instance_states):
                cause = self._cause(group, member)
                if cause:
                    self.replace(group, member, cause)
            self._note_launches(group)
            self._refreshes.tend(group, partial(self._refresh, group), self._healthy(group))

    def _refresh(self, group: FakeAutoScalingGroup, instance: str) -> None:
        for member in [each for each in group.instance_states if each.instance_id == instance]:
            self.replace(group, member, "an instance refresh")

    def _healthy(self, group: FakeAutoScalingGroup) -> int:
        targets = self._target_groups(group)
        ids = [member.instance_id for member in group.instance_states]
        return sum(all(self._targets.of(each, id_).state == "healthy" for each in targets) for id_ in ids)

    def replace(self, group: FakeAutoScalingGroup, member: InstanceState, cause: str) -> None:
        """Terminate one member and let the group launch another."""
        instance = member.instance_id
        self._note(
            group,
            f"Terminating EC2 instance: {instance}",
            f"At {_stamp()} an instance was taken out of service in response to {cause}.",
        )
        for target_group in self._target_groups(group):
            target_group.targets.pop(instance, None)
        self._backend.ec2_backend.terminate_instances([instance])
        self._backend.notify_terminate_instances([instance])  # launches another
        self._backend.update_attached_target_groups(group.name)

    def _cause(self, group: FakeAutoScalingGroup, member: InstanceState) -> str | None:
        if member.health_status.capitalize() == "Unhealthy":
            return "a user health-check"
        if group.health_check_type != "ELB" or "ReplaceUnhealthy" in _suspended(group) or self._in_grace(group, member):
            return None
        for target_group in self._target_groups(group):
            health = self._targets.of(target_group, member.instance_id)
            if health.state == "unhealthy" and time.time() - health.since > self.notices_after:
                return "an ELB system health check failure"
        return None

    def _in_grace(self, group: FakeAutoScalingGroup, member: InstanceState) -> bool:
        launched = member.instance.launch_time.replace(tzinfo=UTC)
        return (datetime.now(UTC) - launched).total_seconds() < float(group.health_check_grace_period or 0)

    def _target_groups(self, group: FakeAutoScalingGroup) -> list[FakeTargetGroup]:
        known = self._backend.elbv2_backend.target_groups
        return [known[arn] for arn in group.target_group_arns if arn in known]

    def _note_launches(self, group: FakeAutoScalingGroup) -> None:
        now = {member.instance_id for member in list(group.instance_states)}
        for instance in sorted(now - self._seen.setdefault(group.name, set())):
            self._note(
                group,
                f"Launching a new EC2 instance: {instance}",
                f"At {_stamp()} an instance was started in response to a difference between desired and actual capacity, increasing the capacity.",
            )
        self._seen[group.name] = now

    def _note(self, group: FakeAutoScalingGroup, description: str, cause: str, failed: str = "") -> Activity:
        now = datetime.now(UTC)
        activity = {
            "ActivityId": str(uuid4()),
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": group.arn,
            "Description": description,
            "Cause": cause,
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Failed" if failed else "Successful",
            "Progress": 100,
            "Details": json.dumps({"Availability Zone": group.availability_zones[0]}),
            **({"StatusMessage": failed} if failed else {}),
        }
        self._activities.setdefault(group.name, []).insert(0, activity)
        return activity

    def _install(self) -> None:
        activities = self._activities

        def describe_scaling_activities(response: AutoScalingResponse) -> ActionResult:
            name = response._get_param("AutoScalingGroupName")
            wanted = response._get_param("ActivityIds", [])
            limit = int(response._get_param("MaxRecords") or 100)
            known = activities.get(name, []) if name else [each for group in activities.values() for each in group]
            return ActionResult(
                {"Activities": [each for each in known if not wanted or each["ActivityId"] in wanted][:limit]}
            )

        AutoScalingResponse.describe_scaling_activities = describe_scaling_activities  # type: ignore[assignment, method-assign]


def _suspended(group: FakeAutoScalingGroup) -> set[str]:
    return {each["ProcessName"] for each in group.suspended_processes}


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
