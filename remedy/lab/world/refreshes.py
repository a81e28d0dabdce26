"""Launches that fail, and instance refreshes with their way back: what moto has none of.

A version of a launch template that names a security group that does not exist cannot be launched. Auto Scaling writes that down in
its activities, tells EventBridge, and tries again; it goes on with the version of the refresh that is on, or else with the group's.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

AGAIN = 60.0
"""Seconds from a launch that failed to the next try."""
ON = frozenset({"InProgress", "RollbackInProgress"})
Note = Callable[[FakeAutoScalingGroup, str, str, str], dict[str, Any]]
"""Writes an activity down: its description, its cause, and why it failed."""


class RefreshError(ServiceException):
    """An error of Auto Scaling, by its code."""


@dataclass
class Refresh:
    """One instance refresh, as AWS answers it."""

    id: str
    template: str
    version: str
    status: str = "InProgress"
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    waiting: list[str] = field(default_factory=list)
    """Members that have still to be replaced."""

    def told(self, group: str) -> dict[str, Any]:
        """Return it in AWS's words."""
        source = {"LaunchTemplateId": self.template, "Version": self.version}
        ended = {"EndTime": self.ended_at} if self.ended_at else {}
        return {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": group,
            "Status": self.status,
            "StartTime": self.started_at,
            "DesiredConfiguration": {"LaunchTemplate": source},
            **ended,
        }


class Refreshes:
    """The refreshes of every group, and its launches."""

    def __init__(self, backend: AutoScalingBackend, events: Path, note: Note) -> None:
        self._backend, self._events, self._note = backend, events, note
        self._of: dict[str, list[Refresh]] = {}
        self._tried: dict[str, float] = {}
        self._install()

    def tend(self, group: FakeAutoScalingGroup, replace: Callable[[str], None], healthy: int) -> None:
        """Move the refresh that is on; launch again what is missing."""
        refresh, desired = self._on(group.name), group.desired_capacity or 0
        if len(group.active_instances()) < desired:
            if time.time() - self._tried.get(group.name, 0.0) > AGAIN:
                group.set_desired_capacity(desired)
        elif refresh is not None and healthy >= desired:
            if refresh.status == "InProgress" and refresh.waiting:
                replace(refresh.waiting.pop(0))
            else:
                self._end(group, refresh)

    def _end(self, group: FakeAutoScalingGroup, refresh: Refresh) -> None:
        if refresh.status == "InProgress":
            group.launch_template_version = group.provided_launch_template_version = refresh.version
        refresh.status = "Successful" if refresh.status == "InProgress" else "RollbackSuccessful"
        refresh.ended_at = datetime.now(UTC)

    def _on(self, name: str) -> Refresh | None:
        return next((each for each in self._of.get(name, []) if each.status in ON), None)

    def _refused(self, group: FakeAutoScalingGroup) -> str:
        """Say why AWS would not launch what the group launches now; nothing where it would."""
        template, refresh = group.ec2_launch_template, self._on(group.name)
        if template is None:
            return ""
        wanted = refresh.version if refresh and refresh.status == "InProgress" else group.launch_template_version
        known = {each for groups in self._backend.ec2_backend.groups.values() for each in groups}
        named: list[str] = template.get_version(wanted).data.get("SecurityGroupIds") or []
        missing = [each for each in named if each not in known]
        return f"The security group '{missing[0]}' does not exist. Launching EC2 instance failed." if missing else ""

    def _fail(self, group: FakeAutoScalingGroup, why: str) -> None:
        """Write a launch that failed down, and let EventBridge know."""
        self._tried[group.name] = time.time()
        activity = self._note(
            group,
            f"Launching a new EC2 instance.  Status Reason: {why}",
            "an instance was started in response to a difference between desired and actual capacity.",
            why,
        )
        stamps = {name: f"{activity[name]:%Y-%m-%dT%H:%M:%SZ}" for name in ("StartTime", "EndTime")}
        detail = {**activity, **stamps, "EC2InstanceId": "", "Details": {}}
        event = {
            "Source": "aws.autoscaling",
            "DetailType": "EC2 Instance Launch Unsuccessful",
            "Resources": [group.arn],
            "Detail": json.dumps(detail),
        }
        with self._events.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def _install(self) -> None:
        refreshes, stock = self, FakeAutoScalingGroup.replace_autoscaling_group_instances

        def launch(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
            if why := refreshes._refused(group):
                refreshes._fail(group, why)
            else:
                stock(group, count_needed, propagated_tags)

        def describe(response: AutoScalingResponse) -> ActionResult:
            group = refreshes._group(response)
            return ActionResult(
                {"InstanceRefreshes": [each.told(group.name) for each in refreshes._of.get(group.name, [])]}
            )

        def start(response: AutoScalingResponse) -> ActionResult:
            group = refreshes._group(response)
            if refreshes._on(group.name):
                raise RefreshError("InstanceRefreshInProgress", "An Instance Refresh is already in progress.")
            source = (response._get_param("DesiredConfiguration") or {}).get("LaunchTemplate")
            if not source:
                raise ValidationError("The lab starts a refresh with a desired configuration only.")
            members = [member.instance_id for member in group.instance_states]
            refresh = Refresh(str(uuid4()), source["LaunchTemplateId"], str(source["Version"]), waiting=members)
            refreshes._of.setdefault(group.name, []).insert(0, refresh)
            return ActionResult({"InstanceRefreshId": refresh.id})

        def roll_back(response: AutoScalingResponse) -> ActionResult:
            group = refreshes._group(response)
            refresh = refreshes._on(group.name)
            if refresh is None or refresh.status != "InProgress":
                raise RefreshError("ActiveInstanceRefreshNotFound", "There is no instance refresh to roll back.")
            if not str(group.provided_launch_template_version).isdigit():
                raise RefreshError("IrreversibleInstanceRefresh", "The group launches no version by its number.")
            refresh.status, refreshes._tried[group.name] = "RollbackInProgress", 0.0
            return ActionResult({"InstanceRefreshId": refresh.id})

        FakeAutoScalingGroup.replace_autoscaling_group_instances = launch  # type: ignore[assignment, method-assign]
        for name, call in {
            "describe_instance_refreshes": describe,
            "start_instance_refresh": start,
            "rollback_instance_refresh": roll_back,
        }.items():
            setattr(AutoScalingResponse, name, call)

    def _group(self, response: AutoScalingResponse) -> FakeAutoScalingGroup:
        name = response._get_param("AutoScalingGroupName")
        if name not in self._backend.autoscaling_groups:
            raise ValidationError(f"AutoScalingGroup name not found - no such group: {name}")
        return self._backend.autoscaling_groups[name]
