"""What a person is told: the evidence, and the exact commands to go on with."""

from collections.abc import Iterator

from restart_unhealthy_targets.case import Case
from restart_unhealthy_targets.facts import CLOSED, Backend, Inspection

_LOG_LINES = 5
_LOGS = 3
"""Instances whose log lines are told; the facts hold them all."""


def evidence(case: Case) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(case))


def _evidence(case: Case) -> Iterator[str]:
    for target in case.facts.targets:
        yield described(target)
        if target.inspection is not None:
            yield f"{target.id}: {seen(target.inspection, case.settings.container)}"
        elif target.unanswered:
            yield f"{target.id}: {target.unanswered}"
    for target in [target for target in case.facts.targets if target.inspection][:_LOGS]:
        assert target.inspection is not None
        yield from (f"{target.id} log: {line}" for line in target.inspection.logs[-_LOG_LINES:])
    if case.short:
        yield f"{case.settings.asg} is not complete: {case.short}."
    if case.loop:
        minutes = round(case.settings.replaced_within.total_seconds() / 60)
        yield f"{case.settings.asg} replaced {', '.join(case.loop)} in the last {minutes} minutes."


def described(target: Backend) -> str:
    """Return what the load balancer says of a target."""
    reason = f", {target.reason}: {target.description}" if target.reason else ""
    return f"{target.id}:{target.port} is {target.state}{reason}"


def seen(inspection: Inspection, container: str) -> str:
    """Return what an inspection saw."""
    if inspection.container == "running":
        state = f"container {container} runs since {inspection.started_at}"
    else:
        state = f"container {container} is {inspection.container}"
    if inspection.restarts:
        state += f", restarted {inspection.restarts} times by Docker"
    if inspection.http:
        state += f"; /health answers {inspection.http} {inspection.body}".rstrip()
    else:
        state += f"; /health does not answer ({_curl(inspection.curl)})"
        if inspection.curl in CLOSED:
            other = f"does not either ({_curl(inspection.ping)})" if inspection.ping else "does"
            state += f", a path without dependencies {other}"
    probes = (("MongoDB", inspection.mongodb, inspection.mongodb_at), ("Redis", inspection.redis, inspection.redis_at))
    return state + "".join(
        f"; {name} at {at or 'an unknown address'}: {_tcp(said)}" for name, said, at in probes if said
    )


def _curl(code: int) -> str:
    return {7: "connection refused", 28: "no answer in time", 52: "closed", 56: "reset"}.get(code, f"curl {code}")


def _tcp(said: str) -> str:
    return {"yes": "reachable", "no": "not reachable", "disabled": "not used"}.get(said, "unknown whether reachable")


class Commands:
    """Exact commands for a person, in the region of the case."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def _aws(self, command: str) -> str:
        service, rest = command.split(" ", 1)
        return f"aws {service} {rest} --region {self._case.facts.place.region}"

    def health(self) -> str:
        """See what the load balancer says."""
        return self._aws(f"elbv2 describe-target-health --target-group-arn {self._case.facts.group.arn}")

    def shell(self, target: Backend) -> str:
        """Get onto the instance."""
        return self._aws(f"ssm start-session --target {target.id}")

    def logs(self) -> str:
        """Read more of the log, once on the instance."""
        return f"sudo docker logs --tail 200 {self._case.settings.container}"

    def restart(self) -> str:
        """Restart the container, once on the instance."""
        return f"sudo docker restart {self._case.settings.container}"

    def replace(self, target: Backend) -> str:
        """Have the Auto Scaling group replace the instance."""
        return self._aws(
            f"autoscaling set-instance-health --instance-id {target.id} --health-status Unhealthy "
            "--should-respect-grace-period"
        )

    def known(self, target: Backend) -> str:
        """See what Systems Manager knows of the instance."""
        return self._aws(f"ssm describe-instance-information --filters Key=InstanceIds,Values={target.id}")

    def activities(self) -> str:
        """See what the Auto Scaling group did, and why."""
        return self._aws(
            f"autoscaling describe-scaling-activities --auto-scaling-group-name {self._case.settings.asg} --max-items 20"
        )

    def why(self) -> str:
        """Ask the runbook that says why instances do not come up."""
        place = self._case.facts.place
        return f"remedy invoke recover-failed-launches --target {self._case.settings.asg} --env {place.environment}"

    def refreshes(self) -> str:
        """See what was deployed."""
        return self._aws(
            f"autoscaling describe-instance-refreshes --auto-scaling-group-name {self._case.settings.asg} --max-records 5"
        )

    def suspend(self) -> str:
        """Stop the Auto Scaling group from replacing instances."""
        return self._processes("suspend", ("ReplaceUnhealthy",))

    def resume(self) -> str:
        """Let the Auto Scaling group replace instances again."""
        return self._processes("resume", self._case.suspended)

    def _processes(self, verb: str, processes: tuple[str, ...]) -> str:
        return self._aws(
            f"autoscaling {verb}-processes --auto-scaling-group-name {self._case.settings.asg} "
            f"--scaling-processes {' '.join(processes)}"
        )

    def open_port(self, target: Backend) -> str:
        """Let the load balancer in."""
        mine, theirs = next(iter(target.security_groups), "SG_OF_INSTANCE"), self._case.facts.balancer_groups[0]
        return self._aws(
            f"ec2 authorize-security-group-ingress --group-id {mine} --protocol tcp --port {target.port} "
            f"--source-group {theirs}"
        )
